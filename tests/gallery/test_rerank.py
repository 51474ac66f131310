import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from atalho.errors import ConfigError
from atalho.gallery.rerank import Rerank, expand_queries, expand_within, k_reciprocal


def slow(queries: Tensor, gallery: Tensor, k1: int, k2: int, share: float) -> np.ndarray:
    """From the definitions in the paper, with full matrices and sets."""
    points = torch.cat([queries, gallery]).double().numpy()
    count, asked = len(points), len(queries)
    squared = ((points[:, None] - points[None]) ** 2).sum(2)
    distance = squared / squared.max(1, keepdims=True)
    order = np.argsort(squared, axis=1, kind="stable")

    def reciprocal(image: int, k: int) -> set[int]:
        return {other for other in order[image, : k + 1] if image in order[other, : k + 1]}

    weights = np.zeros((count, count))
    for image in range(count):
        mine = reciprocal(image, k1)
        grown = set(mine)
        for other in mine:
            theirs = reciprocal(other, round(k1 / 2))
            if len(theirs & mine) > 2 / 3 * len(theirs):
                grown |= theirs
        members = sorted(grown)
        weights[image, members] = np.exp(-distance[image, members])
        weights[image] /= weights[image].sum()
    weights = np.stack([weights[order[image, :k2]].mean(0) for image in range(count)])
    result = np.empty((asked, len(gallery)))
    for query in range(asked):
        for image in range(len(gallery)):
            low = np.minimum(weights[query], weights[asked + image]).sum()
            high = np.maximum(weights[query], weights[asked + image]).sum()
            result[query, image] = (1 - share) * (1 - low / high) + share * distance[query, asked + image]
    return result


@settings(deadline=None, max_examples=25)
@given(
    seed=st.integers(0, 10_000),
    asked=st.integers(1, 8),
    kept=st.integers(6, 40),
    k1=st.integers(1, 12),
    k2=st.integers(1, 6),
    share=st.floats(0, 1),
)
def test_equals_the_definition(seed: int, asked: int, kept: int, k1: int, k2: int, share: float) -> None:
    generator = torch.Generator().manual_seed(seed)
    centres = torch.randn(5, 16, generator=generator)
    points = centres[torch.arange(asked + kept) % 5] + 0.5 * torch.randn(asked + kept, 16, generator=generator)
    queries, gallery = points[:asked], points[asked:]
    k1, k2 = min(k1, kept - 1), min(k2, k1, kept - 1)
    found = k_reciprocal(queries, gallery, Rerank(k1, k2, share))
    assert np.allclose(found.numpy(), slow(queries, gallery, k1, k2, share), atol=1e-5)


def test_a_set_that_is_its_own_gallery_counts_each_image_once() -> None:
    generator = torch.Generator().manual_seed(3)
    points = torch.randn(6, 16, generator=generator)[torch.arange(42) % 6] + 0.6 * torch.randn(
        42, 16, generator=generator
    )
    found = k_reciprocal(points, rerank=Rerank(5, 3))
    for asked in (1, 17):  # the definition, with the first images as queries of the same set
        parted = slow(points[:asked], points[asked:], 5, 3, 0.3)
        assert np.allclose(found[:asked, asked:].numpy(), parted, atol=1e-5)
    assert not torch.allclose(found, k_reciprocal(points, points, Rerank(5, 3)), atol=1e-3)


def test_blocks_of_rows_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = torch.Generator().manual_seed(0)
    queries, gallery = torch.randn(30, 8, generator=generator), torch.randn(100, 8, generator=generator)
    whole = k_reciprocal(queries, gallery)
    monkeypatch.setattr("atalho.gallery.rerank._ROWS", 7)
    monkeypatch.setattr("atalho.gallery.rerank._PAIRS", 11)
    assert torch.allclose(k_reciprocal(queries, gallery), whole, atol=1e-6)


def test_the_order_of_the_gallery_changes_nothing() -> None:
    generator = torch.Generator().manual_seed(1)
    queries, gallery = torch.randn(5, 8, generator=generator), torch.randn(60, 8, generator=generator)
    turned = torch.randperm(60, generator=generator)
    assert torch.allclose(k_reciprocal(queries, gallery)[:, turned], k_reciprocal(queries, gallery[turned]), atol=1e-6)


def test_the_whole_share_keeps_the_first_order() -> None:
    generator = torch.Generator().manual_seed(2)
    queries, gallery = torch.randn(4, 8, generator=generator), torch.randn(50, 8, generator=generator)
    found = k_reciprocal(queries, gallery, Rerank(share=1.0))
    assert torch.equal(found.argsort(1), torch.cdist(queries, gallery).argsort(1))


def test_parameters_out_of_range() -> None:
    with pytest.raises(ConfigError, match=r"k1 = 2, k2 = 3, share = 0\.3: expected 1 ≤ k2 ≤ k1"):
        Rerank(2, 3)


def test_a_query_moves_towards_what_it_found() -> None:
    query = torch.tensor([[1.0, 0.0]])
    found = torch.tensor([[[0.0, 1.0]]])
    assert torch.allclose(expand_queries(query, found), torch.tensor([[0.5**0.5, 0.5**0.5]]))


def test_without_answers_nothing_changes() -> None:
    queries = torch.nn.functional.normalize(torch.randn(3, 4), dim=1)
    assert torch.allclose(expand_queries(queries, torch.empty(3, 0, 4)), queries)


def test_answers_of_another_size() -> None:
    with pytest.raises(
        ConfigError, match=r"Cannot average queries of shape \(3, 4\) with answers of shape \(3, 2, 5\)"
    ):
        expand_queries(torch.zeros(3, 4), torch.zeros(3, 2, 5))


def test_in_a_gallery_the_nearest_are_averaged_in() -> None:
    generator = torch.Generator().manual_seed(0)
    queries, gallery = (torch.nn.functional.normalize(torch.randn(n, 8, generator=generator), dim=1) for n in (7, 30))
    order = (queries @ gallery.T).argsort(1, descending=True)[:, :3]
    assert torch.allclose(expand_within(queries, gallery, 3), expand_queries(queries, gallery[order]))
    alone = expand_within(gallery, None, 3)
    for place in (0, 13):  # of the same set: its own image is no answer
        others = torch.cat([gallery[:place], gallery[place + 1 :]])
        assert torch.allclose(alone[place : place + 1], expand_within(gallery[place : place + 1], others, 3), atol=1e-6)


def test_blocks_and_more_answers_than_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    points = torch.nn.functional.normalize(torch.randn(11, 4, generator=torch.Generator().manual_seed(1)), dim=1)
    whole = expand_within(points, None, 5)
    monkeypatch.setattr("atalho.gallery.rerank._ROWS", 3)
    assert torch.allclose(expand_within(points, None, 5), whole, atol=1e-6)
    assert torch.equal(expand_within(points, None, 99), expand_within(points, None, 10))
    assert expand_within(points[:0], None, 5).shape == (0, 4)
