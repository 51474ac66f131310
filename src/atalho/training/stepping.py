"""How the steps of a training follow each other: on the CPU one by one, on a GPU without waiting in between.

Where nobody waits, nobody sees in time that a step failed. So the device itself skips every update from a step on whose
numbers are not finite: the state stays as that step found it until somebody reads.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

import torch

from atalho.blocks.head import Dropout
from atalho.data.on_device import moved
from atalho.networks.network import Network
from atalho.training.optimizer import set_rate
from atalho.training.recording import CudaGraphs, Recorder, Recordings
from atalho.training.reduction import GradientReduction
from atalho.training.setup import TrainingSetup
from atalho.training.state import TrainingState
from atalho.training.step import StepResult, TrainingBatch, train_step
from atalho.training.transfer import hold_backbone


class Stepping(ABC):
    """Takes the steps of a training: the weights move, and the averaged weights after them."""

    ahead: ClassVar[bool]
    """Whether a step has only begun when it returns."""

    def __init__(self, setup: TrainingSetup, state: TrainingState, network: Network, reduce: GradientReduction) -> None:
        self._setup, self._state, self._network, self._reduce = setup, state, network, reduce

    @abstractmethod
    def __call__(self, batch: TrainingBatch, step: int) -> StepResult:
        """Take `step` (from 0) over `batch`."""

    @abstractmethod
    def retrace(self, batch: TrainingBatch) -> None:
        """After a step that was not finite: leave the gradients that it had, from its `batch`."""


class StepByStep(Stepping):
    """On the CPU: a step is done when it returns."""

    ahead = False

    def __call__(self, batch: TrainingBatch, step: int) -> StepResult:
        optimizer = self._state.optimizer
        set_rate(optimizer, self._setup.rate(step))
        hold_backbone(self._state.network, self._setup.held(step))
        result = train_step(self._network, batch, self._setup, optimizer, self._reduce)
        if result.finite:
            self._state.averaged.update(step)
        return result

    def retrace(self, batch: TrainingBatch) -> None:
        pass  # they are there still


class StepsAhead(Stepping):
    """On a GPU: a step has only begun when it returns, and the next may begin.

    What differs from step to step, the learning rates and the weight of the average, lies there as one tensor, which
    is filled before each step. Steps that `recorder` can record are replayed; `note` hears why they are not.
    """

    ahead = True

    def __init__(
        self,
        setup: TrainingSetup,
        state: TrainingState,
        network: Network,
        reduce: GradientReduction,
        recorder: Recorder | None,
        note: Callable[[str], None],
    ) -> None:
        super().__init__(setup, state, network, reduce)
        groups, device = state.optimizer.param_groups, setup.precision.device
        self._numbers = torch.zeros(len(groups) + 1, device=device)
        self._failed = torch.zeros((), dtype=torch.bool, device=device)
        for group, rate in zip(groups, self._numbers, strict=False):
            group["lr"] = rate
            if "capturable" in group:
                group["capturable"] = device.type == "cuda"
        self._take = self._plain if recorder is None else Recordings(self._plain, self._changed, recorder, note)

    def __call__(self, batch: TrainingBatch, step: int) -> StepResult:
        rate, state = self._setup.rate(step), self._state
        numbers = [rate * group["scale"] for group in state.optimizer.param_groups]
        numbers.append(state.averaged.weight(step))
        self._numbers.copy_(moved(torch.tensor(numbers), self._numbers.device))
        held = self._setup.held(step)
        hold_backbone(state.network, held)
        return self._plain(batch) if held else self._take(batch)

    def retrace(self, batch: TrainingBatch) -> None:
        # A failed step has moved no weight, but the statistics of the steps after it are in the norms.
        for module in self._network.modules():
            if isinstance(module, torch.nn.modules.batchnorm._NormBase) and module.training:
                module.reset_running_stats()
        self._plain(batch)

    def _plain(self, batch: TrainingBatch) -> StepResult:
        optimizer = self._state.optimizer
        result = train_step(self._network, batch, self._setup, optimizer, self._reduce, self._failed)
        self._state.averaged.follow(self._numbers[-1], result.finite)
        return result

    def _changed(self) -> list[torch.Tensor]:
        """Every tensor that a step changes."""
        return [*self._state.tensors().values(), self._failed]


def stepping(
    setup: TrainingSetup,
    state: TrainingState,
    network: Network,
    reduce: GradientReduction,
    world: int,
    note: Callable[[str], None],
) -> Stepping:
    """How `network` is trained on the device of `setup`, as one of `world` processes."""
    device, training = setup.precision.device, setup.config.training
    if device.type == "cpu":
        return StepByStep(setup, state, network, reduce)
    draws = any(isinstance(module, Dropout) and module.p > 0 for module in network.modules())
    same = world == 1 and training.micro_batch is None and training.memory == "plain" and not draws
    recorder = CudaGraphs(device) if device.type == "cuda" and same and setup.task.recordable else None
    return StepsAhead(setup, state, network, reduce, recorder, note)
