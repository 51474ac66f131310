"""The first line of a training: network, size, length, images, classes and folder. What was read before it waits."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from atalho.config import Config, TrainingConfig
from atalho.data.manifest import Manifest
from atalho.networks.select import name_of
from atalho.networks.spec import Spec
from atalho.tasks.by_name import task_of
from atalho.text import _
from atalho.text.numbers import nwhole, significant, whole
from atalho.training.progress import Progress, ProgressList

_MANY: Final = 10_000
"""Files to be read, from which on nobody should wait for the first line to see what was recognised."""


class Waiting(ProgressList):
    """Passes everything on, but keeps what is said until it is released."""

    def __init__(self, listener: Progress) -> None:
        super().__init__(listener)
        self._kept: list[str] | None = []

    def note(self, text: str) -> None:
        if self._kept is None:
            super().note(text)
        else:
            self._kept.append(text)

    def work(self, label: str, done: int, total: int) -> None:
        if total > _MANY:
            self.release()
        super().work(label, done, total)

    def open(self, *lines: str) -> None:
        """Say these lines first, then what was kept."""
        for text in lines:
            super().note(text)
        self.release()

    def release(self) -> None:
        """Say what was kept, and keep nothing from now on."""
        kept, self._kept = self._kept, None
        for text in kept or ():
            super().note(text)


@contextmanager
def waiting(listener: Progress) -> Iterator[Waiting]:
    """A `Waiting` for a listener; what it keeps is said at the end too, also where an error ends it."""
    kept = Waiting(listener)
    try:
        yield kept
    finally:
        kept.release()


def line(spec: Spec, size: int, config: Config, manifest: Manifest, folder: Path) -> str:
    """What is trained, for how long, on how many images of how many classes, and where the run lies."""
    task = task_of(config.task)
    groups = whole(len(task.outputs(manifest, config)))
    text = _("{network} at {size} × {size} pixels, {length}, {images} of {groups}, run in {folder}")
    return text.format(
        network=name_of(spec),
        size=size,
        length=_length(config.training),
        images=nwhole("{n} training image", "{n} training images", len(manifest.splits["train"])),
        groups=f"{groups} {task.page.several}",
        folder=folder,
    )


def _length(training: TrainingConfig) -> str:
    if training.steps is not None:
        return nwhole("{n} step", "{n} steps", training.steps)
    if training.minutes is not None:
        return _("{minutes} min").format(minutes=significant(training.minutes))
    return nwhole("{n} epoch", "{n} epochs", training.epochs)
