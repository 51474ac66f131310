"""One step of training: forward, loss, backward, reduce, check, step.

Nothing here waits for the device: what a step gives stays there as tensors until somebody reads it.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from atalho import chance
from atalho.data import order
from atalho.data.manifest import Ids
from atalho.networks.network import Network
from atalho.training.finite import all_finite
from atalho.training.optimizer import step_where_finite
from atalho.training.reduction import GradientReduction
from atalho.training.setup import TrainingSetup


@dataclass(frozen=True, eq=False)
class TrainingBatch:
    """A batch as one rank learns from it: `whole` is that of all ranks, all else its own share, on the device."""

    epoch: int
    whole: Ids
    ids: Ids
    images: Tensor
    """(N,C,S,S), varied for this epoch."""
    targets: Tensor
    """(N,), or (N,K) where images are mixed."""
    labels: Tensor
    """(N,)"""


@dataclass(frozen=True, eq=False)
class StepResult:
    """What a step gave, on the device."""

    loss: Tensor
    """() of the whole batch."""
    own_loss: Tensor
    """() what this rank's share counts in it."""
    right: Tensor
    """() how many images of the whole batch were classified right."""
    finite: Tensor
    """() whether loss and gradients were finite, as in all steps before; where not, no weight has changed."""

    def read(self) -> tuple[float, int, bool]:
        """Loss, right answers and whether all was finite."""
        return float(self.loss), int(self.right), bool(self.finite)

    def sent(self) -> "StepResult":
        """The same on its way from a CUDA GPU to main memory: to be read when that is done with the step."""
        values = (self.loss, self.own_loss, self.right, self.finite)
        return StepResult(*(value.to("cpu", non_blocking=True) for value in values))


def train_step(
    network: Network,
    batch: TrainingBatch,
    setup: TrainingSetup,
    optimizer: torch.optim.Optimizer,
    reduce: GradientReduction,
    failed: Tensor | None = None,
) -> StepResult:
    """Move the weights of `network` once along the gradient of the loss of `batch`.

    With `training.micro_batch` the batch passes in parts, whose gradients add up to that of the whole. `failed`, a
    boolean scalar on the device, says whether a step before was not finite and is set where this one is not: from there
    on no weight moves.
    """
    task, training = setup.task, setup.config.training
    optimizer.zero_grad()
    own_loss = batch.images.new_zeros(())
    right = torch.zeros_like(own_loss, dtype=torch.int64)
    for part in order.parts(len(batch.ids), training.micro_batch):
        with chance.batch(training.seed, batch.epoch, batch.ids[part]), setup.precision.autocast():
            outputs = task.outputs(network, batch.images[part])
        targets = batch.targets[part]
        loss = task.part(targets, batch.ids[part], batch.whole) * task.loss(outputs, targets)
        loss.backward()  # type: ignore[no-untyped-call]
        own_loss += loss.detach()
        right += (outputs.logits.detach().argmax(1) == batch.labels[part]).sum()
    whole_loss, right = reduce(own_loss, right, len(batch.ids) / len(batch.whole))
    finite = all_finite(whole_loss, network)
    if failed is not None:
        finite = finite & ~failed
        failed.copy_(~finite)
    step_where_finite(optimizer, finite)
    return StepResult(whole_loss, own_loss, right, finite)
