"""Recorded steps: what is copied in and out, that they are trusted only after a proof, and what happens otherwise."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
from torch import Tensor

from atalho.training.recording import Recordings, Replay
from atalho.training.step import StepResult, TrainingBatch


class _Again:
    """Stands for a GPU: a replay does again what was recorded, on the memory that was there when it was recorded."""

    def __init__(self) -> None:
        self.recorded = self.replayed = 0

    def plainly(self, step: Replay) -> StepResult:
        return step()

    def record(self, step: Replay) -> Replay:
        self.recorded += 1
        kept = StepResult(
            *(torch.zeros((), dtype=kind) for kind in (torch.float32, torch.float32, torch.int64, torch.bool))
        )

        def replay() -> StepResult:
            self.replayed += 1
            found = step()
            for mine, new in zip(vars(kept).values(), vars(found).values(), strict=True):
                mine.copy_(new)
            return kept

        return replay


@dataclass
class _Training:
    """A weight that every step moves by the sum of its images."""

    weight: Tensor = field(default_factory=lambda: torch.zeros(3))
    missing: Tensor = field(default_factory=lambda: torch.full((2,), torch.nan))
    taken: int = 0
    noise: float = 0.0

    def step(self, batch: TrainingBatch) -> StepResult:
        self.taken += 1
        self.weight += batch.images.sum() + self.noise * self.taken
        loss = self.weight.sum() + batch.targets.sum()
        return StepResult(loss, loss, batch.labels.sum(), torch.tensor(True))

    def changed(self) -> list[Tensor]:
        return [self.weight, self.missing]


def _batch(number: int, size: int = 4) -> TrainingBatch:
    ids = np.arange(size)
    labels = torch.arange(size) + number
    return TrainingBatch(0, ids, ids, torch.full((size, 1, 2, 2), float(number)), labels, labels)


def _run(recordings: Callable[[TrainingBatch], StepResult], batches: list[TrainingBatch]) -> list[StepResult]:
    return [recordings(batch) for batch in batches]


BATCHES = [_batch(number, size) for number, size in enumerate([4, 4, 4, 3, 4, 3, 3, 4, 3])]


def test_replayed_steps_are_the_plain_ones_and_keep_what_they_gave() -> None:
    plain, recorded, recorder, said = _Training(), _Training(), _Again(), list[str]()
    wanted = [result.read() for result in _run(plain.step, BATCHES)]
    recordings = Recordings(recorded.step, recorded.changed, recorder, said.append)
    # Read after all of them, as results are read late: a replay must not write over those of the one before.
    assert [result.read() for result in _run(recordings, BATCHES)] == wanted
    assert torch.equal(plain.weight, recorded.weight)
    assert recorder.recorded == 2  # batches of four and of three images
    assert recorder.replayed == len(BATCHES) - 4  # two plain steps of each size come first
    assert said == []


def test_a_recording_that_gives_other_numbers_is_never_used() -> None:
    training, recorder, said = _Training(noise=0.5), _Again(), list[str]()
    recordings = Recordings(training.step, training.changed, recorder, said.append)
    _run(recordings, BATCHES[:2])
    before = training.weight.clone()
    result = recordings(BATCHES[2])
    # The step counts as it was taken plainly: by the images and by 3 × the noise.
    assert torch.equal(training.weight, before + BATCHES[2].images.sum() + 1.5)
    assert result.read()[0] == float(training.weight.sum() + BATCHES[2].targets.sum())
    assert said == ["Steps are not recorded, which is slower: replaying it gives other numbers"]
    _run(recordings, BATCHES)
    assert (recorder.recorded, recorder.replayed, len(said)) == (1, 1, 1)


@pytest.mark.parametrize(
    "error", [RuntimeError("operation not permitted\nwhen capturing"), torch.OutOfMemoryError("full")]
)
def test_what_cannot_be_recorded_stays_plain(error: RuntimeError) -> None:
    class _Refusing(_Again):
        def record(self, step: Replay) -> Replay:
            raise error

    plain, training, said = _Training(), _Training(), list[str]()
    wanted = [result.read() for result in _run(plain.step, BATCHES)]
    found = _run(Recordings(training.step, training.changed, _Refusing(), said.append), BATCHES)
    assert [result.read() for result in found] == wanted
    assert torch.equal(plain.weight, training.weight)
    assert said == [f"Steps are not recorded, which is slower: {str(error).splitlines()[0]}"]


def test_shapes_that_keep_changing_are_not_recorded_for_ever() -> None:
    training, recorder = _Training(), _Again()
    recordings = Recordings(training.step, training.changed, recorder, lambda text: None)
    _run(recordings, [_batch(1, size) for size in range(2, 12) for _time in range(3)])
    assert recorder.recorded == 4
