from collections.abc import Callable
from pathlib import Path

from atalho.data import layouts
from atalho.data.doctor import folders

Tree = Callable[..., Path]


def found(root: Path) -> list[tuple[str | None, str, str]]:
    manifest = layouts.read(root, val_fraction=0, test_fraction=0, split_seed=0)
    return [(problem.path, problem.kind, str(problem.message)) for problem in folders.problems(manifest)]


def test_a_tidy_folder(tree: Tree, tmp_path: Path) -> None:
    assert found(tree("cat/1.png", "cat/deep/2.png", "dog/1.png")) == []
    assert found(tree("train/cat/1.png", "train/dog/1.png", "test/cat/1.png", root=tmp_path / "other")) == []


def test_an_empty_class_folder(tree: Tree) -> None:
    root = tree("cat/1.png", "dog/1.png")
    (root / "fox").mkdir()
    (root / "fox" / "notes.txt").write_text("none yet")
    assert found(root) == [
        ("fox", "empty-class", "the class folder fox has no images"),
        ("fox/notes.txt", "other-files", "it is not an image and is skipped"),
    ]


def test_an_empty_class_folder_in_a_split(tree: Tree) -> None:
    root = tree("train/cat/1.png", "train/dog/1.png", "test/cat/1.png")
    (root / "test" / "dog").mkdir()
    assert found(root) == [("test/dog", "empty-class", "the class folder test/dog has no images")]


def test_images_that_nobody_uses(tree: Tree) -> None:
    root = tree("cat/1.png", "dog/1.png", "stray.png")
    (root / "cat" / "photo").write_bytes((root / "cat" / "1.png").read_bytes())
    (root / "cat" / "list.csv").write_text("a,b")
    assert [(path, kind) for path, kind, _message in found(root)] == [
        ("stray.png", "left-out"),
        ("cat/photo", "left-out"),
        ("cat/list.csv", "other-files"),
    ]


def test_files_that_are_no_images_in_a_class_folder_are_told_once_for_each_folder(tree: Tree) -> None:
    root = tree("cat/1.png", "cat/2.png", "cat/deep/3.png", "dog/1.png")
    for name in ("README.md", "cat/1.xml", "cat/2.xml", "cat/deep/camera.bin"):
        (root / name).write_text("<annotation/>")
    assert found(root) == [
        ("cat", "other-files", "2 files here are not images and are skipped: 1.xml and others"),
        ("cat/deep/camera.bin", "other-files", "it is not an image and is skipped"),
    ]


def test_a_folder_beside_the_splits(tree: Tree) -> None:
    root = tree("train/cat/1.png", "train/dog/1.png", "extra/cat/1.png", "extra/dog/1.png")
    ((path, kind, message),) = found(root)
    assert (path, kind) == ("extra", "left-out")
    assert message.startswith("2 images in a folder other than train, val and test")


def test_tables_say_themselves_what_belongs_to_them(tree: Tree) -> None:
    root = tree("1.png", "2.png", "3.png")
    (root / "labels.csv").write_text("path,label\n1.png,cat\n2.png,dog\n")
    assert found(root / "labels.csv") == []


def test_a_drawing_is_not_to_be_renamed_but_saved_as_pixels(tree: Tree) -> None:
    root = tree("cat/1.png", "dog/1.png")
    (root / "cat" / "drawing.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    manifest = layouts.read(root, val_fraction=0, test_fraction=0, split_seed=0)
    (problem,) = folders.problems(manifest)
    assert (problem.path, str(problem.remedy)) == ("cat/drawing.svg", "Save it as JPEG or PNG, or remove it.")
