import os
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from atalho.api import gallery as galleries
from atalho.api.index import LabelChange, index
from atalho.api.labels import Labelled
from atalho.data.layouts.scan import Folder, list_folder
from atalho.errors import ConfigError, DataError, GalleryError
from atalho.gallery.sqlite import SqliteStore
from atalho.gallery.store import Vectors
from atalho.runs.run import Run
from atalho.training.progress import Progress


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
    assert found.bad == ((str(first), f"the same image as {first}, which is labelled one"),)


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
    with pytest.raises(ConfigError, match="No gallery given"):
        index(run.path, [str(photos)], "")


def test_images_are_taken_out_by_path_and_by_label(run: Run, photos: Path, gallery: str) -> None:
    index(run.path, [str(photos)], gallery)
    first = sorted((photos / "bag").iterdir())[0]
    assert galleries.remove(gallery, paths=[str(first)]) == 1
    assert galleries.remove(gallery, labels=["sneaker", "unknown"]) == 4
    assert len(list(galleries.entries(gallery, "bag"))) == 3
    with pytest.raises(ConfigError, match="No images given"):
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
    with pytest.raises(GalleryError, match="has vectors of another model"):
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


class Notes(Progress):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, text: str) -> None:
        self.said.append(text)


def labels(gallery: str) -> list[tuple[str, str | None, str | None]]:
    return sorted((Path(entry.path).name, entry.label, entry.camera) for entry in galleries.entries(gallery))


@pytest.fixture
def people(photos: Path, tmp_path: Path) -> Path:
    """Four images each of ana and bob, with cameras in the names, and a new one of ana that is not there yet."""
    for name, label in (("bag", "ana"), ("sneaker", "bob")):
        (tmp_path / "people" / label).mkdir(parents=True)
        for camera, image in enumerate(sorted((photos / name).iterdir())):
            image.rename(tmp_path / "people" / label / f"{label}{camera}_{camera:02}.png")
    (tmp_path / "people" / "ana" / "ana3_03.png").rename(tmp_path / "new_07.png")
    return tmp_path / "people"


@pytest.mark.parametrize("named", ["ana", "ana/ana0_00.png", "ana/*.png", "."])
def test_what_is_not_known_of_an_image_changes_nothing(run: Run, people: Path, gallery: str, named: str) -> None:
    index(run.path, [str(people)], gallery, label=None)
    before = labels(gallery)
    assert {(label, camera) for _name, label, camera in before} >= {("ana", "00"), ("bob", "03")}
    found = index(run.path, str(people / named), gallery, camera="none")
    assert (found.new, found.changed, found.relabelled) == (0, 0, ())
    assert labels(gallery) == before


def test_an_image_that_is_added_to_a_folder_of_one_identity_gets_its_label(
    run: Run, people: Path, gallery: str, tmp_path: Path
) -> None:
    index(run.path, people, gallery, prefix="staff/")
    (tmp_path / "new_07.png").rename(people / "ana" / "new_07.png")
    notes = Notes()
    assert index(run.path, people / "ana", gallery, progress=notes).new == 1
    assert ("new_07.png", "staff/ana", "07") in labels(gallery)  # as its neighbours, and not just "ana"
    assert notes.said == [
        f"{people / 'ana'} holds images itself: those without a label get staff/ana. "
        'Another: --label NAME; none: --label ""'
    ]


def test_a_folder_that_holds_only_images_is_one_identity_of_its_name(run: Run, people: Path, gallery: str) -> None:
    index(run.path, [people / "ana"], gallery)
    assert {label for _name, label, _camera in labels(gallery)} == {"ana"}
    index(run.path, people, gallery)  # the same folder, seen from above
    assert [label for _name, label, _camera in labels(gallery)] == ["ana"] * 3 + ["bob"] * 4


def test_images_that_are_meant_to_have_no_label_get_none(run: Run, people: Path, gallery: str) -> None:
    found = index(run.path, people / "ana", gallery, label="")
    assert (found.new, found.unlabelled) == (3, 3)
    index(run.path, people / "ana", gallery)  # known to have none
    assert {label for _name, label, _camera in labels(gallery)} == {None}


def test_a_label_for_all(run: Run, people: Path, gallery: str, tmp_path: Path) -> None:
    assert index(run.path, tmp_path / "new_07.png", gallery, label="ana").unlabelled == 0
    assert labels(gallery) == [("new_07.png", "ana", None)]
    with pytest.raises(ConfigError, match="give one"):
        index(run.path, people, gallery, label="ana", prefix="x")


def test_a_label_that_changes_is_told_from_what_to_what(run: Run, people: Path, gallery: str) -> None:
    index(run.path, people, gallery)
    image = str(people / "ana" / "ana0_00.png")
    found = index(run.path, image, gallery, label="bea")
    assert (found.new, found.changed, found.relabelled) == (0, 1, (LabelChange(image, "ana", "bea"),))
    shutil.copy(people / "bob" / "bob0_00.png", image)  # other content under the same name
    found = index(run.path, image, gallery)
    assert found.relabelled == ()  # known as bob, at its first place
    (people / "bob" / "bob0_00.png").write_bytes((people.parent / "new_07.png").read_bytes())
    overwritten = str(people / "bob" / "bob0_00.png")
    assert index(run.path, overwritten, gallery).relabelled == (LabelChange(overwritten, "bob", None),)


