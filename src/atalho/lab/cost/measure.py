"""`lab cost`: what networks cost, side by side: "no more complex than a VGG" (the article, on training).

Parameters, multiply-adds and the memory kept for the backward pass are counted, without spread. The times of a training
step and of inference are measured in rounds: each round takes every network in turn, so that what else the machine does
falls on all of them alike, and the medians of the rounds come with their intervals.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from math import comb
from pathlib import Path
from statistics import median
from typing import Any, Final

import torch
import torch.nn.functional as F
from torch import nn

from atalho.errors import ConfigError
from atalho.lab.cost.candidate import Contender, check_side, contender, counts
from atalho.lab.cost.page import DRAWING
from atalho.lab.shared import cells, result
from atalho.lab.shared.verdict import Comparison, Estimate, Verdict
from atalho.precision import Precision, choose
from atalho.text import Text
from atalho.training.progress import Progress

COUNTED: Final = ("parameters", "multiply_adds", "activation_bytes")
MEASURED: Final = ("training_seconds", "inference_seconds")


def run(
    models: Sequence[str],
    *,
    size: int | None = None,
    batch: int = 8,
    rounds: int = 9,
    budget_minutes: float | None = None,
    out: Path | str | None = None,
    command: str | None = None,
    progress: Progress | None = None,
) -> Path:
    """Count and measure `models`: names of the catalogue or of torchvision, TOML files, runs; the result's folder.

    All take images of `size` pixels (by default the largest that one of them is quoted for) in batches of `batch`.
    Raises ConfigError for an unknown name, and for numbers below 1.
    """
    for name, value in (("batch", batch), ("rounds", rounds), ("size", size)):
        if value is not None and value < 1:
            raise ConfigError(Text("{name} {given}: accepted are whole numbers from 1.", name=name, given=value))
    if not models:
        raise ConfigError(Text("No networks were named. Give some, such as: resnet34 vgg19"))
    entrants = {one.name: one for one in map(contender, dict.fromkeys(models))}
    side = size or max(one.side for one in entrants.values())
    for one in entrants.values():
        check_side(one, side)
    precision = choose("auto", "auto")
    settings = {
        "models": list(entrants), "kinds": {one.name: one.kind for one in entrants.values()}, "side": side,
        "batch": batch, "precision": str(precision), "threads": torch.get_num_threads(),
    }  # fmt: skip
    folder = cells.place(out, f"cost-{'-'.join(entrants)}"[:100])

    def measure(cell: str) -> dict[str, Any]:
        if cell == "counts":
            return {name: counts(one, side) for name, one in entrants.items()}
        return {name: _times(one, side, batch, precision) for name, one in entrants.items()}

    names = ["counts", *(f"round-{number:03d}" for number in range(1, rounds + 1))]
    found = cells.run(folder, {"experiment": "cost", **settings}, names, measure, budget_minutes=budget_minutes,
                      progress=progress)  # fmt: skip
    measured = {name: _summary(name, found.values) for name in entrants}
    made = result.make(
        DRAWING, ", ".join(entrants), settings | {"rounds": rounds}, {"models": measured}, judge(measured, entrants),
        cells=found, command=command,
        seeds=[], precision=precision,
    )  # fmt: skip
    return result.write(folder, made, DRAWING)


def judge(measured: Mapping[str, Mapping[str, Any]], entrants: Mapping[str, Contender]) -> Verdict:
    """Every residual network against the VGG, where there is one: each cost below the VGG's?"""
    controls = [name for name in measured if name.startswith("vgg") and entrants[name].kind == "other"]
    residual = [name for name in measured if entrants[name].kind == "residual"]
    texts = {
        "parameters": Text("parameters"), "multiply_adds": Text("multiply–adds"),
        "activation_bytes": Text("bytes kept for the backward pass"),
        "training_seconds": Text("milliseconds of a training step, per image"),
    }  # fmt: skip
    comparisons = [
        Comparison(text, _estimate(name, measured[name][cost], cost), "below",
                   _estimate(control, measured[control][cost], cost), "number")
        for control in controls[:1]
        for name in residual
        for cost, text in texts.items()
        if measured[name][cost] is not None
    ]  # fmt: skip
    return Verdict(tuple(comparisons))


def _estimate(name: str, value: Mapping[str, float | None], cost: str) -> Estimate:
    scale = 1e3 if cost in MEASURED else 1.0
    low, high = (scale * end if end is not None else edge for end, edge in (
        (value["low"], float("-inf")), (value["high"], float("inf"))))  # fmt: skip
    return Estimate(name, scale * (value["median"] or 0.0), low, high)


def _summary(name: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Each cost of a network: median over the rounds with its interval; of counts, that number."""
    rounds = [value[name] for cell, value in values.items() if cell != "counts"]
    counted = values.get("counts", {}).get(name, {})
    exact = {cost: _exact(counted.get(cost)) for cost in COUNTED}
    return exact | {cost: median_interval([one[cost] for one in rounds]) if rounds else None for cost in MEASURED}


def _exact(value: int | None) -> dict[str, float | None] | None:
    return None if value is None else {"median": value, "low": value, "high": value}


def median_interval(values: Sequence[float], level: float = 0.95) -> dict[str, Any]:
    """The median with an interval between two of the sorted values that holds at `level` whatever their distribution.

    Below six values no two of them are far enough apart, and the ends are None.
    """
    ordered, n = sorted(values), len(values)
    outside = [2 * sum(comb(n, i) for i in range(k)) / 2**n for k in range(1, n // 2 + 1)]
    cut = sum(share <= 1 - level for share in outside)
    low, high = (ordered[cut - 1], ordered[n - cut]) if cut else (None, None)
    return {"median": median(ordered), "low": low, "high": high, "values": list(values)}


def _times(one: Contender, side: int, batch: int, precision: Precision) -> dict[str, float]:
    """Seconds per image of a training step and of inference; the first of each sets things up and is left out."""
    device = precision.device
    torch.manual_seed(0)
    network = one.network().to(device).to(memory_format=torch.channels_last)
    images = torch.randn(batch, one.channels, side, side, device=device).to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-6, momentum=0.9)

    def train() -> None:
        optimizer.zero_grad()
        with precision.autocast():
            loss = _loss(network, images)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    def infer() -> None:
        with torch.inference_mode(), precision.autocast():
            network(images)

    found = {}
    for cost, work in zip(MEASURED, (train, infer), strict=True):
        network.train(work is train)
        seconds = [_timed(work, device) for _repeat in range(3)]
        found[cost] = min(seconds[1:]) / batch
    return found


def _loss(network: nn.Module, images: torch.Tensor) -> torch.Tensor:
    logits = network(images)
    # Some networks of torchvision give their auxiliary classifiers too while they are trained.
    logits = logits if isinstance(logits, torch.Tensor) else logits[0]
    return F.cross_entropy(logits.float(), torch.zeros(len(images), dtype=torch.int64, device=images.device))


def _timed(work: Any, device: torch.device) -> float:
    start = time.perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start
