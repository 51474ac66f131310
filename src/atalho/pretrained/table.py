"""The table of pretrained weights: one row a weight, with all that is needed to fetch, check and use it.

`table.json` ships with Atalho (`tools/weights_table.py` makes it); ATALHO_WEIGHTS names another file of the same form,
for those who keep weights of their own on a server of their own.
"""

import os
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from atalho import limits
from atalho.data.decoding.fit import Interpolation
from atalho.errors import ConfigError, nearest
from atalho.text import Text
from atalho.validation import checked

_OWN: Final = Path(__file__).with_name("table.json")
FULL: Final = 64
"""Hexadecimal digits of a whole SHA-256."""
Share = Annotated[float, Field(gt=0, lt=1)]


@dataclass(frozen=True, config=ConfigDict(extra="forbid", allow_inf_nan=False))
class PretrainedWeights:
    """A row: a file of weights that somebody published."""

    name: str
    model: str
    """The network, by its name in the catalogue."""
    url: str
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{8,64}$")]
    """Of the file: all 64 digits, or the first ones, which its name carries."""
    bytes: Annotated[int, Field(ge=1)]
    """At most so many."""
    size: Annotated[int, Field(ge=1)]
    """The side of the images in pixels, after a crop from `resize`."""
    resize: Annotated[int, Field(ge=1)]
    interpolation: Interpolation
    mean: tuple[float, ...]
    std: tuple[float, ...]
    classes: Literal["imagenet", "cifar10", "cifar100"] | tuple[str, ...]
    """The list that names them, or the names."""
    licence: str
    source: str
    top1: Share | None = None
    """The accuracy that is published with it, on ImageNet's 50,000 validation images."""
    also: tuple[str, ...] = ()
    """Shorter names of the same weights."""
    revision: str | None = None

    @property
    def hash_is_prefix(self) -> bool:
        """Whether only the first digits of the hash are known."""
        return len(self.sha256) < FULL

    @property
    def filename(self) -> str:
        """What the file is called where it comes from."""
        return self.url.rsplit("/", 1)[-1]


@dataclass(frozen=True, config=ConfigDict(extra="ignore", allow_inf_nan=False))
class WeightsTable:
    """All rows, and the published weights that have none because nothing says what their files hash to."""

    rows: tuple[PretrainedWeights, ...]
    left_out: tuple[str, ...] = ()
    format: Literal[1] = 1

    @cached_property
    def by_name(self) -> Mapping[str, PretrainedWeights]:
        """Every name, also the shorter ones, with its row."""
        return {name: row for row in self.rows for name in (row.name, *row.also)}

    def find(self, name: str) -> PretrainedWeights:
        """The row of that name. Raises ConfigError with the nearest names for an unknown one."""
        if (row := self.by_name.get(name)) is not None:
            return row
        raise ConfigError(
            Text.joined(
                Text("no weights are called {given!r}.", given=name),
                nearest(name, [known for known in self.by_name if known[:3] == name[:3]] or self.by_name),
                Text("(list them all with `atalho weights list`)"),
            )
        )

    def matching(self, pattern: str) -> list[PretrainedWeights]:
        """The rows whose name or network fits a shell pattern. Raises ConfigError where none does."""
        rows = [
            row for row in self.rows if any(fnmatchcase(name, pattern) for name in (row.name, row.model, *row.also))
        ]
        if not rows:
            raise ConfigError(
                "no weights match {given!r}. A pattern matches whole names or networks, with * for any part, such as "
                "'*resnet50*'; without one all are listed.",
                given=pattern,
            )
        return rows

    def imagenet(self, model: str) -> PretrainedWeights:
        """The weights that the word imagenet means for a network. Raises ConfigError where there are none."""
        row = self.by_name.get(f"tv:{model}") or next((row for row in self.rows if row.model == model), None)
        if row is None:
            raise ConfigError(
                "there are no ImageNet weights for {model}. Networks with weights: {models}.",
                model=model,
                models=", ".join(dict.fromkeys(row.model for row in self.rows)),
            )
        return row


def read() -> WeightsTable:
    """The table in force. Raises ConfigError where ATALHO_WEIGHTS names a file that is none."""
    return _read(os.environ.get("ATALHO_WEIGHTS") or _OWN)


@cache
def _read(path: str | Path) -> WeightsTable:
    try:
        return checked(WeightsTable, limits.read_json(path, limits.SMALL_JSON))
    except (OSError, ValueError) as error:
        raise ConfigError(
            "Cannot read {path}, the table of weights that ATALHO_WEIGHTS names: {reason}", path=path, reason=error
        ) from error
