"""What every layout gives: one row per image, before classes become numbers and missing splits are made."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from atalho import limits
from atalho.data.manifest import Ids
from atalho.errors import DataError
from atalho.text import Text


@dataclass
class Listing:
    """Rows of (name, class, split); split is "" where the layout has none. `empty` holds (split, class) pairs.

    `unlabelled` are splits whose images have no labels: they are left alone. For re-identification the classes are
    identities, each row has a camera, "" where it is unknown, and query and gallery, parts of test, are splits too.
    """

    root: Path
    layout: str
    names: list[str] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)
    splits: list[str] = field(default_factory=list)
    cameras: list[str] = field(default_factory=list)
    empty: list[tuple[str, str]] = field(default_factory=list)
    unlabelled: list[str] = field(default_factory=list)
    notes: list[Text] = field(default_factory=list)
    pixels: NDArray[np.uint8] | None = None

    def add(self, names: list[str], class_name: str, split: str, camera: str = "") -> None:
        """Append images of one class, one split and one camera."""
        self.names += names
        self.classes += [class_name] * len(names)
        self.splits += [split] * len(names)
        self.cameras += [camera] * len(names)

    def ids(self, split: str) -> Ids:
        """The images of a split, by their place."""
        return np.array([number for number, given in enumerate(self.splits) if given == split], dtype=np.int64)


def read_names(path: Path) -> list[str]:
    """The class names in a text file, one a line. Raises DataError where it is not text in UTF-8."""
    try:
        lines = limits.read_text(path, limits.NAMES).splitlines()
    except UnicodeDecodeError as error:
        raise DataError("{path} is not UTF-8 text; save it as UTF-8: {reason}", path=path, reason=error) from error
    except (OSError, ValueError) as error:
        raise DataError("Cannot read {path}: {reason}", path=path, reason=error) from error
    return [line.strip() for line in lines if line.strip()]
