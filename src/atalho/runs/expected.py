"""How long a training will take, said once its first steps were timed, and what would make it shorter."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final

from atalho import networks
from atalho.config import SMALL_IMAGE, Config
from atalho.errors import ConfigError
from atalho.inspection.summary import summarise
from atalho.networks.select import name_of
from atalho.networks.spec import Spec
from atalho.text import _
from atalho.text.numbers import duration, percent
from atalho.training.progress import Progress, StepReport

_STEPS, _SECONDS = 20, 10.0
"""What is timed: so many steps or so many seconds, after a first step that sets up, and three in any case."""
_WORTH: Final = 30.0
"""Seconds below which nobody asks how long it will take."""
_LONG: Final = 180.0
"""Seconds from which on somebody may want it shorter."""
_DAY: Final = 72_000
"""Seconds from which on a time of day would be read as today's."""
_SIDES: Final = (192, 160, 128, 96)
_LESS: Final = 0.7
"""Share of the multiply-adds that is worth changing the size of images, or the network, for."""


class ExpectedTime(Progress):
    """Says once, after a few steps, what a run will take. A run that goes on (`resumed`) cannot be made shorter."""

    def __init__(self, tell: Callable[[str], None], config: Config, spec: Spec, size: int, *, resumed: bool) -> None:
        self._tell = tell
        self._config, self._spec, self._size, self._resumed = config, spec, size, resumed
        self._steps, self._begun, self._done = 0, 0.0, False

    def step(self, report: StepReport) -> None:
        if self._done:
            return
        now = time.monotonic()
        if not self._steps:
            self._begun = now
        self._steps += 1
        if self._steps < 4 or (self._steps <= _STEPS and now - self._begun < _SECONDS):
            return
        self._done = True
        if report.seconds_left >= _WORTH:
            self._tell(self._expected(report.seconds_left))

    def _expected(self, seconds: float) -> str:
        end = datetime.now().astimezone() + timedelta(seconds=seconds)
        text = _("expected: {time} more, until about {clock}. Ctrl-C stops and saves.")
        clock = end.strftime("%H:%M" if seconds < _DAY else "%Y-%m-%d %H:%M")
        said = text.format(time=duration(seconds), clock=clock)
        ways = [] if self._resumed or seconds < _LONG else list(self._ways(seconds))
        shorter = _("Shorter: {ways}").format(ways=", ".join(ways))
        return f"{said} {shorter}" if ways else said

    def _ways(self, seconds: float) -> Iterator[str]:
        training = self._config.training
        half = max(1, round(seconds / 120))
        if training.minutes is not None:
            yield f"--minutes {half}"
            return
        yield _("--minutes {minutes} (the schedule then fits that time)").format(minutes=half)
        if training.steps is None and training.epochs > 1:
            yield f"--epochs {max(1, training.epochs // 2)}"
        if self._config.model.start is not None:
            return
        whole_cost = self._cost(self._spec, self._size)
        side = next((side for side in _SIDES if self._cost(self._spec, side) < _LESS * whole_cost), None)
        if side is not None and side < self._size:
            yield _of_the_time(f"--data.size {side}", self._cost(self._spec, side) / whole_cost)
        smaller = "resnet20" if self._size <= SMALL_IMAGE else "resnet18"
        if smaller != name_of(self._spec) and self._config.task == "classification":
            other = networks.specify(
                smaller, classes=self._spec.classes, in_channels=self._spec.in_channels, image_size=self._size
            )
            share = self._cost(other, self._size) / whole_cost
            if share < _LESS:
                yield _of_the_time(f"--model {smaller}", share)

    def _cost(self, spec: Spec, size: int) -> float:
        try:
            return summarise(spec, (spec.in_channels, size, size)).multiply_adds
        except ConfigError:  # too small for the network
            return float("inf")


def _of_the_time(option: str, share: float) -> str:
    return _("{option} (about {share} of the time)").format(option=option, share=percent(share, 0))
