"""The columns of a CSV of predictions, as `predict --columns` chooses, orders and renames them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

from atalho.cli import terminal
from atalho.errors import ConfigError

if TYPE_CHECKING:
    from atalho.api.predict import ImagePrediction

_USUAL: Final = ("path", "label", "probability")


class Columns:
    """Headings, and what stands below each in the row of an image."""

    def __init__(self, given: str | None, top: int) -> None:
        """Those of `given` (`id,label`, `image_id=id,label`); without it, the path, `top` classes and the reason.

        Raises ConfigError for a name that there is not, and for one heading twice.
        """
        more = [f"{name}_{place}" for place in range(2, top + 1) for name in ("label", "probability")]
        known = ["id", "file", *_USUAL, *more, "error"]
        if given is None:
            self.chosen = {name: name for name in (*_USUAL, *more, "error")}
            return
        self.chosen = {}
        for part in given.split(","):
            heading, _equals, name = (word.strip() for word in part.rpartition("="))
            heading = heading or name
            if name not in known:
                close = difflib.get_close_matches(name, known, n=1)
                raise ConfigError(
                    "--columns {given}: there is no column {name}. Accepted, separated by commas, and renamed with "
                    "NEW=NAME: {names}.",
                    given=given,
                    name=repr(name),
                    names=", ".join([*close, *(other for other in known if other not in close)]),
                )
            if heading in self.chosen:
                raise ConfigError("--columns {given}: {name} is there twice.", given=given, name=heading)
            self.chosen[heading] = name

    @property
    def headings(self) -> list[str]:
        """The first row."""
        return list(self.chosen)

    @property
    def tells_errors(self) -> bool:
        """Whether a column says why an image could not be read."""
        return "error" in self.chosen.values()

    def refuse_same_ids(self, paths: Iterable[str]) -> None:
        """Raises ConfigError where a column of ids would have one of them twice."""
        if "id" not in self.chosen.values():
            return
        seen: dict[str, str] = {}
        for path in paths:
            first = seen.setdefault(_id(path), path)
            if first != path:
                raise ConfigError(
                    "{first} and {second} have the same id, {id}: an id is a file's name without its suffix. Use the "
                    "column path or file instead.",
                    first=first,
                    second=path,
                    id=_id(path),
                )

    def cells(self, row: ImagePrediction) -> list[str]:
        """The row of one image; empty cells where there is no prediction."""
        # A file that is called like a formula keeps a name that opens it.
        path = f"./{row.path}" if row.path.startswith(terminal.FORMULAS) else row.path
        values = {"path": path, "id": _id(row.path), "file": PurePath(row.path).name, "error": row.error or ""}
        if row.prediction is not None:
            for place, (label, share) in enumerate(row.prediction.top, start=1):
                suffix = "" if place == 1 else f"_{place}"
                values |= {f"label{suffix}": label, f"probability{suffix}": f"{share:.6f}"}
        return [values.get(name, "") for name in self.chosen.values()]


def asked_for(columns: str | None) -> int:
    """How many classes a row needs for the columns of `columns`: 3 for label_3."""
    names: Sequence[str] = [part.rpartition("=")[2].strip() for part in (columns or "").split(",")]
    places = [name.rpartition("_")[2] for name in names if name.startswith(("label_", "probability_"))]
    return max([1, *(int(place) for place in places if place.isascii() and place.isdigit() and len(place) < 6)])


def _id(path: str) -> str:
    """The name of the file without its suffix; of an image in a Parquet file, whose row is all that tells it, whole."""
    name = PurePath(path)
    return name.name if "#" in name.suffix else name.stem
