"""The drawing of a network's architecture, as the article draws ResNet-34."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from atalho.data.order import several
from atalho.errors import ConfigError
from atalho.inspection.summary import summarise
from atalho.model import Model
from atalho.networks.network import Network
from atalho.networks.select import name_of
from atalho.report import drawing
from atalho.report.drawing import NetworkToDraw
from atalho.report.shown import Drawing
from atalho.runs.network_source import NetworkSource, resolve
from atalho.storage import model_folder
from atalho.text import _
from atalho.text.numbers import whole

MOST_COLUMNS: Final = 8


def draw(
    model: str | Path | Network | Model,
    *,
    beside: str | Path | Network | Model | Sequence[str | Path | Network | Model] = (),
    size: int | None = None,
    unfold: bool = False,
    columns: int = 1,
) -> Drawing:
    """Draw a network's architecture.

    Parameters
    ----------
    model
        A name of the catalogue, a TOML file with a specification, a run or model folder, a network or a loaded model.
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
    Drawing
        An SVG, as text; a notebook shows it as a picture.

    Raises
    ------
    ConfigError
        A name, a size or a number of columns is not accepted.

    Examples
    --------
    >>> atalho.draw("resnet34", columns=2).save("resnet34.svg")
    """
    if not 1 <= columns <= MOST_COLUMNS or (beside and columns > 1):
        raise ConfigError(
            "columns {given}: expected 1 to {most}, or 1 if networks are drawn side by side.",
            given=columns,
            most=MOST_COLUMNS,
        )
    subjects = [_subject(_source(one), size) for one in (model, *several(beside, Network, Model))]
    return Drawing(drawing.draw(subjects, unfold=unfold, columns=columns))


def _source(given: object) -> NetworkSource:
    if isinstance(given, Network):
        return NetworkSource(name_of(given.spec), given.spec, given.spec.plan().usual_side)
    if isinstance(given, Model):
        return NetworkSource(model_folder.name_of(given.folder), given.card.spec, given.card.preprocessing.size)
    if not isinstance(given, str | Path):
        raise ConfigError(
            "Expected the name of a network, a path, a network or a model, not {kind}.", kind=type(given).__name__
        )
    return resolve(str(given))


def _subject(found: NetworkSource, size: int | None) -> NetworkToDraw:
    side = size or found.side
    parameters = summarise(found.spec, (found.spec.in_channels, side, side)).parameters
    note = _("{n} parameters").format(n=whole(parameters))
    return NetworkToDraw(found.spec.plan(), found.name, side, note=note)
