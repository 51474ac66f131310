"""What single images look like beside the others: size, shape, colour, kind of file."""

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from atalho.data.decoding.survey import Survey
from atalho.data.decoding.traits import SUFFIXES, Trait, format_of
from atalho.data.doctor.problem import Problem
from atalho.data.doctor.small import Small
from atalho.data.manifest import Ids, Manifest
from atalho.text import N_, Text
from atalho.text.numbers import percent

LONG: Final = 3.0  # longer over shorter side from which the middle square shows too little
_FAR: Final = 4.0  # times smaller than the median
_LEVELS: Final = 4  # of grey between the darkest and the brightest pixel of an image of one colour
_MINORITY: Final = 0.5
_FLAGS: Final = {
    Trait.CMYK: (
        "cmyk",
        N_("print colours (CMYK), converted without a colour profile"),
        N_("If colours matter, save it as RGB with a program that applies its profile."),
    ),
    Trait.SIXTEEN_BIT: (
        "16-bit",
        N_("16 bits per channel, of which the upper 8 are used"),
        N_("If its value range is narrow, stretch it to the full range and save with 8 bits."),
    ),
    Trait.SEVERAL: (
        "animated",
        N_("several images in one file; only the first is used"),
        N_("Save the ones that matter as separate images."),
    ),
}


def problems(manifest: Manifest, survey: Survey, small: Small) -> Iterator[Problem]:
    """Sizes and shapes, images of one colour, grey among colour (or colour among grey), and what the files are."""
    good = small.good
    if not len(good):
        return
    yield from _mixed(survey, good)
    yield from _sizes(manifest, survey, good)
    yield from _shapes(manifest, survey, good)
    levels = small.grey[good].max(axis=(1, 2)) - small.grey[good].min(axis=(1, 2))
    yield from _each(
        manifest,
        good[(levels < _LEVELS) & small.colourless[good]],
        "blank",
        Text("its centre is a single shade of grey: there is nothing to see"),
        Text("Look at it; if it is a placeholder for a missing image, remove it."),
    )
    yield from _colour(manifest, small, good)
    if len(survey.traits):
        yield from _traits(manifest, survey.traits, good)


def _mixed(survey: Survey, good: Ids) -> Iterator[Problem]:
    """What happens to images of different sizes, which need not be made equal by hand."""
    sides = np.stack([survey.widths[good], survey.heights[good]], axis=1)
    sizes = np.unique(sides, axis=0)
    if len(sizes) == 1:
        return
    areas = sizes.astype(np.int64).prod(axis=1)
    smallest, largest = (f"{width} × {height}" for width, height in sizes[[areas.argmin(), areas.argmax()]].tolist())
    kept = np.median(sides.min(axis=1) / sides.max(axis=1))
    text = Text(
        "{count} different sizes, from {smallest} to {largest} pixels: the central square of each is taken, {share} of "
        "a typical image, and resized to one side for all",
        count=len(sizes),
        smallest=smallest,
        largest=largest,
        share=percent(kept, 0),
    )
    remedy = Text(
        "Nothing to do unless what matters lies outside that square: then crop to it. Another side: --data.size"
    )
    yield Problem("mixed-sizes", text, remedy)


def _sizes(manifest: Manifest, survey: Survey, good: Ids) -> Iterator[Problem]:
    short = np.minimum(survey.widths, survey.heights)
    median = float(np.median(short[good]))

    def message(number: int) -> Text:
        return Text(
            "{width} × {height} pixels, while half of the images have at least {median} on the shorter side",
            width=survey.widths[number], height=survey.heights[number], median=round(median),
        )  # fmt: skip

    remedy = Text("It is enlarged to the size of the others and looks blurred. Replace it with a larger version.")
    yield from _each(manifest, good[short[good] * _FAR < median], "size", message, remedy)


def _shapes(manifest: Manifest, survey: Survey, good: Ids) -> Iterator[Problem]:
    short, long = np.minimum(survey.widths, survey.heights), np.maximum(survey.widths, survey.heights)

    def message(number: int) -> Text:
        return Text(
            "{width} × {height} pixels: the network sees the central square, {share} of it",
            width=survey.widths[number], height=survey.heights[number], share=percent(short[number] / long[number], 0),
        )  # fmt: skip

    remedy = Text("Crop it to its subject, or split it into several images.")
    yield from _each(manifest, good[long[good] >= LONG * short[good]], "aspect", message, remedy)


def _colour(manifest: Manifest, small: Small, good: Ids) -> Iterator[Problem]:
    grey = small.colourless[good]
    if grey.mean() <= _MINORITY:
        text, odd = Text("greyscale, while most images have colour"), good[grey]
    else:
        text, odd = Text("in colour, while most images are greyscale"), good[~grey]
    remedy = Text(
        "Both are read as colour images. Fine if every class has both; otherwise convert all images to greyscale."
    )
    yield from _each(manifest, odd, "grey", text, remedy)


def _traits(manifest: Manifest, traits: NDArray[np.uint8], good: Ids) -> Iterator[Problem]:
    for flag, (kind, text, remedy) in _FLAGS.items():
        yield from _each(manifest, good[(traits[good] & flag) > 0], kind, Text(text), Text(remedy))

    def suits(number: int) -> bool:
        suffix = manifest.path(number).suffix.lower()
        return suffix in SUFFIXES[format_of(traits[number])] or not any(suffix in known for known in SUFFIXES.values())

    odd = np.array([number for number in good.tolist() if not suits(number)], dtype=np.int64)
    yield from _each(
        manifest,
        odd,
        "suffix",
        lambda number: Text("its content is {format}", format=format_of(traits[number])),
        Text("Atalho goes by the content, but other programs may fail. Rename the file."),
    )


def _each(
    manifest: Manifest, numbers: Ids, kind: str, message: Text | Callable[[int], Text], remedy: Text
) -> Iterator[Problem]:
    for number in numbers.tolist():
        said = message if isinstance(message, Text) else message(number)
        yield Problem(kind, said, remedy, manifest.names[number])
