import shutil
from pathlib import Path

from PIL import Image

from atalho.data import layouts
from atalho.data.doctor.examination import Examination, examine
from atalho.data.doctor.problem import Problem


def read(root: Path) -> Examination:
    return examine(layouts.read(root, val_fraction=0.1, test_fraction=0.2, split_seed=0))


def test_the_summary_is_of_readable_images(fashion: Path, tmp_path: Path) -> None:
    for name in ("bag", "coat"):
        shutil.copytree(fashion / "test" / name, tmp_path / name)
    (tmp_path / "bag" / "broken.png").write_bytes(b"")
    Image.new("RGB", (60, 90), "red").save(tmp_path / "coat" / "red.jpg")
    found = read(tmp_path)
    assert found.images == 202
    assert sum(found.classes["bag"].values()) == 100
    assert sum(found.classes["coat"].values()) == 101
    assert (found.widths, found.heights) == ((28, 28, 60), (28, 28, 90))
    assert found.formats == {"JPEG": 1, "PNG": 200}
    assert found.grey == 200
    assert found.to_json()["widths"] == {"smallest": 28, "median": 28, "largest": 60}


def test_problems_of_a_kind_are_in_the_order_of_their_paths(fashion: Path, tmp_path: Path) -> None:
    shutil.copytree(fashion / "test" / "bag", tmp_path / "bag")
    shutil.copytree(fashion / "test" / "coat", tmp_path / "coat")
    for number, image in enumerate(sorted((tmp_path / "bag").iterdir())[:12]):
        shutil.copy(image, image.with_name(f"copy-{number:02}.png"))
    (tmp_path / "coat" / "a.txt").write_text("a note")
    (tmp_path / "bag" / "z.txt").write_text("another note")
    problems = read(tmp_path).problems
    for kind, least in (("same-in-class", 2), ("same-in-splits", 2), ("other-files", 2)):
        paths = [problem.path for problem in problems if problem.kind == kind]
        assert len(paths) >= least and paths == sorted(paths)  # type: ignore[type-var]


def test_progress_comes_to_its_end(fashion: Path, tmp_path: Path) -> None:
    for name in ("bag", "coat"):
        shutil.copytree(fashion / "test" / name, tmp_path / name)
    calls: list[tuple[str, int, int]] = []
    manifest = layouts.read(tmp_path, val_fraction=0, test_fraction=0, split_seed=0)
    examine(manifest, progress=lambda *call: calls.append(call))
    ends = [(label, total) for label, done, total in calls if done == total]
    assert ends == [("reading images", 200), ("checking images", 200), ("comparing images", 1)]


def test_only_what_refuses_a_run_stops_it() -> None:
    note = Problem("cmyk", "", "", "a")
    assert not Examination(Path("x"), (note,)).stops
    assert Examination(Path("x"), (note, Problem("empty", "", "", "b"))).stops


def test_nothing_readable_is_an_examination_too(tmp_path: Path) -> None:
    for name in ("bag", "coat"):
        (tmp_path / "data" / name).mkdir(parents=True)
        (tmp_path / "data" / name / "1.png").write_bytes(b"")
    found = read(tmp_path / "data")
    assert found.widths is None
    assert [problem.kind for problem in found.problems] == ["empty", "empty", "class-unreadable", "class-unreadable"]
