"""The training loop: for each batch a step, a record of it, perhaps a checkpoint, perhaps an end.

Every random number of a step is a function of (seed, epoch, sample), and the learning rate is one of the step; so
a run that is stopped between any two steps and resumed there does what it would have done.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch

from atalho.data.on_device import iterate, moved
from atalho.errors import ReportedElsewhereError, StoppedError
from atalho.networks.checkpointing import RecomputingNetwork
from atalho.storage.log import JsonLines, NoLines
from atalho.text import Text
from atalho.training.distributed import Ranks
from atalho.training.finite import explain
from atalho.training.norm_statistics import CAUGHT_UP, FEWEST, borrowed_statistics, set_statistics
from atalho.training.optimizer import set_rate
from atalho.training.progress import EpochNumbers, EpochReport, Progress, StepReport
from atalho.training.reduction import GradientReduction
from atalho.training.setup import TrainingSetup
from atalho.training.signals import StopSignals
from atalho.training.state import Tally, TrainingState
from atalho.training.step import StepResult, TrainingBatch, train_step
from atalho.training.timing import Timing

Log = JsonLines | NoLines


def fit(setup: TrainingSetup, state: TrainingState, ranks: Ranks, log: Log, timing: Timing, progress: Progress) -> None:
    """Train from `state.step` to the end. Raises StoppedError after saving where a signal asked to stop.

    At the end the averaged network holds the norm statistics of its own weights, ready to be measured and shipped.
    """
    training = setup.config.training
    network = RecomputingNetwork(state.network) if training.memory == "saving" else state.network
    reduce = GradientReduction(state.network, ranks)
    recorder = _Recorder(setup, state, ranks, log, timing, progress)
    with StopSignals(ranks.echo) as signals:
        for batch in _remaining_batches(setup, state, ranks):
            rate = setup.rate(state.step)
            set_rate(state.optimizer, rate)
            result = train_step(network, batch, setup, state.optimizer, reduce)
            recorder.record(batch, result, rate)
            signal = ranks.agree(signals.received)
            last = state.step == setup.steps
            if ranks.is_main and (signal is not None or last or timing.checkpoint_due(state.step)):
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
        batches = task.batches(epoch)[done:]
        state.network.train()
        shares = map(ranks.share, batches)
        for whole, (ids, pixels) in zip(batches, iterate(task.images, shares, device), strict=True):
            tensors = (*task.vary(pixels, ids, epoch), task.labels[ids])
            yield TrainingBatch(epoch, whole, ids, *(moved(tensor, device) for tensor in tensors))


@dataclass(frozen=True)
class _Recorder:
    """Counts steps and tells of them: in the state, in the log, on the clock and to whoever watches."""

    setup: TrainingSetup
    state: TrainingState
    ranks: Ranks
    log: Log
    timing: Timing
    progress: Progress

    def record(self, batch: TrainingBatch, result: StepResult, rate: float) -> None:
        """A step is done, and with it perhaps an epoch. Raises NotFiniteError where its numbers are not finite."""
        state, timing = self.state, self.timing
        loss, right, finite = result.read()
        if not finite:
            self._refuse(batch, result, loss)
        state.averaged.update(state.step)
        state.step += 1
        state.tally.add(len(batch.whole), loss, right)
        self.log.write({"kind": "step", "step": state.step, "epoch": batch.epoch + 1, "lr": rate, "loss": loss})
        timing.step(len(batch.whole))
        self.progress.step(
            StepReport(
                step=state.step,
                steps=self.setup.steps,
                epoch=batch.epoch + 1,
                epochs=self.setup.config.training.epochs,
                loss=loss,
                images_per_second=timing.images_per_second,
                seconds_left=timing.seconds_left(self.setup.steps - state.step),
            )
        )
        _epoch, done = self.setup.position(state.step)
        if done == 0:
            self._end_epoch(batch.epoch, rate)

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
            self.progress.epoch(EpochReport(epoch + 1, self.setup.config.training.epochs, numbers, seconds, speed))

    def _validation_statistics(self) -> AbstractContextManager[None]:
        """Give the network the norm statistics to measure it with: for good at the end, else only while they lag."""
        network, task, step = self.state.averaged.network, self.setup.task, self.state.step
        if step == self.setup.steps:
            set_statistics(network, task)
        elif self.ranks.is_main and step <= CAUGHT_UP:
            return borrowed_statistics(network, task, max(FEWEST, len(task.val)))
        return nullcontext()

    def _refuse(self, batch: TrainingBatch, result: StepResult, loss: float) -> None:
        """NotFiniteError from the rank in whose share of the batch the numbers went wrong, since it can say where."""
        setup, network = self.setup, self.state.network
        names = [setup.names[number % len(setup.names)] for number in batch.ids]
        error = explain(loss, network, batch.images, setup.precision, self.state.step + 1, names)
        if self.ranks.lowest(not bool(torch.isfinite(result.own_loss))) != self.ranks.rank:
            raise ReportedElsewhereError(error.exit_code) from error
        raise error


def _stopped(setup: TrainingSetup, state: TrainingState) -> Text:
    return Text(
        "Stopped and saved at step {step} of {steps}. Continue with: atalho train --resume {run}",
        step=state.step,
        steps=setup.steps,
        run=setup.checkpoints.parent,
    )
