"""`atalho` alone: what it sees in the folder it is called in, and the next command."""

import shlex
from collections import Counter
from pathlib import Path

from atalho.cli import terminal
from atalho.cli.runs import print_runs
from atalho.storage.run_places import ENTRIES, find_runs, look_at
from atalho.text import _
from atalho.text.numbers import whole

_SHOWN = 5


def say() -> bool:
    """Say what is in the working directory; False, and nothing said, where it has neither runs nor images."""
    data = _data(Path())
    if not any(find_runs(Path())) and not data:
        return False
    from atalho.api import runs as job

    runs = job.list_runs()[:_SHOWN]
    if runs:
        print_runs(runs)
    for folder, what in list(data.items())[:_SHOWN]:
        terminal.say(f"{folder}: {what}")
    terminal.say("")
    stopped = next((run for run in runs if run.state == "stopped"), None)
    finished = next((run for run in runs if run.state == "finished"), None)
    if stopped is not None:
        _next(_("Continue the run that stopped:"), "train", "--resume", stopped.run)
    if finished is not None:
        _next(_("See how good the newest model is:"), "evaluate", finished.run)
    if data and not runs:
        folder = next(iter(data))
        _next(_("Check the images, then train:"), "doctor", folder)
        terminal.say("  " + shlex.join(["atalho", "train", folder]))
    terminal.say(_("All commands: atalho --help"))
    return True


def _next(text: str, *words: str) -> None:
    terminal.say(text)
    terminal.say("  " + shlex.join(["atalho", *words]))


def _data(folder: Path) -> dict[str, str]:
    """The folders that may be given as DATA, the one with the most images first, and what was seen in each."""
    from atalho.data.layouts.scan import is_image_name

    images, classes, left = Counter[str](), Counter[str](), ENTRIES
    for here, entries in look_at(folder):
        left -= len(entries)
        parts = here.parts
        # Of images in `bag/` and `shoe/` the folder above both is the data.
        images[parts[0] if len(parts) > 1 else "."] += sum(is_image_name(entry.name) for entry in entries)
        if here.name.lower() in ("train", "training"):
            classes[str(here.parent)] += sum(entry.is_dir() for entry in entries)
    told = {name: _("{count} classes in train").format(count=whole(count)) for name, count in (+classes).most_common()}
    text = _("{count} images seen") if left else _("at least {count} images")
    return told | {name: text.format(count=whole(count)) for name, count in (+images).most_common()}
