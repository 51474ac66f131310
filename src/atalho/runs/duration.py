"""How many steps a run has that was given minutes: from the seconds that its own first steps take, measured once.

The steps are thrown away; the run then begins with the number of steps fixed, and is as exact as any other.
"""

import math
import statistics
import time
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from atalho.config import AugmentConfig, Config
from atalho.data.dataset import Dataset
from atalho.data.preprocessing import Preprocessing
from atalho.errors import ConfigError, StoppedError
from atalho.networks.spec import Spec
from atalho.precision import Precision
from atalho.runs import fit, network
from atalho.runs.network import Start
from atalho.settings import change
from atalho.storage.log import NoLines
from atalho.tasks.forward import forward
from atalho.text import _
from atalho.text.numbers import duration, number, significant, whole
from atalho.training import loop
from atalho.training.determinism import deterministic
from atalho.training.distributed import Ranks
from atalho.training.image_side import sides
from atalho.training.norm_statistics import CAUGHT_UP, FEWEST, SHIPPED
from atalho.training.progress import EpochReport, Progress, StepReport
from atalho.training.setup import TrainingSetup
from atalho.training.state import TrainingState
from atalho.training.timing import Timing

_SHARE: Final = 0.04
"""Of the run, that measuring takes; no more than `_MOST` seconds."""
_MOST: Final = 10.0
_LEAST: Final = 0.5
_FEWEST_STEPS: Final = 6
"""For which a step that takes long is given more than that share, up to `_MOST` seconds: one may be an exception."""
_SETTING_UP: Final = 0.25
"""Of the measured time: steps in it prepare kernels and memory for those that follow, and are counted once."""
_SAVED_PER_SECOND: Final = 200e6
"""Bytes of a checkpoint that are hashed, written and flushed in a second."""
_FORWARD: Final = 0.3
"""The share of the forward pass in a step, about; it decides only how many images the forward pass is timed on."""
_ENDLESS: Final = 10**9


@dataclass(frozen=True)
class Epoch:
    """Its steps, the training images, and the images that are validated after it."""

    steps: int
    train: int
    val: int


