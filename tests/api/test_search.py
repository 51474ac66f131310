from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from atalho.api import gallery as galleries
from atalho.api.compare import compare
from atalho.api.index import index
from atalho.api.search import search
from atalho.errors import ConfigError, GalleryError
from atalho.gallery.sqlite import SqliteStore
from atalho.gallery.store import Origin, Vectors
from atalho.metrics.verification import Threshold
from atalho.runs.run import Run
from atalho.storage import threshold_file


@pytest.fixture(scope="module")
def gallery(run: Run, clothes: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The training images of three kinds of clothes."""
    path = str(tmp_path_factory.mktemp("gallery") / "clothes.db")
    index(run.path, [str(clothes / "train")], path)
    return path


@pytest.fixture
def threshold(run: Run) -> Iterator[float]:
    """A threshold of the shared run, taken away again."""
    similarity = 0.999
    chosen = Threshold(similarity, 0.01, 0.01, (0.0, 0.02), 0.1, (0.05, 0.15), 100, 1000)
    threshold_file.write(run.path / "model", chosen)
    yield similarity
    (run.path / "model" / threshold_file.NAME).unlink()


def test_an_image_of_the_gallery_finds_itself(gallery: str, clothes: Path) -> None:
    image = sorted((clothes / "train" / "bag").iterdir())[3]
    (answer,) = search(gallery, [str(image)], k=4)
    assert answer.hits[0].entry.path == str(image)
    assert answer.hits[0].similarity == pytest.approx(1, abs=1e-3)
    assert len(answer.hits) == 4
    assert answer.unknown is None


def test_most_new_images_find_their_own_kind(gallery: str, clothes: Path) -> None:
    for expand in (0, 3):
        images = [str(path) for path in sorted((clothes / "test").glob("*/*.png"))]
        answers = list(search(gallery, images, k=1, expand=expand))
        right = sum(answer.hits[0].entry.label == Path(answer.path).parent.name for answer in answers)
        assert right / len(answers) > 0.6


def test_one_image_is_one_query(gallery: str, clothes: Path) -> None:
    image = sorted((clothes / "train" / "bag").iterdir())[3]
    for given in (image, str(image)):
        (answer,) = search(Path(gallery), given, k=1)
        assert answer.hits[0].entry.path == str(image)


@pytest.mark.parametrize("expand", [1, 3, 10])
def test_expansion_makes_no_stranger_known(gallery: str, clothes: Path, threshold: float, expand: int) -> None:
    images = [str(path) for path in sorted((clothes / "test").glob("*/*.png"))]
    plain = list(search(gallery, images, k=1))
    expanded = list(search(gallery, images, k=1, expand=expand))
    assert {answer.unknown for answer in plain} == {True, False}
    assert [answer.unknown for answer in expanded] == [answer.unknown for answer in plain]
    # The fault would show: after expansion, more of them are above the threshold.
    above = [sum(a.hits[0].similarity >= threshold for a in answers) for answers in (plain, expanded)]
    assert above[1] > above[0]


def test_below_the_threshold_an_image_is_unknown(gallery: str, clothes: Path, threshold: float) -> None:
    images = sorted((clothes / "train" / "bag").iterdir())[:1] + sorted((clothes / "test").glob("*/*.png"))[:20]
    answers = list(search(gallery, [str(image) for image in images], k=1))
    assert answers[0].unknown is False
    for answer in answers:
        assert answer.unknown == (answer.hits[0].similarity < threshold)


def test_a_bad_image_has_a_reason_and_the_others_their_answers(gallery: str, clothes: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_bytes(b"no image")
    good = str(sorted((clothes / "test" / "bag").iterdir())[0])
    bad, answer = search(gallery, [str(tmp_path / "bad.png"), good], k=2)
    assert bad.error is not None
    assert bad.hits == ()
    assert len(answer.hits) == 2


def test_an_image_removed_between_the_two_looks_of_an_expansion(
    run: Run, clothes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gallery = str(tmp_path / "g.db")
    index(run.path, [str(clothes / "test")], gallery)
    image = str(sorted((clothes / "test" / "bag").iterdir())[0])
    kept = SqliteStore.vectors

    def after_a_removal(store: SqliteStore, digests: Sequence[str]) -> dict[str, Vectors]:
        galleries.remove(gallery, paths=[image])  # as another process would
        return kept(store, digests)

    monkeypatch.setattr(SqliteStore, "vectors", after_a_removal)
    (answer,) = search(gallery, [image], k=5, expand=3)
    assert len(answer.hits) == 5
    assert image not in {hit.entry.path for hit in answer.hits}


def test_an_empty_gallery(tmp_path: Path) -> None:
    path = tmp_path / "empty.db"
    SqliteStore(path, Origin("f", "m", 4)).close()
    with pytest.raises(GalleryError, match=r"empty\.db is empty\. Put images into it"):
        search(str(path), [])


def test_numbers_out_of_range(gallery: str) -> None:
    with pytest.raises(ConfigError, match=r"k = 0: accepted are whole numbers from 1"):
        search(gallery, [], k=0)
    with pytest.raises(ConfigError, match=r"expand = -1: accepted are whole numbers from 0"):
        search(gallery, [], expand=-1)


def test_two_images_are_compared(run: Run, clothes: Path) -> None:
    one, other = (str(sorted((clothes / "test" / name).iterdir())[0]) for name in ("bag", "sneaker"))
    assert compare(run.path, one, one).similarity == pytest.approx(1, abs=1e-5)
    apart = compare(run.path, one, other)
    assert -1 <= apart.similarity < 0.999
    assert (apart.threshold, apart.same) == (None, None)


def test_the_threshold_decides(run: Run, clothes: Path, threshold: float) -> None:
    one, other = (str(sorted((clothes / "test" / name).iterdir())[0]) for name in ("bag", "sneaker"))
    assert compare(run.path, one, one).same is True
    found = compare(run.path, one, other)
    assert (found.threshold, found.same) == (threshold, False)
