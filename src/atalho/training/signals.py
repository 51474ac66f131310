"""Signals that ask training to stop."""

import os
import signal
import threading
import time
from types import FrameType, TracebackType

from atalho import system


class StopSignals:
    """While entered: the first SIGTERM, SIGINT or SIGHUP is remembered in `received`, the second ends the process.

    A further SIGHUP does not: a terminal that closes sends it, and so may the shell that ran in it. Where it was
    ignored before, as under nohup, it still is.
    One that came too late to be looked at goes to whoever handled it before.
    Within `echo` seconds of the first a second one is taken for the same: a scheduler that signals every process of
    a job reaches this one directly and through the launcher, which passes on what it receives.
    """

    def __init__(self, echo: float = 0.0) -> None:
        self.received: int | None = None
        self._echo = echo
        self._since = 0.0
        self._before: dict[int, object] = {}

    def __enter__(self) -> "StopSignals":
        # Python delivers signals to the main thread only; elsewhere whoever owns that thread handles them.
        if threading.current_thread() is threading.main_thread():
            for number in _asking():
                self._before[number] = signal.signal(number, self._receive)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        if kind is None and self.received is not None:
            signal.raise_signal(self.received)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self.received is None:
            self.received, self._since = number, now
        elif number != system.HANGUP and now - self._since >= self._echo:
            os._exit(128 + number)


def _asking() -> list[int]:
    ignored = system.HANGUP is not None and signal.getsignal(system.HANGUP) is signal.SIG_IGN
    return [number for number in system.STOPPING if not (ignored and number == system.HANGUP)]
