"""Weights in the names that other programs give them: read in, where everything must fit, and written back.

Recognised by their keys: Atalho's own names; torchvision's, which timm and the papers' authors share for these
families; the CIFAR files' (`linear`, `shortcut`); and older DenseNet files' (`norm.1`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import torch
from torch import Tensor

from atalho.errors import ConfigError, WeightsError, nearest
from atalho.networks.network import Network, unsound
from atalho.networks.plan import PREACTIVATIONS
from atalho.networks.spec import DenseNetSpec, MLPSpec
from atalho.text import Text, _

# Where files keep their weights. Averaged ones come first: a file that holds both was evaluated with them.
_NESTS: Final = ("state_dict_ema", "state_dict", "model", "net")
_DEEPEST: Final = 2
_PREFIXES: Final = ("module.", "_orig_mod.")
# Batches that a norm has seen: no function of the network depends on it, and older files lack it.
_COUNTER: Final = "num_batches_tracked"
_SHOWN: Final = 3


def import_weights(network: Network, state_dict: Mapping[str, Any]) -> None:
    """Replace all weights and norm statistics of `network` by those of `state_dict`, whatever its layout.

    Raises WeightsError, naming the first mismatches, unless every name and shape fits; the network is then as before.
    """
    given = weights_of(state_dict)
    own_layout = any(name.startswith("stem.") for name in given)
    if not own_layout:
        given = {_usual(name): values for name, values in given.items()}
    target = network.state_dict()
    names = {name: name for name in target} if own_layout else torchvision_names(network)
    places = {names[own]: values for own, values in target.items()}
    _check_names(given, places)
    given = {name: values for name, values in given.items() if name in places}
    _check_values(given, places)
    with torch.no_grad():
        for name, values in given.items():
            places[name].copy_(values)


def _check_names(given: Mapping[str, Tensor], places: Mapping[str, Tensor]) -> None:
    missing = [name for name in places if name not in given and not name.endswith(_COUNTER)]
    more = [name for name in given if name not in places and not name.endswith(_COUNTER)]
    _refuse(_("Missing: {names}."), missing)
    _refuse(_("Not part of this network: {names}."), more)


def _check_values(given: Mapping[str, Tensor], places: Mapping[str, Tensor]) -> None:
    shapes = {name: (tuple(values.shape), tuple(places[name].shape)) for name, values in given.items()}
    _refuse(_("Of another shape: {names}."), [f"{name} {a} ≠ {b}" for name, (a, b) in shapes.items() if a != b])
    floating = {name: values.is_floating_point() for name, values in given.items()}
    _refuse(
        _("Of another kind of number: {names}."),
        [f"{name} {given[name].dtype}" for name in given if floating[name] != places[name].is_floating_point()],
    )
    # As the network will hold them: what fits in double precision may be infinite in single.
    held = {name: values.to(places[name].dtype) for name, values in given.items()}
    _refuse(_("Not finite, or a variance below 0: {names}."), unsound(held))


def export_weights(network: Network, layout: Literal["torchvision", "atalho"] = "torchvision") -> dict[str, Tensor]:
    """A copy of all weights and norm statistics under the names of a layout.

    Raises ConfigError for an unknown layout, and for networks that torchvision's has no names for.
    """
    if layout not in ("torchvision", "atalho"):
        raise ConfigError(
            Text.joined(
                Text("layout {given!r} is not known.", given=layout), nearest(layout, ("torchvision", "atalho"))
            )
        )
    state = {name: values.detach().clone() for name, values in network.state_dict().items()}
    if layout == "atalho":
        return state
    places = torchvision_names(network)
    return {places[name]: values for name, values in state.items()}


def torchvision_names(network: Network) -> dict[str, str]:
    """Own name → torchvision's name, for every weight and statistic of a ResNet or DenseNet."""
    if isinstance(network.spec, DenseNetSpec):
        rename = _densenet_name
    elif isinstance(network.spec, MLPSpec) or network.spec.design in PREACTIVATIONS:
        raise ConfigError(
            Text("torchvision has no such network, and so no names for its weights; use the layout 'atalho'")
        )
    else:
        rename = _resnet_name
    return {name: rename(name) for name in network.state_dict()}


