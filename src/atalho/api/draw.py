"""The drawing of a network's architecture, as the article draws ResNet-34."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from atalho.errors import ConfigError
from atalho.inspection.summary import summarise
from atalho.report.drawing import NetworkToDraw, draw_beside
from atalho.runs.network_source import NetworkSource, resolve
from atalho.text import Text, _
from atalho.text.numbers import whole

MOST_COLUMNS: Final = 8


def draw(
    model: str,
    *,
    beside: Sequence[str] = (),
    size: int | None = None,
    unfold: bool = False,
    columns: int = 1,
) -> str:
    """SVG of a network: a name of the catalogue, a TOML file with a specification, or a run or model folder.

    Those in `beside` are drawn next to it, stage by stage on the same lines. `size` is the side of the images in
    pixels. Long repeats are folded unless `unfold`; `columns` breaks the drawing of a single network between stages.
    Raises ConfigError for names, sizes or columns that are not accepted.
    """
    if not 1 <= columns <= MOST_COLUMNS or (beside and columns > 1):
        raise ConfigError(
            Text(
                "columns {given}: accepted are 1 to {most}, and 1 where networks stand beside each other.",
                given=columns,
                most=MOST_COLUMNS,
            )
        )
    subjects = [_subject(resolve(word), size) for word in (model, *beside)]
    return str(draw_beside(subjects, unfold=unfold, columns=columns))


def _subject(found: NetworkSource, size: int | None) -> NetworkToDraw:
    side = size or found.side
    parameters = summarise(found.spec, (found.spec.in_channels, side, side)).parameters
    note = _("{n} parameters").format(n=whole(parameters))
    return NetworkToDraw(found.spec.plan(), found.name, side, note=note)
