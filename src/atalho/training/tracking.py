"""The metrics of a run for TensorBoard, written while it trains. Only a run that asks for it pays for it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, get_args

from atalho.errors import ConfigError, install, nearest
from atalho.storage import disk
from atalho.storage.atomic import writing
from atalho.text import Text, _
from atalho.training.progress import EpochReport, Progress, ProgressList, StepReport

if TYPE_CHECKING:
    pass

FOLDER: Final = "tensorboard"
"""Where the events lie in a run's folder."""

Tracker = Literal["tensorboard"]
TRACKERS: Final = get_args(Tracker)


class TensorBoard(Progress):
    """Writes every step and epoch to `tensorboard/` of the run. Steps count from 1; epochs stand at their last step.

    A resumed run first declares void what was written from its first step on, so that no step is shown twice.
    Where it cannot be written any more, as on a full disk, `tell` hears it and the training goes on without.
    Raises ConfigError, when it is made, where TensorBoard is not installed.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            reason = Text("--track tensorboard needs TensorBoard.")
            raise ConfigError(Text.joined(reason, install("track"))) from None
        self._kind = SummaryWriter
        self._tell = tell
        self._failed = False
        self._folder: Path | None = None
        self._writer: SummaryWriter | None = None
        self._step = 0

    def begin(self, run: Path) -> None:
        self._folder = run / FOLDER
        with writing(self._folder):
            disk.refuse_link(self._folder)  # TensorBoard opens its files by name

    def step(self, report: StepReport) -> None:
        self._step = report.step
        self._write({"step/loss": report.loss, "step/images_per_second": report.images_per_second})

    def epoch(self, report: EpochReport) -> None:
        self._write({f"epoch/{name}": value for name, value in report.numbers.row().items() if value is not None})

    def end(self) -> None:
        with self._going_on():
            if self._writer is not None:
                self._writer.close()
        self._writer = None

    def _write(self, values: Mapping[str, float]) -> None:
        with self._going_on():
            if self._failed:
                return
            if self._writer is None:
                self._writer = self._kind(str(self._folder), purge_step=self._step)
            for name, value in values.items():
                self._writer.add_scalar(name, value, self._step)
            # At once: what a killed run has in its log, TensorBoard shall have too.
            self._writer.flush()

    @contextmanager
    def _going_on(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if not self._failed:
                text = _("Cannot write {path}: {reason}. Training goes on without TensorBoard.")
                self._tell(text.format(path=self._folder, reason=error.strerror or error))
            self._failed = True


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
    return ProgressList(listener, TensorBoard(listener.note))


def tracker_of(run: Path) -> Tracker | None:
    """What the run in this folder has been tracked with so far."""
    return "tensorboard" if (run / FOLDER).is_dir() else None
