"""What became of foreign weights: a model folder, what was recognised in them, and what was assumed and why."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from atalho.api import weights_check
from atalho.config import TaskName
from atalho.findings import Finding
from atalho.json_values import JsonObject
from atalho.networks import weights
from atalho.stored import to_json
from atalho.text import N_, Text, _
from atalho.text.numbers import number, whole

_OPTIONS: Final = {"stem": N_("stem"), "last_stride": N_("last stride"), "halving": N_("halving")}


@dataclass(frozen=True)
class Assumed:
    """A value and where it comes from."""

    value: Any
    source: Text


@dataclass(frozen=True, repr=False)
class Imported(Finding):
    """A model folder that was made of foreign weights, and what was found and assumed. It is a path wherever one is."""

    folder: Path
    layout: str
    prefix: str
    """What stood before the names."""
    network: str
    task: TaskName
    head: Text
    """What was done with the head of the weights."""
    classes: Assumed
    """How many, 0 for none."""
    mean: Assumed
    std: Assumed
    size: Assumed
    resize: Assumed
    interpolation: Assumed
    structure: tuple[tuple[str, Assumed], ...]
    """What names cannot tell: stem, last stride and so on, by the option that says it."""
    left_out: tuple[str, ...]
    """Names of the weights that were not used."""
    check: weights_check.Agreement | None = None

    def __fspath__(self) -> str:
        return str(self.folder)

    def shown(self) -> Iterator[tuple[str, str]]:
        under = _("{layout}, under {prefix}") if self.prefix else "{layout}"
        yield _("layout"), under.format(layout=self.layout, prefix=self.prefix)
        yield _("network"), self.network
        yield _("head"), str(self.head)
        yield _("task"), self.task
        for name, found in (
            (_("classes"), self.classes),
            ("mean", self.mean),
            ("std", self.std),
            (_("size"), self.size),
            (_("resized to"), self.resize),
            (_("interpolation"), self.interpolation),
            *((_(_OPTIONS[option]), found) for option, found in self.structure),
        ):
            yield name, f"{_shown(found.value)} ({found.source})"
        if self.left_out:
            yield _("left out"), str(weights.first_few(self.left_out))
        if self.check is not None:
            yield _("check"), str(self.check.text)
        yield _("model folder"), str(self.folder)

    def to_dict(self) -> JsonObject:
        assumed = {
            "classes": self.classes,
            "mean": self.mean,
            "std": self.std,
            "size": self.size,
            "resize": self.resize,
            "interpolation": self.interpolation,
            **dict(self.structure),
        }
        values: JsonObject = {
            "model": str(self.folder),
            "layout": self.layout,
            "prefix": self.prefix,
            "network": self.network,
            "task": self.task,
            "head": str(self.head),
            "left_out": list(self.left_out),
        }
        told = {name: {"value": to_json(found.value), "source": str(found.source)} for name, found in assumed.items()}
        check = {} if self.check is None else {"check": self.check.to_dict()}
        return values | told | check


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return " ".join(number(part, 3) for part in value)
    return whole(value) if isinstance(value, int) else str(value)
