"""Callbacks of a user: told what every listener is told, reported where they fail or are slow, never in a run's way."""

import time
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

from atalho.errors import ConfigError
from atalho.text import _
from atalho.text.numbers import duration, percent
from atalho.training.progress import EpochReport, Progress, ProgressList, RunReport, StepReport

_SLOW_SHARE: Final = 0.1
"""Of the time since training began, what a callback may take before it is named."""
_SLOW_SECONDS: Final = 5.0
"""What it may take however short the training is."""


def with_callbacks(shown: Progress, callbacks: Iterable[Progress], tell: Callable[[str], None]) -> Progress:
    """`shown`, and beside it the callbacks; `tell` hears of one that fails or is slow, once of each kind.

    Raises ConfigError for what is no object of a class derived from Progress.
    """
    if isinstance(callbacks, Progress):
        callbacks = (callbacks,)
    if not isinstance(callbacks, Iterable):
        raise ConfigError("callbacks: expected a list of them, not {kind}.", kind=type(callbacks).__name__)
    guarded = [_Guarded(_checked(callback), tell) for callback in callbacks]
    return ProgressList(shown, *guarded) if guarded else shown


def _checked(callback: object) -> Progress:
    if isinstance(callback, Progress):
        return callback
    if isinstance(callback, type) and issubclass(callback, Progress):
        raise ConfigError(
            "callbacks: {name} is a class, and an object of it is expected. Write {name}().", name=callback.__name__
        )
    raise ConfigError(
        "callbacks: expected objects of a class derived from atalho.Progress, not {kind}. Derive it and override step, "
        "epoch or finished.",
        kind=type(callback).__name__,
    )


class _Guarded(Progress):
    """Calls a callback, whose errors stay there, and watches how long it takes."""

    def __init__(self, callback: Progress, tell: Callable[[str], None]) -> None:
        self._callback, self._tell, self._name = callback, tell, type(callback).__name__
        self._failed: set[str] = set()
        self._begun: float | None = None
        self._spent: defaultdict[str, float] = defaultdict(float)
        self._slow = False

    def note(self, text: str) -> None:
        self._call(self._callback.note, text)

    def work(self, label: str, done: int, total: int) -> None:
        self._call(self._callback.work, label, done, total)

    def begin(self, run: Path) -> None:
        self._begun = time.monotonic()
        self._call(self._callback.begin, run)

    def step(self, report: StepReport) -> None:
        self._call(self._callback.step, report)

    def epoch(self, report: EpochReport) -> None:
        self._call(self._callback.epoch, report)

    def finished(self, report: RunReport) -> None:
        self._call(self._callback.finished, report)

    def end(self) -> None:
        if self._begun is not None:
            self._call(self._callback.end)

    def _call(self, method: Callable[..., None], *given: Any) -> None:
        name, started = method.__name__, time.monotonic()
        try:
            method(*given)
        except Exception as error:  # whatever it is: a run of hours must not end with somebody's plot
            if name not in self._failed:
                self._failed.add(name)
                self._tell(self._failure(name, error))
        self._spent[name] += time.monotonic() - started
        self._watch()

    def _failure(self, name: str, error: Exception) -> str:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        text = _(
            "The callback {callback} failed in {method}: {kind}: {reason} ({file}, line {line}). Training goes on."
        )
        return text.format(
            callback=self._name,
            method=name,
            kind=type(error).__name__,
            reason=error,
            file=Path(frame.filename).name,
            line=frame.lineno,
        )

    def _watch(self) -> None:
        spent = sum(self._spent.values())
        if self._slow or self._begun is None or spent < _SLOW_SECONDS:
            return
        passed = time.monotonic() - self._begun
        if spent < _SLOW_SHARE * passed:
            return
        self._slow = True
        text = _(
            "The callback {callback} has taken {spent} of {passed} ({share}), most of it in {method}, and the run "
            "waits for it. Do less there, or not every time."
        )
        self._tell(
            text.format(
                callback=self._name,
                spent=duration(spent),
                passed=duration(passed),
                share=percent(spent / passed, 0),
                method=max(self._spent, key=self._spent.__getitem__),
            )
        )
