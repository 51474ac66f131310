"""Kills during indexing: every image that was acknowledged is in the gallery afterwards, and the call can be repeated.

    python benchmarks/gallery_kills.py [--kills 200]

Each trial forks a process that puts 640 real images into a new gallery with `atalho.index` and reports each batch once
`put` has returned; SIGKILL comes at a random instant. Then the gallery must verify, hold everything reported, and take
the rest when the same call is made again: its end must equal that of a gallery that was never disturbed.
"""

import argparse
import os
import random
import signal
import tempfile
import time
from pathlib import Path

import torch
from record import origin, write

import atalho
from atalho.api.index import index
from atalho.data import samples
from atalho.data.preprocessing import Preprocessing
from atalho.gallery.sqlite import SqliteStore
from atalho.storage import model_folder
from atalho.storage.model_folder import Card
from atalho.training.progress import Progress

IMAGES = 640
LONGEST = 20.0


class Reporting(Progress):
    """Writes the count of acknowledged images to a pipe."""

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe

    def work(self, label: str, done: int, total: int) -> None:
        os.write(self._pipe, f"{done}\n".encode())


def model(folder: Path) -> Path:
    """A model folder with a network as it is drawn: what it sees does not matter here."""
    network = atalho.create("resnet20", classes=2, in_channels=1)
    card = Card("classification", network.spec, ("a", "b"), Preprocessing(28, 28, 1, (0.3,), (0.3,)))
    model_folder.write(folder, network.state_dict(), card)
    return folder


def contents(gallery: Path) -> list[tuple]:
    store = SqliteStore(gallery)
    entries = list(store.entries())
    vectors = store.vectors([entry.digest for entry in entries])
    problems = store.verify()
    store.close()
    if problems:
        raise SystemExit(f"{gallery}: {problems}")
    return sorted((e.path, e.digest, e.label, vectors[e.digest].tobytes()) for e in entries)


def trial(run: Path, images: list[str], gallery: Path, after: float) -> int:
    """How many images were acknowledged before the kill, `after` seconds from the first step of the child."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        index(run, images, str(gallery), progress=Reporting(writer))
        os._exit(0)
    os.close(writer)
    time.sleep(after)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(reader) as lines:
        reported = lines.read().split()
    return int(reported[-1]) if reported else 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    chance = random.Random(0)
    lost = unequal = unfinished = 0
    with tempfile.TemporaryDirectory() as folder:
        run = model(Path(folder) / "model")
        data = samples.unpack("fashion", Path(folder) / "fashion")
        images = [str(path) for path in sorted(data.glob("train/*/*.png"))[::9][:IMAGES]]
        started = time.perf_counter()
        index(run, images, str(Path(folder) / "whole.db"))
        whole, seconds = contents(Path(folder) / "whole.db"), time.perf_counter() - started
        for number in range(asked.kills):
            gallery = Path(folder) / f"{number}.db"
            acknowledged = trial(run, images, gallery, chance.uniform(0, min(LONGEST, 1.1 * seconds)))
            unfinished += acknowledged < len(images)
            kept = {row[0] for row in contents(gallery)} if acknowledged else set()
            lost += len(set(images[:acknowledged]) - kept)
            index(run, images, str(gallery))
            unequal += contents(gallery) != whole
    measured = {
        "kills": asked.kills,
        "kills before the end": unfinished,
        "images in all": asked.kills * len(images),
        "acknowledged images lost": lost,
        "galleries that ended otherwise": unequal,
        "upper bound 3/N of a kill that loses something": 3 / asked.kills if not lost + unequal else None,
    }
    print(measured)
    print(write("gallery_kills", {"measured": measured, "provenance": origin("python benchmarks/gallery_kills.py")}))


if __name__ == "__main__":
    main()
