"""A task by its name; no torch before it is asked for, because a help text may lead here."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from atalho.config import TaskName
    from atalho.tasks.task import Task


def task_of(name: TaskName) -> Task:
    """The task that settings and model folders call `name`."""
    if name == "reid":
        from atalho.tasks.reidentification.task import ReidentificationTask

        return ReidentificationTask()
    from atalho.tasks.classification import ClassificationTask

    return ClassificationTask()
