"""An experiment is a row of cells, each measured once: what is finished is kept, so that a killed experiment goes on.

    lab/<experiment>-<name>/
        experiment.json       what is measured: a folder with another description is refused
        cells/<cell>.json     {"value": …, "seconds": …} of each finished cell, written atomically

A cell's value must be a function of the description and the cell's name alone: then it does not matter which of
several sessions measured it.
"""

import errno
import json
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias, TypeVar

from atalho import limits
from atalho.errors import RunError
from atalho.json_values import JsonObject
from atalho.storage import atomic, model_folder
from atalho.storage.lock import locked
from atalho.stored import is_flat, stored_fields, to_json, to_object
from atalho.text import Text, _
from atalho.text.numbers import duration, whole
from atalho.training.progress import Progress

DESCRIPTION: Final = "experiment.json"
CELLS: Final = "cells"
_TOLD: Final = 6
"""Measurements that are named where some are missing."""
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}")

Value = dict[str, Any]
T = TypeVar("T")
_GROWS: Final = "grows"
Grows: TypeAlias = Annotated[T, _GROWS]
"""A setting that is no part of what a folder is made for: more seeds may be added to it."""


def described(settings: Any) -> JsonObject:
    """Settings without those that may grow: what a folder of cells is made for."""
    growing = set(_growing(type(settings)))
    return {name: value for name, value in to_object(settings).items() if name not in growing}


def _growing(kind: type) -> Iterator[str]:
    for field, hint, mark in stored_fields(kind):
        if mark == _GROWS:
            yield field.name
        elif is_flat(mark) and isinstance(hint, type):
            yield from _growing(hint)


@dataclass(frozen=True)
class Finished:
    """What is finished of an experiment, in the order asked for, and what is not."""

    values: Mapping[str, Value]
    missing: tuple[str, ...]
    seconds: float
    """What the finished cells took in all sessions."""


