"""A run by its folder: what it says of itself, read when it is asked for."""

import json
import shutil
from pathlib import Path

import pytest

from atalho.config import Config, DataConfig
from atalho.errors import RunError
from atalho.runs.run import Run
from atalho.tasks.reidentification.evaluation import ReidentificationEvaluation

RUNS = Path(__file__).parent.parent / "fixtures" / "runs"


def test_what_a_stored_run_says_of_itself() -> None:
    run = Run.open(RUNS / "clothes")
    assert (run.config.task, run.config.training.epochs) == ("classification", 5)
    assert run.manifest.classes == ("bag", "sneaker", "trouser")
    assert run.images.manifest == run.manifest
    assert run.network.spec.classes == 3
    assert run.network.preprocessing.size == 16
    assert (run.top1, run.seconds) == (0.75, 0.742)
    assert run.model.classes == run.manifest.classes
    assert run.json("manifest.json")["format"] == 1


def test_another_task_has_no_accuracy_and_an_unfinished_run_nothing_measured() -> None:
    characters, killed = Run.open(RUNS / "characters"), Run.open(RUNS / "killed")
    assert isinstance(characters.evaluation, ReidentificationEvaluation)
    assert characters.top1 is None
    assert (killed.evaluation, killed.top1) == (None, None)


def test_images_are_where_they_were_last_found(tmp_path: Path) -> None:
    folder = shutil.copytree(RUNS / "clothes", tmp_path / "run")
    began = Run.open(folder).config
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"path": "/elsewhere"}))
    moved = Run.open(folder).config
    assert (began.data.path, moved.data.path) == ("/tmp/atalho/images/clothes", "/elsewhere")
    assert moved.training == began.training


def test_a_run_of_a_version_without_deterministic_algorithms_goes_on_without_them(tmp_path: Path) -> None:
    folder = shutil.copytree(RUNS / "clothes", tmp_path / "run")
    assert Config().training.deterministic
    assert not Run.open(folder).config.training.deterministic
    file = folder / "run.toml"
    file.write_text(file.read_text().replace("[training]\n", "[training]\ndeterministic = true\n"))
    assert Run.open(folder).config.training.deterministic


def test_a_run_that_begins_does_not_read_its_configuration(tmp_path: Path) -> None:
    config = Config(data=DataConfig(path="photos"))
    assert Run.begun(tmp_path, config).config is config


def test_what_is_no_run_or_has_no_such_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"run\.toml is missing"):
        Run.open(tmp_path)
    with pytest.raises(RunError, match=r"Cannot read .*verification\.json"):
        Run.open(RUNS / "clothes").json("verification.json")
