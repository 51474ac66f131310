"""What the promises about interruptions are worth: kills, signals, crashes of the disk, damage, failing writes.

    python benchmarks/reliability.py [PART ...] [--trials N] [--seed N] [--rows N] [--folder FOLDER]

Parts: kills, chains, started, signals, states, damage, failures, cache, endurance; all if none is named. Trials that
are done are kept in FOLDER and not repeated, as long as the source is the same. Every run is a real process on real
images, of two blocks at 12 pixels; `real_runs.py` says how. Writes results/reliability.json when every part is there.
"""

import argparse
import hashlib
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import cache_trials
import crash_states
import damage
import endurance
import failing_disk
import torch
from kill_trials import Trial, Trials, carry_out
from real_runs import Place
from record import RESULTS, origin, write
from started_runs import Starts

KILLS, IN_SAVE, CHAINS, STARTS, SIGNALS, DAMAGES, BUILDERS, STEPS = 150, 50, 20, 10, 100, 2000, 60, 3000


class Asked(NamedTuple):
    """What a part is to do: where, at most how many trials of each kind, from which seed, how many at a time."""

    folder: Path
    most: int
    seed: int
    rows: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], help=argparse.SUPPRESS)
    parser.add_argument("--trials", type=int, help="at most so many of each kind, to try it out; nothing is stored")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rows", type=int, default=2, help="trials side by side")
    parser.add_argument("--folder", type=Path, default=RESULTS.parent / "runs" / "reliability")
    given = parser.parse_args()
    torch.set_num_threads(1)
    folder = given.folder / _source()
    folder.mkdir(parents=True, exist_ok=True)
    for part in given.parts or PARTS:
        kept = folder / f"{part}-{given.seed}-{given.trials or 'all'}.json"
        if not kept.is_file():
            since = time.monotonic()
            found = PARTS[part](Asked(folder, given.trials or sys.maxsize, given.seed, given.rows))
            kept.write_text(json.dumps({**found, "seconds": round(time.monotonic() - since)}, indent=1))
        print(part, kept.read_text(), flush=True)
    done = {part: folder / f"{part}-{given.seed}-all.json" for part in PARTS}
    if all(path.is_file() for path in done.values()):
        parts = {part: json.loads(path.read_text()) for part, path in done.items()}
        result = {**parts, "provenance": origin("make bench-reliability", given.seed)}
        print(write("reliability", result))


def kills(asked: Asked) -> dict[str, Any]:
    """One SIGKILL a run: at any instant, and inside a save."""
    trials = _trials(asked)
    work = {f"kill-{n}": trials.kill_anywhere for n in range(min(KILLS, asked.most))}
    work |= {f"save-{n}": trials.kill_in_save for n in range(min(IN_SAVE, asked.most))}
    found = _side_by_side(work, trials, asked.rows)
    phases = Counter(trial.get("phase", "failed") for trial in found.values())
    seconds = round(trials.seconds[False], 2)
    return {**_judged(found), "phases": dict(phases.most_common()), "seconds_of_a_run": seconds}


def chains(asked: Asked) -> dict[str, Any]:
    """Five SIGKILLs a run."""
    trials = _trials(asked)
    found = _side_by_side({f"chain-{n}": trials.chain for n in range(min(CHAINS, asked.most))}, trials, asked.rows)
    phases = Counter(phase for trial in found.values() for phase in trial.get("phases", ()))
    return {**_judged(found), "kills": sum(phases.values()), "phases": dict(phases.most_common())}


def started(asked: Asked) -> dict[str, Any]:
    """One SIGKILL a program, for programs that are started anew; the others are forked because it is quicker."""
    trials = _trials(asked)
    starts = Starts(trials.place)
    found = _side_by_side({f"start-{n}": starts.kill for n in range(min(STARTS, asked.most))}, trials, asked.rows)
    phases = Counter(trial.get("phase", "failed") for trial in found.values())
    lives = {"started_anew": starts.seconds, "of_that_imports": starts.imports, "forked": trials.seconds[True]}
    costs = {name: round(seconds, 2) for name, seconds in lives.items()}
    return {**_judged(found), "phases": dict(phases), "seconds_computed": costs}


