"""What a weight file holds, once it is read: tensors by name, perhaps in a nest."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import torch
from torch import Tensor

from atalho.errors import WeightsError
from atalho.text import Text
from atalho.text.numbers import whole

_DEEPEST: Final = 3
# Averaged weights are what a file with both was evaluated with.
_AVERAGED: Final = re.compile(r"ema|averag|teacher|swa")
_SHOWN: Final = 3
_SHARED: Final = 2
_SLACK: Final = 2**20  # bytes


def weights_of(contents: Mapping[str, Any]) -> dict[str, Tensor]:
    """The tensors of a weight file's contents, out of their nest: where most are, and of two such the averaged ones.

    Raises WeightsError where there are none.
    """
    nests = [(path, tensors) for path, tensors in _nests(contents, "", 0) if tensors]
    most = max((len(tensors) for _path, tensors in nests), default=0)
    whole_ones = [(path, tensors) for path, tensors in nests if 2 * len(tensors) >= most]
    if not whole_ones:
        raise WeightsError(
            "not weights: {found}. Accepted: tensors by name, also nested as in a training checkpoint",
            found=first_few(list(map(str, contents))) if contents else Text("nothing"),
        )
    _path, chosen = max(whole_ones, key=lambda nest: (bool(_AVERAGED.search(nest[0].lower())), len(nest[1])))
    for name, values in chosen.items():
        if values.layout is not torch.strided or values.is_meta or values.is_quantized or values.is_complex():
            raise WeightsError("not weights: {name} is not a dense tensor of real numbers", name=name)
        if values.numel() * values.element_size() > values.untyped_storage().nbytes():
            raise WeightsError(
                "{name} has {count} values, but the file holds fewer", name=name, count=whole(values.numel())
            )
    # Many names for the same numbers would make a network of any size.
    claimed = sum(values.numel() * values.element_size() for values in chosen.values())
    held = {values.untyped_storage().data_ptr(): values.untyped_storage().nbytes() for values in chosen.values()}
    if claimed > _SHARED * sum(held.values()) + _SLACK:
        raise WeightsError(
            "the weights have {claimed} bytes under all their names, but the file holds {held}",
            claimed=whole(claimed),
            held=whole(sum(held.values())),
        )
    return chosen


def _nests(contents: Mapping[Any, Any], path: str, depth: int) -> Iterator[tuple[str, dict[str, Tensor]]]:
    yield path, {str(name): values for name, values in contents.items() if isinstance(values, Tensor)}
    for name, inner in contents.items() if depth < _DEEPEST else ():
        if isinstance(inner, Mapping):
            yield from _nests(inner, f"{path}.{name}", depth + 1)


def first_few(names: Sequence[str]) -> Text:
    """The first names of a list, and how many more there are."""
    shown, more = Text.verbatim(", ".join(names[:_SHOWN])), len(names) - _SHOWN
    return Text.joined(shown, Text(" and {count} more", count=more), by="") if more > 0 else shown
