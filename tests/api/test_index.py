import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from atalho.api import gallery as galleries
from atalho.api.index import Labelled, index
from atalho.errors import ConfigError, DataError, GalleryError
from atalho.gallery.sqlite import SqliteStore
from atalho.gallery.store import Vectors
from atalho.runs.run import Run


@pytest.fixture
def photos(clothes: Path, tmp_path: Path) -> Path:
    """A folder of two labels with 4 images each."""
    for name in ("bag", "sneaker"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for image in sorted((clothes / "test" / name).iterdir())[:4]:
            shutil.copy(image, tmp_path / "photos" / name)
    return tmp_path / "photos"


@pytest.fixture
def gallery(tmp_path: Path) -> str:
    return str(tmp_path / "gallery.db")


def test_the_folder_of_an_image_is_its_label(run: Run, photos: Path, gallery: str) -> None:
    found = index(run.path, [str(photos)], gallery)
    assert (found.new, found.changed, found.same, found.bad) == (8, 0, 0, ())
    assert sorted(entry.label or "" for entry in galleries.entries(gallery)) == ["bag"] * 4 + ["sneaker"] * 4
    assert galleries.verify(gallery) == []


def test_the_same_again_changes_nothing(run: Run, photos: Path, gallery: str) -> None:
    index(run.path, [str(photos)], gallery)
    before = list(galleries.entries(gallery))
    assert index(run.path, [str(photos)], gallery).same == 8
    assert list(galleries.entries(gallery)) == before


def test_a_moved_folder_and_a_new_label_are_changes_and_no_new_images(run: Run, photos: Path, gallery: str) -> None:
    index(run.path, [str(photos)], gallery)
    (photos / "bag").rename(photos / "handbag")
    found = index(run.path, [str(photos)], gallery)
    assert (found.new, found.changed, found.same) == (0, 4, 4)
    assert {entry.label for entry in galleries.entries(gallery)} == {"handbag", "sneaker"}


def test_files_that_cannot_be_read_are_named_and_the_rest_is_there(run: Run, photos: Path, gallery: str) -> None:
    (photos / "bag" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")
    (photos / "sneaker" / "empty.png").touch()
    found = index(run.path, [str(photos), str(photos / "missing.png")], gallery)
    assert found.new == 8
    assert sorted(Path(path).name for path, _reason in found.bad) == ["broken.png", "empty.png", "missing.png"]


def test_one_content_with_two_labels_is_told(run: Run, photos: Path, gallery: str) -> None:
    first = sorted((photos / "bag").iterdir())[0]
    found = index(run.path, [Labelled(str(first), "one"), Labelled(str(first), "two")], gallery)
    assert found.new == 1
    assert found.bad == ((str(first), f"the same image as {first}, which has the label one"),)


def test_an_overwritten_file_replaces_what_it_showed(run: Run, photos: Path, gallery: str) -> None:
    index(run.path, [str(photos / "bag")], gallery)
    first, second = sorted((photos / "bag").iterdir())[:2]
    shutil.copy(sorted((photos / "sneaker").iterdir())[0], first)
    found = index(run.path, [str(photos / "bag")], gallery)
    assert (found.new, found.same) == (1, 3)
    paths = [entry.path for entry in galleries.entries(gallery)]
    assert sorted(paths) == sorted(map(str, (photos / "bag").iterdir()))
    assert str(second) in paths


def test_a_folder_without_images(run: Run, tmp_path: Path, gallery: str) -> None:
    (tmp_path / "nothing").mkdir()
    with pytest.raises(DataError, match=r"no images in .*nothing\. Accepted for re-identification"):
        index(run.path, [str(tmp_path / "nothing")], gallery)
    assert not Path(gallery).exists()


def test_no_gallery_named(run: Run, photos: Path) -> None:
    with pytest.raises(ConfigError, match="No gallery was named"):
        index(run.path, [str(photos)], "")


def test_images_are_taken_out_by_path_and_by_label(run: Run, photos: Path, gallery: str) -> None:
    index(run.path, [str(photos)], gallery)
    first = sorted((photos / "bag").iterdir())[0]
    assert galleries.remove(gallery, paths=[str(first)]) == 1
    assert galleries.remove(gallery, labels=["sneaker", "unknown"]) == 4
    assert len(list(galleries.entries(gallery, "bag"))) == 3
    with pytest.raises(ConfigError, match="Nothing was named to be removed"):
        galleries.remove(gallery)


def test_another_models_gallery_is_refused_before_any_work(
    run: Run, photos: Path, gallery: str, tmp_path: Path
) -> None:
    index(run.path, [str(photos)], gallery)
    other = tmp_path / "other"
    shutil.copytree(run.path / "model", other)
    (other / "checksums.json").unlink()
    text = (other / "config.json").read_text().replace('"std": [\n   0.', '"std": [\n   1.')
    (other / "config.json").write_text(text)
    with pytest.raises(GalleryError, match="holds the vectors of another model"):
        index(other, [str(photos)], gallery)


def test_market_folders_tell_who_and_which_camera(run: Run, photos: Path, gallery: str, tmp_path: Path) -> None:
    images = iter([*sorted((photos / "bag").iterdir()), *sorted((photos / "sneaker").iterdir())])
    names = {"bounding_box_train": ["0002_c1s1_1_00"], "query": ["0007_c12s1_1_00"],
             "bounding_box_test": ["0007_c3s2_1_00", "0000_c3s2_1_00", "-1_c3s2_1_00"]}  # fmt: skip
    for folder, files in names.items():
        (tmp_path / "market" / folder).mkdir(parents=True)
        for name in files:
            shutil.copy(next(images), tmp_path / "market" / folder / f"{name}.png")
    known = {("0002", "1"), ("0007", "12"), ("0007", "3"), (None, "3")}
    assert index(run.path, [str(tmp_path / "market")], gallery).new == 4
    assert {(entry.label, entry.camera) for entry in galleries.entries(gallery)} == known
    one = str(tmp_path / "one.db")
    assert index(run.path, [str(tmp_path / "market" / "bounding_box_test")], one).new == 2
    assert {(entry.label, entry.camera) for entry in galleries.entries(one)} == {("0007", "3"), (None, "3")}


def test_identity_folders_with_cameras_and_loose_images(run: Run, photos: Path, gallery: str) -> None:
    for name in ("bag", "sneaker"):
        for camera, image in enumerate(sorted((photos / name).iterdir())):
            image.rename(photos / name / f"x{image.stem}_cam{camera}.png")
    shutil.move(next((photos / "bag").glob("*_cam3.png")), photos / "loose.png")
    index(run.path, [str(photos)], gallery)
    assert {entry.camera for entry in galleries.entries(gallery)} == {None}  # `auto` finds none in such names
    found = index(run.path, [str(photos)], gallery, camera=r"_cam(\d)")
    assert (found.new, found.changed, found.same) == (0, 7, 1)
    known = sorted((entry.label or "", entry.camera or "") for entry in galleries.entries(gallery))
    assert known == [("", ""), *(("bag", str(k)) for k in range(3)), *(("sneaker", str(k)) for k in range(4))]


def test_a_table_tells_who_and_which_camera(run: Run, photos: Path, gallery: str) -> None:
    first = sorted((photos / "bag").iterdir())[0].name
    (photos / "who.csv").write_text(f"path,identity,camera\nbag/{first},anna,north\n")
    assert index(run.path, [str(photos / "who.csv")], gallery).new == 1
    (entry,) = galleries.entries(gallery)
    assert (entry.label, entry.camera, entry.path) == ("anna", "north", str(photos / "bag" / first))


def test_an_image_that_goes_while_its_label_changes_is_new_again(
    run: Run, photos: Path, gallery: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    index(run.path, [str(photos)], gallery)
    (photos / "bag").rename(photos / "handbag")
    kept = SqliteStore.vectors

    def after_a_removal(store: SqliteStore, digests: Sequence[str]) -> dict[str, Vectors]:
        galleries.remove(gallery, paths=[next(e.path for e in galleries.entries(gallery) if e.digest == digests[0])])
        return kept(store, digests)

    monkeypatch.setattr(SqliteStore, "vectors", after_a_removal)
    found = index(run.path, [str(photos)], gallery)
    assert (found.new, found.changed, found.same) == (1, 3, 4)
    assert galleries.verify(gallery) == []
