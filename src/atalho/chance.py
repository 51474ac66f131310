"""Randomness as a function, not a state.

Every random number is a hash of (seed, stream, epoch, sample id, draw). The numbers of a sample
therefore depend neither on the rest of its batch, nor on workers, nor on where a run was interrupted.

The hash is the finaliser of SplitMix64 (Steele, Lea, Flood 2014, "Fast splittable pseudorandom number
generators") applied twice, first to the sample, then to the draw. NumPy and torch compute the same 64 bits.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

_SAMPLE_STEP: Final = 0x9E3779B97F4A7C15
_DRAW_STEP: Final = 0xD1B54A32D192ED03
_MULTIPLIERS: Final = (0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
_SHIFTS: Final = (30, 27, 31)


def bits(seed: int, stream: str, epoch: int, ids: NDArray[np.int64], draws: int) -> NDArray[np.uint64]:
    """64 random bits for each of N samples and each draw: (N, draws)."""
    samples = np.asarray(ids, dtype=np.int64).view(np.uint64)
    key = np.uint64(_key(seed, stream, epoch))
    states = _mix(samples * np.uint64(_SAMPLE_STEP) + key)
    steps = np.arange(1, draws + 1, dtype=np.uint64) * np.uint64(_DRAW_STEP)
    return _mix(states[:, None] + steps[None, :])


def uniform(seed: int, stream: str, epoch: int, ids: NDArray[np.int64], draws: int) -> NDArray[np.float32]:
    """Uniform numbers in [0, 1) for each of N samples and each draw: (N, draws), multiples of 2**-24."""
    top = bits(seed, stream, epoch, ids, draws) >> np.uint64(40)
    return top.astype(np.float32) * np.float32(2.0**-24)


def permutation(seed: int, stream: str, epoch: int, ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """`ids` in a random order. Which of two samples comes first does not depend on the others."""
    ids = np.asarray(ids, dtype=np.int64)
    return ids[np.lexsort((ids, bits(seed, stream, epoch, ids, 1)[:, 0]))]


def uniform_like(values: Tensor, seed: int, stream: str, epoch: int, ids: NDArray[np.int64]) -> Tensor:
    """`uniform`, computed where `values` (N, ...) lies: float32, same shape, a draw per element."""
    import torch

    samples = torch.from_numpy(np.ascontiguousarray(ids, dtype=np.int64))
    # So few bytes go to a GPU without waiting for what it was given before.
    samples = samples.to(values.device, non_blocking=values.is_cuda)
    draws = values[0].numel() if len(values) else 0
    states = _mix_tensor(samples * _signed(_SAMPLE_STEP) + _signed(_key(seed, stream, epoch)))
    steps = torch.arange(1, draws + 1, device=values.device) * _signed(_DRAW_STEP)
    top = _shift_right(_mix_tensor(states[:, None] + steps[None, :]), 40)
    return (top.to(torch.float32) * 2.0**-24).view(values.shape)


class Batch(NamedTuple):
    """The samples that flow through a network now."""

    seed: int
    epoch: int
    ids: NDArray[np.int64]


_current: ContextVar[Batch | None] = ContextVar("atalho_batch", default=None)


@contextmanager
def batch(seed: int, epoch: int, ids: NDArray[np.int64]) -> Iterator[None]:
    """While it lasts, `current_batch()` says which samples flow, so that dropout can draw by sample.

    It holds for the thread that enters it.
    """
    token = _current.set(Batch(seed, epoch, np.asarray(ids, dtype=np.int64)))
    try:
        yield
    finally:
        _current.reset(token)


def current_batch() -> Batch | None:
    """The batch that flows now; None outside `batch`."""
    return _current.get()


def _key(seed: int, stream: str, epoch: int) -> int:
    digest = hashlib.blake2b(f"{seed}\0{epoch}\0{stream}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little")


def _mix(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    first, second, last = (np.uint64(shift) for shift in _SHIFTS)
    state = (state ^ (state >> first)) * np.uint64(_MULTIPLIERS[0])
    state = (state ^ (state >> second)) * np.uint64(_MULTIPLIERS[1])
    return state ^ (state >> last)


def _mix_tensor(state: Tensor) -> Tensor:
    first, second, last = _SHIFTS
    state = (state ^ _shift_right(state, first)) * _signed(_MULTIPLIERS[0])
    state = (state ^ _shift_right(state, second)) * _signed(_MULTIPLIERS[1])
    return state ^ _shift_right(state, last)


def _shift_right(state: Tensor, places: int) -> Tensor:
    # torch shifts int64 arithmetically: clear the copies of the sign.
    return (state >> places) & ((1 << (64 - places)) - 1)


def _signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value
