"""One trial each: a run that is killed or signalled somewhere must end as the run that was not."""

import json
import random
import resource
import shutil
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from real_runs import Place, Training, endings, get_ready, phase, steps, unfinished

from atalho.storage import checkpoint

Trial = dict[str, Any]
_TRIES = 12


class Trials:
    """The trials at a place, beside the run that nobody disturbed, which computes for `seconds`."""

    def __init__(self, place: Place, seed: int) -> None:
        self.place, self.seed = place, seed
        self._whole = {streamed: place.folder / f"whole-{'streamed' if streamed else 'packed'}" for streamed in (0, 1)}
        self.seconds = {False: 0.0, True: 0.0}
        self.total = 0

    def undisturbed(self) -> None:
        """Make the runs to compare with; the second tells how long one lives when the images are known."""
        for streamed, run in self._whole.items():
            get_ready(run)
            shutil.rmtree(run, ignore_errors=True)
            training = Training(self.place, run, streamed=bool(streamed), drawn=True)
            assert training.wait() == 0, run.with_suffix(".txt").read_text()
        get_ready(self._whole[0])
        assert endings(self._whole[0]) == endings(self._whole[1]), "streamed images give another run"
        again = self.place.folder / "again"
        for drawn in (False, True):
            shutil.rmtree(again, ignore_errors=True)
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            assert Training(self.place, again, drawn=drawn).wait() == 0
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            self.seconds[drawn] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            assert endings(again) == endings(self._whole[0]), "two runs without any kill differ"
        self.total = steps(again)

    def kill_anywhere(self, run: Path, chance: random.Random) -> Trial:
        """SIGKILL at an instant drawn from the whole life of a run, by the time that it computes, and up to 5 ms on.

        One run in six also draws its report.
        """
        for _try in range(_TRIES):
            drawn = chance.random() < 1 / 6
            after = chance.uniform(0, self.seconds[drawn])
            training = Training(self.place, run, drawn=drawn)
            if self._killed(training, after, chance):
                found = {"after": after, "drawn": drawn, "phase": phase(run, self.total)}
                return {**found, **self._finish(run, drawn=drawn)}
            shutil.rmtree(run)
        raise TimeoutError("the run was always faster than the kill")

    def kill_in_save(self, run: Path, chance: random.Random) -> Trial:
        """SIGKILL as soon as a checkpoint is being written, after a delay of up to 4 ms."""
        for _try in range(_TRIES):
            after, delay = chance.randrange(1, self.total), chance.uniform(0, 0.004)
            training = Training(self.place, run)
            if training.until(partial(_saving, run, after), 60) is None:
                end = time.monotonic() + delay
                while time.monotonic() < end:
                    pass
                training.kill()
                if phase(run, self.total) == "inside a save":
                    left = unfinished(run)
                    return {"after": after, "left": left, "phase": "inside a save", **self._finish(run)}
            shutil.rmtree(run)
        raise TimeoutError("no kill fell inside a save")

    def chain(self, run: Path, chance: random.Random) -> Trial:
        """Five SIGKILLs one after the other, each at an instant drawn from the first 0.6 of a life."""
        kills: list[str] = []
        while len(kills) < 5:
            training = Training(self.place, run)
            if self._killed(training, chance.uniform(0, self.seconds[False] * 0.6), chance):
                kills.append(phase(run, self.total))
        return {"phases": kills, **self._finish(run)}

    def stop(self, run: Path, chance: random.Random) -> Trial:
        """SIGTERM or SIGINT to all processes while two workers decode: nothing done is lost."""
        number = chance.choice((signal.SIGTERM, signal.SIGINT))
        after, delay = chance.randrange(1, self.total - 1), chance.uniform(0, 0.02)
        training = Training(self.place, run, streamed=True)
        assert training.until(lambda: steps(run) >= after, 120) is None, "it ended too early"
        time.sleep(delay)
        before = steps(run)
        workers = training.signal_all(number)
        code = training.wait()
        saved = checkpoint.latest(run / "checkpoints")
        assert code == 128 + number, f"exit code {code} after signal {number}"
        assert saved is not None
        assert saved.step == steps(run) >= before, f"step {steps(run)} was done, {saved.step} is saved"
        found = {"signal": signal.Signals(number).name, "after": after, "workers": workers, "code": code}
        return {**found, "phase": "training", **self._finish(run, streamed=True)}

    def _killed(self, training: Training, after: float, chance: random.Random) -> bool:
        if training.until(lambda: training.worked() >= after, 300) is not None:
            return False
        time.sleep(chance.uniform(0, 0.005))
        return training.kill() == -signal.SIGKILL

    def _finish(self, run: Path, *, streamed: bool = False, drawn: bool = False) -> Trial:
        """Bring a run to its end and compare; AssertionError where anything differs."""
        code = Training(self.place, run, streamed=streamed, drawn=drawn).wait()
        assert code == 0, f"the resume ended with {code}: {run.with_suffix('.txt').read_text()[-1000:]}"
        found, wanted = endings(run), endings(self._whole[streamed])
        differing = [name for name in wanted if found.get(name) != wanted[name]]
        assert not differing, f"{', '.join(differing)} differ"
        assert unfinished(run) == [], f"{unfinished(run)} were not swept"
        return {"identical": True}


def carry_out(name: str, trial: Callable[[Path, random.Random], Trial], folder: Path, seed: int) -> Trial:
    """The result of one trial, kept in a file; a run that ended differently is kept too, to be looked at."""
    record = folder / f"{name}.json"
    if record.is_file():
        found: Trial = json.loads(record.read_text())
        return found
    run = folder / name
    shutil.rmtree(run, ignore_errors=True)
    try:
        found = trial(run, random.Random(f"{seed} {name}"))
        shutil.rmtree(run)
        run.with_suffix(".txt").unlink()
    except (AssertionError, TimeoutError, Exception) as error:  # the campaign goes on, and counts it
        found = {"identical": False, "error": f"{type(error).__name__}: {error}"}
    unfinished_record = record.with_suffix(".new")
    unfinished_record.write_text(json.dumps(found))
    unfinished_record.replace(record)
    return found


def _saving(run: Path, after: int) -> bool:
    return steps(run) >= after and next((run / "checkpoints").glob(".tmp-step-*"), None) is not None
