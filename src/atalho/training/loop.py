"""The training loop: for each batch a step, a record of it, perhaps a checkpoint, perhaps an end.

Every random number of a step is a function of (seed, epoch, sample), and the learning rate is one of the step; so
a run that is stopped between any two steps and resumed there does what it would have done.
"""

from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from atalho.data.manifest import Ids
from atalho.data.on_device import iterate, moved
from atalho.errors import ReportedElsewhereError, StoppedError
from atalho.json_values import JsonValue
from atalho.networks.checkpointing import RecomputingNetwork
from atalho.storage.log import JsonLines, NoLines
from atalho.text import Text
from atalho.training.distributed import Ranks
from atalho.training.finite import explain
from atalho.training.image_side import reduced
from atalho.training.norm_statistics import CAUGHT_UP, FEWEST, borrowed_statistics, set_statistics
from atalho.training.progress import EpochNumbers, EpochReport, Progress, StepReport
from atalho.training.reduction import GradientReduction
from atalho.training.setup import TrainingSetup
from atalho.training.signals import StopSignals
from atalho.training.state import Tally, TrainingState
from atalho.training.step import StepResult, TrainingBatch
from atalho.training.stepping import Stepping, stepping
from atalho.training.timing import Timing
from atalho.training.transfer import set_training

Log = JsonLines | NoLines
_AHEAD: Final = 8
"""Steps that a GPU may have been given and that nobody has read."""


def fit(setup: TrainingSetup, state: TrainingState, ranks: Ranks, log: Log, timing: Timing, progress: Progress) -> None:
    """Train from `state.step` to the end. Raises StoppedError after saving where a signal asked to stop.

    At the end the averaged network holds the norm statistics of its own weights, ready to be measured and shipped.
    """
    training = setup.config.training
    network = RecomputingNetwork(state.network) if training.memory == "saving" else state.network
    reduce = GradientReduction(state.network, ranks)
    take = stepping(setup, state, network, reduce, ranks.world, progress.note)
    recorder = _Recorder(setup, state, ranks, log, timing, progress, take)
    with StopSignals(ranks.echo) as signals:
        for batch in _remaining_batches(setup, state, ranks):
            recorder.record(batch, take(batch, recorder.begun))
            signal = ranks.agree(signals.received)
            last = state.step == setup.steps
            if ranks.is_main and (signal is not None or last or timing.checkpoint_due(recorder.begun)):
                recorder.read()
                state.save(setup.checkpoints, log.flush(), keep=training.keep)
                timing.saved()
            if signal is not None:
                ranks.wait()  # a rank that left before the save is done would have the launcher end the others
                raise StoppedError(_stopped(setup, state), signal)


def _remaining_batches(setup: TrainingSetup, state: TrainingState, ranks: Ranks) -> Iterator[TrainingBatch]:
    """This rank's share of every batch from `state.step` on; the caller counts the steps."""
    task, device = setup.task, setup.precision.device
    while state.step < setup.steps:
        epoch, done = setup.position(state.step)
        batches = task.batches(epoch)[done : done + setup.steps - state.step]
        steps = range(state.step, state.step + len(batches))
        set_training(state.network, setup.config.training)
        shares = map(ranks.share, batches)
        for step, whole, (ids, pixels) in zip(steps, batches, iterate(task.images, shares, device), strict=True):
            yield _varied(setup, step, epoch, whole, ids, pixels)


def _varied(setup: TrainingSetup, step: int, epoch: int, whole: Ids, ids: Ids, pixels: Tensor) -> TrainingBatch:
    """The share `ids` of the batch `whole` of a step, from pixels (N,C,P,P) uint8 on the device."""
    images, targets = setup.task.vary(pixels, ids, epoch)
    images = setup.precision.arranged(reduced(images, setup.side(step, images.shape[-1])))
    labels = targets if targets.ndim == 1 else moved(setup.task.labels[ids], images.device)
    return TrainingBatch(epoch, whole, ids, images, targets, labels)


@dataclass(frozen=True, eq=False)
class _Begun:
    """A step that was begun, and what it will have given."""

    epoch: int
    whole: Ids
    ids: Ids
    rate: float
    result: StepResult
    images: Tensor | None
    """(N,C,S,S), where it is read at once; made once more where they are asked for later."""
    done: torch.cuda.Event | None
    """When it can be read without waiting for later steps."""


