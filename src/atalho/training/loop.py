"""The training loop: one straight path from a batch's ids to the next step.

Every random number of a step is a function of (seed, epoch, sample), and the learning rate is one of the step; so
a run that is stopped between any two steps and resumed there does what it would have done.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import torch
from torch import Tensor

from atalho import chance
from atalho.config import Config
from atalho.data import order
from atalho.data.manifest import Ids
from atalho.errors import ElsewhereError, NotFiniteError, StoppedError
from atalho.networks.checkpointing import RecomputingNetwork
from atalho.precision import Precision
from atalho.storage.log import JsonLines, NoLines
from atalho.tasks.task import Task
from atalho.text import _
from atalho.training import schedule
from atalho.training.distributed import Ranks
from atalho.training.optimizer import set_rate
from atalho.training.pace import Pace
from atalho.training.progress import EpochNumbers, EpochReport, Progress, StepReport
from atalho.training.reduction import Reduction
from atalho.training.state import Tally, TrainingState
from atalho.training.watch import StopSignals, check_finite

Log = JsonLines | NoLines


class Place(NamedTuple):
    """The step and the epoch from which on epochs have their present length: the images may change between sittings."""

    step: int = 0
    epoch: int = 0

    def of(self, step: int, steps_per_epoch: int) -> tuple[int, int]:
        """The epoch of a step and how many steps of it are done."""
        epochs, done = divmod(step - self.step, steps_per_epoch)
        return max(0, self.epoch + epochs), done


BEGINNING: Final = Place()


@dataclass(frozen=True)
class Material:
    """What a run trains on and with; nothing here changes during training."""

    config: Config
    task: Task
    names: Sequence[str]
    precision: Precision
    checkpoints: Path
    place: Place = BEGINNING

    @property
    def steps(self) -> int:
        """Steps of the whole run."""
        return self.place.step + self.task.steps_per_epoch * (self.config.training.epochs - self.place.epoch)

    def rate(self, step: int) -> float:
        """The learning rate of a step."""
        t = self.config.training
        return t.lr * schedule.factor(
            step, self.steps, shape=t.schedule, warmup=t.warmup, warmup_lr=t.warmup_lr, milestones=t.milestones
        )


def fit(m: Material, s: TrainingState, ranks: Ranks, log: Log, pace: Pace, progress: Progress) -> None:
    """Train from `s.step` to the end. Raises StoppedError after saving where a signal asked to stop."""
    t, task = m.config.training, m.task
    network = RecomputingNetwork(s.network) if t.memory == "saving" else s.network
    over_ranks = Reduction(s.network, ranks)
    with StopSignals(ranks.echo) as signals:
        while s.step < m.steps:
            epoch, done = m.place.of(s.step, task.steps_per_epoch)
            batches = task.batches(epoch)[done:]
            s.network.train()
            for batch, (ids, pixels) in zip(batches, task.images.iterate(map(ranks.share, batches)), strict=True):
                images, targets = task.vary(pixels, ids, epoch)
                images, targets = images.to(m.precision.device), targets.to(m.precision.device)
                rate = m.rate(s.step)
                set_rate(s.optimizer, rate)
                s.optimizer.zero_grad()
                loss, right = torch.zeros((), device=m.precision.device), torch.tensor(0)
                for part in order.parts(len(ids), t.micro_batch):
                    with chance.batch(t.seed, epoch, ids[part]), m.precision.autocast():
                        outputs = task.outputs(network, images[part])
                    partial = task.part(targets[part], batch) * task.loss(outputs, targets[part])
                    partial.backward()  # type: ignore[no-untyped-call]
                    loss += partial.detach()
                    right += (outputs.logits.detach().argmax(1).cpu() == task.labels[ids[part]]).sum()
                whole, right = over_ranks(loss, right, len(ids) / len(batch))
                _refuse_not_finite(m, s, ranks, whole, loss, images, ids)
                value = whole.item()
                s.optimizer.step()
                s.averaged.update(s.step)
                s.step += 1
                s.tally.add(len(batch), value, int(right))
                log.write({"kind": "step", "step": s.step, "epoch": epoch + 1, "lr": rate, "loss": value})
                pace.step(len(batch))
                progress.step(_step_report(m, s, epoch, value, pace))
                if m.place.of(s.step, task.steps_per_epoch)[1] == 0:
                    _end_epoch(m, s, log, pace, progress, epoch, rate)
                stop = ranks.agree(signals.received)
                if ranks.is_main and (stop is not None or s.step == m.steps or pace.checkpoint_due(s.step)):
                    s.save(m.checkpoints, log.flush(), keep=t.keep)
                    pace.saved()
                if stop is not None:
                    ranks.wait()  # a rank that left before the save is done would have the launcher end the others
                    raise StoppedError(_stopped(m, s), stop)


def _refuse_not_finite(
    m: Material, s: TrainingState, ranks: Ranks, whole: Tensor, loss: Tensor, images: Tensor, ids: Ids
) -> None:
    """NotFiniteError from the rank in whose part of the batch the numbers went wrong, since it can say where."""
    try:
        check_finite(whole, s.network, images, m.precision, s.step + 1, [m.names[i % len(m.names)] for i in ids])
    except NotFiniteError as error:
        if ranks.lowest(not bool(torch.isfinite(loss))) != ranks.rank:
            raise ElsewhereError(error.exit_code) from error
        raise


def _end_epoch(
    m: Material, s: TrainingState, log: Log, pace: Pace, progress: Progress, epoch: int, rate: float
) -> None:
    numbers = EpochNumbers(
        train_loss=s.tally.loss / s.tally.images,
        train_top1=s.tally.right / s.tally.images,
        validation=m.task.validate(s.averaged.network),
        learning_rate=rate,
    )
    log.write({"kind": "epoch", "epoch": epoch + 1, "step": s.step, **numbers.row()})
    s.tally = Tally()
    seconds, speed = pace.epoch(epoch + 1)
    progress.epoch(EpochReport(epoch + 1, m.config.training.epochs, numbers, seconds, speed))


def _step_report(m: Material, s: TrainingState, epoch: int, loss: float, pace: Pace) -> StepReport:
    return StepReport(
        s.step,
        m.steps,
        epoch + 1,
        m.config.training.epochs,
        loss,
        pace.images_per_second,
        pace.seconds_left(m.steps - s.step),
    )


def _stopped(m: Material, s: TrainingState) -> str:
    return _("Stopped and saved at step {step} of {steps}. Go on with: atalho train --resume {run}").format(
        step=s.step, steps=m.steps, run=m.checkpoints.parent
    )
