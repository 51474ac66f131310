"""AnswerRanks against a slow loop from the definition, with ties, junk, distractors and queries without answers."""

import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score

from atalho.errors import DataError, NotFiniteError
from atalho.metrics import retrieval
from atalho.metrics.retrieval import AnswerRanks, EmbeddedImages, Protocol

DISTRACTOR = 0
Row = tuple[int, int, float, float]


def _images(rng: np.random.Generator, count: int, first: int, *, values: int = 3, dimension: int = 3) -> EmbeddedImages:
    """Small whole numbers: their products are exact and often equal."""
    vectors = torch.from_numpy(rng.integers(-values, values + 1, (count, dimension))).float()
    identities = rng.integers(-1, 6, count)
    return EmbeddedImages(vectors, identities, rng.integers(0, 3, count), np.arange(first, first + count))


def _slow(queries: EmbeddedImages, gallery: EmbeddedImages, protocol: Protocol, precision: str) -> list[Row]:
    rows = []
    for q in range(len(queries)):
        assert queries.cameras is not None
        assert gallery.cameras is not None
        ranked = []
        for g in range(len(gallery)):
            same = gallery.identities[g] == queries.identities[q]
            self_or_camera = (
                gallery.cameras[g] == queries.cameras[q]
                if protocol == "cross-camera"
                else gallery.ids[g] == queries.ids[q]
            )
            if gallery.identities[g] == -1 or (same and self_or_camera):
                continue
            right = bool(same and queries.identities[q] not in (-1, DISTRACTOR))
            distance = float((gallery.embeddings[g] - queries.embeddings[q]).square().sum())
            ranked.append((distance, right))  # False sorts before True: the wrong one first
        hits, precisions, first, last, before = 0, [], 0, 0, 1.0
        for place, (_distance, right) in enumerate(sorted(ranked), start=1):
            hits += right
            if right:
                now = hits / place
                precisions.append(now if precision == "hits" else (now + before) / 2)
                last = place
                first = place if hits == 1 else first
            before = hits / place
        rows.append((hits, first, float(np.mean(precisions)), hits / last) if hits else (0, 0, np.nan, np.nan))
    return rows


def _rows(ranks: AnswerRanks) -> list[Row]:
    return list(zip(ranks.answers, ranks.first, ranks.average_precision, ranks.inverse_penalty, strict=True))


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("protocol", ["cross-camera", "leave-self-out"])
@pytest.mark.parametrize("precision", ["hits", "trapezoid"])
def test_the_slow_loop_says_the_same(seed: int, protocol: Protocol, precision: retrieval.PrecisionRule) -> None:
    rng = np.random.default_rng(seed)
    gallery = _images(rng, 60, 0)
    separate = _images(rng, 15, 1000)
    for queries in (gallery, separate):
        ranks = retrieval.rank(
            queries, gallery, protocol=protocol, precision=precision, metric="euclidean", distractor=DISTRACTOR
        )
        np.testing.assert_allclose(_rows(ranks), _slow(queries, gallery, protocol, precision), rtol=0, atol=1e-9)
        assert not ranks.valid[np.isin(queries.identities, (-1, DISTRACTOR))].any()


def test_average_precision_is_that_of_scikit_learn_where_nothing_ties() -> None:
    rng = np.random.default_rng(0)
    identities = rng.integers(0, 5, 200)
    vectors = torch.from_numpy(rng.normal(size=(200, 8))).float()
    images = EmbeddedImages(vectors, identities, None, np.arange(200))
    ranks = retrieval.rank(images, images, protocol="leave-self-out")
    unit = torch.nn.functional.normalize(vectors)
    for query in range(200):
        others = np.arange(200) != query
        expected = average_precision_score(
            identities[others] == identities[query], (unit @ unit[query]).numpy()[others]
        )
        assert ranks.average_precision[query] == pytest.approx(expected, abs=1e-9)


