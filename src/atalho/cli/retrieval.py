"""How the figures of re-identification are printed: by `train` at its end, and by `evaluate`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from atalho.cli import terminal, threshold
from atalho.text import _
from atalho.text.numbers import whole, with_interval

if TYPE_CHECKING:
    from atalho.metrics.retrieval_figures import RetrievalFigures
    from atalho.tasks.reidentification.evaluation import ReidentificationEvaluation

_PRECISIONS = {"map": "mAP", "minp": "mINP"}


def say(found: ReidentificationEvaluation) -> None:
    """The figures with their intervals, in lines."""
    text = _("{split}: rank-1 {rank1} · {valid} of {queries} queries have a right answer ({protocol})")
    terminal.say(
        text.format(
            split=terminal.split(found.split),
            rank1=with_interval(*found.figure("rank1")),
            valid=whole(found.valid_queries),
            queries=whole(found.queries),
            protocol=found.protocol,
        ),
        found.precision,
    )
    terminal.say(_line(found, {"rank5": "rank-5", "rank10": "rank-10", "rank20": "rank-20"} | _PRECISIONS))
    for way, text in (
        (found.reranked, _("after k-reciprocal re-ranking (k1 {k1}, k2 {k2}, lambda {share}):")),
        (found.expanded, _("after averaging each query with its first {answers} answers:")),
    ):
        if way is not None:
            terminal.say(text.format(**vars(way)) + " " + _line(way, {"rank1": "rank-1"} | _PRECISIONS))
    if found.at_threshold is not None:
        threshold.say(found.at_threshold)


def _line(found: RetrievalFigures, names: Mapping[str, str]) -> str:
    return " · ".join(f"{label} {with_interval(*found.figure(name))}" for name, label in names.items())
