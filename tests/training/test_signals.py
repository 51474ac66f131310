"""Signals that ask a training to stop."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from atalho.errors import StoppedError
from atalho.training.signals import StopSignals


def test_the_first_signal_is_remembered_and_handlers_come_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(StoppedError), StopSignals() as signals:
        assert signals.received is None
        os.kill(os.getpid(), signal.SIGTERM)
        assert signals.received == signal.SIGTERM
        raise StoppedError("stopped", signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_signal_that_nobody_looked_at_is_not_lost() -> None:
    with pytest.raises(KeyboardInterrupt), StopSignals():
        os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_the_second_signal_ends_the_process_at_once() -> None:
    script = (
        "import os, signal\nfrom atalho.training.signals import StopSignals\n"
        "with StopSignals():\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n    os.kill(os.getpid(), signal.SIGTERM)\n"
        "    raise SystemExit(0)\n"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 143


def test_another_thread_may_train() -> None:
    received: list[int | None] = []

    def work() -> None:
        with StopSignals() as signals:
            received.append(signals.received)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert received == [None]
