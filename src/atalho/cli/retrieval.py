"""How the figures of re-identification are printed: by `train` at its end, and by `evaluate`."""

from collections.abc import Mapping
from typing import Any

from atalho.cli import terminal
from atalho.locale import _


def summary(found: Mapping[str, Any]) -> dict[str, Any]:
    """The figures that scripts rely on."""
    return {name: found.get(name) for name in ("rank1", "map", "minp", "valid_queries")}


def say(found: Mapping[str, Any]) -> None:
    """The figures with their intervals, in lines."""
    text = _("{split}: rank-1 {rank1} {interval} · {valid} of {queries} queries have a right answer ({protocol})")
    terminal.say(
        text.format(
            split=_(found["split"]),
            rank1=terminal.percent(found["rank1"]),
            interval=terminal.interval(found["rank1_interval"]),
            valid=found["valid_queries"],
            queries=found["queries"],
            protocol=found["protocol"],
        )
    )
    names = {"rank5": "rank-5", "rank10": "rank-10", "rank20": "rank-20", "map": "mAP", "minp": "mINP"}
    parts = (
        f"{label} {terminal.percent(found[name])} {terminal.interval(found[f'{name}_interval'])}"
        for name, label in names.items()
    )
    terminal.say(" · ".join(parts))
