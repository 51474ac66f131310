"""How long a training step of a network takes on this CPU in several ways of computing, timed on a few steps of it.

A step of two images says little of one of a hundred: what it does with weights and gradients takes as long for any
number of images. So it is timed on as many as make that a small part. It may also be lucky, or disturbed by another
program, so ways are timed in turn, in three rounds at least, and in more where the rounds disagree.
"""

import math
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from torch import nn

from atalho import chance
from atalho.inspection.summary import summarise
from atalho.networks.build import build, initialise
from atalho.networks.checkpointing import RecomputingNetwork
from atalho.networks.spec import Spec
from atalho.precision import LayoutName, Numbers, Precision, format_of, threads
from atalho.text.numbers import significant

_TIE: Final = 1.05
"""A way of computing that is not faster by this much does not displace one that is preferred."""
_CLEARLY_SLOWER: Final = 1.5
_HOPELESS: Final = 3.0
_FIRST_STEP: Final = 1.5e9
"""Multiply-adds of the forward pass of the first step that is timed: a moment also on a slow machine."""
_LARGE_STEP: Final = 2.5e9
_PER_PARAMETER: Final = 600
_LARGEST_STEP: Final = 1.2e10
"""Multiply-adds of the forward pass of a step that is timed: a tenth to half a second, or those of two images."""
_LONG_STEP: Final = 0.7
"""A step that takes so long does not grow."""
_TOO_LONG: Final = 3.0
_ROUNDS: Final = 3
_MOST_ROUNDS: Final = 9
"""Where the rounds disagree, and while `_SECONDS` are not over."""
_SECONDS: Final = 5.0
_TYPES: Final = {"fp32": torch.float32, "bf16": torch.bfloat16}


@dataclass(frozen=True)
class Way:
    """A way of computing. Of equally fast ones the first is preferred: fp32, channels last, few threads."""

    precision: Numbers
    layout: LayoutName
    threads: int

    def __str__(self) -> str:
        return f"{self.precision} {self.layout} {self.threads} threads"


@dataclass(frozen=True)
class Speed:
    """Images per second of a way of computing, in each round that it was timed in, and whether it was `beaten` then."""

    way: Way
    rounds: tuple[float, ...]
    beaten: bool = False

    @property
    def images_per_second(self) -> float:
        """The median of the rounds, which neither a lucky step nor a disturbed one moves far."""
        return statistics.median(self.rounds)


@dataclass(frozen=True)
class Measurement:
    """What was timed, in the order of preference, on steps of so many `images` of this `side` in pixels."""

    images: int
    side: int
    speeds: tuple[Speed, ...]

    @property
    def best(self) -> Way:
        """The fastest way, or the first that is at most 5% slower. Where rounds disagree on that, the first of theirs.

        They disagree where leaving one of them out would change what is best. One round alone says only what is clearly
        slower.
        """
        return self._claimants[0].way

    @property
    def disputed(self) -> bool:
        """Whether the rounds disagree on which way is best, and these ways differ by more than 5%."""
        speeds = [speed.images_per_second for speed in self._claimants]
        return max(speeds) > _TIE * min(speeds)

    @property
    def reason(self) -> str:
        """Why `best` is taken, in English, because a file keeps it."""
        if self.disputed:
            return "preferred, because the rounds disagree on what is fastest"
        fastest = max(self.speeds, key=lambda speed: speed.images_per_second).way
        return "the fastest" if fastest == self.best else "preferred, and at most 5% slower than the fastest"

    @property
    def _claimants(self) -> list[Speed]:
        """The ways that are best with all rounds, or without one of them, in the order of preference."""
        racing = [speed for speed in self.speeds if not speed.beaten]
        rounds = min(len(speed.rounds) for speed in racing)
        if rounds == 1:
            return racing
        without = [[*range(left), *range(left + 1, rounds)] for left in range(rounds)]
        best = {_first_fast(racing, chosen) for chosen in (range(rounds), *without)}
        return [speed for speed in racing if speed.way in best]

    def in_short(self) -> str:
        """The most images per second of each precision."""
        most: dict[str, float] = {}
        for speed in self.speeds:
            most[speed.way.precision] = max(speed.images_per_second, most.get(speed.way.precision, 0))
        return ", ".join(f"{precision} {significant(speed)}" for precision, speed in most.items())

    def __str__(self) -> str:
        figures = ", ".join(f"{speed.way} {_figure(speed.images_per_second)}/s" for speed in self.speeds)
        return f"steps of {self.images} images of {self.side} px: {figures}"


@dataclass(frozen=True)
class Workload:
    """What a run computes: its network, the side of its images, how many pass at once, and how many pass in all.

    `passes` is None where a run lasts a given time.
    """

    spec: Spec
    size: int
    images: int
    passes: int | None

    @property
    def multiply_adds(self) -> int:
        """Of the forward pass of one image."""
        return summarise(self.spec, (self.spec.in_channels, self.size, self.size)).multiply_adds

    @property
    def telling(self) -> int:
        """So few images that a step of them is soon timed, and so many that their convolutions are most of it."""
        parameters = summarise(self.spec, (self.spec.in_channels, self.size, self.size)).parameters
        wanted = min(max(_LARGE_STEP, _PER_PARAMETER * parameters), _LARGEST_STEP)
        return min(self.images, max(2, math.ceil(wanted / self.multiply_adds)))


