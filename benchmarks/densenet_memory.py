"""Memory of a training step: DenseNet-121 against torchvision's, and CIFAR ResNets against their depth.

    python benchmarks/densenet_memory.py densenet [--rounds 5] [--allocator own]
    python benchmarks/densenet_memory.py depth
    python benchmarks/densenet_memory.py figure

densenet: densenet121 at 224 pixels, batch 16, in fp32 and bf16; ours plain and with recomputation, torchvision's plain
and with memory_efficient=True; a round is one process of each, in turn. Each asks for memory as Atalho's command line
does, or with `--allocator own` as Python and PyTorch come. → results/densenet_memory.json, densenet_memory_own.json
depth: ResNets of 20 to 1,202 layers at 32 pixels, batch 32, plain and with recomputation. → results/resnet_memory.json
figure: docs/figures/resnet_memory.*.svg and .png from the latter, in both languages.

What is finished is kept, so that an interrupted benchmark goes on.
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import memory_step
from record import RESULTS, origin, write

SIDE, BATCH = 224, 16
SMALL_SIDE, SMALL_BATCH = 32, 32
OURS, PEER = "atalho-saving", "torchvision-efficient"
WHO = (OURS, PEER, "atalho", "torchvision")
DEPTHS = (20, 56, 110, 218, 434, 866, 1202)
FIGURES = Path(__file__).parent.parent / "docs" / "figures"
TICKS = (100, 200, 500, 1000, 2000, 5000)
WORDS = {
    "en": ("plain", "layers", "memory of a training step, MB"),
    "pt": ("sem economia", "camadas", "memória de um passo de treino, MB"),
}


def step(
    who: str, name: str, side: int, batch: int, precision: str, steps: int, allocator: str = "command-line"
) -> dict[str, float]:
    arguments = [who, name, str(side), str(batch), precision, str(steps), allocator]
    command = [sys.executable, str(memory_step.__file__), *arguments]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def kept(name: str) -> dict[str, Any]:
    path = RESULTS / f"{name}.json"
    return json.loads(path.read_text()) if path.is_file() else {}


def densenet(rounds: int, allocator: str) -> None:
    file, option = (
        ("densenet_memory", "") if allocator == "command-line" else ("densenet_memory_own", " --allocator own")
    )
    found: dict[str, list[dict[str, float]]] = kept(file).get("rounds", {})
    for number in range(rounds):
        for precision in ("bf16", "fp32"):
            for who in WHO:
                rows = found.setdefault(f"{who} {precision}", [])
                if len(rows) <= number:
                    rows.append(step(who, "densenet121", SIDE, BATCH, precision, 6, allocator))
                    print(who, precision, rows[-1], flush=True)
                    command = f"python benchmarks/densenet_memory.py densenet{option}"
                    write(file, summary(found) | {"rounds": found, "provenance": origin(command)})


def summary(found: dict[str, list[dict[str, float]]]) -> dict[str, Any]:
    """Medians, and ours with recomputation as a share of the peer's memory-efficient form."""
    medians = {
        label: {key: statistics.median(row[key] for row in rows) for key in rows[0]} for label, rows in found.items()
    }
    ratios = {
        precision: {
            key: round(medians[f"{OURS} {precision}"][key] / medians[f"{PEER} {precision}"][key], 3)
            for key in ("memory_mb", "wall_s", "cpu_s")
        }
        for precision in ("bf16", "fp32")
        if f"{OURS} {precision}" in medians and f"{PEER} {precision}" in medians
    }
    return {"network": "densenet121", "side": SIDE, "batch": BATCH, "ratios": ratios, "medians": medians}


def depth() -> None:
    rows: list[dict[str, Any]] = kept("resnet_memory").get("rows", [])
    for layers in DEPTHS:
        for who in ("atalho", OURS):
            if not any(row["depth"] == layers and row["who"] == who for row in rows):
                # Of memory only: two steps, in which it is first touched, say nothing of time.
                measured = step(who, f"resnet{layers}", SMALL_SIDE, SMALL_BATCH, "fp32", 2)["memory_mb"]
                rows.append({"depth": layers, "who": who, "memory_mb": measured})
                print(rows[-1], flush=True)
                command = "python benchmarks/densenet_memory.py depth"
                about = {"side": SMALL_SIDE, "batch": SMALL_BATCH, "precision": "fp32"}
                write("resnet_memory", about | {"rows": rows, "provenance": origin(command)})


def figure() -> None:
    from atalho.report import canvas

    rows = kept("resnet_memory")["rows"]
    FIGURES.mkdir(exist_ok=True)
    for language, (plain, across, up) in WORDS.items():
        with canvas.style():
            drawn, axes = canvas.panel(5.4, 3.2)
            for who, colour, label in (("atalho", canvas.AMBER, plain), (OURS, canvas.BLUE, "--memory saving")):
                points = [(row["depth"], row["memory_mb"]) for row in rows if row["who"] == who]
                axes.plot(*zip(*points, strict=True), "o-", color=colour, label=label, markersize=4)
            axes.set_xscale("log")
            axes.set_yscale("log")
            # The last two depths lie too close together for two numbers.
            axes.set_xticks(DEPTHS, [str(layers) if layers != DEPTHS[-2] else "" for layers in DEPTHS])
            axes.set_yticks(TICKS, [str(megabytes) for megabytes in TICKS])
            axes.minorticks_off()
            axes.set_xlabel(across)
            axes.set_ylabel(up)
            axes.legend()
        name = f"resnet_memory.{language}"
        (FIGURES / f"{name}.svg").write_bytes(canvas.standalone(canvas.svg(drawn, name)))
        (FIGURES / f"{name}.png").write_bytes(canvas.png(drawn))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=("densenet", "depth", "figure"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--allocator", choices=("command-line", "own"), default="command-line")
    given = parser.parse_args()
    match given.part:
        case "densenet":
            densenet(given.rounds, given.allocator)
        case "depth":
            depth()
        case "figure":
            figure()


if __name__ == "__main__":
    main()
