"""How a CPU trains a network fastest: fp32 or bf16, which memory layout, how many threads. Measured once, then kept.

A CPU's flags do not say whether it gains by bf16: PyTorch's bf16 convolutions may take many times as long as those in
fp32. So a few steps of the network itself are timed before a run, in about two seconds. Results depend on the choice;
so the figures are kept in the user's cache, per machine, network and shape, and the same command computes the same.
"""

import itertools
import json
import math
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final, get_args

import numpy as np
import torch
from torch import nn

from atalho import chance, cores, limits
from atalho.config import Config, TrainingConfig
from atalho.data.decoding.cache import cache_folder, caching, temporary
from atalho.errors import DataError
from atalho.inspection.summary import summarise
from atalho.json_values import JsonObject
from atalho.networks import spec as specs
from atalho.networks.build import build, initialise
from atalho.networks.checkpointing import RecomputingNetwork
from atalho.networks.spec import Spec
from atalho.precision import LayoutName, Numbers, Precision, choose, cpu_has_bf16, format_of, threads
from atalho.runs import provenance
from atalho.settings import change
from atalho.text import _
from atalho.text.numbers import significant
from atalho.validation import checked

_FORMAT: Final = 1
"""Of the kept figures and the way they are measured: another number measures again."""
_TIE: Final = 1.05
"""A way of computing that is not faster by this much does not displace one that is preferred."""
_CLEARLY_SLOWER: Final = 1.5
_HOPELESS: Final = 3.0
_WORTH: Final = 1e12
"""Multiply-adds of a run's forward passes, 10 to 100 seconds of training, from which on measuring is worth its time."""
_SECONDS: Final = 1.2
_STEP_SECONDS: Final = 0.08
_FIRST_STEP: Final = 1.5e9
"""Multiply-adds of the forward pass of the first step that is timed: a moment also on a slow machine."""
_ROUNDS: Final = 5
DECIDED: Final = ("precision", "layout", "threads", "measured")
"""The settings of training that `decide` fills in."""
_TYPES: Final = {"fp32": torch.float32, "bf16": torch.bfloat16}
_INSTRUCTION_LIMITS: Final = ("ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA")


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
    """How fast a way of computing is."""

    way: Way
    images_per_second: float


@dataclass(frozen=True)
class Measurement:
    """What was timed, in the order of preference, on steps of so many `images` of this `side` in pixels."""

    images: int
    side: int
    speeds: tuple[Speed, ...]

    @property
    def best(self) -> Way:
        """The fastest way, or the first that is at most 5 % slower."""
        most = max(speed.images_per_second for speed in self.speeds)
        return next(speed.way for speed in self.speeds if speed.images_per_second * _TIE >= most)

    @property
    def reason(self) -> str:
        """Why `best` is taken, in English, because a file keeps it."""
        fastest = max(self.speeds, key=lambda speed: speed.images_per_second).way
        return "the fastest" if fastest == self.best else "preferred, and at most 5% slower than the fastest"

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
    def short(self) -> bool:
        """Whether measuring would take a noticeable part of the run."""
        return self.passes is not None and self.passes * self.multiply_adds < _WORTH

    @property
    def multiply_adds(self) -> int:
        """Of the forward pass of one image."""
        return summarise(self.spec, (self.spec.in_channels, self.size, self.size)).multiply_adds


def decide(config: Config, work: Workload) -> tuple[Config, Precision]:
    """`config` with precision, layout and threads, where a CPU computes and they were left open; and the precision.

    Raises ConfigError for a device that is not there.
    """
    training = config.training
    chosen = choose(training.device, training.precision)
    if chosen.device.type != "cpu":
        return config, chosen
    ways = _ways(training)
    record, reason = training.measured, chosen.reason
    if len(ways) == 1:
        way = ways[0]
        if record is not None and not record.endswith(_chosen(way)):
            record = None  # of a file whose choice was overruled
    elif work.short:
        way, record = ways[0], f"{machine()}; the run is too short to measure; {_chosen(ways[0])}"
        reason = reason if training.precision != "auto" else _("the run is too short to measure")
    else:
        found = _kept_or_measured(work, training, ways)
        way, record = found.best, f"{machine()}; {found}; {found.reason}; {_chosen(found.best)}"
        reason = _("no time to compare") if len(found.speeds) == 1 else _("fastest here, in images/s: {speeds}")
        reason = reason.format(speeds=found.in_short())
    decided: JsonObject = {"training": {**asdict(way), "measured": record}}
    config = change(config, decided)
    return config, replace(of_run(config.training), reason=reason)


def for_experiment(config: Config, work: Workload) -> Precision:
    """What networks of the kind and shape of `work` are trained with in an experiment, with the threads in force."""
    as_ever: JsonObject = {"training.layout": "channels-last", "training.threads": torch.get_num_threads()}
    return decide(change(config, as_ever), work)[1]


def of_run(training: TrainingConfig) -> Precision:
    """The precision of a run whose settings are decided. Raises ConfigError for a device that is not there."""
    found = choose(training.device, training.precision)
    return found if training.layout == "auto" else replace(found, layout=training.layout)


def machine() -> str:
    """This machine, as far as speeds depend on it; the first words of a record."""
    limited = [f"{name}={os.environ[name]}" for name in _INSTRUCTION_LIMITS if name in os.environ]
    found = provenance.fingerprint(choose("cpu", "fp32"))
    cpu = [found.processor, found.instructions, *limited, f"{cores.physical()} cores", f"{cores.usable()} threads"]
    return f"{', '.join(map(str, cpu))}, torch {torch.__version__}"


def default_threads() -> int:
    """Threads to compute with where nobody said how many: the physical cores, or as few as this process was given."""
    told = os.environ.get("OMP_NUM_THREADS")
    return torch.get_num_threads() if told else min(torch.get_num_threads(), cores.physical())