def measure(
    work: Workload, ways: Sequence[Way], *, saving: bool = False, more_threads: int | None = None
) -> Measurement:
    """Time steps of the network in each of the `ways`, then the best of them with `more_threads`.

    With `saving` activations are recomputed. The work is bounded: where a step takes long, it has fewer or smaller
    images and there are fewer rounds, and a way that is clearly slower after a round is not timed again.
    """
    trial = Trial(work, saving=saving)
    taken = trial.fit(ways[0])
    if taken > _TOO_LONG:  # the machine is so slow, or so busy, that there is no time to compare
        return Measurement(trial.images, trial.side, (Speed(ways[0], (trial.images / taken,)),))
    found = trial.race(ways)
    if more_threads is None:
        return found
    last = trial.race([found.best, replace(found.best, threads=more_threads)])
    beaten = (replace(speed, beaten=True) for speed in found.speeds if speed.way != found.best)
    return replace(found, speeds=(*beaten, *last.speeds))


class Trial:
    """The network of a run with images to time its steps on, at first few and small ones."""

    def __init__(self, work: Workload, *, saving: bool) -> None:
        with torch.device("meta"):
            network = build(work.spec)
        network.to_empty(device="cpu")
        initialise(network, seed=0)
        self._network = network.train()
        self._forward = RecomputingNetwork(network) if saving else network
        self._work = work
        self.images, self.side = 2, work.size
        while 2 * work.multiply_adds * (self.side / work.size) ** 2 > _FIRST_STEP and self._halves():
            self.side //= 2
        self._first = self.images, self.side

    def _halves(self) -> bool:
        return self.side % 2 == 0 and self.side // 2 >= self._work.spec.plan().stride

    def fit(self, way: Way) -> float:
        """Let images grow to the run's size, then to a telling number, while a step is short: its seconds."""
        taken, telling = min(self.step(way), self.step(way)), self._work.telling  # the first prepares kernels
        while taken < _LONG_STEP and (self.side < self._work.size or self.images < telling):
            if self.side < self._work.size:
                self.side *= 2
            else:
                self.images = min(telling, 4 * self.images)
            taken = self.step(way)
            if taken > _LONG_STEP:
                taken = min(taken, self.step(way))  # another program may have disturbed it
        return taken

    def race(self, ways: Sequence[Way]) -> Measurement:
        """The speeds of the ways in several rounds. After each of them those that are clearly slower are beaten."""
        end = time.perf_counter() + _SECONDS
        hopeless = {way: slower for way in ways[1:] if (slower := self._slower(way, ways[0])) > _HOPELESS}
        least: dict[Way, float] = {}
        for way in ways:
            if way not in hopeless and (not least or time.perf_counter() < end + _SECONDS):
                least[way] = self.step(way)  # prepares kernels, which is a small part of a long step
        late = time.perf_counter() > end
        rounds = {way: [taken if late else self.step(way)] for way, taken in least.items()}
        racing = list(rounds)
        while True:
            fastest = min(statistics.median(rounds[way]) for way in racing)
            racing = [way for way in racing if min(least[way], *rounds[way]) < _CLEARLY_SLOWER * fastest]
            seconds = rounds | {way: [slower * rounds[ways[0]][0]] for way, slower in hopeless.items()}
            speeds = (
                Speed(way, tuple(self.images / taken for taken in seconds[way]), beaten=way not in racing)
                for way in ways
                if way in seconds
            )
            found = Measurement(self.images, self.side, tuple(speeds))
            number = len(rounds[racing[0]])
            if number == _MOST_ROUNDS or (number >= _ROUNDS and not found.disputed) or time.perf_counter() > end:
                return found
            for way in racing:
                rounds[way].append(self.step(way))

    def _slower(self, way: Way, reference: Way) -> float:
        """How many times as long `way` takes for the network's beginning alone, on few and small images."""
        first = nn.Sequential(self._network.stem, next(self._network.blocks())[1])
        turns = [[self._timed(each, first, *self._first) for each in (way, reference)] for _turn in range(3)]
        return min(own for own, _other in turns) / min(other for _own, other in turns)

    def step(self, way: Way) -> float:
        """The seconds of a forward and a backward pass."""
        return self._timed(way, self._forward, self.images, self.side)

    def _timed(self, way: Way, network: nn.Module, images: int, side: int) -> float:
        precision = Precision(torch.device("cpu"), _TYPES[way.precision], "", way.layout)
        self._network.to(memory_format=format_of(way.layout))
        pixels = torch.randn(
            images, self._work.spec.in_channels, side, side, generator=torch.Generator().manual_seed(0)
        )
        pixels = precision.arranged(pixels.to(memory_format=torch.channels_last))
        with threads(way.threads), chance.batch(0, 0, np.arange(images)):
            start = time.perf_counter()
            with precision.autocast():
                output = network(pixels)
            output.float().square().mean().backward()
            taken = time.perf_counter() - start
        self._network.zero_grad()
        return taken


def _first_fast(speeds: Sequence[Speed], rounds: Sequence[int]) -> Way:
    """The first way that is at most 5% slower than the fastest, by these rounds alone."""
    medians = [statistics.median(speed.rounds[number] for number in rounds) for speed in speeds]
    return next(speed.way for speed, median in zip(speeds, medians, strict=True) if median * _TIE >= max(medians))


def _figure(speed: float) -> str:
    """In every language alike, because a file keeps it."""
    return f"{speed:.0f}" if speed >= 100 else f"{speed:.3g}"
