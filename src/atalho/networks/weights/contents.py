"""What a weight file holds, once it is read: tensors by name, perhaps in a nest and under a wrapper's prefix."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import torch
from torch import Tensor

from atalho.errors import WeightsError
from atalho.networks.family import LARGEST
from atalho.text import Text
from atalho.text.numbers import whole

# Where files keep their weights. Averaged ones come first: a file that holds both was evaluated with them.
_NESTS: Final = ("state_dict_ema", "state_dict", "model", "net")
_DEEPEST: Final = 2
_PREFIXES: Final = ("module.", "_orig_mod.")
_SHOWN: Final = 3


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
            "not weights: {found}. Accepted: tensors by name, also nested under {nests}",
            found=first_few(others) if others else Text("nothing"),
            nests=", ".join(_NESTS),
        )
    for name, values in tensors.items():
        if values.numel() * values.element_size() > values.untyped_storage().nbytes():
            raise WeightsError(
                "{name} has {count} values, but the file holds fewer", name=name, count=whole(values.numel())
            )
    for prefix in _PREFIXES:
        if all(name.startswith(prefix) for name in tensors):
            tensors = {name.removeprefix(prefix): values for name, values in tensors.items()}
    return tensors


def shape_of_head(contents: Mapping[str, Any]) -> int:
    """How many classes the weights of any layout tell apart."""
    classes = _shape(contents, ("fc.weight", "linear.weight", "classifier.weight", "head.classifier.weight"))[0]
    if classes > LARGEST:
        raise WeightsError(
            "the weights tell {classes} classes apart; at most {most} are accepted",
            classes=whole(classes),
            most=whole(LARGEST),
        )
    return classes


def shape_of_stem(contents: Mapping[str, Any]) -> int:
    """How many channels an image has for convolutional weights of any layout."""
    return _shape(contents, ("conv1.weight", "features.conv0.weight", "stem.conv.weight"))[1]


def _shape(contents: Mapping[str, Any], names: Sequence[str]) -> tuple[int, ...]:
    weights = weights_of(contents)
    for name in names:
        if name in weights and weights[name].ndim >= 2:
            return tuple(weights[name].shape)
    raise WeightsError(
        "unknown layout of the weights: none of {accepted} found; the first names are {given}",
        accepted=", ".join(names),
        given=first_few(list(weights)),
    )


def _is_plain(values: object) -> bool:
    return isinstance(values, Tensor) and values.layout is torch.strided and not values.is_meta


def first_few(names: Sequence[str]) -> Text:
    """The first names of a list, and how many more there are."""
    shown, more = Text.verbatim(", ".join(names[:_SHOWN])), len(names) - _SHOWN
    return Text.joined(shown, Text(" and {count} more", count=more), by="") if more > 0 else shown
