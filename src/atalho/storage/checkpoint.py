"""Checkpoints of a run: folders `step-000001234`, the newest intact one is where a resume starts.

Each holds `state.safetensors` (every tensor under its name) and `state.json` (everything else). Nothing is ever
replaced: a new folder appears complete or not at all, and only then does the oldest go. The folder of checkpoints
lies in a run, below which no link is followed.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import safetensors.torch
from torch import Tensor

from atalho import limits
from atalho.errors import RunError
from atalho.json_values import JsonObject
from atalho.storage import atomic, disk
from atalho.text import Text

_TENSORS = "state.safetensors"
_STATE = "state.json"
_FILES = (_TENSORS, _STATE)
_STEP = "step-"


@dataclass(frozen=True)
class Checkpoint:
    """What was saved at the end of `step` steps, and which newer checkpoints were damaged and passed over."""

    step: int
    tensors: dict[str, Tensor]
    state: JsonObject
    damaged: tuple[str, ...] = ()


def save(folder: Path, step: int, tensors: Mapping[str, Tensor], state: JsonObject, *, keep: int) -> Path:
    """Write the checkpoint of `step` into `folder`, then delete all but the newest `keep`."""
    path = folder / f"step-{step:09d}"
    if _is_intact(path):
        # Of a process that may have been killed before its name was durable, which the deletions below rely on.
        with atomic.writing(path):
            disk.flush_folder(folder, folder.parent)
    else:
        plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
        atomic.write_folder(
            path,
            {
                _TENSORS: safetensors.torch.save(plain),
                _STATE: json.dumps({"step": step, **state}, indent=1).encode(),
            },
            root=folder.parent,
        )
    for old in _newest_first(folder)[keep:]:
        atomic.remove(old, folder.parent)
    return path


def latest(folder: Path) -> Checkpoint | None:
    """The newest checkpoint that is intact, or None where none was ever written.

    What interrupted saves left is swept. Damaged checkpoints that are newer are set aside as `damaged-…` and named in
    the result. Raises RunError where all are damaged, now and every time: starting over would throw the run away
    without a word.
    """
    if not folder.is_dir():
        return None
    atomic.sweep(folder, "step-*", "damaged-step-*", root=folder.parent)
    damaged: dict[Path, str] = {}
    for path in _newest_first(folder):
        try:
            checkpoint = _read(path)
        except (RunError, KeyError, ValueError, safetensors.SafetensorError) as error:
            damaged[path] = str(error)
            continue
        for worse in damaged:
            _set_aside(worse)
        return replace(checkpoint, damaged=tuple(damaged.values()))
    if damaged:
        raise RunError(
            "The run cannot continue, because no checkpoint is intact: {damage}", damage="; ".join(damaged.values())
        )
    return None


def newest(folder: Path) -> Path | None:
    """The newest checkpoint, intact or not; None where there is none."""
    return next(iter(_newest_first(folder)), None)


def step_of(path: Path) -> int:
    """The step that the checkpoint at `path` was saved after, by its name."""
    return int(path.name.removeprefix(_STEP))


def _read(path: Path) -> Checkpoint:
    files = atomic.read_folder(path, _FILES)
    state = limits.parse_json(files[_STATE], limits.SMALL_JSON)
    # A whole number of the folder's name and a place in the log, whatever else the state is: `training.state` reads it.
    if not isinstance(state, dict) or state.get("step") != step_of(path):
        raise ValueError(Text("{name} does not belong to its checkpoint", name=_STATE))
    return Checkpoint(state.pop("step"), safetensors.torch.load(files[_TENSORS]), state)


def _is_intact(path: Path) -> bool:
    try:
        atomic.read_folder(path, _FILES)
    except RunError:
        return False
    return True


def _set_aside(path: Path) -> None:
    aside, run = path.with_name(f"damaged-{path.name}"), path.parent.parent
    with atomic.writing(aside):
        atomic.remove(aside, run)
        disk.rename(path, aside, run)


def _newest_first(folder: Path) -> list[Path]:
    return sorted(folder.glob("step-" + "[0-9]" * 9), reverse=True)