def weights_of(contents: Mapping[str, Any]) -> dict[str, Tensor]:
    """The tensors of a weight file's contents, out of their nest and without a wrapper's prefix.

    Raises WeightsError where there are none.
    """
    for _level in range(_DEEPEST):
        nest = next((name for name in _NESTS if isinstance(contents.get(name), Mapping)), None)
        contents = contents[nest] if nest else contents
    tensors = {str(name): values for name, values in contents.items() if _is_plain(values)}
    others = [str(name) for name in contents if str(name) not in tensors]
    if not tensors or others:
        raise WeightsError(
            Text(
                "these are not weights: {found}. Accepted: names with tensors, also below {nests}",
                found=_some(others) or _("nothing"),
                nests=", ".join(_NESTS),
            )
        )
    for prefix in _PREFIXES:
        if all(name.startswith(prefix) for name in tensors):
            tensors = {name.removeprefix(prefix): values for name, values in tensors.items()}
    return tensors


def shape_of_head(contents: Mapping[str, Any]) -> int:
    """How many classes the weights of any layout tell apart."""
    return _shape(contents, ("fc.weight", "linear.weight", "classifier.weight", "head.classifier.weight"))[0]


def shape_of_stem(contents: Mapping[str, Any]) -> int:
    """How many channels an image has for convolutional weights of any layout."""
    return _shape(contents, ("conv1.weight", "features.conv0.weight", "stem.conv.weight"))[1]


def _shape(contents: Mapping[str, Any], names: Sequence[str]) -> tuple[int, ...]:
    weights = weights_of(contents)
    for name in names:
        if name in weights and weights[name].ndim >= 2:
            return tuple(weights[name].shape)
    raise WeightsError(
        Text(
            "layout of the weights not recognised: none of {accepted} is there; the names begin {given}",
            accepted=", ".join(names),
            given=_some(list(weights)),
        )
    )


def _is_plain(values: object) -> bool:
    return isinstance(values, Tensor) and values.layout is torch.strided and not values.is_meta


def _usual(name: str) -> str:
    name = re.sub(r"^linear\.", "fc.", name)
    name = re.sub(r"^(layer\d+\.\d+)\.shortcut\.", r"\1.downsample.", name)
    return re.sub(r"(denselayer\d+\.(?:norm|conv))\.([12])\.", r"\1\2.", name)


def _resnet_name(own: str) -> str:
    parts = own.split(".")
    match parts:
        case ["stem", "conv" | "norm" as layer, *rest]:
            place = ["conv1" if layer == "conv" else "bn1"]
        case ["stages", stage, block, "residual", layer, *rest]:
            place = [f"layer{int(stage) + 1}", block, layer.replace("norm", "bn")]
        case ["stages", stage, block, "shortcut", layer, *rest]:
            place = [f"layer{int(stage) + 1}", block, "downsample", "0" if layer == "conv" else "1"]
        case ["head", "classifier", *rest]:
            place = ["fc"]
        case _:
            raise ValueError(own)
    return ".".join([*place, *rest])


def _densenet_name(own: str) -> str:
    parts = own.split(".")
    match parts:
        case ["stem", layer, *rest]:
            place = ["features", f"{layer}0"]
        case ["stages", stage, "0", "layers", index, layer, *rest]:
            place = ["features", f"denseblock{int(stage) + 1}", f"denselayer{int(index) + 1}", layer]
        case ["stages", stage, "1", layer, *rest]:
            place = ["features", f"transition{int(stage) + 1}", layer]
        case ["closing", "norm", *rest]:
            place = ["features", "norm5"]
        case ["head", "classifier", *rest]:
            place = ["classifier"]
        case _:
            raise ValueError(own)
    return ".".join([*place, *rest])


def _refuse(text: str, names: list[str]) -> None:
    if names:
        raise WeightsError(
            _("the weights do not fit this network.")
            + " "
            + text.format(names=_some(names))
            + " "
            + _("Create the network with the depth, classes, in_channels, stem and shortcut of the weights.")
        )


def _some(names: list[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (_(" and {count} more").format(count=more) if more > 0 else "")
