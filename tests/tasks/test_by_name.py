"""A task by its name, and what a run of it measured."""

import json
from pathlib import Path
from typing import get_args

import pytest

from atalho.config import TaskName
from atalho.errors import RunError
from atalho.storage.run_folder import RunFolder
from atalho.tasks.by_name import evaluation_of, task_of, verification_of
from atalho.tasks.classification import ClassificationEvaluation, ClassificationTask
from atalho.tasks.reidentification.evaluation import ReidentificationEvaluation
from atalho.tasks.reidentification.task import ReidentificationTask

RUNS = Path(__file__).parent.parent / "fixtures" / "runs"


def test_every_name_of_the_schema_has_its_task() -> None:
    tasks = {name: type(task_of(name)) for name in get_args(TaskName)}
    assert tasks == {"classification": ClassificationTask, "reid": ReidentificationTask}


def test_what_a_run_measured_is_of_its_own_task() -> None:
    assert isinstance(evaluation_of(RunFolder.open(RUNS / "clothes")), ClassificationEvaluation)
    assert isinstance(evaluation_of(RunFolder.open(RUNS / "characters")), ReidentificationEvaluation)
    assert evaluation_of(RunFolder.open(RUNS / "killed")) is None


def test_how_a_threshold_was_chosen() -> None:
    found = verification_of(RunFolder.open(RUNS / "characters"))
    assert found is not None
    assert found.threshold is not None
    assert (found.split, found.wanted_far, found.threshold.similarity) == ("val", 0.05, 0.986)
    assert verification_of(RunFolder.open(RUNS / "clothes")) is None


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_text('task = "reid"\n')
    (tmp_path / "verification.json").write_text(json.dumps({"split": "val"}))
    with pytest.raises(RunError, match=r"Cannot read .*verification\.json: 'data'"):
        verification_of(RunFolder.open(tmp_path))
