"""Few images: to learn from, to measure a class on, or to calibrate on."""

import math
from collections.abc import Iterator
from typing import Final

import numpy as np

from atalho.config import CALIBRATION_IMAGES, SMALL_IMAGE
from atalho.data.decoding.survey import Survey
from atalho.data.doctor.balance import FEW as NEXT_TO_NONE
from atalho.data.doctor.problem import Problem
from atalho.data.manifest import Ids, Manifest
from atalho.text import Text, ntext

FEW: Final = 200
"""Training images a class, on average, below which starting from trained weights is worth a try."""
TO_LEARN: Final = 20
"""Training images of a class below which it is hardly learned."""
TO_MEASURE: Final = 10
"""Test images of a class below which its figures say next to nothing."""
_Z: Final = 1.96  # of a 95% interval


def problems(manifest: Manifest, surveyed: Survey) -> Iterator[Problem]:
    """Classes with few training or test images, few validation images, and few images altogether."""
    every = np.concatenate(list(manifest.splits.values()) or [np.empty(0, np.int64)])
    totals = np.bincount(manifest.labels[every], minlength=len(manifest.classes))
    # Classes with next to none are told of by themselves.
    training, told = manifest.counts("train"), totals < NEXT_TO_NONE
    if len(few := np.flatnonzero((training > 0) & (training < TO_LEARN) & ~told)):
        text = ntext(
            "{count} class has fewer than {least} training images, such as {name} with {images}",
            "{count} classes have fewer than {least} training images, such as {name} with {images}",
            len(few),
        )
        remedy = Text("Add images, or merge such classes with others; until then, expect mistakes in them.")
        yield Problem("few-training", text.format(**_least(manifest, few, training, TO_LEARN)), remedy)
    tested = manifest.counts("test") if "test" in manifest.splits else np.zeros_like(training)
    if len(few := np.flatnonzero((tested > 0) & (tested < TO_MEASURE) & ~told)):
        text = ntext(
            "{count} class has fewer than {least} test images, such as {name} with {images}, on which its recall is "
            "known to within ±{points} percentage points",
            "{count} classes have fewer than {least} test images, such as {name} with {images}, on which its recall is "
            "known to within ±{points} percentage points",
            len(few),
        )
        remedy = Text("Move or add images to test. Accuracy over all classes has its own, narrower interval.")
        points = round(100 * _half_width(int(tested[few].min())))
        yield Problem("few-test", text.format(**_least(manifest, few, tested, TO_MEASURE), points=points), remedy)
    validation = len(manifest.splits.get("val", ()))
    if 0 < validation < CALIBRATION_IMAGES:
        text = ntext(
            "{count} validation image: probabilities are not calibrated on fewer than {least}",
            "{count} validation images: probabilities are not calibrated on fewer than {least}",
            validation,
        )
        remedy = Text("Add validation images, or set apart a larger share: --data.val-fraction 0.2")
        yield Problem("few-validation", text.format(count=validation, least=CALIBRATION_IMAGES), remedy)
    if (found := problem(manifest, surveyed)) is not None:
        yield found


def _least(manifest: Manifest, few: Ids, counts: Ids, least: int) -> dict[str, object]:
    """What a message says of the classes `few`: how many, and the one with the fewest images."""
    worst = few[counts[few].argmin()]
    return {"count": len(few), "least": least, "name": manifest.classes[worst], "images": int(counts[worst])}


def _half_width(images: int) -> float:
    """Half of the Wilson interval of a share of one half, where it is widest."""
    return _Z / (2 * math.sqrt(images + _Z**2))


def problem(manifest: Manifest, surveyed: Survey) -> Problem | None:
    """The advice to start from trained weights; None where images are many, or too small for published weights."""
    classes = int(np.count_nonzero(manifest.counts("train")))
    each = len(manifest.splits["train"]) / max(classes, 1)
    sides = np.minimum(surveyed.widths, surveyed.heights)
    if not 0 < each < FEW or np.median(sides) <= SMALL_IMAGE:
        return None
    return Problem(
        "few-to-start",
        Text("about {each} training images a class: few to learn from without trained weights", each=round(each)),
        Text("Start from trained weights: --model resnet18 --from imagenet, or --from with a run on similar images."),
    )


def advice(manifest: Manifest, surveyed: Survey) -> Text | None:
    """The same as one line."""
    found = problem(manifest, surveyed)
    return None if found is None else Text.joined(found.message, found.remedy, by=". ")
