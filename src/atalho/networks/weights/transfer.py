"""Weights into a network, where everything must fit, and out of it, under the names of a layout."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, get_args

import torch
from torch import Tensor

from atalho.errors import ConfigError, WeightsError, nearest
from atalho.networks.network import Network, unsound
from atalho.networks.weights.contents import first_few, weights_of
from atalho.networks.weights.layouts import common_name, torchvision_names
from atalho.text import Text

Layout = Literal["torchvision", "atalho"]
# Batches that a norm has seen: no function of the network depends on it, and older files lack it.
_COUNTER: Final = "num_batches_tracked"


def import_weights(network: Network, state_dict: Mapping[str, Any]) -> None:
    """Replace all weights and norm statistics of `network` by those of `state_dict`, whatever its layout.

    Raises WeightsError, naming the first mismatches, unless every name and shape fits; the network is then as before.
    """
    given = weights_of(state_dict)
    own_layout = any(name.startswith("stem.") for name in given)
    if not own_layout:
        given = {common_name(name): values for name, values in given.items()}
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
    _refuse(Text("Missing: {names}."), missing)
    _refuse(Text("Not part of this network: {names}."), more)


def _check_values(given: Mapping[str, Tensor], places: Mapping[str, Tensor]) -> None:
    shapes = {name: (tuple(values.shape), tuple(places[name].shape)) for name, values in given.items()}
    _refuse(Text("Wrong shape: {names}."), [f"{name} {a} ≠ {b}" for name, (a, b) in shapes.items() if a != b])
    floating = {name: values.is_floating_point() for name, values in given.items()}
    _refuse(
        Text("Wrong data type: {names}."),
        [f"{name} {given[name].dtype}" for name in given if floating[name] != places[name].is_floating_point()],
    )
    # As the network will hold them: what fits in double precision may be infinite in single.
    held = {name: values.to(places[name].dtype) for name, values in given.items()}
    _refuse(Text("Non-finite values or a negative variance: {names}."), unsound(held))


def export_weights(network: Network, layout: Layout = "torchvision") -> dict[str, Tensor]:
    """A copy of all weights and norm statistics under the names of a layout.

    Raises ConfigError for an unknown layout, and for networks that torchvision's has no names for.
    """
    if layout not in get_args(Layout):
        raise ConfigError(
            Text.joined(Text("unknown layout {given!r}.", given=layout), nearest(layout, get_args(Layout)))
        )
    state = {name: values.detach().clone() for name, values in network.state_dict().items()}
    if layout == "atalho":
        return state
    places = torchvision_names(network)
    return {places[name]: values for name, values in state.items()}


def _refuse(text: Text, names: Sequence[str]) -> None:
    if names:
        raise WeightsError(
            Text.joined(
                Text("the weights do not match this network."),
                text.format(names=first_few(names)),
                Text("Create the network with the depth, classes, in_channels, stem and shortcut of the weights."),
            )
        )
