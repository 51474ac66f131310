"""What training tells whoever watches it. The library never prints: the command line passes a `Progress` that does."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from atalho.listener import Listener


@dataclass(frozen=True)
class StepReport:
    """After a step: where training is, the loss of that step, and the speed so far in this session."""

    step: int
    steps: int
    epoch: int
    epochs: int
    loss: float
    images_per_second: float
    seconds_left: float
    train_top1: float | None = None
    """Of the images of the epoch so far, the share that was right."""


@dataclass(frozen=True)
class EpochNumbers:
    """What an epoch gave. Accuracies are shares.

    `validation` is what the task measures on the averaged weights, by the names of the metrics log: `val_loss` and
    `val_top1`, in re-identification `val_rank1` and `val_map`; None without a validation split.
    """

    train_loss: float
    train_top1: float
    validation: Mapping[str, float | None]
    learning_rate: float

    def row(self) -> dict[str, float | None]:
        """The numbers as the metrics log keeps them."""
        training = {"train_loss": self.train_loss, "train_top1": self.train_top1}
        return training | dict(self.validation) | {"learning_rate": self.learning_rate}


@dataclass(frozen=True)
class EpochReport:
    """After an epoch (counted from 1): its numbers, and how long it took with its evaluation."""

    epoch: int
    epochs: int
    numbers: EpochNumbers
    seconds: float
    images_per_second: float
    seconds_left: float = 0.0
    """Until the last epoch is done and evaluated."""


@dataclass(frozen=True)
class RunReport:
    """A finished run: its folder, what was measured on which split, and how many seconds were spent training.

    `measured` has the numbers that stand first, by the names of `evaluation.json`: `top1` and `macro_f1`, in
    re-identification `rank1`, `map` and `minp`. `split` is `test`, or `val` where there are no test images; both are
    empty where there was nothing to measure on.
    """

    run: Path
    split: str
    measured: Mapping[str, float]
    seconds: float


class Progress(Listener):
    """A silent listener that is told of training too; override what is of interest.

    Also what `callbacks` of `train` derive from.
    """

    def begin(self, run: Path) -> None:
        """Training begins or goes on, in the folder `run`."""

    def step(self, report: StepReport) -> None:
        """A training step is done."""

    def epoch(self, report: EpochReport) -> None:
        """An epoch is done and evaluated."""

    def finished(self, report: RunReport) -> None:
        """The run is complete: trained, measured, its model and report written."""

    def end(self) -> None:
        """The run is over, finished, by a signal or by an error; always the last call."""


class ProgressList(Progress):
    """Tells several listeners."""

    def __init__(self, *listeners: Progress) -> None:
        self._listeners = listeners

    def note(self, text: str) -> None:
        for listener in self._listeners:
            listener.note(text)

    def work(self, label: str, done: int, total: int) -> None:
        for listener in self._listeners:
            listener.work(label, done, total)

    def begin(self, run: Path) -> None:
        for listener in self._listeners:
            listener.begin(run)

    def step(self, report: StepReport) -> None:
        for listener in self._listeners:
            listener.step(report)

    def epoch(self, report: EpochReport) -> None:
        for listener in self._listeners:
            listener.epoch(report)

    def finished(self, report: RunReport) -> None:
        for listener in self._listeners:
            listener.finished(report)

    def end(self) -> None:
        for listener in self._listeners:
            listener.end()
