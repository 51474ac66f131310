"""A run folder: what `train` writes, what `evaluate` measures and what a resume continues."""

import dataclasses
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Any

from atalho.config import Config, validate
from atalho.data.manifest import Manifest
from atalho.errors import RunError
from atalho.locale import _
from atalho.storage import run_file
from atalho.tasks import model

CONFIG, MANIFEST, LOG, TIMING = "run.toml", "manifest.json", "metrics.jsonl", "timing.json"
EVALUATION, PROVENANCE, CHECKPOINTS, MODEL = "evaluation.json", "provenance.json", "checkpoints", "model"


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
                _("{path} is no run folder: it has no {name}. Give a folder that atalho train wrote.").format(
                    path=path, name=CONFIG
                )
            )
        return run

    @cached_property
    def config(self) -> Config:
        """The resolved configuration."""
        return validate(run_file.read(self.path / CONFIG))

    @cached_property
    def manifest(self) -> Manifest:
        """The images as they were when the run started."""
        return Manifest.from_json(self.json(MANIFEST))

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
        """Time spent training, in seconds, over all sittings."""
        return float(self.json(TIMING)["seconds"])

    def json(self, name: str) -> Any:
        """One JSON file of the run. Raises RunError where it is missing or damaged."""
        try:
            return json.loads((self.path / name).read_bytes())
        except (OSError, ValueError) as error:
            raise RunError(_("{path} cannot be read: {reason}").format(path=self.path / name, reason=error)) from error


@contextmanager
def claimed(asked: Path | None, data: str) -> Iterator[Path]:
    """A new folder for a run; it is not left behind, empty, by what fails before the run begins."""
    before = asked is not None and asked.exists()
    folder = claim(asked, data)
    try:
        yield folder
    except BaseException:
        if not before:
            with suppress(OSError):
                folder.rmdir()
        raise


def claim(asked: Path | None, data: str) -> Path:
    """A new folder for a run: the one asked for, which must be new or empty, else `runs/<data>`, numbered if taken."""
    if asked is not None:
        if asked.exists() and (not asked.is_dir() or any(asked.iterdir())):
            raise RunError(
                _("{path} exists already. Choose another --out, or continue that run with --resume {path}.").format(
                    path=asked
                )
            )
        asked.mkdir(parents=True, exist_ok=True)
        return asked
    name = Path(data).resolve().name.split(".")[0] or "run"
    number = 1
    while True:
        folder = Path("runs") / (name if number == 1 else f"{name}-{number}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            number += 1
        else:
            return folder
