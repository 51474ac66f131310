"""What a run keeps of images that are there more than once, across splits or classes. No torch here."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from atalho.data.manifest import Ids, Manifest
from atalho.text.numbers import nwhole


@dataclass(frozen=True)
class LeftOut:
    """Images in no split, because another split holds the same or almost the same: ids by the split that they left.

    `before` is the fingerprint of the images as they were read, before any left.
    """

    before: str
    images: Mapping[str, tuple[int, ...]]

    @property
    def ids(self) -> tuple[int, ...]:
        """All of them."""
        return tuple(number for ids in self.images.values() for number in ids)

    @property
    def count(self) -> int:
        """How many they are."""
        return len(self.ids)

    def apart(self, manifest: Manifest) -> Manifest:
        """`manifest`, as it was read, without them."""
        return manifest.without(self.ids)


@dataclass(frozen=True)
class DuplicateFigures:
    """How many images are also in another split or class, the same or almost, as doctor counts them.

    What is almost the same is None where it was not looked for. `measured` are those among the images that an accuracy
    is of, `left_out` those that `data.fix_leaks` took out of training or validation.
    """

    same_in_splits: int
    same_in_classes: int
    measured: int
    left_out: int = 0
    similar_in_splits: int | None = None
    similar_in_classes: int | None = None

    def measured_told(self) -> Iterator[str]:
        """What must be said of an accuracy on images of which some are in another split too."""
        if self.measured:
            yield nwhole(
                "{n} of these images is in another split too, the same or almost. --fix-leaks keeps copies in one.",
                "{n} of these images are in another split too, the same or almost. --fix-leaks keeps copies in one.",
                self.measured,
            )

    def others_told(self) -> Iterator[str]:
        """What else there is to say: copies that were left out, and those in two classes."""
        if self.left_out:
            yield nwhole(
                "--fix-leaks left {n} copy out of training and validation.",
                "--fix-leaks left {n} copies out of training and validation.",
                self.left_out,
            )
        if count := self.same_in_classes + (self.similar_in_classes or 0):
            yield nwhole(
                "{n} image is in two classes, the same or almost: one label is wrong, or it shows both.",
                "{n} images are in two classes, the same or almost: one label is wrong, or they show both.",
                count,
            )


@dataclass(frozen=True)
class Duplicates:
    """The duplicates of a run: how many of each kind of doctor's, which images of val and test have copies elsewhere.

    A kind that was not looked for is not there. `examples` are the names of a few pairs.
    """

    counts: Mapping[str, int]
    copies: tuple[int, ...] = ()
    examples: tuple[tuple[str, str], ...] = ()
    left_out: LeftOut | None = None

    @property
    def ids(self) -> tuple[int, ...]:
        """All images that it names by their ids."""
        return (*self.copies, *(self.left_out.ids if self.left_out is not None else ()))

    def figures(self, ids: Ids) -> DuplicateFigures:
        """What is said of them beside an accuracy on the images `ids`."""
        return DuplicateFigures(
            same_in_splits=self.counts.get("same-in-splits", 0),
            same_in_classes=self.counts.get("same-in-classes", 0),
            measured=int(np.isin(ids, self.copies).sum()),
            left_out=self.left_out.count if self.left_out is not None else 0,
            similar_in_splits=self.counts.get("similar-in-splits"),
            similar_in_classes=self.counts.get("similar-in-classes"),
        )


def figures_of(found: Duplicates | None, ids: Ids) -> DuplicateFigures | None:
    """`found.figures(ids)`; None where nobody looked for duplicates."""
    return None if found is None else found.figures(ids)
