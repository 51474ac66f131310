"""What foreign weights have behind their backbone, told by the shapes and, of re-identification, by the names.

One linear layer is a classifier; batch norm under a name that re-identification gives its neck, with a linear layer
before it or not, is an embedding. Anything else, such as the projection of self-supervision, is left out.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import torch
from torch import Tensor

from atalho.blocks.kinds import PoolingKind, StemKind
from atalho.networks.weights.contents import first_few
from atalho.networks.weights.layouts import OWN, Recognised
from atalho.text import Text
from atalho.text.numbers import whole

_NORM_EPS: Final = 1e-5


@dataclass(frozen=True)
class Neck:
    """How a program for re-identification calls its neck, and what its networks are unless their authors say more."""

    program: str
    pattern: str
    last_stride: Literal[1, 2] = 2
    stem: StemKind = "large"


NECKS: Final = (
    # Its stem has no ReLU ("add missed relu" is a comment there).
    Neck("Bag of tricks", r"bottleneck$", 1, "large-linear"),
    Neck("fast-reid", r"heads\.(?:bottleneck|bnneck)(?:\.\d+)?$", 1),
    Neck("Person_reID_baseline_pytorch (layumi)", r"(?:classifier\d*\.)?add_block\.\d+$"),
    Neck("re-identification", r"(?:.*\.)?(?:bnneck|bn_neck|neck|feat_bn)$"),
)


@dataclass(frozen=True)
class ForeignHead:
    """A head's weights by our names (without `head.`), and what became of those in the file."""

    kind: Literal["classifier", "embedding", "none"]
    weights: dict[str, Tensor]
    said: Text
    left_out: tuple[str, ...] = ()
    neck: Neck | None = None
    pooling: PoolingKind = "average"

    @property
    def classes(self) -> int:
        """How many it tells apart; 0 for none."""
        weight = self.weights.get("classifier.weight")
        return 0 if weight is None else weight.shape[0]

    @property
    def embedding(self) -> int:
        """The length of the embedding; 0 where it is the pooled features."""
        return self.weights["neck.weight"].shape[0] if self.kind == "embedding" else 0


def head_of(found: Recognised, features: int) -> ForeignHead:
    """The head of the weights `found`, whose backbone gives so many `features`."""
    others = found.others
    if found.layout == OWN:
        own = {name.removeprefix("head."): v for name, v in found.body.items() if name.startswith("head.")}
        kind: Literal["classifier", "embedding"] = "embedding" if "neck.weight" in own else "classifier"
        pooling: PoolingKind = "gem" if "pooling.power" in own else "average"
        return ForeignHead(kind, own, Text("kept as it is"), pooling=pooling)
    modules = {name.rpartition(".")[0] for name in others}
    linear = {name: weight for name in modules if (weight := _linear(others, name)) is not None}
    norms = [name for name in modules if others.get(f"{name}.running_mean", torch.empty(())).ndim == 1]
    named = ((neck, name) for neck in NECKS for name in norms if re.match(rf"{neck.pattern}", name))
    neck, place = next(named, (None, ""))
    if neck is not None:
        return _embedding(others, linear, neck, place, features)
    left_out = tuple(others)
    if found.self_supervised:
        return ForeignHead("none", {}, Text("left out: a projection for training without labels"), left_out)
    fitting = {name: weight for name, weight in linear.items() if weight.shape[1] == features}
    if len(linear) == len(fitting) == 1 and not norms:
        [(name, weight)] = fitting.items()
        bias = others.get(f"{name}.bias", torch.zeros(len(weight)))
        kept = {f"{name}.weight", f"{name}.bias"}
        said = Text("a classifier of {classes} classes, {name}", classes=whole(len(weight)), name=name)
        weights = {"classifier.weight": weight, "classifier.bias": bias}
        return ForeignHead("classifier", weights, said, tuple(n for n in others if n not in kept))
    if not linear and not norms:
        return ForeignHead("none", {}, Text("there is no classifier in the file"), left_out)
    layers = first_few(sorted([*linear, *norms]))
    said = Text("left out: it is not one linear layer on the features, but {layers}", layers=layers)
    return ForeignHead("none", {}, said, left_out)


def as_embedding(head: ForeignHead, features: int) -> ForeignHead:
    """The same head for re-identification: a neck that changes nothing, where it has none."""
    if head.kind == "embedding":
        return head
    # Divided by the root of variance and eps, which is 1.
    weights = {
        "neck.weight": torch.ones(features),
        "neck.bias": torch.zeros(features),
        "neck.running_mean": torch.zeros(features),
        "neck.running_var": torch.full((features,), 1 - _NORM_EPS),
    }
    if "classifier.weight" in head.weights:
        weights["classifier.weight"] = head.weights["classifier.weight"]
    said = Text.joined(head.said, Text("the embedding is the pooled features"), by="; ")
    return ForeignHead("embedding", weights, said, head.left_out)


def _embedding(
    others: Mapping[str, Tensor], linear: Mapping[str, Tensor], neck: Neck, place: str, features: int
) -> ForeignHead:
    length = len(others[f"{place}.running_mean"])
    group = place.rpartition(".")[0]
    before = [name for name, w in linear.items() if group and name.startswith(f"{group}.") and name < place]
    before = [name for name in before if linear[name].shape == (length, features)]
    weights = {
        "neck.weight": others.get(f"{place}.weight", torch.ones(length)),
        "neck.bias": others.get(f"{place}.bias", torch.zeros(length)),
        "neck.running_mean": others[f"{place}.running_mean"],
        "neck.running_var": others[f"{place}.running_var"],
    }
    if before:
        weights["reduction.weight"] = linear[before[0]]
        if (bias := others.get(f"{before[0]}.bias")) is not None:
            # The neck subtracts its mean from what the layer gives: the layer's bias is part of that.
            weights["neck.running_mean"] = weights["neck.running_mean"] - bias
    after = [name for name, w in linear.items() if w.shape[1] == length and name not in before and name != "fc"]
    if after:
        weights["classifier.weight"] = linear[after[0]]
    power = next((v for name, v in others.items() if re.search(r"pool\w*\.p$|gem\.p$", name) and v.numel() == 1), None)
    if power is not None:
        weights["pooling.power"] = power.reshape(1)
    said = Text("an embedding of {length} values with a neck, as {program}", length=length, program=neck.program)
    kept = (place, *before, *after[:1])
    left_out = tuple(n for n in others if n.rpartition(".")[0] not in kept or n == f"{''.join(after[:1])}.bias")
    return ForeignHead("embedding", weights, said, left_out, neck, "gem" if power is not None else "average")


def _linear(others: Mapping[str, Tensor], module: str) -> Tensor | None:
    """The weight (out, in) of a linear layer or a 1x1 convolution; None for anything else."""
    weight = others.get(f"{module}.weight")
    if weight is None or weight.ndim not in (2, 4) or tuple(weight.shape[2:]) not in ((), (1, 1)):
        return None
    return weight.flatten(1)
