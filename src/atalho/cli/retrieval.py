"""How the figures of re-identification are printed: by `train` at its end, and by `evaluate`."""

from collections.abc import Mapping
from typing import Any

from atalho.cli import terminal, threshold
from atalho.text import _
from atalho.text.numbers import interval, percent, whole

_PRECISIONS = {"map": "mAP", "minp": "mINP"}


def summary(found: Mapping[str, Any]) -> dict[str, Any]:
    """The figures that scripts rely on."""
    return {name: found.get(name) for name in ("rank1", "map", "minp", "valid_queries")}


def say(found: Mapping[str, Any]) -> None:
    """The figures with their intervals, in lines."""
    text = _("{split}: rank-1 {rank1} {interval} · {valid} of {queries} queries have a right answer ({protocol})")
    terminal.say(
        text.format(
            split=terminal.split(found["split"]),
            rank1=percent(found["rank1"]),
            interval=interval(found["rank1_interval"]),
            valid=whole(found["valid_queries"]),
            queries=whole(found["queries"]),
            protocol=found["protocol"],
        )
    )
    terminal.say(_line(found, {"rank5": "rank-5", "rank10": "rank-10", "rank20": "rank-20"} | _PRECISIONS))
    for name, text in (
        ("reranked", _("after k-reciprocal re-ranking (k1 {k1}, k2 {k2}, share {share}):")),
        ("expanded", _("each query averaged with its first {answers} answers:")),
    ):
        if name in found:
            terminal.say(text.format(**found[name]) + " " + _line(found[name], {"rank1": "rank-1"} | _PRECISIONS))
    if "at_threshold" in found:
        threshold.say(found["at_threshold"])


def _line(found: Mapping[str, Any], names: Mapping[str, str]) -> str:
    return " · ".join(
        f"{label} {percent(found[name])} {interval(found[f'{name}_interval'])}" for name, label in names.items()
    )