def place(out: Path | str | None, name: str, run: Path | str | None = None) -> Path:
    """The folder of an experiment: `out`, or else lab/`name`, beside the `run` that it looks at. Nothing is made yet.

    One that was begun in the working directory goes on there.
    Raises RunError where it could not be written, or where it is another thing's: what lies there is not overwritten.
    """
    folder = Path(out) if out is not None else _usual(name, run)
    with atomic.writing(folder):
        standing = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
        if not standing.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        if not os.access(standing, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    if folder.is_dir() and not (folder / DESCRIPTION).is_file():
        foreign = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
        if foreign:
            raise RunError(
                "{folder} already has something other than an experiment: {names}. Give a new folder with --out.",
                folder=folder,
                names=", ".join(foreign[:5]),
            )
    return folder


def _usual(name: str, run: Path | str | None) -> Path:
    here = Path("lab") / name
    if run is None or (here / DESCRIPTION).is_file():
        return here
    above = model_folder.run_of(Path(run)).parent
    return above / here if os.access(above, os.W_OK | os.X_OK) else here


def description(folder: Path) -> Value:
    """What the experiment in `folder` was begun with; nothing where none was."""
    path = folder / DESCRIPTION
    return _read(path) if path.is_file() else {}


def run(
    folder: Path,
    description: Mapping[str, Any],
    plan: Mapping[str, Callable[[], Any]],
    *,
    budget_minutes: float | None = None,
    costs: Mapping[str, float] | None = None,
    progress: Progress | None = None,
    titles: Mapping[str, str] | None = None,
) -> Finished:
    """Measure those cells of `plan` that `folder` does not hold yet, in order.

    With a budget, no cell is begun after that many minutes of this session; those left are in `missing`, and the same
    call again goes on with them. `costs` say how long each cell takes in relation to the others, for the time left,
    and `titles` what each measures, in words: what a user is told instead of the cell's name.
    Raises RunError where the folder holds another experiment, is damaged, or is in use.
    """
    progress, said = progress or Progress(), titles or {}
    with atomic.writing(folder):
        atomic.make_folder(folder)
    with locked(folder):
        _describe(folder, description)
        kept = _kept(folder, plan)
        begun = time.monotonic()
        for name, measure in plan.items():
            if name in kept:
                continue
            if budget_minutes is not None and time.monotonic() - begun >= 60 * budget_minutes:
                break
            start = time.monotonic()
            value = to_json(measure())
            record = {"value": value, "seconds": round(time.monotonic() - start, 3)}
            atomic.write_json(_path(folder, name), record, root=folder)
            # As a later session will read it, so that one session and several give the same result.
            kept[name] = json.loads(json.dumps(record))
            _tell(progress, name, said.get(name, name), kept, costs or dict.fromkeys(plan, 1.0))
    finished = {name: kept[name]["value"] for name in plan if name in kept}
    missing = tuple(name for name in plan if name not in kept)
    if missing:
        names = "; ".join(said.get(name, name) for name in missing[:_TOLD])
        if len(missing) > _TOLD:
            names = _("{names} and {n} more").format(names=names, n=whole(len(missing) - _TOLD))
        progress.note(_("Time budget used up. Not measured yet: {names}.").format(names=names))
    return Finished(finished, missing, sum(kept[name]["seconds"] for name in finished))


def _describe(folder: Path, description: Mapping[str, Any]) -> None:
    """Keep the description, or check that the folder is of the same experiment."""
    path = folder / DESCRIPTION
    wanted = json.loads(json.dumps(description))
    if not path.is_file():
        atomic.sweep(folder, DESCRIPTION)
        atomic.write_json(path, wanted)
        return
    stored = _read(path)
    differences = list(_differences(stored, wanted))
    if differences:
        raise RunError(
            "{folder} has a different experiment: {differences}. Give another folder with --out, or the same "
            "values to continue it.",
            folder=folder,
            differences=", ".join(differences),
        )


def _differences(stored: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[str]:
    for name in dict.fromkeys([*stored, *wanted]):
        if _decisive(name, stored.get(name)) != _decisive(name, wanted.get(name)):
            yield _("{name} is {stored} there and {wanted} here").format(
                name=name, stored=_short(stored.get(name)), wanted=_short(wanted.get(name))
            )


def _decisive(name: str, value: Any) -> Any:
    """What decides of a value: the reason for a precision is words, in the language and version that began."""
    return value.split(" (")[0] if name == "precision" and isinstance(value, str) else value


def _short(value: Any) -> str:
    """A value on one line, of digests the beginning: that they differ is seen from it."""
    return re.sub(r'"([0-9a-f]{8})[0-9a-f]{24,}"', r'"\1…"', json.dumps(value, ensure_ascii=False))


def _kept(folder: Path, cells: Iterable[str]) -> dict[str, Value]:
    atomic.sweep(folder / CELLS, "*.json", root=folder)
    return {name: _read(path) for name in cells if (path := _path(folder, name)).is_file()}


def _path(folder: Path, name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise RunError("{name!r} is not a valid cell name: use letters, digits, dots and dashes.", name=name)
    return folder / CELLS / f"{name}.json"


def _read(path: Path) -> Value:
    try:
        content = limits.read_json(path, limits.LARGE_JSON)
        if not isinstance(content, dict):
            raise ValueError(Text("not a JSON object"))
        return content
    except (OSError, ValueError) as error:
        raise RunError("Cannot read {path}: {reason}. Delete it to measure again.", path=path, reason=error) from error


def _tell(progress: Progress, name: str, title: str, kept: Mapping[str, Value], costs: Mapping[str, float]) -> None:
    """How far the experiment is, and how long the rest takes at the pace of what is finished."""
    text = _("{name}: done in {time} · {done} of {total} measurements").format(
        name=title, time=duration(kept[name]["seconds"]), done=len(kept), total=len(costs)
    )
    if rest := sum(cost for cell, cost in costs.items() if cell not in kept):
        pace = sum(record["seconds"] for record in kept.values()) / sum(costs[cell] for cell in kept)
        text += " · " + _("about {left} left").format(left=duration(pace * rest))
    progress.note(text)
