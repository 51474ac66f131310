"""The drawing of a network's architecture, as the article draws ResNet-34."""

from collections.abc import Sequence
from typing import Final

from atalho.data.order import several
from atalho.errors import ConfigError
from atalho.inspection.summary import summarise
from atalho.report import drawing
from atalho.report.drawing import NetworkToDraw
from atalho.runs.network_source import NetworkSource, resolve
from atalho.text import _
from atalho.text.numbers import whole

MOST_COLUMNS: Final = 8


def draw(
    model: str,
    *,
    beside: str | Sequence[str] = (),
    size: int | None = None,
    unfold: bool = False,
    columns: int = 1,
) -> str:
    """Draw a network's architecture.

    Parameters
    ----------
    model
        A name of the catalogue, a TOML file with a specification, or a run or model folder.
    beside
        More of these, drawn next to it, stage by stage on the same lines.
    size
        The side of the images in pixels.
    unfold
        Draw every block, instead of folding long repeats.
    columns
        Break the drawing of a single network between stages.

    Returns
    -------
    str
        An SVG.

    Raises
    ------
    ConfigError
        A name, a size or a number of columns is not accepted.

    Examples
    --------
    >>> Path("resnet34.svg").write_text(atalho.draw("resnet34", columns=2))
    """
    if not 1 <= columns <= MOST_COLUMNS or (beside and columns > 1):
        raise ConfigError(
            "columns {given}: expected 1 to {most}, or 1 if networks are drawn side by side.",
            given=columns,
            most=MOST_COLUMNS,
        )
    subjects = [_subject(resolve(word), size) for word in (model, *several(beside))]
    return str(drawing.draw(subjects, unfold=unfold, columns=columns))


def _subject(found: NetworkSource, size: int | None) -> NetworkToDraw:
    side = size or found.side
    parameters = summarise(found.spec, (found.spec.in_channels, side, side)).parameters
    note = _("{n} parameters").format(n=whole(parameters))
    return NetworkToDraw(found.spec.plan(), found.name, side, note=note)