def measure(work: Workload, training: TrainingConfig, ways: Sequence[Way]) -> Measurement:
    """Time steps of the network in each of the `ways`, then the best of them with the threads of all logical cores.

    The work is bounded: a network whose step takes long is timed on fewer or smaller images, and a way that is clearly
    slower after a step is not timed again.
    """
    trial = _Trial(work, saving=training.memory == "saving")
    seconds = {ways[0]: trial.fit(ways[0])}
    if seconds[ways[0]] < _SECONDS:  # otherwise the machine is so slow, or so busy, that there is no time to compare
        seconds = trial.race(ways)
        if (more := _all_threads(training)) is not None:
            best = min(seconds, key=lambda way: seconds[way])
            seconds |= trial.race([best, replace(best, threads=more)])
    speeds = tuple(Speed(way, trial.images / taken) for way, taken in seconds.items())
    return Measurement(trial.images, trial.side, speeds)


class _Trial:
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
        self._end = time.perf_counter() + _SECONDS

    def _halves(self) -> bool:
        return self.side % 2 == 0 and self.side // 2 >= self._work.spec.plan().stride

    def fit(self, way: Way) -> float:
        """Let images grow to the run's size, then to its number, until a step takes long enough: its seconds."""
        taken = self.step(way)  # the first prepares kernels
        while time.perf_counter() < self._end:
            taken = self.step(way)
            room = _STEP_SECONDS / taken
            if self.side < self._work.size and room >= 4:
                self.side *= 2
            elif self.side == self._work.size and self.images < self._work.images and room >= 1.5:
                self.images = min(self._work.images, int(self.images * room))
            else:
                break
            self.step(way)
        return taken

    def race(self, ways: Sequence[Way]) -> dict[Way, float]:
        """The seconds of a step in each way for which there is time, the least of several rounds."""
        end = time.perf_counter() + _SECONDS
        least: dict[Way, float] = {}
        racing = list(ways)
        for number in range(_ROUNDS):
            for way in racing:
                if least and time.perf_counter() > end:
                    return least
                if number == 0 and way != ways[0]:
                    slower = self._glance(way) / self._glance(ways[0])
                    if slower > _HOPELESS:
                        least[way] = slower * least[ways[0]]
                        continue
                if number == 0:
                    self.step(way)  # the first prepares kernels
                least[way] = min(self.step(way), least.get(way, math.inf))
            racing = [way for way in racing if least[way] < _CLEARLY_SLOWER * min(least.values())]
            if len(racing) == 1:
                break
        return least

    def _glance(self, way: Way) -> float:
        """The seconds of the network's beginning alone, on few and small images."""
        first = nn.Sequential(self._network.stem, next(self._network.blocks())[1])
        return min(self._timed(way, first, *self._first) for _time in range(2))

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


def _ways(training: TrainingConfig) -> list[Way]:
    """The ways of computing that are open, in the order of preference."""
    precisions = _precisions() if training.precision == "auto" else [training.precision]
    layouts: Sequence[LayoutName] = get_args(LayoutName) if training.layout == "auto" else [training.layout]
    count = training.threads or default_threads()
    return [Way(precision, layout, count) for precision, layout in itertools.product(precisions, layouts)]


def _precisions() -> list[Numbers]:
    return ["fp32", "bf16"] if cpu_has_bf16() else ["fp32"]


def _all_threads(training: TrainingConfig) -> int | None:
    """The number of all logical cores, where it may be used and is not that of the physical ones."""
    # The command line sets the variable to the physical cores itself.
    limited = os.environ.get("OMP_NUM_THREADS", str(cores.physical())) != str(cores.physical())
    most = cores.usable()
    return most if training.threads is None and not limited and default_threads() == cores.physical() < most else None


def _chosen(way: Way) -> str:
    return f"chosen: {way}"


def _figure(speed: float) -> str:
    """In every language alike, because a file keeps it."""
    return f"{speed:.0f}" if speed >= 100 else f"{speed:.3g}"


def _place(work: Workload, training: TrainingConfig, ways: Sequence[Way]) -> Path:
    """Where the figures of this question are kept."""
    asked = {
        "format": _FORMAT,
        "atalho": provenance.VERSION,
        "machine": machine(),
        "flags": dict(torch.cpu.get_capabilities()),
        "spec": specs.to_dict(work.spec),
        "shape": [work.images, work.size],
        "memory": training.memory,
        "ways": [*map(str, ways), _all_threads(training)],
    }
    digest = provenance.digest(json.dumps(asked, sort_keys=True).encode())
    return cache_folder() / "speed" / f"{digest}.json"


def _kept_or_measured(work: Workload, training: TrainingConfig, ways: Sequence[Way]) -> Measurement:
    try:
        place = _place(work, training, ways)
    except DataError:  # there is no folder for caches
        return measure(work, training, ways)
    return _kept(place) or _keep(place, measure(work, training, ways))


def _kept(place: Path) -> Measurement | None:
    """The figures that an earlier run left; None where there are none, or a damaged file."""
    with suppress(OSError, ValueError):
        return checked(Measurement, limits.read_json(place, limits.SMALL_JSON))
    return None


def _keep(place: Path, found: Measurement) -> Measurement:
    """`found`, kept for later runs; or what another run has kept meanwhile, because both must choose alike."""
    with suppress(DataError):  # without a cache every run measures
        unfinished = temporary(place)
        with caching(place):
            unfinished.write_text(json.dumps(asdict(found), indent=1))
            if (earlier := _kept(place)) is None:
                unfinished.replace(place)
            else:
                unfinished.unlink()
                return earlier
    return found
