"""`lab cost`: what networks cost, side by side: "no more complex than a VGG" (the article, on training).

Parameters, multiply-adds and the memory kept for the backward pass are counted, without spread. The times of a training
step and of inference are measured in rounds: each round takes every network in turn, so that what else the machine does
falls on all of them alike, and the medians of the rounds come with their intervals.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from math import comb
from statistics import median
from typing import Any, Final, Unpack

import torch
import torch.nn.functional as F
from torch import nn

from atalho.errors import ConfigError
from atalho.lab.cost.candidate import CostCandidate, candidate, check_side, counts
from atalho.lab.cost.page import PAGE
from atalho.lab.cost.result import CostMeasured, CostResult, Costs, CostSettings, Count, Time
from atalho.lab.shared.experiment import Experiment, SessionOptions
from atalho.lab.shared.verdict import Comparison, Estimate, Interval, Verdict
from atalho.precision import Precision, choose
from atalho.text import Text

EXPERIMENT: Final = Experiment("cost", CostResult, PAGE)
COUNTED: Final = ("parameters", "multiply_adds", "activation_bytes")
MEASURED: Final = ("training_seconds", "inference_seconds")


def run(
    models: Sequence[str],
    *,
    size: int | None = None,
    batch: int = 8,
    rounds: int = 9,
    **options: Unpack[SessionOptions],
) -> CostResult:
    """Count and measure `models`: names of the catalogue or of torchvision, TOML files, runs; the result.

    All take images of `size` pixels (by default the largest that one of them is quoted for) in batches of `batch`.
    Raises ConfigError for an unknown name, and for numbers below 1.
    """
    for name, value in (("batch", batch), ("rounds", rounds), ("size", size)):
        if value is not None and value < 1:
            raise ConfigError(Text("{name} {given}: accepted are whole numbers from 1.", name=name, given=value))
    if not models:
        raise ConfigError(Text("No networks were named. Give some, such as: resnet34 vgg19"))
    candidates = {one.name: one for one in map(candidate, dict.fromkeys(models))}
    side = size or max(one.side for one in candidates.values())
    for one in candidates.values():
        check_side(one, side)
    precision = choose("auto", "auto")
    kinds = {name: one.kind for name, one in candidates.items()}
    settings = CostSettings(tuple(kinds), kinds, side, batch, str(precision), torch.get_num_threads(), rounds)
    session = EXPERIMENT.begin("-".join(candidates)[:95], **options)

    def count() -> dict[str, Any]:
        return {name: counts(one, side) for name, one in candidates.items()}

    def measure() -> dict[str, Any]:
        return {name: _times(one, side, batch, precision) for name, one in candidates.items()}

    done = session.measure(
        settings, {"counts": count} | {f"round-{number:03d}": measure for number in range(1, rounds + 1)}
    )
    measured = {name: _costs(name, done.values) for name in candidates}
    return session.finish(
        ", ".join(candidates), settings, CostMeasured(measured), judge(measured, kinds), done, (), precision
    )


def judge(measured: Mapping[str, Costs], kinds: Mapping[str, str]) -> Verdict:
    """Every residual network against the VGG, where there is one: each cost below the VGG's?"""
    control = next((name for name in measured if name.startswith("vgg") and kinds[name] == "other"), None)
    found = []
    for name in measured:
        if control is not None and kinds[name] == "residual":
            found += [
                Comparison(quantity, left, "below", right, "number")
                for (quantity, left), (_same, right) in zip(
                    _quantities(name, measured[name]), _quantities(control, measured[control]), strict=False
                )
            ]
    return Verdict(tuple(found))


def _quantities(name: str, costs: Costs) -> Iterator[tuple[Text, Estimate]]:
    """What networks are compared in, as far as it is measured."""
    counted = (
        (Text("parameters"), costs.parameters),
        (Text("multiply–adds"), costs.multiply_adds),
        (Text("bytes kept for the backward pass"), costs.activation_bytes),
    )
    for quantity, count in counted:
        if count is not None:
            yield quantity, Estimate.exact(name, float(count.median))
    if costs.training_seconds is not None:
        time = costs.training_seconds
        ends = (None if end is None else 1e3 * end for end in (time.low, time.high))
        interval = Interval(mean=1e3 * time.median, low=next(ends), high=next(ends))
        yield Text("milliseconds of a training step, per image"), Estimate.of(name, interval)


def _costs(name: str, values: Mapping[str, Any]) -> Costs:
    """Each cost of a network: median over the rounds with its interval; of counts, that number."""
    rounds = [value[name] for cell, value in values.items() if cell != "counts"]
    counted: Mapping[str, int] = values.get("counts", {}).get(name, {})
    exact = {cost: Count(counted[cost], counted[cost], counted[cost]) if counted else None for cost in COUNTED}
    times = {cost: median_interval([one[cost] for one in rounds]) if rounds else None for cost in MEASURED}
    return Costs(exact["parameters"], exact["multiply_adds"], exact["activation_bytes"], *times.values())


def median_interval(values: Sequence[float], level: float = 0.95) -> Time:
    """The median with an interval between two of the sorted values that holds at `level` whatever their distribution.

    Below six values no two of them are far enough apart, and the ends are None.
    """
    ordered, n = sorted(values), len(values)
    outside = [2 * sum(comb(n, i) for i in range(k)) / 2**n for k in range(1, n // 2 + 1)]
    cut = sum(share <= 1 - level for share in outside)
    low, high = (ordered[cut - 1], ordered[n - cut]) if cut else (None, None)
    return Time(median(ordered), low, high, tuple(values))


def _times(one: CostCandidate, side: int, batch: int, precision: Precision) -> dict[str, float]:
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
