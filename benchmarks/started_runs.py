"""A few kills of programs that were started anew instead of forked, and what their start costs."""

import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

from kill_trials import Trial
from real_runs import Place, Training, endings, phase, steps, unfinished


class Started(Training):
    """A training that begins with starting Python and importing everything."""

    def __init__(self, place: Place, run: Path) -> None:
        self.run = run
        command = [sys.executable, "-m", "atalho", *place.command(run, streamed=False)]
        with run.with_suffix(".txt").open("ab") as printed:
            self._program = subprocess.Popen(command, stdout=printed, stderr=printed, start_new_session=True)
        self.number = self._program.pid

    @property
    def code(self) -> int | None:
        return self._program.poll()

    def kill(self) -> int:
        self._program.kill()
        return self._program.wait()


class Starts:
    """Kills of started programs, beside the run that nobody disturbed."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._whole = place.folder / "whole-packed"
        self.seconds, self.imports = (
            self._life(),
            _cost([sys.executable, "-c", "import torch._dynamo, atalho.api.train"]),
        )

    def kill(self, run: Path, chance: random.Random) -> Trial:
        """SIGKILL at an instant drawn from the whole life of a program, imports and report among it."""
        after = chance.uniform(0, self.seconds)
        training = Started(self.place, run)
        if training.until(partial(_worked, training, after), 600) is None:
            time.sleep(chance.uniform(0, 0.005))
            assert training.kill() == -signal.SIGKILL
        where = phase(run, steps(self._whole)) if run.is_dir() else "before the run began"
        code = Started(self.place, run).wait(900)
        assert code == 0, f"the resume ended with {code}"
        assert endings(run) == endings(self._whole), "the ending differs"
        assert unfinished(run) == []
        return {"after": after, "phase": where, "identical": True}

    def _life(self) -> float:
        run = self.place.folder / "started"
        shutil.rmtree(run, ignore_errors=True)
        found = _cost([sys.executable, "-m", "atalho", *self.place.command(run, streamed=False)])
        assert endings(run) == endings(self._whole), "a program that is started anew ends differently"
        return found


def _worked(training: Training, after: float) -> bool:
    return training.worked() >= after


def _cost(command: list[str]) -> float:
    """Seconds that a program computes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
