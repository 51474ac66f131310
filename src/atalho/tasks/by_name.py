"""A task by its name; no torch before it is asked for, because a help text may lead here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from atalho import stored
from atalho.errors import RunError
from atalho.storage import run_folder
from atalho.storage.run_folder import RunFolder

if TYPE_CHECKING:
    from atalho.config import TaskName
    from atalho.metrics.verification import Verification
    from atalho.tasks.task import Evaluation, Task

T = TypeVar("T")


def task_of(name: TaskName) -> Task:
    """The task that settings and model folders call `name`."""
    if name == "reid":
        from atalho.tasks.reidentification.task import ReidentificationTask

        return ReidentificationTask()
    from atalho.tasks.classification import ClassificationTask

    return ClassificationTask()


def evaluation_of(run: RunFolder) -> Evaluation | None:
    """What was measured at the end of a run, if anything. Raises RunError for a damaged file."""
    return _read(run.path / run_folder.EVALUATION, task_of(run.task).evaluation, run.evaluation)


def verification_of(run: RunFolder) -> Verification | None:
    """How the threshold of a run was chosen, if one was asked for. Raises RunError for a damaged file."""
    from atalho.metrics.verification import Verification

    return _read(run.path / run_folder.VERIFICATION, Verification, run.verification)


def _read(file: Path, kind: type[T], plain: Mapping[str, Any] | None) -> T | None:
    try:
        return None if plain is None else stored.filled(kind, plain)
    except (KeyError, TypeError, ValueError) as error:
        raise RunError("Cannot read {path}: {reason}", path=file, reason=error) from error
