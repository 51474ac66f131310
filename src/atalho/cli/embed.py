"""`atalho embed`: the vectors of images into a file."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from atalho.cli import options, terminal
from atalho.text import N_, _, ngettext
from atalho.text.numbers import whole


def embed(
    run: Annotated[str, Parameter(help=N_("run, model folder or name of pretrained weights"))],
    /,
    *images: options.Images,
    out: Annotated[Path, Parameter(help=N_("file to write: .npy (with a .csv of paths beside it), .csv or .parquet"))],
    precision: options.Numbers = "fp32",
    json: options.JSON = False,
) -> int:
    """Parse, call `atalho.embed`, print. Exit code 1 where an image could not be read."""
    named = options.named(images, embed)
    from atalho.api import embed as job

    with terminal.TerminalProgress() as progress:
        found = job.embed(run, named, out, precision=precision, progress=progress)
    if json:
        bad = [{"path": path, "error": reason} for path, reason in found.bad]
        terminal.print_json({"vectors": found.vectors, "dimension": found.dimension, "bad": bad})
        return 1 if found.bad else 0
    text = ngettext(
        "{out}: {count} vector of dimension {dimension}",
        "{out}: {count} vectors of dimension {dimension}",
        found.vectors,
    )
    terminal.say(text.format(out=out, count=whole(found.vectors), dimension=whole(found.dimension)))
    if found.bad:
        count = len(found.bad)
        text = ngettext("{count} image has no vector:", "{count} images have no vector:", count)
        terminal.say(text.format(count=whole(count)))
        terminal.print_table((_("image"), _("reason")), found.bad)
    return 1 if found.bad else 0
