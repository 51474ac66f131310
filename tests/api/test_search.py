from collections.abc import Sequence
from pathlib import Path

import pytest

from atalho.api import gallery as galleries
from atalho.api.index import index
from atalho.api.labels import Labelled
from atalho.api.search import search
from atalho.errors import ConfigError, GalleryError
from atalho.gallery.sqlite import SqliteStore
from atalho.gallery.store import Origin, Vectors
from atalho.runs.run import Run


@pytest.fixture(scope="module")
def gallery(run: Run, clothes: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The training images of three kinds of clothes."""
    path = str(tmp_path_factory.mktemp("gallery") / "clothes.db")
    index(run.path, [str(clothes / "train")], path)
    return path


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


@pytest.mark.parametrize("expand", [0, 2])
def test_an_image_is_left_out_of_its_own_answers(gallery: str, clothes: Path, threshold: float, expand: int) -> None:
    images = sorted((clothes / "train" / "bag").iterdir())[:5]
    whole = list(search(gallery, images, k=9, expand=expand))
    others = list(search(gallery, images, k=8, expand=expand, leave_self_out=True))
    for image, answer, other in zip(images, whole, others, strict=True):
        assert str(image) in {hit.entry.path for hit in answer.hits}
        assert str(image) not in {hit.entry.path for hit in other.hits}
        assert len(other.hits) == 8
        if not expand:
            assert list(other.hits) == [hit for hit in answer.hits if hit.entry.path != str(image)]
            assert other.unknown is (other.hits[0].similarity < threshold)
    assert any(other.unknown for other in others)


def test_only_some_labels_and_cameras_are_searched(gallery: str, clothes: Path, run: Run, tmp_path: Path) -> None:
    image = str(sorted((clothes / "test" / "bag").iterdir())[0])
    for labels in ("sneaker", ["sneaker", "trouser"]):
        (answer,) = search(gallery, image, k=100, labels=labels)
        wanted = {labels} if isinstance(labels, str) else set(labels)
        assert {hit.entry.label for hit in answer.hits} == wanted
        assert len(answer.hits) == min(100, 40 * len(wanted))
        everything = next(search(gallery, image, k=120)).hits
        assert list(answer.hits) == [hit for hit in everything if hit.entry.label in wanted][:100]
    with pytest.raises(GalleryError, match="no other image with these labels and cameras: nobody, 7"):
        list(search(gallery, image, labels="nobody", cameras="7"))
    other = str(tmp_path / "cameras.db")
    files = sorted((clothes / "train" / "bag").iterdir())[:6]
    index(run.path, [Labelled(str(file), "bag", str(number % 3)) for number, file in enumerate(files)], other)
    (answer,) = search(other, image, cameras=["0", "2"])
    assert sorted(hit.entry.camera or "" for hit in answer.hits) == ["0", "0", "2", "2"]


def test_several_images_of_the_same_get_one_answer(gallery: str, clothes: Path, run: Run, tmp_path: Path) -> None:
    images = [str(path) for path in sorted((clothes / "test" / "bag").iterdir())[:3]]
    (tmp_path / "bad.png").write_bytes(b"no image")
    one, bad = search(gallery, [*images, tmp_path / "bad.png"], k=120, together=True)
    assert (one.path, bad.path) == (", ".join(images), str(tmp_path / "bad.png"))
    assert bad.error is not None
    apart = [{hit.entry.path: hit.similarity for hit in answer.hits} for answer in search(gallery, images, k=120)]
    for hit in one.hits:
        assert hit.similarity == pytest.approx(sum(found[hit.entry.path] for found in apart) / 3, abs=1e-5)
    (same,) = search(gallery, images[0], k=5, together=True)
    (single,) = search(gallery, images[0], k=5)
    assert [hit.entry for hit in same.hits] == [hit.entry for hit in single.hits]


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
    with pytest.raises(GalleryError, match=r"empty\.db is empty\. Add images with"):
        search(str(path), [])


def test_numbers_out_of_range(gallery: str) -> None:
    with pytest.raises(ConfigError, match=r"k = 0: expected a whole number of at least 1"):
        search(gallery, [], k=0)
    with pytest.raises(ConfigError, match=r"expand = -1: expected a whole number of at least 0"):
        search(gallery, [], expand=-1)


def test_a_page_shows_what_was_found(gallery: str, clothes: Path, tmp_path: Path) -> None:
    image, page = sorted((clothes / "test" / "bag").iterdir())[0], tmp_path / "found.html"
    answers = search(gallery, [str(image), "none.png"], k=3, report=page)
    assert next(answers).hits
    assert not page.exists()
    assert next(answers).error
    assert list(answers) == []
    content = page.read_text(encoding="utf-8")
    assert content.count("<image ") == 4
    assert content.count('<use href="#picture-') == 8  # in both languages
    assert "none.png cannot be read as an image" in content
    assert "Imagens mais próximas" in content


def test_a_picture_that_is_no_longer_what_was_indexed_is_left_out(run: Run, clothes: Path, tmp_path: Path) -> None:
    image, page = tmp_path / "one.png", tmp_path / "found.html"
    image.write_bytes(sorted((clothes / "test" / "bag").iterdir())[0].read_bytes())
    index(run.path, [str(image)], tmp_path / "one.db")
    image.write_bytes(sorted((clothes / "test" / "trouser").iterdir())[0].read_bytes())
    list(search(tmp_path / "one.db", str(image), report=page))
    content = page.read_text(encoding="utf-8")
    assert content.count("<image ") == 1
    assert 'class="no-picture"' in content


def test_a_page_replaces_nothing_but_a_page(gallery: str, clothes: Path, tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(b"\x89PNG")
    with pytest.raises(ConfigError):
        search(gallery, str(clothes / "test" / "bag" / "0000.png"), report=tmp_path / "photo.png")
