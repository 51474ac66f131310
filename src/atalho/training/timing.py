"""How fast training goes and when it saves: the only part of a run that looks at the clock."""

import time
from typing import Final

from atalho.storage.run_folder import RunFolder
from atalho.storage.run_records import EpochInProgress, EpochTime, TrainingTime

_FORWARD: Final = 0.3
"""The share of the forward pass in a step, about."""


class Timing:
    """Times steps, epochs and checkpoints, and keeps `timing.json` of the run, which outlives a resume.

    `minutes` or, where given, `steps` lie between two checkpoints. Steps are timed without what happens between epochs.
    Without a run nothing is kept.
    """

    def __init__(self, run: RunFolder | None, *, minutes: float, steps: int | None) -> None:
        self._run = run
        self._minutes, self._steps = minutes, steps
        before = (run and run.timing) or TrainingTime()
        self._epochs = list(before.epochs)
        # What an unfinished epoch had taken until the checkpoint that this session starts from.
        self._epoch_seconds, self._epoch_images = before.unfinished.seconds, before.unfinished.images
        self._last = self._last_save = self._epoch_start = time.monotonic()
        self._seconds = self._first = self._evaluating = 0.0
        self._images = self._counted = self._evaluations = 0

    def step(self, images: int) -> None:
        """A step over `images` images is done."""
        now = time.monotonic()
        self._seconds += now - self._last
        if not self._counted:
            self._first = self._seconds
        self._last = now
        self._images += images
        self._epoch_images += images
        self._counted += 1

    @property
    def images_per_second(self) -> float:
        """Speed of the steps in this session."""
        return self._images / max(self._seconds, 1e-9)

    def seconds_left(self, steps: int, epochs: int = 0, images: int = 0) -> float:
        """How long `steps` more steps and `epochs` evaluations on `images` images will take, in seconds.

        The first step, which sets up, counts where there is no other. Until an evaluation was timed, it is taken to
        take a share of what training takes for an image.
        """
        rest = self._counted - 1
        step = (self._seconds - self._first) / rest if rest > 0 else self._seconds
        evaluation = _FORWARD * images * step * max(self._counted, 1) / max(self._images, 1)
        if self._evaluations:
            evaluation = self._evaluating / self._evaluations
        return steps * step + epochs * evaluation

    def epoch(self, number: int) -> tuple[float, float]:
        """Epoch `number` (from 1) is done and evaluated: its seconds, and images per second over all of it."""
        now = time.monotonic()
        self._evaluating += now - self._last
        self._evaluations += 1
        seconds = self._epoch_seconds + now - self._epoch_start
        speed = self._epoch_images / max(seconds, 1e-9)
        # A resume repeats what lay after the checkpoint: the last measurement of an epoch counts.
        self._epochs = [row for row in self._epochs if row.epoch < number]
        self._epochs.append(EpochTime(number, round(seconds, 3), round(speed, 1)))
        self._epoch_seconds, self._epoch_images = 0.0, 0
        self._epoch_start = self._last = now
        self._write()
        return seconds, speed

    def checkpoint_due(self, step: int) -> bool:
        """Whether to save after `step` steps."""
        if self._steps is not None:
            return step % self._steps == 0
        return time.monotonic() - self._last_save >= 60 * self._minutes

    def saved(self) -> None:
        """A checkpoint was just written."""
        now = time.monotonic()
        self._epoch_seconds += now - self._epoch_start
        self._epoch_start = self._last = self._last_save = now
        self._write()

    def _write(self) -> None:
        if self._run is None:
            return
        self._run.write(
            TrainingTime(
                seconds=round(sum(row.seconds for row in self._epochs) + self._epoch_seconds, 3),
                images_per_second=round(self.images_per_second, 1),
                epochs=tuple(self._epochs),
                unfinished=EpochInProgress(round(self._epoch_seconds, 3), self._epoch_images),
            )
        )
