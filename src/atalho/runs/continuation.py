"""The same command again: a run that is there already is continued, if it is the one that the command means.

A scheduler that starts a job anew, and torchrun when it restarts its processes, repeat the command as it was.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from atalho import config as schema
from atalho.errors import ConfigError, RunError
from atalho.pretrained import names
from atalho.runs.claim import earlier
from atalho.runs.run import Run
from atalho.settings import merge, nest
from atalho.storage import checkpoint, run_folder
from atalho.storage.lock import is_locked
from atalho.storage.run_folder import RunFolder
from atalho.storage.run_records import Provenance
from atalho.text import _
from atalho.text.numbers import whole
from atalho.training.distributed import Ranks


def command_digest(values: Mapping[str, Any], config: schema.Config) -> str:
    """A hash of the settings as they were given, which ask for `config`: by it the same command is known again."""
    whole = merge(values, nest(absolute_paths(config)))
    return hashlib.sha256(json.dumps(whole, sort_keys=True, default=str).encode()).hexdigest()


def absolute_paths(config: schema.Config) -> dict[str, str]:
    """Paths as they are seen from everywhere, because the run will be resumed and evaluated from other folders."""
    paths = {"data.path": config.data.path, "model.start": config.model.start}
    return {name: os.path.abspath(path) for name, path in paths.items() if path and not names.is_name(path)}  # noqa: PTH100 (links stay links)


def find_run(folder: Path, digest: str) -> Run | None:
    """The run that the command of this `digest` began in `folder`; None where no run is there yet.

    Raises RunError where the run there began with other settings.
    """
    if not run_folder.is_run(folder):
        return None
    run = Run(folder)
    if RunFolder(folder).read(Provenance).asked != digest:
        raise RunError(
            "The run in {path} was started with different settings, so it is not continued. Choose another "
            "--out, or continue it as it is with --resume {path}.",
            path=folder,
        )
    return run


def unfinished(out: Path | None, data: str, digest: str) -> str | None:
    """What is said where the command of this `digest` left a run unfinished, and now begins another one."""
    for folder in earlier(data) if out is None else ():
        try:
            record = RunFolder(folder).read(Provenance) if run_folder.is_run(folder) else None
        except RunError:
            continue
        if record is None or record.asked != digest or record.finished is not None:
            continue
        if is_locked(folder):
            return _("{run} is a run of this command that is training now. This one is another run.").format(run=folder)
        saved = checkpoint.newest(folder / run_folder.CHECKPOINTS)
        step = whole(checkpoint.step_of(saved) if saved is not None else 0)
        text = _(
            "{run} is an unfinished run of this same command, saved at step {step}. To continue it, press Ctrl-C and "
            "run: atalho train --resume {run}. This is a new run from the beginning."
        )
        return text.format(run=folder, step=step)
    return None


def refuse_nowhere(out: Path | None, continue_existing: bool, ranks: Ranks) -> None:
    """Raises ConfigError where a run is to be found again but was given no folder of its own."""
    if out is None and continue_existing:
        raise ConfigError("--continue needs the run's folder: add --out FOLDER.")
    if out is None and ranks.most_restarts:
        raise ConfigError("torchrun may restart these processes, which must then find their run: add --out FOLDER.")
