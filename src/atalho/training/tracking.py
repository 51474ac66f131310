"""The metrics of a run for TensorBoard, written while it trains. Only a run that asks for it pays for it."""

from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, get_args

from atalho.errors import ConfigError, nearest
from atalho.text import Text
from atalho.training.progress import EpochReport, Progress, ProgressList, StepReport

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

FOLDER: Final = "tensorboard"
"""Where the events lie in a run's folder."""

Tracker = Literal["tensorboard"]
TRACKERS: Final = get_args(Tracker)


class TensorBoard(Progress):
    """Writes every step and epoch to `tensorboard/` of the run. Steps count from 1; epochs stand at their last step.

    A resumed run first declares void what was written from its first step on, so that no step is shown twice.
    Raises ConfigError, when it is made, where TensorBoard is not installed.
    """

    def __init__(self) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise ConfigError(
                "--track tensorboard needs TensorBoard. Install it with: {command}",
                command="pip install 'atalho[track]'",
            ) from None
        self._kind = SummaryWriter
        self._folder: Path | None = None
        self._writer: SummaryWriter | None = None
        self._step = 0

    def begin(self, run: Path) -> None:
        self._folder = run / FOLDER

    def step(self, report: StepReport) -> None:
        self._step = report.step
        writer = self._open(report.step)
        writer.add_scalar("step/loss", report.loss, report.step)
        writer.add_scalar("step/images_per_second", report.images_per_second, report.step)
        # At once: what a killed run has in its log, TensorBoard shall have too.
        writer.flush()

    def epoch(self, report: EpochReport) -> None:
        writer = self._open(self._step)
        for name, value in report.numbers.row().items():
            if value is not None:
                writer.add_scalar(f"epoch/{name}", value, self._step)
        writer.flush()

    def end(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _open(self, step: int) -> "SummaryWriter":
        if self._writer is None:
            self._writer = self._kind(str(self._folder), purge_step=step)
        return self._writer


def tracked(progress: Progress | None, tracker: str | None) -> Progress:
    """`progress`, or a silent one, and beside it what `tracker` names.

    Raises ConfigError for a tracker that is not known or not installed.
    """
    listener = progress or Progress()
    if tracker is None:
        return listener
    if tracker not in TRACKERS:
        raise ConfigError(
            Text.joined(Text("unknown value for track: {given!r}.", given=tracker), nearest(tracker, TRACKERS))
        )
    return ProgressList(listener, TensorBoard())


def tracker_of(run: Path) -> Tracker | None:
    """What the run in this folder has been tracked with so far."""
    return "tensorboard" if (run / FOLDER).is_dir() else None
