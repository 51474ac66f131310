"""Whether imported weights do what their author's network does: its output on one image settles what names cannot."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from atalho import limits
from atalho.blocks.kinds import HalvingKind
from atalho.data.decoding.decode import decode
from atalho.data.preprocessing import normalise
from atalho.errors import DataError, WeightsError
from atalho.json_values import JsonObject
from atalho.networks.network import Network
from atalho.networks.plan import BOTTLENECKS
from atalho.networks.spec import ResNetSpec, Spec
from atalho.networks.weights import empty
from atalho.text import Text
from atalho.text.numbers import number, significant

_AGREES: Final = 1e-3
"""Of the largest output: other hardware and half precision stay below, another network far above."""
_NORMALISATIONS: Final = (
    ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    ((0.4914, 0.4822, 0.4465), (0.2471, 0.2435, 0.2616)),
    ((0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)),
    ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
)
"""ImageNet's, −1 to 1, CIFAR-10's by two ways of counting, 0 to 1."""
_STEMS: Final = (("small", "small-pool"), ("large", "large-linear"))
Statistics = tuple[tuple[float, ...], tuple[float, ...]]


@dataclass(frozen=True)
class Agreement:
    """The network whose output agrees with the author's, and what else was tried."""

    network: Network
    mean: tuple[float, ...]
    std: tuple[float, ...]
    difference: float
    """The largest, as a share of the author's largest output."""
    first: float
    """The same of what had been assumed."""
    changed: tuple[str, ...]
    """What had to be assumed differently, as options."""

    @property
    def text(self) -> Text:
        """What is said of it."""
        share = significant(self.difference, 2)
        if not self.changed:
            return Text("the outputs agree (largest difference {share})", share=share)
        return Text(
            "with {options} the outputs agree (largest difference {share}; as assumed first it was {first})",
            options=" ".join(self.changed),
            share=share,
            first=number(self.first, 3),
        )

    def to_dict(self) -> JsonObject:
        """As JSON holds it."""
        return {"difference": self.difference, "first": self.first, "changed": list(self.changed)}


def check(
    network: Network, statistics: Statistics, free: Sequence[str], image: Path | str, output: Path | str
) -> Agreement:
    """The assumptions under which `network` gives the `output` for `image`; `free` are those that may be changed.

    Raises WeightsError where none does, DataError where a file cannot be read.
    """
    spec = network.spec
    wanted = _output(Path(output))
    pixels = _pixels(Path(image), spec.in_channels)
    tried: list[tuple[float, tuple[str, ...]]] = []
    normalisations = [statistics, *(one for one in _NORMALISATIONS if "mean" in free and spec.in_channels == 3)]
    for mean, std in dict.fromkeys(normalisations):
        for other in _others(spec, free):
            changed = _changes(spec, other, statistics, (mean, std))
            candidate = network
            if other != spec:
                candidate = empty(other)
                candidate.load_state_dict(network.state_dict())
            difference = _difference(candidate, normalise(pixels, mean, std), wanted, Path(output))
            tried.append((difference, changed))
            if difference <= _AGREES:
                return Agreement(candidate, mean, std, difference, tried[0][0], changed)
    nearest, options = min(tried)
    raise WeightsError(
        "the network's output on {image} differs from {output} by {first} of its largest value, and under no other of "
        "{count} assumptions does it agree; nearest is {options} with {nearest}. Check that the output is that of the "
        "same image at its own size, and the mean and std",
        image=image,
        output=output,
        first=number(tried[0][0], 3),
        count=len(tried),
        options=" ".join(options) or Text("what was assumed"),
        nearest=number(nearest, 3),
    )


def _others(spec: Spec, free: Sequence[str]) -> Iterator[Spec]:
    """The networks that fit the same weights, the one that is assumed first, then those that differ least."""
    if not isinstance(spec, ResNetSpec) or not set(free) - {"mean"}:
        yield spec
        return
    stems = next((pair for pair in _STEMS if spec.stem in pair), (spec.stem,))
    halvings: tuple[HalvingKind, ...] = ("convolution", "first-convolution", "average", "blur")
    if spec.design not in BOTTLENECKS:
        halvings = ("convolution", "average", "blur")
    choices: dict[str, Sequence[Any]] = {"stem": stems, "last_stride": (2, 1), "halving": halvings}
    names = [name for name in choices if name in free]
    found = [
        replace(spec, **dict(zip(names, values, strict=True))) for values in product(*(choices[name] for name in names))
    ]
    yield from sorted(found, key=lambda other: sum(getattr(other, name) != getattr(spec, name) for name in names))


def _changes(spec: Spec, other: Spec, usual: Statistics, statistics: Statistics) -> tuple[str, ...]:
    """How options would say what is different."""
    names = [name for name in ("stem", "last_stride", "halving") if getattr(spec, name, 0) != getattr(other, name, 0)]
    options = [f"--{name.replace('_', '-')} {getattr(other, name)}" for name in names]
    if statistics != usual:
        options += [f"--{name} {' '.join(map(str, s))}" for name, s in zip(("mean", "std"), statistics, strict=True)]
    return tuple(options)


@torch.inference_mode()
def _difference(network: Network, x: Tensor, wanted: Tensor, path: Path) -> float:
    network = network.eval()
    features = network.features(x)
    outputs = [network.head(features)[0], network.head.embedding(features)[0]]
    fitting = [found for found in outputs if found.shape == wanted.shape and len(found)]
    if not fitting:
        raise WeightsError(
            "{path} has {given} values, but the network gives {classes} logits and an embedding of {embedding}.",
            path=path,
            given=wanted.numel(),
            classes=len(outputs[0]),
            embedding=len(outputs[1]),
        )
    return float((fitting[0] - wanted).abs().max() / wanted.abs().max().clamp(min=1e-12))


def _output(path: Path) -> Tensor:
    try:
        with limits.open_regular(path, limits.SMALL_JSON) as file:
            values = np.load(file, allow_pickle=False)
        return torch.from_numpy(values.astype(np.float32)).flatten()
    except (OSError, ValueError, TypeError, EOFError, SyntaxError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise DataError(
            "Cannot read {path} as an array of numbers (.npy): {reason}", path=path, reason=reason
        ) from error


def _pixels(path: Path, channels: int) -> Tensor:
    """An image at its own size as uint8 (1,C,H,W)."""
    return torch.from_numpy(decode(path, channels=channels).copy())[None].permute(0, 3, 1, 2)
