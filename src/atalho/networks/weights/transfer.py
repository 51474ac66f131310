"""Weights into a network, where everything must fit, and out of it, under the names of a layout."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, get_args

import torch
from torch import Tensor

from atalho.errors import ConfigError, WeightsError, nearest
from atalho.networks.build import build
from atalho.networks.network import Network, unsound
from atalho.networks.spec import Spec
from atalho.networks.weights.contents import first_few, weights_of
from atalho.networks.weights.heads import ForeignHead, as_embedding, head_of
from atalho.networks.weights.layouts import OWN, Recognised, foreign_to, recognise
from atalho.networks.weights.torchvision_names import common_name, torchvision_names
from atalho.text import Text

Layout = Literal["torchvision", "atalho"]
# Batches that a norm has seen: no function of the network depends on it, and older files lack it.
_COUNTER: Final = "num_batches_tracked"
_HEAD: Final = "head."


def import_weights(network: Network, state_dict: Mapping[str, Any]) -> None:
    """Replace all weights and norm statistics of `network` by those of `state_dict`, whatever its layout.

    A network with classes needs a classifier in the weights; one with none (`classes=0`) leaves theirs out.
    Raises WeightsError, naming the first mismatches, unless every name and shape fits; the network is then as before.
    """
    found = recognise(weights_of(state_dict))
    put(network, found, head_of(found, network.spec.plan().out_channels))


def empty(spec: Spec) -> Network:
    """The network of a spec whose weights are not drawn, since all of them will be put in."""
    with torch.device("meta"):
        network = build(spec)
    network.to_empty(device="cpu")
    for name, values in network.state_dict().items():
        if name.endswith(_COUNTER):
            values.zero_()
    return network


def put(network: Network, found: Recognised, head: ForeignHead) -> None:
    """Give `network` the weights of a backbone and of a head; raises as `import_weights` does."""
    target = network.state_dict()
    spec = network.spec
    if found.layout == OWN:
        given, names = found.body, {name: name for name in target}
    else:
        if spec.embedding:
            head = as_embedding(head, spec.plan().out_channels)
        names = {own: own if own.startswith(_HEAD) else common_name(spec, own) for own in target}
        kept = {f"{_HEAD}{name}": values for name, values in head.weights.items()}
        given = found.body | {name: values for name, values in kept.items() if spec.classes or "classifier" not in name}
        if spec.classes and not spec.embedding and head.kind == "none":
            raise WeightsError(
                "there is no classifier for this network in the weights (head: {said}). Create the network with "
                "classes=0, or import it with `atalho import`, which does so",
                said=head.said,
            )
    if not spec.classes:  # a layer without outputs has no numbers
        given = dict(given) | {own: values for own, values in target.items() if not values.numel()}
    elif spec.embedding and f"{_HEAD}classifier.weight" not in given and found.layout != OWN:
        given = dict(given) | {f"{_HEAD}classifier.weight": target[f"{_HEAD}classifier.weight"]}
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
    if missing or more:
        parts = [Text(text, names=first_few(names)) for text, names in ((_MISSING, missing), (_MORE, more)) if names]
        raise _refused(Text.joined(*parts), foreign_to(more) or _CHOOSE)


_MISSING: Final = "Missing: {names}."
_MORE: Final = "Not part of this network: {names}."
_CHOOSE: Final = Text("Choose the network with the depth, classes, channels, stem and shortcut of the weights.")


def _check_values(given: Mapping[str, Tensor], places: Mapping[str, Tensor]) -> None:
    shapes = {name: (tuple(values.shape), tuple(places[name].shape)) for name, values in given.items()}
    _refuse(Text("Wrong shape: {names}."), [f"{name} {a} ≠ {b}" for name, (a, b) in shapes.items() if a != b], _CHOOSE)
    floating = {name: values.is_floating_point() for name, values in given.items()}
    _refuse(
        Text("Wrong data type: {names}."),
        [f"{name} {given[name].dtype}" for name in given if floating[name] != places[name].is_floating_point()],
    )
    # As the network will hold them: what fits in double precision may be infinite in single.
    held = {name: values.to(places[name].dtype) for name, values in given.items()}
    _refuse(Text("Non-finite values or a negative variance: {names}."), unsound(held), Text("The weights are damaged."))


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


def _refuse(text: Text, names: Sequence[str], advice: Text | None = None) -> None:
    if names:
        raise _refused(text.format(names=first_few(names)), advice)


def _refused(reason: Text, advice: Text | None) -> WeightsError:
    return WeightsError(Text.joined(*filter(None, [Text("the weights do not match this network."), reason, advice])))
