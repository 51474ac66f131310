"""`atalho index`: images into a gallery."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from atalho.cli import options, terminal
from atalho.text import _, ngettext
from atalho.text.numbers import whole


def index(
    run: Annotated[Path, Parameter(help=_("run or model folder"))],
    /,
    *images: Annotated[
        str, Parameter(help=_("folders and tables as in training (with identities and cameras), files or patterns"))
    ],
    gallery: Annotated[str, Parameter(help=_("the gallery: a file, made if not there, or postgresql://…"))],
    camera: Annotated[
        str | None,
        Parameter(help=_("pattern of the camera in a file's name, in brackets; auto; or none; the run's if not given")),
    ] = None,
    json: options.JSON = False,
) -> int:
    """Parse, call `atalho.index`, print. Exit code 1 where an image could not be read."""
    from atalho.api import index as job

    with terminal.TerminalProgress() as progress:
        found = job.index(run, images, gallery, camera=camera, progress=progress)
    if json:
        bad = [{"path": path, "error": reason} for path, reason in found.bad]
        terminal.print_json({"new": found.new, "changed": found.changed, "same": found.same, "bad": bad})
        return 1 if found.bad else 0
    terminal.say(
        _("{new} new, {changed} changed, {same} as they were").format(
            new=whole(found.new), changed=whole(found.changed), same=whole(found.same)
        )
    )
    if found.bad:
        count = len(found.bad)
        text = ngettext("{count} image is not in the gallery:", "{count} images are not in the gallery:", count)
        terminal.say(text.format(count=count))
        terminal.print_table((_("image"), _("reason")), found.bad)
    return 1 if found.bad else 0
