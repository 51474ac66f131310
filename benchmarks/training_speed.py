"""Training speed against the usual ways, turn by turn: ratios, medians over rounds.

(a) steps: `atalho train` with all that its loop does (gathering, checks, averaging, log) against bare loops over one
    prepared batch: a plain one in fp32, the way torchvision's references train, one tuned by hand (channels_last and,
    without `--isa avx2`, bf16 autocast), and with --compiled that one under torch.compile. resnet20 at 32 pixels,
    resnet18 at 128.
(b) whole epochs from a folder of JPEGs: `atalho train` from an empty cache against ImageFolder, DataLoader with two
    workers and the usual transforms around the same network in fp32.

    python benchmarks/training_speed.py [--cifar FOLDER] [--rounds 5] [--epoch-rounds 2] [--compiled]
                                        [--isa avx2] [--name training_speed]

FOLDER holds train/<class>/*.jpg; without it only (a) runs. Each turn is a process of its own; in (a) neither varies
its images, and all leave out the first two steps, which allocate. Rounds that are finished are kept in the result
file, results/NAME.json, so that an interrupted run goes on. `--isa avx2` keeps oneDNN, PyTorch and MKL from using
more than AVX2 and computes in fp32, as a laptop would; its NAME ends in _avx2.
"""

import argparse
import json
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType

import own_loop
import peer_loop
from PIL import Image
from record import RESULTS, origin, write

from atalho.data import samples

AVX2 = {"ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"}
STEPS = 24
# label → network, batch, side in pixels
STEPPED = {"resnet20 at 32": ("resnet20", 128, 32), "resnet18 at 128": ("resnet18", 32, 128)}
EPOCH = "epoch of resnet20 from JPEGs"

Round = dict[str, float]


def atalho(data: Path, *options: str) -> dict:
    """`timing.json` of `atalho train` on `data` with an empty cache."""
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        subprocess.run(
            [sys.executable, "-m", "atalho", "train", str(data), *options, "--out", str(run)],
            check=True,
            capture_output=True,
            env=os.environ | {"ATALHO_CACHE": str(Path(folder) / "cache")},
        )
        return json.loads((run / "timing.json").read_text())


def printed(script: ModuleType, *arguments: object) -> list[float]:
    """What a loop printed: images per second of its steps, and for peers their start; or seconds of an epoch."""
    command = [sys.executable, str(script.__file__), *map(str, arguments)]
    # What an earlier turn compiled would make a later one start faster.
    with tempfile.TemporaryDirectory() as compiled:
        variables = os.environ | {"TORCHINDUCTOR_CACHE_DIR": compiled}
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=variables)
    return [float(number) for number in done.stdout.split()]


def colour_images(folder: Path, count: int) -> Path:
    """`count` colour images made of the sample that ships, all for training."""
    source = samples.unpack("fashion", folder / "sample")
    files = sorted(source.glob("train/*/*.png"))
    for path in files[:: len(files) // count][:count]:
        target = folder / "data" / "train" / path.parent.name / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        with Image.open(path) as picture:
            Image.merge("RGB", [picture, picture.rotate(90), picture.rotate(180)]).save(target)
    return folder / "data"


def measure_steps(name: str, batch: int, size: int, isa: str, compiled: bool) -> Round:
    precision, dtype = ("auto", "bf16") if isa == "native" else ("fp32", "fp32")
    shape = (name, batch, size)
    with tempfile.TemporaryDirectory() as folder:
        data = colour_images(Path(folder), STEPS * batch)
        reference, _start = printed(peer_loop, "steps", "plain", "fp32", *shape, STEPS)
        (own,) = printed(own_loop, data, *shape, precision)
        tuned, _start = printed(peer_loop, "steps", "tuned", dtype, *shape, STEPS)
    measured = {
        "reference_images_s": round(reference, 1),
        "atalho_images_s": round(own, 1),
        "ratio": round(own / reference, 3),
        "tuned_images_s": round(tuned, 1),
        "ratio_to_tuned": round(own / tuned, 3),
    }
    if compiled:
        faster, start = printed(peer_loop, "steps", "compiled", dtype, *shape, STEPS)
        measured |= {
            "compiled_images_s": round(faster, 1),
            "compiled_start_s": round(start, 1),
            "ratio_to_compiled": round(own / faster, 3),
        }
    return measured


def measure_epochs(data: Path) -> Round:
    """The first epoch counts with all that is not the second: start, survey, cache, and the report at the end."""
    (reference,) = printed(peer_loop, "epoch", data)
    start = time.perf_counter()
    timing = atalho(data, "--model", "resnet20", "--epochs", "2", "--data.val-fraction", "0")
    whole, second = time.perf_counter() - start, timing["epochs"][1]["seconds"]
    return {
        "reference_s": round(reference, 2),
        "first_epoch_s": round(whole - second, 2),
        "second_epoch_s": second,
        "ratio_first": round(reference / (whole - second), 3),
        "ratio_second": round(reference / second, 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cifar", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--epoch-rounds", type=int, default=2)
    parser.add_argument("--compiled", action="store_true")
    parser.add_argument("--isa", choices=["native", "avx2"], default="native")
    parser.add_argument("--name", default="training_speed")
    given = parser.parse_args()
    name, limits = (given.name, {}) if given.isa == "native" else (f"{given.name}_avx2", AVX2)
    os.environ.update(limits)  # for the turns; this process computes nothing
    kept = RESULTS / f"{name}.json"
    rounds: dict[str, list[Round]] = json.loads(kept.read_text())["rounds"] if kept.is_file() else {}

    def keep(label: str, measured: Round) -> None:
        rounds.setdefault(label, []).append(measured)
        medians = {
            label: {key: statistics.median(row[key] for row in rows if key in row) for key in rows[-1]}
            for label, rows in rounds.items()
        }
        about = origin(shlex.join(["python", "benchmarks/training_speed.py", *sys.argv[1:]]))
        if limits:
            about["precision"] = "cpu fp32 (limited to AVX2)"  # of the turns
        write(name, {"medians": medians, "rounds": rounds, "environment": limits, "provenance": about})
        print(label, measured, flush=True)

    for number in range(given.rounds):
        for label, stepped in STEPPED.items():
            if len(rounds.get(label, [])) <= number:
                keep(label, measure_steps(*stepped, given.isa, given.compiled))
    for number in range(given.epoch_rounds if given.cifar else 0):
        if len(rounds.get(EPOCH, [])) <= number:
            keep(EPOCH, measure_epochs(given.cifar))


if __name__ == "__main__":
    main()