def test_shuffling_a_gallery_full_of_ties_changes_nothing() -> None:
    rng = np.random.default_rng(3)
    queries, gallery = _images(rng, 40, 0, values=1), _images(rng, 200, 100, values=1)
    order = rng.permutation(200)
    assert gallery.cameras is not None
    shuffled = EmbeddedImages(
        gallery.embeddings[order], gallery.identities[order], gallery.cameras[order], gallery.ids[order]
    )
    first, second = (_rows(retrieval.rank(queries, g, metric="euclidean")) for g in (gallery, shuffled))
    np.testing.assert_array_equal(first, second)


def test_a_network_that_sees_no_difference_is_not_flattered() -> None:
    images = EmbeddedImages(torch.ones(6, 4), np.array([0, 0, 1, 1, 2, 2]), np.arange(6) % 2, np.arange(6))
    ranks = retrieval.rank(images, images)
    assert ranks.first.tolist() == [5] * 6


def test_vectors_that_a_gradient_may_still_reach_are_ranked_too() -> None:
    rng = np.random.default_rng(0)
    images = _images(rng, 12, 0)
    expected = _rows(retrieval.rank(images, images))
    images.embeddings.requires_grad_()
    np.testing.assert_array_equal(_rows(retrieval.rank(images, images)), expected)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    images = _images(np.random.default_rng(1), 50, 0)
    whole = _rows(retrieval.rank(images, images, metric="euclidean"))
    monkeypatch.setattr(retrieval, "_BLOCK_BYTES", 3 * 4 * 50)
    monkeypatch.setattr(retrieval, "_ROWS", 2)
    # Rows are summed at other widths, hence the last digit.
    np.testing.assert_allclose(whole, _rows(retrieval.rank(images, images, metric="euclidean")), rtol=1e-14)


@pytest.mark.parametrize("protocol", ["cross-camera", "leave-self-out"])
def test_ranked_lists_leave_out_what_the_protocol_leaves_out(protocol: Protocol) -> None:
    images = _images(np.random.default_rng(2), 40, 0, dimension=6)
    ranks = retrieval.rank(images, images, protocol=protocol)
    assert images.cameras is not None
    for query, places in enumerate(retrieval.nearest(images, images, 40, protocol=protocol)):
        own = images.identities[places] == images.identities[query]
        assert -1 not in images.identities[places]
        assert query not in places[own]
        if protocol == "cross-camera":
            assert (images.cameras[places][own] != images.cameras[query]).all()
        if images.identities[query] >= 0:
            assert own.sum() == ranks.answers[query]


def test_cameras_are_needed_for_the_protocol_that_compares_them() -> None:
    images = EmbeddedImages(torch.ones(2, 2), np.array([0, 0]), None, np.arange(2))
    with pytest.raises(DataError, match=r"needs the camera of every image\. If it is unknown, use leave-self-out"):
        retrieval.rank(images, images)


def test_shapes_and_numbers_are_checked() -> None:
    good = EmbeddedImages(torch.ones(2, 2), np.array([0, 0]), None, np.arange(2))
    with pytest.raises(DataError, match=r"shape \(2, 2\) and 3 identities"):
        retrieval.rank(EmbeddedImages(torch.ones(2, 2), np.zeros(3, np.int64), None, np.arange(2)), good)
    bad = EmbeddedImages(torch.tensor([[1.0, torch.nan]]), np.zeros(1, np.int64), None, np.arange(1))
    with pytest.raises(NotFiniteError, match="non-finite"):
        retrieval.rank(good, bad, protocol="leave-self-out")


@pytest.mark.parametrize("protocol", ["cross-camera", "leave-self-out"])
def test_given_distances_stand_in_for_those_of_the_vectors(protocol: Protocol, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    queries, gallery = _images(rng, 12, 0), _images(rng, 40, 8)
    distances = torch.cdist(queries.embeddings, gallery.embeddings, compute_mode="donot_use_mm_for_euclid_dist")
    kept = distances.clone()
    nothing = EmbeddedImages(torch.zeros(40, 3), gallery.identities, gallery.cameras, gallery.ids)
    monkeypatch.setattr(retrieval, "_BLOCK_BYTES", 800)
    found = _rows(retrieval.rank(queries, nothing, protocol=protocol, distances=distances))
    np.testing.assert_allclose(found, _rows(retrieval.rank(queries, gallery, protocol=protocol, metric="euclidean")))
    assert torch.equal(distances, kept)