def signals(asked: Asked) -> dict[str, Any]:
    """SIGTERM or SIGINT to a run and its two workers."""
    trials = _trials(asked)
    found = _side_by_side({f"stop-{n}": trials.stop for n in range(min(SIGNALS, asked.most))}, trials, asked.rows)
    sent = Counter(trial.get("signal", "failed") for trial in found.values())
    alive = sum(trial.get("workers", 0) > 0 for trial in found.values())
    return {**_judged(found), "signals": dict(sent), "with_workers_alive": alive}


def states(asked: Asked) -> dict[str, Any]:
    """States of the disk after a loss of power."""
    found = _in_memory(
        lambda place: crash_states.check_all(place, kills=min(16, asked.most), per_call=8, seed=asked.seed)
    )
    return _counted(found)


def damages(asked: Asked) -> dict[str, Any]:
    """Flipped bits and lost ends of a checkpoint's files."""
    return _counted(_in_memory(lambda place: damage.check_all(place, min(DAMAGES, asked.most), asked.seed)))


def failures(asked: Asked) -> dict[str, Any]:
    """Errors at every call of a save, for one checkpoint kept and for two."""
    found = [_in_memory(lambda place, keep=keep: failing_disk.check_all(place, keep)) for keep in (1, 2)]
    return _counted({kind: sum(counts[kind] for counts in found) for kind in found[0]})


def cache(asked: Asked) -> dict[str, Any]:
    """Builders of the packed cache that are killed, that build at once, and that meet a full disk."""
    place = Place(asked.folder / "place")
    place.prepare()
    return _counted(cache_trials.check_all(place, asked.folder / "caches", min(BUILDERS, asked.most), asked.seed))


def long_runs(asked: Asked) -> dict[str, Any]:
    """Memory, open files and threads over thousands of steps, and the log as it is read meanwhile."""
    place = Place(asked.folder / "place")
    place.prepare()
    return endurance.measure(place, asked.folder / "long", min(STEPS, asked.most * 100))


PARTS = {
    "kills": kills,
    "chains": chains,
    "started": started,
    "signals": signals,
    "states": states,
    "damage": damages,
    "failures": failures,
    "cache": cache,
    "endurance": long_runs,
}


def _trials(asked: Asked) -> Trials:
    place = Place(asked.folder / "place")
    place.prepare()
    trials = Trials(place, asked.seed)
    trials.undisturbed()
    return trials


def _side_by_side(work: dict[str, Callable[..., Trial]], trials: Trials, count: int) -> dict[str, Trial]:
    """Every trial by name, some at a time, each of these rows in a process of its own."""
    folder = trials.place.folder.parent / "trials"
    folder.mkdir(exist_ok=True)
    rows = []
    for row in range(count):
        rows.append(os.fork())
        if rows[-1] == 0:
            for name in list(work)[row::count]:
                carry_out(name, work[name], folder, trials.seed)
            os._exit(0)
    for row in rows:
        assert os.waitpid(row, 0)[1] == 0
    return {name: carry_out(name, trial, folder, trials.seed) for name, trial in work.items()}


def _judged(found: dict[str, Trial]) -> dict[str, Any]:
    failed = {name: trial["error"] for name, trial in found.items() if not trial["identical"]}
    return {"trials": len(found), "identical": len(found) - len(failed), "failed": failed, **_bound(found, failed)}


def _counted(found: dict[str, int]) -> dict[str, Any]:
    total = sum(found.values())
    return {"trials": total, "failed": {}, "by_kind": found, **_bound(range(total), ())}


def _bound(trials: Any, failed: Any) -> dict[str, float]:
    """The 95 % bound on the share of failures, where there were none."""
    return {} if failed else {"bound_95": round(3 / len(trials), 5)}


def _in_memory(check: Callable[[Path], dict[str, int]]) -> dict[str, int]:
    shared = Path("/dev/shm")  # much is written, and nothing of it needs a disk
    with tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None) as place:
        return check(Path(place))


def _source() -> str:
    """A name for the code that is tried."""
    root = RESULTS.parent
    whole = hashlib.sha256()
    for path in sorted(
        [*root.glob("src/**/*.py"), *root.glob("benchmarks/*_trials.py"), root / "benchmarks/real_runs.py"]
    ):
        whole.update(path.read_bytes())
    return whole.hexdigest()[:12]


if __name__ == "__main__":
    main()
