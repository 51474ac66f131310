"""Few photographs to learn from: a network that was trained on others knows most of what they would have to teach."""

from typing import Final

import numpy as np

from atalho.config import SMALL_IMAGE
from atalho.data.decoding.survey import Survey
from atalho.data.doctor.problem import Problem
from atalho.data.manifest import Manifest
from atalho.text import Text

FEW: Final = 200
"""Training images a class, on average, below which starting from trained weights is worth a try."""


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
