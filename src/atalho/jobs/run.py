"""A run folder: what `train` writes, what `evaluate` measures and what a resume continues."""

import dataclasses
import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from atalho.config import Config, merge, validate
from atalho.data.manifest import Manifest
from atalho.data.preprocessing import Preprocessing
from atalho.errors import RunError
from atalho.networks import spec as specs
from atalho.networks.spec import Spec
from atalho.storage import atomic, run_file
from atalho.storage.lock import LOCK, locked
from atalho.tasks import model
from atalho.text import Text
from atalho.training.setup import EpochOrigin

CONFIG, MANIFEST, LOG, TIMING = "run.toml", "manifest.json", "metrics.jsonl", "timing.json"
EVALUATION, PROVENANCE, CHECKPOINTS, MODEL = "evaluation.json", "provenance.json", "checkpoints", "model"
NETWORK, VERIFICATION = "network.json", "verification.json"
_FIRST = (NETWORK, MANIFEST, PROVENANCE)
"""The files of a run that are written, in this order, before it is one."""
_FOLDERS = ("class-folders", "split-folders", "identities")
"""Layouts in which any folder may hold images."""


@dataclasses.dataclass(frozen=True)
class Run:
    """A run by its folder; everything is read from there when it is asked for."""

    path: Path

    @classmethod
    def open(cls, path: Path | str) -> "Run":
        """The run at `path`. Raises RunError where there is none."""
        run = cls(Path(path))
        if not (run.path / CONFIG).is_file():
            raise RunError(
                Text(
                    "{path} is no run folder: it has no {name}. Give a folder that atalho train wrote.",
                    path=path,
                    name=CONFIG,
                )
            )
        return run

    @cached_property
    def config(self) -> Config:
        """The resolved configuration, with the path at which the images were last found."""
        values = run_file.read(self.path / CONFIG)
        moved = self._stored().get("path")
        return validate(merge(values, {"data": {"path": moved}}) if moved else values)

    @property
    def epoch_origin(self) -> EpochOrigin:
        """Where the images last changed; the beginning if they never did."""
        changes = [change for change in self._stored().get("changes", []) if "step" in change]
        return EpochOrigin(changes[-1]["step"], changes[-1]["epoch"]) if changes else EpochOrigin()

    def _stored(self) -> dict[str, Any]:
        return self.json(MANIFEST) if (self.path / MANIFEST).is_file() else {}

    @cached_property
    def manifest(self) -> Manifest:
        """The images as they were when the run started."""
        return Manifest.from_json(self.json(MANIFEST))

    @property
    def network(self) -> tuple[Spec, Preprocessing]:
        """What the run trains, and how its images are prepared, as decided when it began."""
        stored = self.json(NETWORK)
        return specs.from_dict(stored["spec"]), TypeAdapter(Preprocessing).validate_python(stored["preprocessing"])

    @cached_property
    def model(self) -> model.Model:
        """The trained model."""
        return model.load(self.path)

    @property
    def evaluation(self) -> dict[str, Any]:
        """What was measured at the end, on the split that nothing was chosen on; empty where there was none."""
        return self.json(EVALUATION) if (self.path / EVALUATION).is_file() else {}

    @property
    def top1(self) -> float | None:
        """Top-1 accuracy of `evaluation`, as a share."""
        return self.evaluation.get("top1")

    @property
    def seconds(self) -> float:
        """Time spent training, in seconds, over all sessions."""
        return float(self.json(TIMING)["seconds"])

    def json(self, name: str) -> Any:
        """One JSON file of the run. Raises RunError where it is missing or damaged."""
        try:
            return json.loads((self.path / name).read_bytes())
        except (OSError, ValueError) as error:
            raise RunError(Text("{path} cannot be read: {reason}", path=self.path / name, reason=error)) from error


@contextmanager
def claimed(asked: Path | None, data: str) -> Iterator[Path]:
    """Hold a new folder for a run while entered: the one asked for, which must be new or empty, else `runs/<data>`.

    A start that was killed before its folder became a run does not take the folder away.
    A folder in which no run began is not left behind. Raises RunError where the folder is taken or cannot be made.
    """
    before = asked is not None and asked.exists()
    folder = _make_folder(asked) if asked is not None else _numbered(Path(data).resolve().name.split(".")[0] or "run")
    try:
        with locked(folder):
            if not _is_free(folder):
                raise _taken(folder)
            atomic.sweep(folder)
            try:
                yield folder
            finally:
                if not (folder / CONFIG).exists():
                    for name in _FIRST:
                        atomic.discard(folder / name)
    finally:
        if not (folder / CONFIG).exists():
            with suppress(OSError):
                (folder / LOCK).unlink()
                if not before:
                    folder.rmdir()


def refuse_taken(asked: Path | None) -> None:
    """RunError where the folder asked for cannot be a new run's; `claimed` would say so after the images were read."""
    if asked is None or not asked.exists() or (asked.is_dir() and _is_free(asked)):
        return
    if (asked / LOCK).exists():
        with locked(asked):
            raise _taken(asked)
    raise _taken(asked)


def refuse_among_images(asked: Path | None, data: str, manifest: Manifest) -> None:
    """RunError where the run would lie among its images: its figures would be taken for images of a further class."""
    folder = asked if asked is not None else Path("runs")
    if manifest.layout in _FOLDERS and folder.resolve().is_relative_to(Path(data).resolve()):
        raise RunError(
            Text(
                "{path} lies in the folder of the images, where the run's figures would be taken for images. "
                "Give another --out.",
                path=folder,
            )
        )


def _make_folder(folder: Path) -> Path:
    if folder.exists() and not folder.is_dir():
        raise _taken(folder)
    with atomic.writing(folder):
        atomic.make_folder(folder)
    return folder


def _is_free(folder: Path) -> bool:
    """Whether there is nothing in a folder, or only what a start leaves that was killed before there was a run."""
    names = {entry.name for entry in folder.iterdir()} - {LOCK}
    unfinished = {name for name in names if atomic.is_temporary(name, (*_FIRST, CONFIG))}
    begun = [name for name in _FIRST if name in names]
    return names - unfinished == set(_FIRST[: len(begun)])


def _numbered(name: str) -> Path:
    """`runs/<name>`, with the first free number where that is taken."""
    for number in itertools.count(1):
        folder = Path("runs") / (name if number == 1 else f"{name}-{number}")
        if not folder.exists():
            return _make_folder(folder)
    raise AssertionError("there is always a next number")


def _taken(folder: Path) -> RunError:
    if not (folder / CONFIG).is_file():
        return RunError(Text("{path} exists already, and is no run. Choose another --out.", path=folder))
    return RunError(
        Text("{path} exists already. Choose another --out, or continue that run with --resume {path}.", path=folder)
    )
