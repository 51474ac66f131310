"""`lab cost`: what networks cost, side by side: "no more complex than a VGG" (the article, on training).

Parameters, multiply-adds and the memory kept for the backward pass are counted, without spread. The times of a training
step and of inference are measured in rounds: each round takes every network in turn, so that what else the machine does
falls on all of them alike, and the medians of the rounds come with their intervals.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import comb
from statistics import median
from typing import Unpack

import torch
import torch.nn.functional as F
from torch import nn

from atalho.errors import ConfigError
from atalho.lab.cost.candidate import CostCandidate, Counts, candidate, check_side, counts
from atalho.lab.cost.page import CostResult
from atalho.lab.cost.result import Cost, CostMeasured, Costs, CostSettings
from atalho.lab.shared.session import BudgetedOptions, Session
from atalho.lab.shared.verdict import Comparison, Interval, Verdict
from atalho.precision import Precision
from atalho.stored import from_json
from atalho.text import Text, _


@dataclass(frozen=True)
class Times:
    """What a round measures of a network: seconds per image."""

    training_seconds: float
    inference_seconds: float


def run(
    models: Sequence[str],
    *,
    size: int | None = None,
    batch: int = 8,
    rounds: int = 9,
    **options: Unpack[BudgetedOptions],
) -> CostResult:
    """Count and measure `models`: names of the catalogue or of torchvision, TOML files, runs; the result.

    All take images of `size` pixels (by default the largest that one of them is quoted for) in batches of `batch`.
    Raises ConfigError for an unknown name, and for numbers below 1.
    """
    for name, value in (("batch", batch), ("rounds", rounds), ("size", size)):
        if value is not None and value < 1:
            raise ConfigError("{name} {given}: expected a whole number of at least 1.", name=name, given=value)
    if not models:
        raise ConfigError("No networks given. Give some, such as: resnet34 vgg19")
    candidates = {one.name: one for one in map(candidate, dict.fromkeys(models))}
    side = size or max(one.side for one in candidates.values())
    for one in candidates.values():
        check_side(one, side)
    session = Session.begin(CostResult, "-".join(candidates)[:95], **options)
    precision = session.precision(session.begun.get("precision"))
    kinds = {name: one.kind for name, one in candidates.items()}
    settings = CostSettings(tuple(kinds), kinds, side, batch, str(precision), torch.get_num_threads(), rounds)

    def count() -> dict[str, Counts]:
        return {name: counts(one, side) for name, one in candidates.items()}

    def measure() -> dict[str, Times]:
        return {name: _times(one, side, batch, precision) for name, one in candidates.items()}

    plan: dict[str, Callable[[], object]] = {"counts": count}
    cells = {f"round-{number:03d}": number for number in range(1, rounds + 1)}
    titles = {cell: _("round {n} of {rounds}").format(n=number, rounds=rounds) for cell, number in cells.items()}
    titles["counts"] = _("parameters, operations and memory")
    done = session.measure(settings, plan | dict.fromkeys(cells, measure), titles=titles)
    counted = from_json(dict[str, Counts], done.values.get("counts", {}))
    timed = [from_json(dict[str, Times], value) for cell, value in done.values.items() if cell != "counts"]
    measured = {name: _costs(counted.get(name), [times[name] for times in timed]) for name in candidates}
    return session.finish(
        ", ".join(candidates), settings, CostMeasured(measured), judge(measured, kinds), done, (), precision
    )


def judge(measured: Mapping[str, Costs], kinds: Mapping[str, str]) -> Verdict:
    """Every residual network against the VGG, where there is one: each cost below the VGG's?"""
    controls = [name for name in measured if name.startswith("vgg") and kinds[name] == "other"]
    residual = [name for name in measured if kinds[name] == "residual"]
    return Verdict(
        tuple(
            Comparison(quantity, left, "below", right, "number")
            for name, control in product(residual, controls[:1])
            for (quantity, left), (_same, right) in zip(
                _quantities(name, measured[name]), _quantities(control, measured[control]), strict=False
            )
        )
    )


def _quantities(name: str, costs: Costs) -> Iterator[tuple[Text, Interval]]:
    """What networks are compared in, as far as it is measured."""
    counted = (
        (Text("parameters"), costs.parameters),
        (Text("multiply–adds"), costs.multiply_adds),
        (Text("bytes kept for the backward pass"), costs.activation_bytes),
    )
    for quantity, count in counted:
        if count is not None:
            yield quantity, Interval.exact(name, float(count.median))
    if costs.training_seconds is not None:
        time = costs.training_seconds
        low, high = (None if end is None else 1e3 * end for end in (time.low, time.high))
        milliseconds = Interval(name=name, mean=1e3 * time.median, low=low, high=high)
        yield Text("milliseconds of a training step, per image"), milliseconds


def _costs(counted: Counts | None, timed: Sequence[Times]) -> Costs:
    """Each cost of a network: median over the rounds with its interval; of counts, that number."""

    def exact(count: int) -> Cost:
        return Cost(count, count, count)

    return Costs(
        exact(counted.parameters) if counted else None,
        exact(counted.multiply_adds) if counted else None,
        exact(counted.activation_bytes) if counted else None,
        median_interval([times.training_seconds for times in timed]) if timed else None,
        median_interval([times.inference_seconds for times in timed]) if timed else None,
    )


def median_interval(values: Sequence[float], level: float = 0.95) -> Cost:
    """The median with an interval between two of the sorted values that holds at `level` whatever their distribution.

    Below six values no two of them are far enough apart, and the ends are None.
    """
    ordered, n = sorted(values), len(values)
    outside = [2 * sum(comb(n, i) for i in range(k)) / 2**n for k in range(1, n // 2 + 1)]
    cut = sum(share <= 1 - level for share in outside)
    low, high = (ordered[cut - 1], ordered[n - cut]) if cut else (None, None)
    return Cost(median(ordered), low, high, tuple(values))


def _times(one: CostCandidate, side: int, batch: int, precision: Precision) -> Times:
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

    def seconds(work: Callable[[], None]) -> float:
        network.train(work is train)
        return min([_timed(work, device) for _repeat in range(3)][1:]) / batch

    return Times(training_seconds=seconds(train), inference_seconds=seconds(infer))


def _loss(network: nn.Module, images: torch.Tensor) -> torch.Tensor:
    logits = network(images)
    # Some networks of torchvision give their auxiliary classifiers too while they are trained.
    logits = logits if isinstance(logits, torch.Tensor) else logits[0]
    return F.cross_entropy(logits.float(), torch.zeros(len(images), dtype=torch.int64, device=images.device))


def _timed(work: Callable[[], None], device: torch.device) -> float:
    start = time.perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start
