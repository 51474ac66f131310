"""A step that is recorded once and replayed: a GPU gets all its operations at once, instead of one by one.

For small networks that is where the time goes: a step of resnet20 is a thousand operations of a few microseconds. A
recording (a CUDA graph) repeats the same operations on the same memory. So a batch is copied to where the recorded one
lay, and what the step gave is copied away.

No recording is trusted before it has proved itself: at its first use the step is taken twice from one state, plainly
and by replay, and every bit of what it changed must agree. Otherwise the steps stay plain.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Final, Protocol

import torch
from torch import Tensor

from atalho.text import _
from atalho.training.step import StepResult, TrainingBatch

Step = Callable[[TrainingBatch], StepResult]
Replay = Callable[[], StepResult]

_PLAIN: Final = 2
"""Steps of a shape before it is recorded: they allocate and choose algorithms, which a recording must not see."""
_SHAPES: Final = 4
"""Recordings that are kept; an epoch has batches of two sizes at most."""
_ROOM: Final = 1.5
"""Memory that must be left for recordings, as a multiple of what a step takes: evaluation needs some too."""
_INTEGERS: Final = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}


class Recorder(Protocol):
    """What records on a kind of device."""

    def plainly(self, step: Replay) -> StepResult:
        """Take `step` as `record` needs it before it records."""

    def record(self, step: Replay) -> Replay:
        """Record `step`, which does not take it; what comes back takes it. Raises RuntimeError where that cannot be."""


class Recordings:
    """Takes steps by `step` until they can be replayed; `changed` are all the tensors that a step changes."""

    def __init__(
        self, step: Step, changed: Callable[[], list[Tensor]], recorder: Recorder, note: Callable[[str], None]
    ) -> None:
        self._step, self._changed, self._recorder, self._note = step, changed, recorder, note
        self._seen: Counter[tuple[torch.Size, torch.Size]] = Counter()
        self._recorded: dict[tuple[torch.Size, torch.Size], _RecordedStep] = {}
        self._trusted = True

    def __call__(self, batch: TrainingBatch) -> StepResult:
        """Take a step over `batch`."""
        shape = batch.images.shape, batch.targets.shape
        if (recorded := self._recorded.get(shape)) is not None:
            return recorded(batch)
        self._seen[shape] += 1
        if self._trusted and self._seen[shape] > _PLAIN and len(self._recorded) < _SHAPES:
            return self._first(shape, batch)
        return self._step(batch)

    def _first(self, shape: tuple[torch.Size, torch.Size], batch: TrainingBatch) -> StepResult:
        """A step over `batch`, taken plainly and by a new recording; it is kept where they agree."""
        tensors = self._changed()
        before = [tensor.clone() for tensor in tensors]
        plain = self._recorder.plainly(lambda: self._step(batch))
        after = [tensor.clone() for tensor in tensors]
        _put(tensors, before)
        try:
            recorded = _RecordedStep(self._step, batch, self._recorder)
            replayed = recorded(batch)
            pairs = zip([*after, *_values(plain)], [*tensors, *_values(replayed)], strict=True)
            if all(_same_bits(one, other) for one, other in pairs):
                self._recorded[shape] = recorded
                return replayed
            reason = _("replaying it gives other numbers")
        except RuntimeError as error:
            reason = str(error).partition("\n")[0]
        _put(tensors, after)
        self._trusted = False
        self._recorded.clear()
        self._note(_("Steps are not recorded, which is slower: {reason}").format(reason=reason))
        return plain


class _RecordedStep:
    """A recording with the memory from which it reads its batch."""

    def __init__(self, step: Step, batch: TrainingBatch, recorder: Recorder) -> None:
        self._batch = replace(
            batch,
            images=batch.images.clone(),
            targets=batch.targets.clone(),
            labels=batch.labels.clone(),
        )
        self._replay = recorder.record(lambda: step(self._batch))

    def __call__(self, batch: TrainingBatch) -> StepResult:
        own = self._batch
        own.images.copy_(batch.images)
        own.targets.copy_(batch.targets)
        own.labels.copy_(batch.labels)
        # The next replay writes where this one did.
        return StepResult(*(value.clone() for value in _values(self._replay())))


class CudaGraphs:
    """Records steps on a GPU. The recordings share their memory: what one gave is copied away before another runs."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._pool = torch.cuda.graph_pool_handle()

    def plainly(self, step: Replay) -> StepResult:
        """On a stream of its own, as PyTorch asks for before a backward pass is recorded."""
        usual, own = torch.cuda.current_stream(self._device), _stream(self._device)
        own.wait_stream(usual)
        with torch.cuda.stream(own):
            result = step()
        usual.wait_stream(own)
        return result

    def record(self, step: Replay) -> Replay:
        """Raises RuntimeError also where the memory that is left would not hold a second step."""
        needed, left = torch.cuda.max_memory_allocated(self._device), torch.cuda.mem_get_info(self._device)[0]
        # What the plain steps left behind is free for the recording.
        left += torch.cuda.memory_reserved(self._device) - torch.cuda.memory_allocated(self._device)
        if left < _ROOM * needed:
            raise RuntimeError(_("there is too little memory left"))
        usual, graph = torch.cuda.current_stream(self._device), torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(graph, pool=self._pool):
                result = step()
        finally:
            torch.cuda.set_stream(usual)  # which a recording that fails does not do

        def replay() -> StepResult:
            graph.replay()
            return result

        return replay


def _stream(device: torch.device) -> torch.cuda.Stream:
    return torch.cuda.Stream(device)  # type: ignore[no-untyped-call]


def _values(result: StepResult) -> list[Tensor]:
    return [result.loss, result.own_loss, result.right, result.finite]


@torch.no_grad()
def _put(tensors: list[Tensor], values: list[Tensor]) -> None:
    for tensor, value in zip(tensors, values, strict=True):
        tensor.copy_(value)


def _same_bits(one: Tensor, other: Tensor) -> bool:
    """Also where there is no number: NaN is not equal to itself."""
    kind = _INTEGERS[one.element_size()]
    return torch.equal(one.detach().view(kind), other.detach().view(kind))
