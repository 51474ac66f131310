"""Classes: too few images, none in a split, far fewer than the others, or grey where the others have colour."""

import unicodedata
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from atalho.data.doctor.problem import Problem
from atalho.data.manifest import Ids, Manifest
from atalho.text import Text, ntext
from atalho.text.numbers import percent

IMBALANCED: Final = 3.0  # largest over smallest class from which a reader should know
FEW: Final = 3  # images of a class below which neither training nor a figure means anything
_GREY_APART: Final = 0.5  # difference of shares


def problems(manifest: Manifest, colourless: NDArray[np.bool_]) -> Iterator[Problem]:
    """What the classes of a manifest without its bad images have; `colourless` (N) says which images are grey."""
    used = np.concatenate(list(manifest.splits.values()) or [np.empty(0, np.int64)])
    totals = np.bincount(manifest.labels[used], minlength=len(manifest.classes))
    counts = {split: manifest.counts(split) for split in manifest.splits}
    training = manifest.counts("train")
    by_class = used[manifest.labels[used].argsort(kind="stable")]
    every = np.unique(used)
    grey = int(colourless[every].sum())
    for label, (name, members) in enumerate(
        zip(manifest.classes, np.split(by_class, totals.cumsum()[:-1]), strict=True)
    ):
        if training[label] == 0:
            text = Text("the class {name} has no training image that can be read")
            remedy = Text("Add training images of this class, fix the existing ones, or remove the class.")
            yield Problem("class-unreadable", text.format(name=name), remedy)
        elif totals[label] == 1:
            text = Text("the only image of the class {name}: none is left to test this class")
            remedy = Text("Add images of this class, 20 or more if possible, or merge it with another class.")
            yield Problem("single-image", text.format(name=name), remedy, manifest.names[members[0]])
        else:
            yield from _missing(name, {split: int(images[label]) for split, images in counts.items()})
        if 0 < len(members) < len(used):
            own = np.unique(members)
            others = (grey - int(colourless[own].sum())) / (len(every) - len(own))
            yield from _grey(name, colourless[members].mean(), others)
    yield from _few(manifest, totals)
    yield from _alike(manifest)
    yield from _imbalance(manifest, training)


def _few(manifest: Manifest, totals: Ids) -> Iterator[Problem]:
    few = np.flatnonzero((totals > 1) & (totals < FEW))
    if len(few):
        text = ntext(
            "{count} class has fewer than {few} images, such as {name} with {images}: too few to learn it and to "
            "measure it",
            "{count} classes have fewer than {few} images, such as {name} with {images}: too few to learn them and to "
            "measure them",
            len(few),
        )
        least = few[totals[few].argmin()]
        remedy = Text("Add images of these classes, 20 or more if you can, or merge them with others.")
        text = text.format(count=len(few), few=FEW, name=manifest.classes[least], images=int(totals[least]))
        yield Problem("few-images", text, remedy)


def _alike(manifest: Manifest) -> Iterator[Problem]:
    """Names that differ by case, blanks or forms of the same characters."""
    seen: dict[str, str] = {}
    for name in manifest.classes:
        key = " ".join(unicodedata.normalize("NFKC", name).casefold().split())
        if key in seen:
            text = Text("the classes {first} and {second} have names that look alike", first=seen[key], second=name)
            remedy = Text("Put their images into one folder, or give one of them another name.")
            yield Problem("alike-classes", text, remedy)
        seen.setdefault(key, name)


def _missing(name: str, counts: dict[str, int]) -> Iterator[Problem]:
    for split, images in counts.items():
        if split != "train" and not images:
            text = Text("the class {name} has no image in {split}").format(name=name, split=split)
            remedy = Text("Move some images of this class there; without any, it is not evaluated.")
            yield Problem("missing-in-split", text, remedy)


def _grey(name: str, share: float, others: float) -> Iterator[Problem]:
    if abs(share - others) > _GREY_APART:
        text = Text(
            "{share} of the images of {name} are greyscale, but {others} of the others: that alone gives the class away"
        )
        remedy = Text(
            "Convert all images to greyscale, or give every class both kinds; otherwise the network learns "
            "the colour, not the object."
        )
        shares = {"share": percent(share, 0), "others": percent(others, 0)}
        yield Problem("grey-class", text.format(name=name, **shares), remedy)


def _imbalance(manifest: Manifest, training: Ids) -> Iterator[Problem]:
    if not len(training) or training.min() == 0 or training.max() < IMBALANCED * training.min():
        return
    largest, smallest = int(training.argmax()), int(training.argmin())
    text = Text("{largest} has {many} training images, {smallest} has {few}").format(
        largest=manifest.classes[largest],
        many=training[largest],
        smallest=manifest.classes[smallest],
        few=training[smallest],
    )
    remedy = Text(
        "Add images of the small classes, train with --training.class-weights balanced, and look at macro F1."
    )
    yield Problem("imbalance", text, remedy)
