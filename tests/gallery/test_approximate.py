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
    """A store's vectors, how many of them were read, and what the graph asked to be remembered."""

    def __init__(self, vectors: Vectors) -> None:
        self.vectors = vectors
        self.trusted: str | None = None
        self.ids = np.arange(len(vectors), dtype=np.int64) * 3 + 5
        self.read: list[int] = []

    def blocks(self, after: int = 0) -> Iterator[tuple[Ids, Vectors]]:
        asked = self.ids > after
        self.read.append(int(asked.sum()))
        for start in range(0, asked.sum(), 400):
            yield self.ids[asked][start : start + 400], self.vectors[asked][start : start + 400]

    def count_until(self, last: int) -> int:
        return int((self.ids <= last).sum())

    def derived(self) -> str | None:
        return self.trusted

    def trust(self, text: str) -> None:
        self.trusted = text

    def ask(self, graph: Approximate, queries: Vectors, k: int, generation: int = 1) -> tuple[Ids, Vectors]:
        return graph.nearest(queries, k, generation, self)

    def more(self, vectors: Vectors) -> None:
        """Add images, as `put` would."""
        ids = self.ids.max() + 1 + np.arange(len(vectors), dtype=np.int64)
        self.ids, self.vectors = np.concatenate([self.ids, ids]), np.concatenate([self.vectors, vectors])

    def fewer(self, number: int) -> None:
        """Take out one image."""
        self.ids, self.vectors = np.delete(self.ids, number), np.delete(self.vectors, number, 0)


def test_from_how_many_images_on(tmp_path: Path) -> None:
    graph = Approximate(tmp_path / "g.faiss", worthwhile=1000)
    assert [graph.worthwhile(count) for count in (999, 1000)] == [False, True]


def test_finds_nearly_what_the_exact_search_finds(tmp_path: Path) -> None:
    kept, queries = Kept(unit(1500)), unit(40, seed=1)
    ids, similar = kept.ask(Approximate(tmp_path / "g.faiss"), queries, 10)
    wanted, best = exact.nearest_of_all(queries, kept.blocks(), 10)
    recall = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(ids.tolist(), wanted.tolist(), strict=True)])
    assert recall >= 0.99
    assert np.allclose(similar[:, 0], best[:, 0], atol=1e-5)
    assert (np.diff(similar, axis=1) <= 0).all()


def test_more_answers_than_images(tmp_path: Path) -> None:
    ids, _similar = Kept(unit(5)).ask(Approximate(tmp_path / "g.faiss"), unit(1), 9)
    assert sorted(ids[0].tolist()) == [5, 8, 11, 14, 17]


def test_what_is_new_is_added_and_found(tmp_path: Path) -> None:
    kept = Kept(unit(300))
    graph = Approximate(tmp_path / "g.faiss")
    kept.ask(graph, unit(1), 1)
    first = (tmp_path / "g.faiss").read_bytes()
    for generation in (2, 3):
        new = unit(1, seed=generation)
        kept.more(new)
        for one in (graph, Approximate(tmp_path / "g.faiss")):  # this process, and one that reads the file
            ids, similar = kept.ask(one, new, 1, generation)
            assert ids.tolist() == [[kept.ids[-1]]]
            assert similar[0, 0] == pytest.approx(1, abs=1e-5)
    assert kept.read == [300, 1, 1, 1, 2]  # never all of them again
    assert (tmp_path / "g.faiss").read_bytes() == first


def test_with_more_than_a_few_new_ones_the_file_is_written_again(tmp_path: Path) -> None:
    kept = Kept(unit(300))
    kept.ask(Approximate(tmp_path / "g.faiss", few=10), unit(1), 1)
    kept.more(unit(11, seed=2))
    kept.ask(Approximate(tmp_path / "g.faiss", few=10), unit(1), 1, 2)
    kept.ask(Approximate(tmp_path / "g.faiss", few=10), unit(1), 1, 2)
    assert kept.read == [300, 11, 0]


@pytest.mark.parametrize("also_new", [False, True])
def test_where_one_went_the_graph_is_made_again(tmp_path: Path, also_new: bool) -> None:
    kept = Kept(unit(300))
    graph = Approximate(tmp_path / "g.faiss")
    kept.ask(graph, unit(1), 1)
    gone, query = int(kept.ids[7]), kept.vectors[7:8].copy()
    kept.fewer(7)
    if also_new:
        kept.more(unit(1, seed=3))
    for one in (graph, Approximate(tmp_path / "g.faiss")):
        ids, _similar = kept.ask(one, query, 250, 2)
        assert gone not in ids
        assert set(ids[0].tolist()) <= set(kept.ids.tolist())


def test_another_process_reads_the_file_that_is_remembered(tmp_path: Path) -> None:
    kept = Kept(unit(300))
    first = kept.ask(Approximate(tmp_path / "g.faiss"), unit(3), 5)
    again = kept.ask(Approximate(tmp_path / "g.faiss"), unit(3), 5)
    assert kept.read == [300, 0]
    assert np.array_equal(first[0], again[0])


@pytest.mark.parametrize("damage", ["changed", "gone", "not remembered", "remembered badly"])
def test_a_file_that_is_not_the_one_is_made_again(tmp_path: Path, damage: str) -> None:
    path, kept = tmp_path / "g.faiss", Kept(unit(300))
    kept.ask(Approximate(path), unit(1), 1)
    if damage == "changed":
        content = bytearray(path.read_bytes())
        content[-100] ^= 1
        path.write_bytes(content)
    elif damage == "gone":
        path.unlink()
    else:
        kept.trusted = None if damage == "not remembered" else '["no", "digest"'
    kept.ask(Approximate(path), unit(1), 1)
    assert kept.read == [300, 300]


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
    assert kept.read == [50, 50]


def test_nothing_to_make_it_of(tmp_path: Path) -> None:
    with pytest.raises(GalleryError, match=r"The gallery is empty\."):
        Kept(unit(0)).ask(Approximate(tmp_path / "g.faiss"), unit(1), 1)