@dataclass(frozen=True)
class StepCosts:
    """Seconds: of a step, of the forward pass of an image, of a checkpoint, and of what comes once.

    In the first `frozen` of all steps the head alone learns: they are `held` seconds long.
    """

    step: float
    image: float
    save: float
    once: float
    held: float = 0.0
    frozen: float = 0.0

    def seconds(self, steps: int, epoch: Epoch, *, saves: int = 1) -> float:
        """What `timing.json` will say of so many steps, with what follows each epoch and the end."""
        early = min(steps - 1, CAUGHT_UP) // epoch.steps  # epochs that end while norm statistics are borrowed
        images = -(-steps // epoch.steps) * epoch.val
        images += early * min(epoch.train, max(FEWEST, epoch.val)) + min(epoch.train, SHIPPED)
        step = self.frozen * self.held + (1 - self.frozen) * self.step
        return self.once + steps * step + images * self.image + saves * self.save

    def steps_in(self, seconds: float, epoch: Epoch, *, saves: int = 1) -> int:
        """The steps whose time comes nearest to so many seconds; at least one.

        Not the most within them: where a step takes a tenth of the time, a run would end that much too early.
        """
        fewest, most = 1, max(1, int(seconds / (min(self.step, self.held) if self.frozen else self.step)))
        while fewest < most:
            middle = (fewest + most + 1) // 2
            if self.seconds(middle, epoch, saves=saves) <= seconds:
                fewest = middle
            else:
                most = middle - 1
        below, above = (self.seconds(steps, epoch, saves=saves) for steps in (fewest, fewest + 1))
        return fewest if seconds - below <= above - seconds else fewest + 1


def fixed(
    config: Config,
    dataset: Dataset,
    spec: Spec,
    prepared: Preprocessing,
    precision: Precision,
    start: Start | None,
    progress: Progress,
) -> Config:
    """`config` with a number of steps where it has minutes, and the number of epochs that its steps begin.

    Raises ConfigError where not even a step fits into the minutes.
    """
    training = config.training
    minutes = training.minutes
    if training.steps is None and minutes is None:
        return config
    endless = change(
        config,
        {"training.epochs": _ENDLESS, "training.steps": None, "training.frozen": 0.0, "augment.start_side": 1.0},
    )
    with TemporaryDirectory() as folder:
        setup = fit.training_setup(endless, dataset, prepared, precision, Path(folder))
        splits = dataset.manifest.splits
        epoch = Epoch(setup.task.steps_per_epoch, len(splits["train"]), len(setup.task.val))
        if minutes is None or training.steps is not None:
            return change(config, {"training.epochs": -(-(training.steps or 1) // epoch.steps)})
        seconds = 60 * minutes
        model = network.first_weights(spec, config, start).to(precision.device)
        state = TrainingState.start(model, training, setup.steps, setup.task.tensors())
        growing = config.augment.start_side < 1 and config.augment.grown > 0
        costs = _measured(setup, state, seconds / 2 if growing else seconds)
        if growing:
            reduced = change(endless, {"augment.start_side": config.augment.start_side, "augment.grown": 1.0})
            setup = fit.training_setup(reduced, dataset, prepared, precision, Path(folder))
            first, _once = _usual(_watched(setup, state, seconds / 2))
            costs = replace(costs, step=_mean(costs.step, first, dataset.size, config.augment))
        costs = replace(costs, held=min(costs.step, training.batch_size * costs.image), frozen=training.frozen)
    saves = 1 + int(minutes / training.checkpoint_minutes)
    least = costs.seconds(1, epoch, saves=saves)
    if least > 1.1 * seconds:
        raise ConfigError(
            "--minutes {given} is too short: a single step and what follows the last one take about {seconds}. "
            "Give at least {least}.",
            given=minutes,
            seconds=duration(least),
            least=number(math.ceil(10 * least / 60) / 10, 1),
        )
    steps = costs.steps_in(seconds, epoch, saves=saves)
    progress.note(
        _("{minutes} min: {steps} steps of {images} images, {epochs} epochs").format(
            minutes=significant(minutes),
            steps=whole(steps),
            images=whole(training.batch_size),
            epochs=number(steps / epoch.steps, 1),
        )
    )
    return change(config, {"training.steps": steps, "training.epochs": -(-steps // epoch.steps)})


class _EnoughError(Exception):
    """Raised within the loop to end it."""


class _Stopwatch(Progress):
    """Notes how long each step takes, for so many seconds."""

    def __init__(self, seconds: float) -> None:
        self.steps: list[float] = []
        self._last = time.perf_counter()
        self._end, self._latest = self._last + seconds, self._last + _MOST

    def step(self, report: StepReport) -> None:
        now = time.perf_counter()
        self.steps.append(now - self._last)
        self._last = now
        if now > self._latest or (now > self._end and len(self.steps) >= _FEWEST_STEPS):
            raise _EnoughError

    def epoch(self, report: EpochReport) -> None:
        self._last = time.perf_counter()


def _mean(whole_step: float, first_step: float, size: int, augment: AugmentConfig) -> float:
    """The mean seconds of a step whose images grow: one part goes with their pixels, one is constant."""
    every = sides(size, start=augment.start_side, grown=augment.grown)
    first = every[0][0]
    if first == size:
        return whole_step
    per_pixel = (whole_step - first_step) / (size**2 - first**2)
    return sum(share * (whole_step - per_pixel * (size**2 - side**2)) for side, share in every)


def _watched(setup: TrainingSetup, state: TrainingState, seconds: float) -> list[float]:
    """The seconds of each step that this share of so many seconds has room for."""
    watch = _Stopwatch(min(_MOST, max(_LEAST, _SHARE * seconds)))
    device, wanted = setup.precision.device, setup.config.training.deterministic
    try:
        with deterministic(device, wanted, lambda _note: None):
            loop.fit(setup, state, Ranks(), NoLines(), Timing(None, minutes=math.inf, steps=None), watch)
    except _EnoughError:
        pass
    except StoppedError as stopped:
        raise StoppedError(_("Stopped before the training began."), stopped.exit_code - 128) from None
    return watch.steps


def _usual(steps: list[float]) -> tuple[float, float]:
    """The seconds of a step as most are, and what the first ones took beyond that."""
    first = sum(so_far <= _SETTING_UP * sum(steps) for so_far in accumulate(steps))
    first = min(first + 1, len(steps) - 1)  # the one that sets up may take longer than that
    usual = sorted(steps[first:])
    spare = len(usual) // 4  # a moment in which something else had the cores would be in every step otherwise
    step = statistics.mean(usual[spare : len(usual) - spare])
    return step, max(0.0, sum(steps[:first]) - first * step)


def _measured(setup: TrainingSetup, state: TrainingState, seconds: float) -> StepCosts:
    step, once = _usual(_watched(setup, state, seconds))
    task = setup.task
    at_once = max(1, len(task.train) // task.steps_per_epoch)
    count = min(len(task.train), 256, max(2, int(at_once / (_FORWARD * step))))
    passes = []
    for _time in range(4):  # the first prepares kernels; of the others one may be disturbed
        before = time.perf_counter()
        forward(state.averaged.network, task.images, task.train[:count], task.prepared, task.precision)
        passes.append(time.perf_counter() - before)
    size = sum(tensor.nbytes for tensor in state.tensors().values())
    return StepCosts(step, statistics.median(passes[1:]) / count, size / _SAVED_PER_SECOND, once)
