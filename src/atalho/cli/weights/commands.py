"""The commands below `atalho weights`."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from atalho.cli import options, terminal
from atalho.text import N_, _, ngettext
from atalho.text.numbers import number, percent, size

Folder = Annotated[Path, Parameter(help=N_("folder to copy to"))]


def list_(
    pattern: Annotated[str, Parameter(help=N_("glob over names and networks, such as '*resnet50*'"))] = "*",
    /,
    *,
    json: options.JSON = False,
) -> int:
    """Parse, call `atalho.api.weights.list_weights`, print."""
    from atalho.api import weights as job

    rows = job.list_weights(pattern)
    if json:
        names = ("name", "model", "sha256", "bytes", "licence", "top1")
        terminal.print_json([{name: getattr(row, name) for name in names} for row in rows])
        return 0
    columns = (_("name"), _("network"), _("top-1 on ImageNet"), _("size"), _("licence"))
    cells = (
        (
            ", ".join((*row.also, row.name)),
            row.model,
            percent(row.top1) if row.top1 is not None else "–",
            size(row.bytes),
            row.licence,
        )
        for row in rows
    )
    terminal.print_table(columns, cells, numbers=(2, 3))
    terminal.say(_("The accuracies are those that the authors published."))
    return 0


def show(
    name: Annotated[str, Parameter(help=N_("name of the weights, such as tv:resnet50"))],
    /,
    *,
    json: options.JSON = False,
) -> int:
    """Parse, find the row, print."""
    from atalho.api import weights as job

    row = job.find_weights(name)
    if json:
        terminal.print_json(asdict(row))
        return 0
    digits = _("{digits}… (the first digits, from the file's name)") if row.hash_is_prefix else "{digits}"
    terminal.print_table(
        ("", ""),
        (
            (_("name"), ", ".join((row.name, *row.also))),
            (_("network"), row.model),
            (_("address"), row.url),
            ("SHA-256", digits.format(digits=row.sha256)),
            (_("size"), _("at most {size}").format(size=size(row.bytes))),
            (_("licence"), row.licence),
            (_("top-1 on ImageNet"), percent(row.top1) if row.top1 is not None else "–"),
            (
                _("images"),
                _("shorter side to {resize} px ({interpolation}), middle {size} × {size} px").format(
                    resize=row.resize, interpolation=row.interpolation, size=row.size
                ),
            ),
            (_("mean"), " ".join(number(value, 3) for value in row.mean)),
            (_("standard deviation"), " ".join(number(value, 3) for value in row.std)),
        ),
    )
    return 0


def fetch(
    *names: Annotated[str, Parameter(help=N_("names of weights, hf:OWNER/NAME or https addresses"))],
    model: Annotated[
        str | None, Parameter(help=N_("network that the weights belong to, where the name does not say it"))
    ] = None,
    json: options.JSON = False,
) -> int:
    """Parse, call `atalho.api.weights.fetch_weights` for each, print."""
    from atalho.api import weights as job
    from atalho.errors import ConfigError

    if not names:
        raise ConfigError("No weights given. Give one name or more, such as tv:resnet50.")
    with terminal.TerminalProgress() as progress:
        folders = {name: str(job.fetch_weights(name, model, progress)) for name in names}
    if json:
        terminal.print_json([{"name": name, "model": folder} for name, folder in folders.items()])
        return 0
    for folder in folders.values():
        terminal.say(_("model folder: {path}").format(path=folder))
    return 0


def export(folder: Folder, /, *, json: options.JSON = False) -> int:
    """Parse, call `atalho.api.weights.export`, print. Exit code 1 where nothing was there."""
    from atalho.api import weights as job

    files = job.export(folder)
    if json:
        terminal.print_json([asdict(file) for file in files])
    else:
        text = ngettext(
            "{count} file of weights is in {folder}", "{count} files of weights are in {folder}", len(files)
        )
        terminal.say(text.format(count=len(files), folder=folder))
    return 0 if files else 1


def add(
    folder: Annotated[Path, Parameter(help=N_("folder that `atalho weights export` wrote, or one with such files"))],
    /,
    *,
    json: options.JSON = False,
) -> int:
    """Parse, call `atalho.api.weights.add`, print. Exit code 1 where a file was left."""
    from atalho.api import weights as job

    added, left = job.add(folder)
    if json:
        terminal.print_json({"added": added, "left": [asdict(file) for file in left]})
    else:
        for name in added:
            terminal.say(_("added: {name}").format(name=name))
        for file in left:
            terminal.complain(_("left: {file}: {reason}").format(file=file.file, reason=file.reason))
    return 1 if left else 0
