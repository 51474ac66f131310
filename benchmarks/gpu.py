"""Speed, exactness and memory on one GPU, in under eight minutes: a table, kept in `results/gpu.json`.

    python benchmarks/gpu.py                       on a GPU
    python benchmarks/gpu.py --device cpu --tiny   all of it at a tiny size, in seconds, to see that it runs

- images per second of `atalho train` as it ships, of the bare eager loop, of the compiled one and of ImageFolder with
  DataLoader (`gpu_loops.py`), in one session;
- what deterministic algorithms cost;
- kills at random instants, after which every byte must be equal (`kill_trials.py`), as many of 20 as fit in the time;
- what is said where a step does not fit into memory, and whether the batch that it names fits.

Parts that are finished are kept, so that an interrupted run goes on, and a later one adds kills. `--again` begins anew.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from record import RESULTS, origin

HERE: Final = Path(__file__).parent
KILLS: Final = 20
LATEST: Final = 60.0
"""Seconds before the end after which no part begins."""


class Case(NamedTuple):
    """A network, its side in pixels, and the batches that are measured."""

    network: str
    side: int
    batches: tuple[int, ...]


class Size(NamedTuple):
    """How much is measured: small images, JPEGs and their side, seconds for each figure, kills, and the networks."""

    images: int
    jpegs: int
    jpeg_side: int
    seconds: float
    kills: int
    cases: tuple[Case, ...]
    compiled: bool


FULL: Final = Size(
    50_000, 2000, 300, 3.0, KILLS,
    (Case("resnet20", 32, (128, 512)), Case("resnet18", 32, (128, 512)), Case("resnet50", 224, (64,))), True,
)  # fmt: skip
TINY: Final = Size(96, 24, 80, 0.05, 1, (Case("resnet20", 16, (8, 32)), Case("resnet20", 72, (8,))), False)


def small_images(folder: Path, count: int, side: int) -> None:
    """Coloured noise in ten classes: as binary CIFAR batches, and the same as JPEGs in class folders."""
    from PIL import Image

    numbers = np.random.default_rng(0)
    pixels = numbers.integers(0, 256, (count, 3, 32, 32), dtype=np.uint8)
    labels = np.arange(count, dtype=np.uint8) % 10
    pixels[:, :, 8:24, 8:24] = (25 * labels)[:, None, None, None]
    records = np.concatenate([labels[:, None], pixels.reshape(count, -1)], axis=1)
    batches = folder / "batches"
    batches.mkdir(parents=True)
    records.tofile(batches / "data_batch_1.bin")
    records[:100].tofile(batches / "test_batch.bin")
    (batches / "batches.meta.txt").write_text("\n".join(f"class {number}" for number in range(10)))
    for number in range(min(count, 10_000)):
        path = folder / "folders" / "train" / f"class {labels[number]}" / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels[number].transpose(1, 2, 0)).resize((side, side)).save(path)


def photos(folder: Path, count: int, side: int) -> None:
    """JPEGs of `side` pixels in ten classes."""
    from PIL import Image

    numbers = np.random.default_rng(1)
    for number in range(count):
        coarse = numbers.integers(0, 256, (12, 12, 3), dtype=np.uint8)
        coarse[3:9, 3:9] = 25 * (number % 10)
        path = folder / "train" / f"class {number % 10}" / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC).save(path, quality=90)


def loops(kind: str, case: Case, data: Path, device: str, seconds: float, most: float, *plain: str) -> dict[str, Any]:
    """What `gpu_loops.py` measured, by batch; it runs `most` seconds at most."""
    batches = ",".join(map(str, case.batches))
    arguments = [kind, case.network, str(case.side), str(data), batches, device, str(seconds), *plain]
    return spoken([str(HERE / "gpu_loops.py"), *arguments], most)


def spoken(command: list[str], most: float) -> dict[str, Any]:
    """The JSON in the last line of what a program of ours prints, or why there is none."""
    try:
        done = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False, timeout=most)
    except subprocess.TimeoutExpired:
        return {"failed": f"not done in {most:.0f} s"}
    if done.returncode:
        return {"failed": (done.stderr.strip().splitlines() or ["no word"])[-1]}
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def kills(folder: Path, device: str, first: int, count: int, seconds: float) -> dict[str, Any]:
    """Kill trials from number `first` on until there are `count`, or for `seconds`: each identical or not."""
    from kill_trials import Trials, carry_out
    from real_runs import Place

    class OnDevice(Place):
        """The tiny runs of the campaign, on the device and with the numbers that it would choose."""

        def command(self, run: Path, *, streamed: bool, epochs: int = 5, save_every: int = 2) -> list[str]:
            told = super().command(run, streamed=streamed, epochs=epochs, save_every=save_every)
            if "--resume" in told:
                return told
            return [*("auto" if word == "fp32" else word for word in told), "--training.device", device]

    end = time.monotonic() + seconds
    place = OnDevice(folder)
    place.prepare()
    trials = Trials(place, 0)
    trials.undisturbed()
    found: dict[str, Any] = {}
    for number in range(first, count):
        if number > first and time.monotonic() > end:
            break
        name = f"kill-{number}"
        found[name] = carry_out(name, trials.kill_anywhere, folder, 0)
    return found


def memory(device: str, tiny: bool) -> dict[str, Any]:
    """A step that cannot fit: what is said, and whether the batch that it names can be trained with."""
    import torch

    from atalho.config import TrainingConfig
    from atalho.errors import OutOfMemoryError
    from atalho.networks import create
    from atalho.precision import choose
    from atalho.runs.memory import MemoryRequest, available, check

    precision = choose("cuda" if device == "cuda" else "cpu", "auto")
    name, side = ("resnet20", 32) if tiny else ("resnet50", 224)
    network = create(name, classes=10)
    training = TrainingConfig(batch_size=2_000_000)
    request = MemoryRequest(network.spec, side, 10**9, training, precision)
    try:
        check(request)
    except OutOfMemoryError as error:
        said = str(error)
    named = int(re.findall(r"micro-batch (\d+)", said)[0])
    used = min(named, 2) if tiny else named
    network = network.to(precision.device, memory_format=torch.channels_last)
    images = torch.zeros(used, 3, side, side, device=precision.device)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9, fused=True)
    for _step in range(2):
        with precision.autocast():
            loss = network(images.to(memory_format=torch.channels_last)).float().square().mean()
        loss.backward()
        optimizer.step()
    found = {
        "room_gb": (available(precision.device) or 0) / 1e9,
        "said": said,
        "micro_batch": named,
        "trained_with": used,
    }
    if device == "cuda":
        found["peak_gb"] = torch.cuda.max_memory_allocated() / 1e9
        fitting = MemoryRequest(network.spec, side, 10**9, TrainingConfig(batch_size=named), precision)
        found["estimated_gb"] = fitting.needed().used / 1e9
    return found


def table(parts: dict[str, Any], size: Size) -> str:
    """The figures as lines of Markdown."""

    def speed(kind: str, case: Case, batch: int) -> float | None:
        return parts.get(f"{kind} {case.network} {case.side}", {}).get(str(batch), {}).get("images_s")

    def times(one: float | None, other: float | None) -> str:
        return f"{one / other:.2f}" if one and other else "–"

    def shown(value: float | None) -> str:
        return f"{value:,.0f}" if value else "–"

    rows = [
        "| network | batch | Atalho | bare | compiled | DataLoader | / bare | / compiled | / DataLoader "
        "| deterministic / not | peak MB |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for case in size.cases:
        for batch in case.batches:
            own, bare, compiled, read = (speed(kind, case, batch) for kind in ("own", "bare", "compiled", "loader"))
            free = speed("own without determinism", case, batch)
            peak = parts.get(f"own {case.network} {case.side}", {}).get(str(batch), {}).get("peak_mb")
            cells = [f"{case.network} at {case.side}", str(batch), *map(shown, (own, bare, compiled, read))]
            cells += [times(own, bare), times(own, compiled), times(own, read), times(own, free), shown(peak)]
            rows.append(f"| {' | '.join(cells)} |")
    trials = parts.get("kills", {})
    equal = sum(bool(trial.get("identical")) for trial in trials.values() if isinstance(trial, dict))
    rows += ["", f"Kills after which every byte was equal: {equal} of {len(trials)}."]
    fit = parts.get("memory", {})
    rows.append(f"Out of memory names micro-batch {fit.get('micro_batch')}; trained with {fit.get('trained_with')}.")
    failed = [f"{name}: {part['failed']}" for name, part in parts.items() if "failed" in part]
    return "\n".join([*rows, *failed])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--minutes", type=float, default=7.5)
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--out", type=Path, default=RESULTS / "gpu.json")
    given = parser.parse_args()
    if given.device == "cuda" and not spoken(["-c", "import torch; print(int(torch.cuda.is_available()))"], 60):
        parser.error("PyTorch finds no CUDA GPU here. To see that the script runs: --device cpu --tiny")
    size, device, end = TINY if given.tiny else FULL, given.device, time.monotonic() + 60 * given.minutes
    kept = json.loads(given.out.read_text()) if given.out.is_file() and not given.again else {}
    parts: dict[str, Any] = kept.get("parts", {})
    command = " ".join(["python benchmarks/gpu.py", *sys.argv[1:]])

    about = spoken([str(HERE / "gpu.py"), "origin", command], 60)

    def left() -> float:
        return end - time.monotonic()

    def keep(name: str, measure: Callable[[], dict[str, Any]]) -> None:
        """Measure a part that is not there yet, if there is time, and keep it."""
        if (name in parts and "failed" not in parts[name]) or left() < min(LATEST, 6 * given.minutes):
            return
        begun = time.monotonic()
        parts[name] = measure()
        given.out.write_text(json.dumps({"parts": parts, "table": table(parts, size), "provenance": about}, indent=1))
        print(f"{name}: {time.monotonic() - begun:.0f} s, {left():.0f} s left", flush=True)

    with tempfile.TemporaryDirectory() as work:
        os.environ["ATALHO_CACHE"] = str(Path(work) / "cache")
        small, large = Path(work) / "small", Path(work) / "photos"
        small_images(small, size.images, size.cases[0].side)
        photos(large, size.jpegs, size.jpeg_side)

        def measured(kind: str, case: Case, *plain: str) -> dict[str, Any]:
            data = large if case.side > 64 else small / ("folders" if kind == "loader" else "batches")
            return loops(kind, case, data, device, size.seconds, max(left(), 10), *plain)

        for case in size.cases:
            name = f"{case.network} {case.side}"
            keep(f"own {name}", lambda: measured("own", case))  # noqa: B023 (called at once)
            keep(f"bare {name}", lambda: measured("bare", case))  # noqa: B023
        keep("memory", lambda: spoken([str(HERE / "gpu.py"), "memory", device, str(int(given.tiny))], max(left(), 10)))
        for case in size.cases[: 1 if given.tiny else None]:
            name = f"{case.network} {case.side}"
            keep(f"loader {name}", lambda: measured("loader", case))  # noqa: B023
            keep(f"own without determinism {name}", lambda: measured("own", case, "plain"))  # noqa: B023
            if size.compiled:
                keep(f"compiled {name}", lambda: measured("compiled", case))  # noqa: B023
        before = parts.pop("kills", {})
        before = {name: trial for name, trial in before.items() if isinstance(trial, dict)}
        asked = ["kills", work, device, str(len(before)), str(size.kills), str(left() - 20)]
        if len(before) < size.kills:
            keep("kills", lambda: before | spoken([str(HERE / "gpu.py"), *asked], max(left(), 10)))
        parts.setdefault("kills", before)
    print(table(parts, size))


if __name__ == "__main__":
    part, rest = (sys.argv[1], sys.argv[2:]) if sys.argv[1:2] and not sys.argv[1].startswith("-") else ("", [])
    if part == "origin":
        print(json.dumps(origin(rest[0])))
    elif part == "memory":
        print(json.dumps(memory(rest[0], rest[1] == "1")))
    elif part == "kills":
        print(json.dumps(kills(Path(rest[0]) / "kills", rest[1], int(rest[2]), int(rest[3]), float(rest[4]))))
    else:
        main()
