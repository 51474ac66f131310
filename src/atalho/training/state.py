"""Everything that a resume needs, and nothing else: weights, averaged weights, momentum, the step and the tallies."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from atalho.config import TrainingConfig
from atalho.errors import NotFiniteError, RunError
from atalho.networks.network import Network
from atalho.storage import checkpoint
from atalho.text import N_
from atalho.training.averaging import AveragedWeights
from atalho.training.optimizer import build_optimizer, load_optimizer_state, optimizer_state
from atalho.validation import checked


@dataclass
class Tally:
    """Sums over the images of the epoch so far."""

    images: int = 0
    loss: float = 0.0
    right: int = 0

    def add(self, images: int, loss: float, right: int) -> None:
        """Count a batch of `images`, whose mean loss is `loss`."""
        self.images += images
        self.loss += loss * images
        self.right += right


@dataclass(frozen=True)
class StateRest:
    """What of a state is no tensor; `log_offset` is how long the metrics log was, in bytes, `run` whose state it is."""

    tally: Tally
    log_offset: int
    run: str | None = None


@dataclass
class TrainingState:
    """What changes while a network is trained."""

    network: Network
    averaged: AveragedWeights
    optimizer: torch.optim.Optimizer
    task: Mapping[str, Tensor] = field(default_factory=dict)
    """What the task itself learns, changed in place."""
    step: int = 0
    tally: Tally = field(default_factory=Tally)
    run: str | None = None
    """The digest of the run, which its checkpoints carry; those of earlier versions have none."""

    @classmethod
    def start(
        cls, network: Network, config: TrainingConfig, steps: int, task: Mapping[str, Tensor] | None = None
    ) -> "TrainingState":
        """The state before the first of `steps` steps; `task` is what the task itself learns."""
        averaged = AveragedWeights(network, config.averaging * steps)
        return cls(network, averaged, build_optimizer(network, config), task or {})

    def tensors(self) -> dict[str, Tensor]:
        """Every tensor under a name that says whose it is."""
        groups = {
            "network": dict(self.network.state_dict()),
            "averaged": self.averaged.tensors(),
            "task": dict(self.task),
        }
        named = {f"{group}.{name}": tensor for group, tensors in groups.items() for name, tensor in tensors.items()}
        return named | optimizer_state(self.optimizer, self.network)

    def rest(self, log_offset: int) -> StateRest:
        """The part of the state that is not tensors."""
        return StateRest(self.tally, log_offset, self.run)

    def save(self, folder: Path, log_offset: int, *, keep: int) -> None:
        """Write a checkpoint of this instant, a boundary between two steps. Refuses weights that are not finite."""
        tensors = self.tensors()
        bad = [name for name, tensor in tensors.items() if not torch.isfinite(tensor).all()]
        if bad:
            text = N_("Step {step}: {name} has non-finite values; the last checkpoint was kept.")
            if checkpoint.newest(folder) is None:
                text = N_(
                    "Step {step}: {name} has non-finite values, and there is no checkpoint before it. "
                    "Try a lower --training.lr, or --training.precision fp32."
                )
            raise NotFiniteError(text, step=self.step, name=bad[0])
        rest = {name: value for name, value in asdict(self.rest(log_offset)).items() if value is not None}
        checkpoint.save(folder, self.step, tensors, rest, keep=keep)

    def restore(self, saved: checkpoint.Checkpoint) -> int:
        """Continue from `saved`; returns the offset at which the metrics log continues, in bytes."""
        try:
            rest = checked(StateRest, saved.state)
            if rest.run is not None and rest.run != self.run:
                raise RunError(
                    "The checkpoint of step {step} belongs to another run. Put back this run's own checkpoints, "
                    "or remove them to train from the beginning.",
                    step=saved.step,
                )
            self.network.load_state_dict(_group(saved.tensors, "network"))
            if self.averaged.separate:
                # There is none where the run was too short for averaging and is now trained longer.
                averaged = _group(saved.tensors, "averaged") or _group(saved.tensors, "network")
                self.averaged.network.load_state_dict(averaged)
            load_optimizer_state(self.optimizer, self.network, saved.tensors)
            for name, tensor in self.task.items():
                tensor.copy_(saved.tensors[f"task.{name}"])
            self.step = saved.step
            self.tally = rest.tally
            return rest.log_offset
        except (RuntimeError, KeyError, ValueError) as error:
            raise RunError(
                "The checkpoint of step {step} does not match the configuration of this run: {reason}",
                step=saved.step,
                reason=error,
            ) from error


def _group(tensors: Mapping[str, Tensor], group: str) -> dict[str, Tensor]:
    return {name.removeprefix(f"{group}."): tensor for name, tensor in tensors.items() if name.startswith(f"{group}.")}