class _Recorder:
    """Counts steps and tells of them: in the state, in the log, on the clock and to whoever watches.

    On the CPU at once. A GPU works through the steps that it was given, and what came of a step is read when a few
    more have been begun, so that it never runs out of work; before anything is saved or measured all of them are read.
    Several ranks read at once too, because all must do so after the same step.
    """

    def __init__(
        self,
        setup: TrainingSetup,
        state: TrainingState,
        ranks: Ranks,
        log: Log,
        timing: Timing,
        progress: Progress,
        take: Stepping,
    ) -> None:
        self.setup, self.state, self.ranks = setup, state, ranks
        self.log, self.timing, self.progress, self.take = log, timing, progress, take
        self._begun: deque[_Begun] = deque()
        self._ahead = _AHEAD if take.ahead and ranks.world == 1 else 1

    @property
    def begun(self) -> int:
        """How many steps of the run were begun."""
        return self.state.step + len(self._begun)

    def record(self, batch: TrainingBatch, result: StepResult) -> None:
        """A step was begun, and with it perhaps the last of an epoch. Raises as `read`."""
        rate, images, done = self.setup.rate(self.begun), None, None
        if self._ahead == 1:
            images = batch.images
        elif batch.images.device.type == "cuda":
            result, done = result.sent(), torch.cuda.Event()  # type: ignore[no-untyped-call]
            done.record()
        self._begun.append(_Begun(batch.epoch, batch.whole, batch.ids, rate, result, images, done))
        if self._ends(self.begun):
            self.read()
        elif len(self._begun) >= self._ahead:
            self.read(leave=self._ahead // 2)

    def read(self, *, leave: int = 0) -> None:
        """Read what came of all steps but the last `leave`. Raises NotFiniteError where numbers are not finite."""
        while len(self._begun) > leave:
            step = self._begun[0]
            if step.done is not None:
                step.done.synchronize()
            self._tell(step)
            self._begun.popleft()
            if self._ends(self.state.step):
                self._end_epoch(step.epoch, step.rate)

    def _ends(self, step: int) -> bool:
        """Whether an epoch, or the run within one, ends with `step`."""
        return step == self.setup.steps or self.setup.position(step)[1] == 0

    def _tell(self, step: _Begun) -> None:
        state, timing = self.state, self.timing
        loss, right, finite = step.result.read()
        if not finite:
            self._refuse(step, loss)
        state.step += 1
        state.tally.add(len(step.whole), loss, right)
        row: dict[str, JsonValue] = {
            "kind": "step",
            "step": state.step,
            "epoch": step.epoch + 1,
            "lr": step.rate,
            "loss": loss,
        }
        self.log.write(row)
        timing.step(len(step.whole))
        self.progress.step(
            StepReport(
                step=state.step,
                steps=self.setup.steps,
                epoch=step.epoch + 1,
                epochs=self.setup.config.training.epochs,
                loss=loss,
                images_per_second=timing.images_per_second,
                seconds_left=self._seconds_left(step.epoch),
                train_top1=state.tally.right / state.tally.images,
            )
        )

    def _end_epoch(self, epoch: int, rate: float) -> None:
        state = self.state
        with self._validation_statistics():
            numbers = EpochNumbers(
                train_loss=state.tally.loss / state.tally.images,
                train_top1=state.tally.right / state.tally.images,
                validation=self.setup.task.validate(state.averaged.network),
                learning_rate=rate,
            )
            self.log.write({"kind": "epoch", "epoch": epoch + 1, "step": state.step, **numbers.row()})
            state.tally = Tally()
            seconds, speed = self.timing.epoch(epoch + 1)
            epochs, left = self.setup.config.training.epochs, self._seconds_left(epoch + 1)
            self.progress.epoch(EpochReport(epoch + 1, epochs, numbers, seconds, speed, left))

    def _seconds_left(self, epochs: int) -> float:
        """Until the end, where so many epochs were evaluated."""
        setup = self.setup
        left = setup.config.training.epochs - epochs
        return self.timing.seconds_left(setup.steps - self.state.step, left, len(setup.task.val))

    def _validation_statistics(self) -> AbstractContextManager[None]:
        """Give the network the norm statistics to measure it with: for good at the end, else only while they lag."""
        network, task, step = self.state.averaged.network, self.setup.task, self.state.step
        if self.setup.config.training.norms == "kept":
            return nullcontext()
        if step == self.setup.steps:
            set_statistics(network, task)
        elif self.ranks.is_main and step <= CAUGHT_UP:
            return borrowed_statistics(network, task, max(FEWEST, len(task.val)))
        return nullcontext()

    def _refuse(self, step: _Begun, loss: float) -> None:
        """NotFiniteError from the rank in whose share of the batch the numbers went wrong, since it can say where."""
        setup, network = self.setup, self.state.network
        names = [setup.names[number % len(setup.names)] for number in step.ids]
        if (images := step.images) is None:
            _ids, pixels = next(iterate(setup.task.images, [step.ids], setup.precision.device))
            batch = _varied(setup, self.state.step, step.epoch, step.whole, step.ids, pixels)
            self.take.retrace(batch)
            images = batch.images
        error = explain(loss, network, images, setup.precision, self.state.step + 1, names)
        if self.ranks.lowest(not bool(torch.isfinite(step.result.own_loss))) != self.ranks.rank:
            raise ReportedElsewhereError(error.exit_code) from error
        raise error


def _stopped(setup: TrainingSetup, state: TrainingState) -> Text:
    return Text(
        "Stopped and saved at step {step} of {steps}. Continue with: atalho train --resume {run}",
        step=state.step,
        steps=setup.steps,
        run=setup.checkpoints.parent,
    )
