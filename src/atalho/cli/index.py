"""`atalho index`: images into a gallery."""

import dataclasses
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from atalho.cli import options, terminal
from atalho.text import N_, _, ngettext
from atalho.text.numbers import whole


def index(
    run: Annotated[str, Parameter(help=N_("run, model folder or name of pretrained weights"))],
    /,
    *images: Annotated[
        str, Parameter(help=N_("folders and tables as in training (with identities and cameras), files or globs"))
    ],
    gallery: Annotated[str, Parameter(help=N_("gallery: a file, created if missing, or postgresql://…"))],
    camera: Annotated[
        str | None,
        Parameter(
            help=N_(
                "regular expression with the camera in a group, applied to file names; auto; or none; default: "
                "the run's own"
            )
        ),
    ] = None,
    label: Annotated[
        str | None, Parameter(help=N_('label of all these images, instead of what folders and tables say; "" for none'))
    ] = None,
    prefix: Annotated[
        str | None, Parameter(help=N_("put before each label of a folder or table, with a slash between"))
    ] = None,
    vectors: Annotated[
        Path | None, Parameter(help=N_("vectors that this model made, instead of images: a file of atalho embed"))
    ] = None,
    precision: options.Numbers = "fp32",
    json: options.JSON = False,
) -> int:
    """Parse, call `atalho.index`, print. Exit code 1 where an image could not be read."""
    from atalho.api import index as job

    with terminal.TerminalProgress() as progress:
        found = job.index(
            run,
            images,
            gallery,
            camera=camera,
            label=label,
            prefix=prefix,
            vectors=vectors,
            precision=precision,
            progress=progress,
        )
    if json:
        bad = [{"path": path, "error": reason} for path, reason in found.bad]
        relabelled = [dataclasses.asdict(label) for label in found.relabelled]
        counts = {"new": found.new, "changed": found.changed, "same": found.same, "unlabelled": found.unlabelled}
        terminal.print_json(counts | {"relabelled": relabelled, "bad": bad})
        return 1 if found.bad else 0
    terminal.say(
        _("{new} new, {changed} changed, {same} unchanged").format(
            new=whole(found.new), changed=whole(found.changed), same=whole(found.same)
        )
    )
    if found.unlabelled:
        text = ngettext(
            "{count} new image has no label; --label NAME gives one.",
            "{count} new images have no label; --label NAME gives one.",
            found.unlabelled,
        )
        terminal.say(text.format(count=whole(found.unlabelled)))
    if found.relabelled:
        count = len(found.relabelled)
        terminal.say(ngettext("{count} label changed:", "{count} labels changed:", count).format(count=whole(count)))
        changes = ((change.path, change.before, change.after or "") for change in found.relabelled)
        terminal.print_table((_("image"), _("before"), _("now")), changes)
    if found.bad:
        count = len(found.bad)
        text = ngettext("{count} image was not indexed:", "{count} images were not indexed:", count)
        terminal.say(text.format(count=count))
        terminal.print_table((_("image"), _("reason")), found.bad)
    return 1 if found.bad else 0
