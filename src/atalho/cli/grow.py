"""`atalho grow`: a trained model made deeper, with the function that it has."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter, Token

from atalho.cli import options, terminal
from atalho.text import N_, _

if TYPE_CHECKING:
    from atalho.surgery.growth import At


def _counts(_kind: Any, tokens: Sequence[Token]) -> tuple[int, ...]:
    """Whole numbers with blanks or commas between them."""
    return tuple(int(part) for token in tokens for part in token.value.split(",") if part.strip())


def _names(_kind: Any, tokens: Sequence[Token]) -> tuple[str, ...]:
    return tuple(part.strip() for token in tokens for part in token.value.split(",") if part.strip())


Counts = Annotated[tuple[int, ...], Parameter(converter=_counts, consume_multiple=True, negative="")]
Names = Annotated[tuple[str, ...], Parameter(converter=_names, consume_multiple=True, negative="")]


def grow(
    run: Annotated[str, Parameter(help=N_("run, model folder or name of pretrained weights"))],
    /,
    *images: Annotated[
        str, Parameter(help=N_("files, folders or globs to compare both networks on; default: the run's own"))
    ],
    out: Annotated[Path, Parameter(help=N_("model folder to create"))],
    to: Annotated[
        str | None, Parameter(help=N_("network of the catalogue that differs in its blocks alone, such as resnet34"))
    ] = None,
    blocks: Annotated[Counts | None, Parameter(help=N_("blocks of each stage instead, such as 3,4,6,5"))] = None,
    layers: Annotated[
        Counts | None, Parameter(help=N_("dense networks: layers of each dense block, such as 7,14,26,18"))
    ] = None,
    kind: Annotated[
        Literal["silent", "copy", "random", "plain-copy"],
        Parameter(
            help=N_(
                "new blocks: silent, or copies of their neighbours, which keep the function; random and plain-copy "
                "change it"
            )
        ),
    ] = "silent",
    at: Annotated[
        Names, Parameter(help=N_("where new blocks go: end or spread, or behind the blocks of these names"))
    ] = ("end",),
    json: options.JSON = False,
) -> int:
    """Parse, call `atalho.grow_model`, print."""
    from atalho.api import grow as job

    place: At = at[0] if len(at) == 1 and at[0] in ("end", "spread") else at
    with terminal.TerminalProgress() as progress:
        grown = job.grow_model(
            run,
            images or None,
            out=out,
            to=to,
            blocks=blocks,
            layers=layers,
            kind=kind,
            at=place,
            progress=progress,
        )
    if json:
        terminal.print_json(grown.to_dict())
        return 0
    for name, value in grown.shown():
        terminal.say(f"{name}: {value}")
    terminal.say(_("Train it further: atalho train DATA --from {path}").format(path=out))
    return 0
