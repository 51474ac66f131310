"""A network in numbers, of any family: to and from the plain values that JSON and TOML hold. No torch here.

A spec travels with its weights and rebuilds the network anywhere.
"""

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Annotated, Any, Final

from pydantic import Field, PlainSerializer, TypeAdapter, ValidationError

from atalho.errors import ConfigError
from atalho.json_values import JsonObject
from atalho.networks.densenet import DenseNetSpec
from atalho.networks.family import FamilySpec
from atalho.networks.mlp import MLPSpec
from atalho.networks.resnet import ResNetSpec
from atalho.stored import own_form
from atalho.validation import explain

__all__ = ["DenseNetSpec", "MLPSpec", "ResNetSpec", "Spec", "StoredSpec", "from_dict", "to_dict"]

Spec = ResNetSpec | DenseNetSpec | MLPSpec

_USUAL: Final = ("halving", "convolution")
_ENDS: Final = frozenset(field.name for field in fields(FamilySpec))


def to_dict(spec: Spec) -> JsonObject:
    """The spec as JSON and TOML take it: its family, its own values, those of every family; tuples as lists.

    `halving` stands there only where it is not the usual one: galleries and runs keep a hash of these values.
    """
    values = sorted(asdict(spec).items(), key=lambda value: value[0] in _ENDS)
    told = (value for value in values if value != _USUAL)
    return {name: list(value) if isinstance(value, tuple) else value for name, value in told}


StoredSpec = Annotated[Spec, Field(discriminator="family"), PlainSerializer(to_dict, return_type=dict)]
"""A spec as a value in a file, for pydantic."""


def from_dict(values: Mapping[str, Any]) -> Spec:
    """The spec that `to_dict` wrote, or that a person wrote by hand; fields with a default may be left out.

    Raises ConfigError for an unknown family, an unknown, missing or unfit value.
    """
    try:
        spec: Spec = TypeAdapter(StoredSpec).validate_python({"family": "", **values})
    except ValidationError as error:
        raise ConfigError(explain(StoredSpec, error)) from None
    return spec


own_form(Spec, to_dict, from_dict)
