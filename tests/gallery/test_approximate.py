"""The graph beside a store: as good as the exact search, remembered, and never taken from a file that is not ours."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from atalho.errors import GalleryError
from atalho.gallery import exact
from atalho.gallery.approximate import Approximate
from atalho.gallery.store import Ids, Vectors


def unit(count: int, seed: int = 0) -> Vectors:
    vectors = np.random.default_rng(seed).normal(size=(count, 24)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


class Kept:
    """Vectors in blocks, how often they were read, and what the graph asked to be remembered."""

    def __init__(self, vectors: Vectors) -> None:
        self.vectors, self.reads, self.trusted = vectors, 0, None

    def read(self) -> Iterator[tuple[Ids, Vectors]]:
        self.reads += 1
        ids = np.arange(len(self.vectors), dtype=np.int64) * 3 + 5
        for start in range(0, len(ids), 400):
            yield ids[start : start + 400], self.vectors[start : start + 400]

    def trust(self, text: str) -> None:
        self.trusted = text

    def ask(self, graph: Approximate, queries: Vectors, k: int, generation: int = 1) -> tuple[Ids, Vectors]:
        return graph.nearest(queries, k, generation, self.read, self.trusted, self.trust)


def test_from_how_many_images_on(tmp_path: Path) -> None:
    graph = Approximate(tmp_path / "g.faiss", worthwhile=1000)
    assert [graph.worthwhile(count) for count in (999, 1000)] == [False, True]


def test_finds_nearly_what_the_exact_search_finds(tmp_path: Path) -> None:
    kept, queries = Kept(unit(1500)), unit(40, seed=1)
    ids, similar = kept.ask(Approximate(tmp_path / "g.faiss"), queries, 10)
    wanted, best = exact.nearest_of_all(queries, kept.read(), 10)
    recall = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(ids.tolist(), wanted.tolist(), strict=True)])
    assert recall >= 0.99
    assert np.allclose(similar[:, 0], best[:, 0], atol=1e-5)
    assert (np.diff(similar, axis=1) <= 0).all()


def test_more_answers_than_images(tmp_path: Path) -> None:
    ids, _similar = Kept(unit(5)).ask(Approximate(tmp_path / "g.faiss"), unit(1), 9)
    assert sorted(ids[0].tolist()) == [5, 8, 11, 14, 17]


def test_is_made_once_for_a_generation_and_again_for_the_next(tmp_path: Path) -> None:
    kept = Kept(unit(300))
    graph = Approximate(tmp_path / "g.faiss")
    for generation, reads in ((1, 1), (1, 1), (2, 2)):
        kept.ask(graph, unit(1), 1, generation)
        assert kept.reads == reads


def test_another_process_reads_the_file_that_is_remembered(tmp_path: Path) -> None:
    kept = Kept(unit(300))
    first = kept.ask(Approximate(tmp_path / "g.faiss"), unit(3), 5)
    again = kept.ask(Approximate(tmp_path / "g.faiss"), unit(3), 5)
    assert kept.reads == 1
    assert np.array_equal(first[0], again[0])


@pytest.mark.parametrize("damage", ["changed", "gone", "not remembered", "older"])
def test_a_file_that_is_not_the_one_is_made_again(tmp_path: Path, damage: str) -> None:
    path, kept = tmp_path / "g.faiss", Kept(unit(300))
    kept.ask(Approximate(path), unit(1), 1)
    if damage == "changed":
        content = bytearray(path.read_bytes())
        content[-100] ^= 1
        path.write_bytes(content)
    elif damage == "gone":
        path.unlink()
    elif damage == "not remembered":
        kept.trusted = None
    kept.ask(Approximate(path), unit(1), 1, generation=2 if damage == "older" else 1)
    assert kept.reads == 2


def test_where_it_cannot_be_kept_it_still_answers(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    kept = Kept(unit(50))
    ids, _similar = kept.ask(Approximate(tmp_path / "file" / "g.faiss"), unit(1), 3)
    assert ids.shape == (1, 3)
    assert kept.trusted is None


def test_forgetting_takes_the_file_away(tmp_path: Path) -> None:
    kept, graph = Kept(unit(50)), Approximate(tmp_path / "g.faiss")
    kept.ask(graph, unit(1), 1)
    graph.forget()
    assert list(tmp_path.iterdir()) == []
    kept.ask(graph, unit(1), 1)
    assert kept.reads == 2


def test_nothing_to_make_it_of(tmp_path: Path) -> None:
    with pytest.raises(GalleryError, match=r"The gallery is empty\."):
        Kept(unit(0)).ask(Approximate(tmp_path / "g.faiss"), unit(1), 1)
