"""The training loop: one straight path from a batch's ids to the next step.

Every random number of a step is a function of (seed, epoch, sample), and the learning rate is one of the step; so
a run that is stopped between any two steps and resumed there does what it would have done.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor

from atalho import chance
from atalho.config import Config
from atalho.data import order
from atalho.data.augment import Augment
from atalho.data.images import Images
from atalho.data.manifest import Ids, Manifest
from atalho.errors import ElsewhereError, NotFiniteError, StoppedError
from atalho.locale import _
from atalho.precision import Precision
from atalho.storage.log import JsonLines, NoLines
from atalho.tasks import classification
from atalho.training import schedule
from atalho.training.distributed import Ranks
from atalho.training.optimizer import set_rate
from atalho.training.pace import Pace
from atalho.training.progress import EpochNumbers, EpochReport, Progress, StepReport
from atalho.training.reduction import Reduction
from atalho.training.state import Tally, TrainingState
from atalho.training.watch import StopSignals, check_finite

Log = JsonLines | NoLines

Evaluate = Callable[[torch.nn.Module], tuple[float, float] | None]
"""Validation of a network: (loss, top-1), or None where there is no validation split."""


@dataclass(frozen=True)
class Material:
    """What a run trains on and with; nothing here changes during training."""

    config: Config
    manifest: Manifest
    images: Images
    augment: Augment
    class_weights: Tensor | None
    precision: Precision
    evaluate: Evaluate
    checkpoints: Path

    @property
    def steps_per_epoch(self) -> int:
        return -(-len(self.manifest.splits["train"]) // self.config.training.batch_size)

    @property
    def steps(self) -> int:
        return self.steps_per_epoch * self.config.training.epochs

    def rate(self, step: int) -> float:
        """The learning rate of a step."""
        t = self.config.training
        return t.lr * schedule.factor(
            step, self.steps, shape=t.schedule, warmup=t.warmup, warmup_lr=t.warmup_lr, milestones=t.milestones
        )


def fit(m: Material, s: TrainingState, ranks: Ranks, log: Log, pace: Pace, progress: Progress) -> None:
    """Train from `s.step` to the end. Raises StoppedError after saving where a signal asked to stop."""
    t = m.config.training
    train_ids = m.manifest.splits["train"]
    labels, classes = torch.from_numpy(m.manifest.labels), len(m.manifest.classes)
    over_ranks = Reduction(s.network, ranks)
    with StopSignals(ranks.echo) as signals:
        while s.step < m.steps:
            epoch, done = divmod(s.step, m.steps_per_epoch)
            batches = order.epoch(t.seed, epoch, train_ids, t.batch_size)[done:]
            s.network.train()
            for batch, (ids, pixels) in zip(batches, m.images.iterate(map(ranks.share, batches)), strict=True):
                images, targets = m.augment(pixels, ids, epoch, labels[ids], classes)
                images, targets = images.to(m.precision.device), targets.to(m.precision.device)
                rate = m.rate(s.step)
                set_rate(s.optimizer, rate)
                with chance.batch(t.seed, epoch, ids), m.precision.autocast():
                    logits = s.network(images)
                part = classification.part(targets, labels[batch], m.class_weights)
                loss = part * classification.loss(logits, targets, smoothing=t.label_smoothing, weights=m.class_weights)
                s.optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                right = (logits.detach().argmax(1).cpu() == labels[ids]).sum()
                whole, right = over_ranks(loss.detach(), right, len(ids) / len(batch))
                _refuse_not_finite(m, s, ranks, whole, loss, images, ids)
                value = whole.item()
                s.optimizer.step()
                s.averaged.update(s.step)
                s.step += 1
                s.tally.add(len(batch), value, int(right))
                log.write({"kind": "step", "step": s.step, "epoch": epoch + 1, "lr": rate, "loss": value})
                pace.step(len(batch))
                progress.step(_step_report(m, s, epoch, value, pace))
                if s.step % m.steps_per_epoch == 0:
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
        check_finite(whole, s.network, images, m.precision, s.step, [m.manifest.names[i] for i in ids])
    except NotFiniteError as error:
        if ranks.lowest(not bool(torch.isfinite(loss))) != ranks.rank:
            raise ElsewhereError(error.exit_code) from error
        raise


def _end_epoch(
    m: Material, s: TrainingState, log: Log, pace: Pace, progress: Progress, epoch: int, rate: float
) -> None:
    validation = m.evaluate(s.averaged.network)
    val_loss, val_top1 = validation if validation is not None else (None, None)
    numbers = EpochNumbers(
        train_loss=s.tally.loss / s.tally.images,
        train_top1=s.tally.right / s.tally.images,
        val_loss=val_loss,
        val_top1=val_top1,
        learning_rate=rate,
    )
    log.write({"kind": "epoch", "epoch": epoch + 1, "step": s.step, **asdict(numbers)})
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