def test_one_image_named_with_and_without_a_label_is_labelled(run: Run, people: Path, gallery: str) -> None:
    image = people / "ana" / "ana0_00.png"
    for order in ([image, people], [people, image], [people / "ana", people]):
        Path(gallery).unlink(missing_ok=True)
        found = index(run.path, order, gallery)
        assert (found.new, found.bad) == (7, ())
        assert [label for _name, label, _camera in labels(gallery)] == ["ana"] * 3 + ["bob"] * 4


def test_a_label_of_the_same_name_from_another_root_is_told(
    run: Run, people: Path, photos: Path, gallery: str, tmp_path: Path
) -> None:
    image = tmp_path / "other" / "ana" / "new_07.png"
    image.parent.mkdir(parents=True)
    (tmp_path / "new_07.png").rename(image)
    known = people / "ana" / "ana0_00.png"
    wanted = (
        "1 label is also known from another folder: ana, from {}. If that is another identity, take the new images "
        "out again and index them with --prefix NAME."
    )
    notes = Notes()
    index(run.path, [people, tmp_path / "other"], str(tmp_path / "one.db"), progress=notes)
    assert notes.said == [wanted.format(people)]
    index(run.path, people, gallery)
    notes = Notes()
    index(run.path, [tmp_path / "other"], gallery, progress=notes)
    assert notes.said == [wanted.format(known)]
    notes = Notes()
    index(run.path, [tmp_path / "other"], gallery, progress=notes)  # said once: now it is known from there too
    index(run.path, [people], gallery, progress=notes)
    index(run.path, [tmp_path / "other"], gallery, progress=notes, prefix="other")
    assert notes.said == []
    assert ("new_07.png", "other/ana", "07") in labels(gallery)


def test_folders_of_the_same_data_share_their_labels(run: Run, people: Path, gallery: str, tmp_path: Path) -> None:
    for part, name in (("query", "ana0_00.png"), ("gallery", "ana1_01.png")):
        (tmp_path / "data" / part / "ana").mkdir(parents=True)
        (people / "ana" / name).rename(tmp_path / "data" / part / "ana" / name)
    notes = Notes()
    index(run.path, [tmp_path / "data" / "query", tmp_path / "data" / "gallery"], gallery, progress=notes)
    assert notes.said == []


def test_a_damaged_vector_is_computed_again(run: Run, people: Path, gallery: str) -> None:
    index(run.path, people, gallery)
    before = labels(gallery)
    with closing(sqlite3.connect(gallery)) as database, database:
        database.execute("update images set vector = zeroblob(length(vector)) where id = 2")
    assert len(galleries.verify(gallery)) == 1
    assert index(run.path, people, gallery).changed == 1
    assert galleries.verify(gallery) == []
    assert labels(gallery) == before


def test_what_is_no_regular_file_makes_nothing_wait(run: Run, people: Path, gallery: str) -> None:
    os.mkfifo(people / "ana" / "pipe.png")
    found = index(run.path, [people, "/dev/zero"], gallery)
    assert found.new == 7
    assert sorted(Path(path).name for path, _reason in found.bad) == ["pipe.png", "zero"]


def test_one_path_is_one_path(run: Run, people: Path, gallery: str, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("atalho.data.layouts.identities.list_folder", spied(opened))
    assert index(run.path, str(people / "ana"), Path(gallery)).new == 3
    assert opened
    assert all(path.startswith(str(people / "ana")) for path in opened)
    assert index(run.path, Labelled(str(people / "bob" / "bob0_00.png"), "bob"), gallery).new == 1
    for nothing in ("", [""]):
        with pytest.raises(DataError, match=r"One of the names is empty\."):
            index(run.path, nothing, gallery)
    with pytest.raises(ConfigError, match=r"Expected a path or a list of paths, not 7\."):
        index(run.path, 7, gallery)  # type: ignore[arg-type]


def spied(opened: list[str]) -> Callable[..., Folder]:
    """`list_folder`, which notes what it lists."""

    def listed(path: Path, *, classes: bool = False) -> Folder:
        opened.append(str(path))
        return list_folder(path, classes=classes)

    return listed


def test_a_model_whose_name_a_gallery_cannot_keep_is_refused_before_there_is_one(
    run: Run, photos: Path, gallery: str, tmp_path: Path
) -> None:
    model = Path(shutil.copytree(run.path / "model", tmp_path / os.fsdecode(b"caf\xe9")))
    with pytest.raises(ConfigError, match=r"caf�: the name of this folder, .* is not valid UTF-8\. Rename it\."):
        index(model, [str(photos)], gallery)
    assert not Path(gallery).exists()
    bad = photos / os.fsdecode(b"caf\xe9.png")
    shutil.copy(next((photos / "bag").iterdir()), bad)
    assert index(run.path, [str(bad)], gallery).bad == ((str(bad), "its file name is not UTF-8; rename it"),)
