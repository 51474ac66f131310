"""The counts of a confusion matrix as a page holds them, once for both languages, to tell what is pointed at."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from atalho.metrics.confusion import Confusion
from atalho.report.figures import CELLS_UP_TO
from atalho.report.markup import Html, el
from atalho.text import _

_MOST: Final = 40_000
"""Cells that are not zero; more would make the page heavy."""


def held(confusion: Confusion) -> bool:
    """Whether the page holds the counts: every class has its own row, and the cells are not too many."""
    return len(confusion) <= CELLS_UP_TO and sum(1 for _cell in confusion.cells()) <= _MOST


def library(classes: Sequence[str], confusion: Confusion) -> Html | None:
    """The counts for the script of the page: the names of the classes, and [true, predicted, count] of each cell."""
    if not held(confusion):
        return None
    content = {"classes": list(classes), "cells": list(confusion.cells())}
    return el("template", json.dumps(content, ensure_ascii=False, separators=(",", ":")), id="confusion-cells")


def readout() -> Html:
    """Where the script tells of the cell that is pointed at."""
    return el(
        "p",
        _("Point at a cell to see its classes."),
        class_="readout screen-only",
        hidden=True,
        data_right=_("{true}: {count} of {images} right"),
        data_wrong=_("{true}, taken for {predicted}: {count} of {images}"),
    )
