"""Several processes that train together: random kills, another number of them at each resume, two nodes.

    python benchmarks/ranks.py [--kills 20] [--work FOLDER]

A kill ends a random rank of two by SIGKILL: one in four at a random instant of its life, which is mostly start-up and
evaluation, the others within a random step, where the work is. torchrun starts both again, and the end must be the
bytes of an undisturbed run: metrics log, shipped weights, and the last checkpoint with network, averaged weights and
momentum. Then 4, 2 and 1 ranks share a run, and every image must be seen once an epoch. Then two launchers, each with
a cache of its own, stand for two machines.

Writes results/ranks.json. What was measured is kept in FOLDER, and the same command goes on with it.
"""

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from record import origin, write

from atalho.data import samples
from atalho.lab.shared import cells
from atalho.runs.run import Run

EPOCHS, SEED = 8, 0
STEPS, _STEP_SECONDS = EPOCHS * 5, 0.2
ENDING = ("metrics log", "weights", "last checkpoint")
PROGRAM = Path(__file__).with_name("ranks_run.py")
STOPS = ((4, 5), (2, 17), (1, None))
"""How many ranks train until which step: neither stop is the end of an epoch, of which each has 5 steps."""


class Work:
    """The folder in which everything happens."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.data = self.folder / "data"
        if not self.data.is_dir():
            whole = samples.unpack("fashion", self.folder / "fashion")
            for kind, count in (("bag", 60), ("sneaker", 45), ("trouser", 55)):
                for split, images in (("train", count), ("test", 20)):
                    (self.data / split / kind).mkdir(parents=True)
                    for image in sorted((whole / split / kind).iterdir())[:images]:
                        shutil.copy(image, self.data / split / kind)

    def start(
        self, name: str, ranks: int, *options: str, launcher: Sequence[str] = ("--standalone",), machine: str = "0"
    ) -> subprocess.Popen[bytes]:
        """torchrun with `ranks` processes on run `name`; every machine has a cache of its own."""
        torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", str(ranks), *launcher]
        program = [str(PROGRAM), str(self.data), str(self.folder / name / "run"), str(self.folder / name / "seen")]
        cache = str(self.folder / "caches" / machine)
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                [*torchrun, *program, "--epochs", str(EPOCHS), *options],
                stdout=log,
                stderr=log,
                env={**os.environ, "OMP_NUM_THREADS": "1", "ATALHO_CACHE": cache},
            )

    def fresh(self, name: str) -> Path:
        shutil.rmtree(self.folder / name, ignore_errors=True)
        return self.folder / name

    def ending(self, name: str) -> dict[str, str]:
        """SHA-256 of what must be equal at the end of two runs."""
        run = self.folder / name / "run"
        last = sorted((run / "checkpoints").glob("step-*"))[-1]
        files = (run / "metrics.jsonl", run / "model" / "model.safetensors", last / "state.safetensors")
        return {what: hashlib.sha256(file.read_bytes()).hexdigest() for what, file in zip(ENDING, files, strict=True)}


def processes(launcher: int) -> dict[int, int]:
    """The process of each rank that torchrun has started."""
    found = {}
    for child in Path(f"/proc/{launcher}/task/{launcher}/children").read_text().split():
        try:
            told = dict(entry.partition("=")[::2] for entry in Path(f"/proc/{child}/environ").read_text().split("\0"))
        except OSError:
            continue
        if "RANK" in told:
            found[int(told["RANK"])] = int(child)
    return found


def steps_of(log: Path) -> int:
    """How many steps a metrics log holds."""
    return log.read_bytes().count(b'"kind": "step"') if log.exists() else 0


def undisturbed(work: Work) -> dict[str, Any]:
    """Two ranks to the end: how long they live, their ending, and whether both hold the same tensors."""
    folder = work.fresh("undisturbed")
    launcher = work.start("undisturbed", 2)
    while len(processes(launcher.pid)) < 2:
        time.sleep(0.01)
    start = time.monotonic()
    code = launcher.wait()
    tensors = {path.read_text() for path in (folder / "seen").glob("2-*.sha256")}
    alike = len(tensors) == 1 and len(list((folder / "seen").glob("2-*.sha256"))) == 2
    return {"seconds": time.monotonic() - start, "code": code, "replicas equal": alike} | work.ending("undisturbed")


def killed(work: Work, number: int, seconds: float) -> dict[str, Any]:
    """Two ranks, one of which is killed within `seconds` of their start or in a step; again where they were faster."""
    name = f"kill-{number:02d}"
    for attempt in range(20):
        chance = random.Random(f"{SEED} {number} {attempt}")
        rank, instant = chance.randrange(2), chance.random()
        wanted = chance.randrange(1, STEPS) if number % 4 else 0
        folder = work.fresh(name)
        launcher = work.start(name, 2, launcher=("--standalone", "--max-restarts", "3"))
        while len(found := processes(launcher.pid)) < 2:
            time.sleep(0.01)
        log = folder / "run" / "metrics.jsonl"
        while wanted > steps_of(log) and launcher.poll() is None:
            time.sleep(0.002)
        time.sleep(instant * (_STEP_SECONDS if wanted else seconds))
        steps = steps_of(log)
        alive = set(processes(launcher.pid)) == {0, 1} and (folder / "run" / "model").exists() is False
        if alive:
            os.kill(found[rank], signal.SIGKILL)
        code = launcher.wait()
        if alive:
            return {"rank": rank, "step": steps, "code": code} | work.ending(name)
    raise RuntimeError("the ranks were faster than every kill")


def fewer_and_fewer(work: Work) -> dict[str, Any]:
    """4, then 2, then 1 rank train one run: how often an image was missing or seen twice in an epoch."""
    folder = work.fresh("fewer")
    codes = [work.start("fewer", ranks, *(["--stop", str(stop)] if stop else [])).wait() for ranks, stop in STOPS]
    seen: Counter[tuple[int, int]] = Counter()
    steps: Counter[int] = Counter()
    for path in (folder / "seen").glob("*.jsonl"):
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        seen.update((row["epoch"], number) for row in rows for number in row["ids"])
        steps[rows[0]["world"]] = len(rows)
    run = Run(folder / "run")
    wanted = {(epoch, int(number)) for epoch in range(EPOCHS) for number in run.manifest.splits["train"]}
    return {
        "stopped with code 1 by torchrun": codes[:-1] == [1] * (len(STOPS) - 1),
        "finished with code": codes[-1],
        "steps by ranks": {str(world): steps[world] for world, _stop in STOPS},
        "image epochs": len(wanted),
        "missing": len(wanted - set(seen)),
        "seen more than once": sum(count - 1 for count in seen.values()),
    }


def two_nodes(work: Work) -> dict[str, Any]:
    """Two launchers of one rank each, which meet on the loopback."""
    work.fresh("nodes")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    meeting = ("--nnodes", "2", "--master-addr", "127.0.0.1", "--master-port", port, "--node-rank")
    launchers = [work.start("nodes", 1, launcher=(*meeting, node), machine=node) for node in ("0", "1")]
    return {"codes": [launcher.wait() for launcher in launchers]} | work.ending("nodes")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--work", type=Path, default=Path("build/ranks"))
    given = parser.parse_args()
    work = Work(given.work)
    whole = cells.run(work.folder / "whole", {"epochs": EPOCHS}, ["undisturbed"], lambda _name: undisturbed(work))
    model = whole.values["undisturbed"]
    ending = {what: model[what] for what in ENDING}

    def measure(name: str) -> dict[str, Any]:
        if name.startswith("kill-"):
            return killed(work, int(name[5:]), model["seconds"])
        return fewer_and_fewer(work) if name == "4-2-1" else two_nodes(work)

    names = [f"kill-{number:02d}" for number in range(given.kills)]
    found = cells.run(work.folder / "trials", {"epochs": EPOCHS}, [*names, "4-2-1", "two-nodes"], measure).values
    same = {name: all(found[name][what] == ending[what] for what in ending) for name in (*names, "two-nodes")}
    failures = sum(not same[name] or found[name]["code"] != 0 for name in names)
    trials = [{key: found[name][key] for key in ("rank", "step")} | {"same": same[name]} for name in names]
    result = {
        "ranks": 2,
        "replicas equal": model["replicas equal"],
        "kills": len(names),
        "kills between the first step and the last": sum(0 < trial["step"] < STEPS for trial in trials),
        "endings that differ": failures,
        "bound on the share that differs (95 %)": 3 / len(names) if not failures else None,
        "trials": trials,
        "4 → 2 → 1": found["4-2-1"],
        "two nodes": {"codes": found["two-nodes"]["codes"], "same ending as one node": same["two-nodes"]},
        "provenance": origin("python benchmarks/ranks.py", SEED),
    }
    print(write("ranks", result), failures, "of", len(names), "endings differ;", found["4-2-1"])


if __name__ == "__main__":
    main()
