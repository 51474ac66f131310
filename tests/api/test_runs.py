"""Runs in a folder: found, in a line each, and compared."""

import shutil
from pathlib import Path

import pytest

import atalho
from atalho.api import runs
from atalho.errors import RunError
from atalho.runs.run import Run
from atalho.storage import run_places
from atalho.storage.lock import locked


@pytest.fixture
def folder(run: Run, tmp_path: Path) -> Path:
    """Copies of one run: as it is, with another seed in its settings, stopped, and damaged."""
    for name in ("one", "two", "below/stopped", "damaged"):
        shutil.copytree(run.path, tmp_path / name)
    settings = tmp_path / "two" / "run.toml"
    settings.write_text(settings.read_text().replace("\nseed = 0", "\nseed = 1"))
    provenance = tmp_path / "below/stopped/provenance.json"
    provenance.write_text(provenance.read_text().replace('"finished"', '"other"'))
    (tmp_path / "below/stopped/evaluation.json").unlink()
    (tmp_path / "damaged" / "evaluation.json").write_text("{")
    return tmp_path


def test_every_run_is_found_with_what_became_of_it(folder: Path, run: Run) -> None:
    found = {Path(row.run).relative_to(folder).as_posix(): row for row in atalho.list_runs(folder)}
    states = {name: row.state for name, row in found.items()}
    assert states == {"one": "finished", "two": "finished", "below/stopped": "stopped", "damaged": "damaged"}
    assert found["one"].accuracy == run.top1
    assert (found["one"].measure, found["one"].network) == ("top1", "resnet20")
    assert found["below/stopped"].accuracy is None
    assert "evaluation.json" in (found["damaged"].reason or "")


def test_a_run_that_a_process_holds_is_running(folder: Path) -> None:
    with locked(folder / "one"):
        assert runs.summarise_run(folder / "one").state == "running"
    assert runs.summarise_run(folder / "one").state == "finished"


def test_a_run_by_itself_is_one(folder: Path) -> None:
    assert [row.run for row in atalho.list_runs(folder / "one")] == [str(folder / "one")]


@pytest.mark.parametrize("images", ["images", "images/bag", "images/all/bag"])
def test_a_folder_of_many_images_hides_no_run(folder: Path, images: str) -> None:
    """As somebody has it who has just trained on some thousands of images: their folder comes before `runs`."""
    here = folder / "here"
    shutil.copytree(folder / "one", here / run_places.HOME / "photos")
    (here / images).mkdir(parents=True)
    for number in range(run_places.ENTRIES + 10):
        (here / images / f"{number:05}.png").touch()
    assert [Path(row.run).name for row in atalho.list_runs(here)] == ["photos"]


def test_no_more_than_2000_entries_and_two_levels_are_looked_at(folder: Path) -> None:
    shutil.copytree(folder / "one", folder / "a/b/c")
    assert not any("a/b/c" in row.run for row in atalho.list_runs(folder))
    many = folder / "many"
    many.mkdir()
    for number in range(run_places.ENTRIES + 10):
        (many / f"{number:05}.txt").touch()
    assert sum(len(entries) for _here, entries in run_places.look_at(folder)) <= run_places.ENTRIES
    assert len(next(run_places.look_at(many))[1]) == run_places.ENTRIES


def test_a_comparison_names_the_settings_that_differ(folder: Path) -> None:
    found = atalho.compare_runs(folder / "one", folder / "two")
    assert found.settings == {"training.seed": (0, 1)}
    assert (found.difference, found.beyond_chance, found.same_images) == (0.0, False, True)
    assert found.interval is not None
    assert found.interval[0] < 0 < found.interval[1]


def test_a_run_without_accuracy_is_not_compared(folder: Path) -> None:
    found = atalho.compare_runs(folder / "one", folder / "below/stopped")
    assert found.difference is None


def test_what_is_no_folder_or_no_run_is_refused(folder: Path) -> None:
    with pytest.raises(RunError, match="is not a folder"):
        atalho.list_runs(folder / "nowhere")
    with pytest.raises(RunError, match="is not a run folder"):
        atalho.compare_runs(folder / "one", folder)
