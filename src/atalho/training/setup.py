"""What a run trains on and with; nothing here changes during training."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from atalho.config import Config
from atalho.precision import Precision
from atalho.tasks.task import Objective
from atalho.training import schedule
from atalho.training.image_side import side_at


class EpochOrigin(NamedTuple):
    """The step and the epoch from which on epochs have their present length: the images may change between sessions."""

    step: int = 0
    epoch: int = 0

    def position(self, step: int, steps_per_epoch: int) -> tuple[int, int]:
        """The epoch of a step and how many steps of it are done."""
        epochs, done = divmod(step - self.step, steps_per_epoch)
        return max(0, self.epoch + epochs), done


BEGINNING: Final = EpochOrigin()
Schedules = tuple[tuple[int, int], ...]
"""Until which step a schedule was followed, and for how many steps it was made; for each but the last, in order."""


@dataclass(frozen=True)
class TrainingSetup:
    """The configuration, the task with its images, the files' names, the device, and where checkpoints go."""

    config: Config
    task: Objective
    names: Sequence[str]
    precision: Precision
    checkpoints: Path
    epoch_origin: EpochOrigin = BEGINNING
    earlier: Schedules = ()
    """The schedules before the present one, of a run that got another length."""

    @property
    def steps(self) -> int:
        """Steps of the whole run, also where it ends within an epoch."""
        if self.config.training.steps is not None:
            return self.config.training.steps
        epochs_left = self.config.training.epochs - self.epoch_origin.epoch
        return self.epoch_origin.step + self.task.steps_per_epoch * epochs_left

    def position(self, step: int) -> tuple[int, int]:
        """The epoch (from 0) of a step and how many steps of it are done."""
        return self.epoch_origin.position(step, self.task.steps_per_epoch)

    def held(self, step: int) -> bool:
        """Whether the head alone learns in a step."""
        return step < self.config.training.frozen * (self.earlier[0][1] if self.earlier else self.steps)

    def rate(self, step: int) -> float:
        """The learning rate of a step."""
        training = self.config.training
        return training.lr * schedule.factor(
            step,
            self._planned(step),
            shape=training.schedule,
            warmup=training.warmup,
            warmup_lr=training.warmup_lr,
            milestones=training.milestones,
            decay=training.decay,
        )

    def side(self, step: int, size: int) -> int:
        """The side of the images of a step, which were `size` pixels."""
        augment = self.config.augment
        return side_at(step, self._planned(step), size, start=augment.start_side, grown=augment.grown)

    def _planned(self, step: int) -> int:
        """For how many steps what is done in `step` was planned."""
        return next((steps for until, steps in self.earlier if step < until), self.steps)
