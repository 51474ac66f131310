"""The commands below `atalho gallery`."""

import dataclasses
import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from atalho.cli import options, terminal
from atalho.text import N_, _, ngettext
from atalho.text.numbers import whole

if TYPE_CHECKING:
    from atalho.gallery.store import Entry

Gallery = Annotated[str, Parameter(help=N_("the gallery: a file or postgresql://…"))]


def list_(
    gallery: Gallery,
    /,
    *,
    label: Annotated[str | None, Parameter(help=N_("only images with this label"))] = None,
    json: options.JSON = False,
) -> int:
    """Parse, call `atalho.api.gallery.entries`, print."""
    from atalho.api import gallery as job

    found = job.entries(gallery, label)
    if json:
        terminal.print_json([dataclasses.asdict(entry) for entry in found])
        return 0
    count = itertools.count()
    # `zip` asks the counter last: it stands at the number of rows.
    cells = (_cells(entry) for entry, _number in zip(found, count, strict=False))
    terminal.print_long_table((_("label"), _("camera"), _("image")), cells)
    total = next(count)
    terminal.say(ngettext("{count} image", "{count} images", total).format(count=whole(total)))
    return 0


def _cells(entry: "Entry") -> tuple[str, str, str]:
    return entry.label or "", entry.camera or "", entry.path


def remove(
    gallery: Gallery,
    /,
    *images: Annotated[Path, Parameter(help=N_("files whose images to remove"))],
    label: Annotated[list[str] | None, Parameter(help=N_("also remove all images with this label"))] = None,
    json: options.JSON = False,
) -> int:
    """Parse, call `atalho.api.gallery.remove`, print. Exit code 1 where nothing was there."""
    from atalho.api import gallery as job

    count = job.remove(gallery, paths=map(str, images), labels=label or ())
    if json:
        terminal.print_json({"removed": count})
    else:
        terminal.say(ngettext("{count} image removed", "{count} images removed", count).format(count=whole(count)))
    return 0 if count else 1


def relabel(
    gallery: Gallery,
    to: Annotated[str, Parameter(help=N_('the new label; "" for none'))],
    /,
    *images: Annotated[Path, Parameter(help=N_("files whose images get the label"))],
    label: Annotated[list[str] | None, Parameter(help=N_("also all images with this label"))] = None,
    json: options.JSON = False,
) -> int:
    """Parse, call `atalho.api.gallery.relabel`, print. Exit code 1 where nothing changed."""
    from atalho.api import gallery as job

    count = job.relabel(gallery, to, paths=map(str, images), labels=label or ())
    if json:
        terminal.print_json({"relabelled": count})
    else:
        text = ngettext("{count} image has another label now", "{count} images have another label now", count)
        terminal.say(text.format(count=whole(count)))
    return 0 if count else 1


def prune(
    gallery: Gallery,
    /,
    *,
    dry_run: Annotated[bool, Parameter(help=N_("only list them"), negative="")] = False,
    json: options.JSON = False,
) -> int:
    """Parse, call `atalho.api.gallery.prune`, print."""
    from atalho.api import gallery as job

    gone = job.prune(gallery, dry_run=dry_run)
    if json:
        terminal.print_json({"gone": [dataclasses.asdict(entry) for entry in gone], "removed": not dry_run})
        return 0
    if gone:
        terminal.print_long_table((_("label"), _("camera"), _("image")), map(_cells, gone))
    text = ngettext("{count} file is gone", "{count} files are gone", len(gone))
    terminal.say(text.format(count=whole(len(gone))))
    return 0


def merge(
    *galleries: Annotated[
        str, Parameter(help=N_("the galleries whose images to merge; they stay as they are"), required=True)
    ],
    into: Annotated[str, Parameter(help=N_("the gallery that gets them: a new one, or one that is there"))],
    json: options.JSON = False,
) -> int:
    """Parse, call `atalho.api.merge.merge`, print."""
    from atalho.api import merge as job

    merged = job.merge(galleries, into)
    if json:
        terminal.print_json(dataclasses.asdict(merged))
        return 0
    text = _("{new} new, {changed} changed, {same} unchanged")
    terminal.say(text.format(new=whole(merged.new), changed=whole(merged.changed), same=whole(merged.same)))
    if merged.conflicts:
        terminal.say(_("Kept as the first gallery has it, and left out of the others:"))
        rows = ((c.kept.label or "", c.other.label or "", c.other.path, c.gallery) for c in merged.conflicts)
        terminal.print_long_table((_("kept"), _("left out"), _("image"), _("gallery")), rows)
    if merged.shared:
        text = ngettext(
            "{count} label is in several galleries and one identity now: {label}. If it means two, rename one with "
            "atalho gallery relabel before merging.",
            "{count} labels are in several galleries, and each is one identity now, such as {label}. If one means "
            "two, rename it with atalho gallery relabel before merging.",
            len(merged.shared),
        )
        terminal.say(text.format(count=whole(len(merged.shared)), label=merged.shared[0]))
    return 0


def verify(gallery: Gallery, /, *, json: options.JSON = False) -> int:
    """Parse, call `atalho.api.gallery.verify`, print. Exit code 1 where something is wrong."""
    from atalho.api import gallery as job

    problems = job.verify(gallery)
    if json:
        terminal.print_json({"problems": problems})
    elif problems:
        for problem in problems:
            terminal.say(problem)
    else:
        terminal.say(_("The gallery is intact."))
    return 1 if problems else 0


def rebuild(gallery: Gallery, /, *, json: options.JSON = False) -> int:
    """Parse, call `atalho.api.gallery.rebuild`, print."""
    from atalho.api import gallery as job

    job.rebuild(gallery)
    if json:
        terminal.print_json({"rebuilt": gallery})
    else:
        terminal.say(_("The index has been rebuilt."))
    return 0
