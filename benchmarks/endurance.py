"""What a long run holds on to: memory, open files and threads, step after step, and a log that can always be read."""

import contextlib
import shutil
from pathlib import Path
from typing import Any

from real_runs import Place, Training, get_ready, steps

from atalho.storage import log, run_folder

LOOKS = 60
"""How often a run is looked at; the first fifth of them counts as warming up."""


def measure(place: Place, folder: Path, count: int) -> dict[str, Any]:
    """Two runs of about `count` steps, from the packed cache and with two workers: what they hold at every look."""
    get_ready(folder / "packed")
    return {name: _one(place, folder / name, count, streamed=name == "streamed") for name in ("packed", "streamed")}


def _one(place: Place, run: Path, count: int, *, streamed: bool) -> dict[str, Any]:
    shutil.rmtree(run, ignore_errors=True)
    run.parent.mkdir(exist_ok=True)
    training = Training(place, run, streamed=streamed, epochs=-(-count // 9), save_every=50)
    looks: list[dict[str, int]] = []
    while len(looks) < LOOKS:
        wanted = count * (len(looks) + 1) // (LOOKS + 1)
        code = training.until(lambda wanted=wanted: steps(run) >= wanted, 3600)
        assert code is None, f"it ended with {code} at step {steps(run)}"
        rows = log.read(run / run_folder.LOG)
        assert [row["step"] for row in rows if row["kind"] == "step"] == list(range(1, steps_of(rows) + 1))
        looks.append({"step": steps_of(rows), **_held(training.number), "workers": len(training.workers())})
    assert training.wait(600) == 0
    return {"steps": steps(run), **_changes(looks), "looks": looks}


def steps_of(rows: list[dict[str, Any]]) -> int:
    """Steps among the rows of a log."""
    return sum(row["kind"] == "step" for row in rows)


def _held(process: int) -> dict[str, int]:
    status = dict(line.split(":", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines())
    files_open = 0
    for entry in Path(f"/proc/{process}/fd").iterdir():
        with contextlib.suppress(OSError):
            files_open += entry.readlink() is not None
    return {"memory_kb": int(status["VmRSS"].split()[0]), "threads": int(status["Threads"]), "files": files_open}


def _changes(looks: list[dict[str, int]]) -> dict[str, Any]:
    """From the end of the warming up to the last look: what grew, and the most that was held."""
    warm = looks[len(looks) // 5 :]
    first, last = warm[: len(warm) // 4], warm[-len(warm) // 4 :]
    return {
        name: {"early": round(_mean(first, name), 1), "late": round(_mean(last, name), 1), "most": _most(warm, name)}
        for name in ("memory_kb", "threads", "files")
    }


def _mean(looks: list[dict[str, int]], name: str) -> float:
    return sum(look[name] for look in looks) / len(looks)


def _most(looks: list[dict[str, int]], name: str) -> int:
    return max(look[name] for look in looks)
