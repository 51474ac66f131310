"""The classes of a split without class folders, where a file says them: the flat val/ of ImageNet and Tiny ImageNet.

Each line is an image's name and its class (LOC_val_solution.csv, val_annotations.txt), or a class alone, in the order
of the images' names. What a file says counts only where its names are those of the images and its classes are known.
"""

import os
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from atalho import limits
from atalho.data.layouts.scan import list_folder
from atalho.data.layouts.split_names import same
from atalho.text import Text

_SUFFIXES: Final = (".txt", ".csv", ".tsv")
_SOLUTION: Final = "LOC_val_solution.csv"  # Kaggle's ILSVRC has it beside the folder ILSVRC, the images in Data/CLS-LOC
_ABOVE: Final = 3
_BETWEEN: Final = re.compile(r"[\s,;]+")


@dataclass(frozen=True)
class GroundTruth:
    """The class of each image that a file names. A file of numbers in ILSVRC's own order has `numbers` and no class."""

    file: str
    classes: dict[str, str]
    numbers: bool = False


def find(root: Path, place: str, images: Sequence[str], known: Collection[str]) -> GroundTruth | None:
    """What says the classes of `images`, whose names begin with the folder `place` of `root`; None where nothing does.

    `known` are the classes of the training folders.
    """
    files = [
        *(root / place / name for name in list_folder(root / place).others),
        *(root / name for name in list_folder(root).others),
        *(above / _SOLUTION for above in list(root.absolute().parents)[:_ABOVE]),
    ]
    numbered = None
    for file in files:
        if file.suffix.lower() in _SUFFIXES and os.path.isfile(file):  # noqa: PTH113 (no error for an odd name)
            truth = _read(file, images, known)
            if truth is not None and not truth.numbers:
                return truth
            numbered = numbered or truth
    return numbered


def _read(file: Path, images: Sequence[str], known: Collection[str]) -> GroundTruth | None:
    by_name = {_stem(name): name for name in images}
    classes: dict[str, str] = {}
    alone: list[str] = []
    try:
        lines = limits.read(file, limits.NAMES).decode(errors="replace").splitlines()
    except (OSError, ValueError):  # not every text beside the images is about them
        return None
    for line in lines:
        first, *rest = _BETWEEN.split(line.strip())
        if not rest and first:
            alone.append(first)
        elif (name := by_name.get(_stem(first))) and same(rest[0]) in known:
            classes[name] = rest[0]
    if 2 * len(classes) > len(images):
        return GroundTruth(file.name, classes)
    if len(alone) != len(images):
        return None
    if {same(name) for name in alone} <= set(known):
        return GroundTruth(file.name, dict(zip(sorted(images), alone, strict=True)))
    return GroundTruth(file.name, {}, numbers=True) if all(map(str.isdecimal, alone)) else None


def _stem(name: str) -> str:
    return os.path.splitext(os.path.basename(name))[0]  # noqa: PTH119, PTH122 (for every line)


def note(truth: GroundTruth, split: str, images: int) -> Text:
    """What is said of a split whose classes a file was to say."""
    if truth.numbers:
        return Text(
            "{file} numbers the classes in an order that only meta.mat of ILSVRC's development kit tells. For labels "
            "of {split}, put {solution} beside it, or its images into class folders.",
            file=truth.file,
            split=split,
            solution=_SOLUTION,
        )
    if missing := images - len(truth.classes):
        return Text(
            "{split}: its classes are in {file}; {count} images are not in it: left out",
            split=split,
            file=truth.file,
            count=missing,
        )
    return Text("{split}: its classes are in {file}", split=split, file=truth.file)
