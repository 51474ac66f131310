"""The folder of a run: the one list of its files, and what they hold."""

import json
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from atalho.config import Config, TaskName
from atalho.errors import RunError
from atalho.storage import log
from atalho.text import Text

CONFIG: Final = "run.toml"
"""The file that makes a folder a run: the last that is written when one begins."""
NETWORK: Final = "network.json"
MANIFEST: Final = "manifest.json"
PROVENANCE: Final = "provenance.json"
FIRST: Final = (NETWORK, MANIFEST, PROVENANCE)
"""The files that are written, in this order, before there is a run."""
LOG: Final = "metrics.jsonl"
TIMING: Final = "timing.json"
CHECKPOINTS: Final = "checkpoints"
MODEL: Final = "model"
"""The folder of the trained model, as `storage.model_folder` has it."""
EVALUATION: Final = "evaluation.json"
VERIFICATION: Final = "verification.json"
FIGURES: Final = "figures"
REPORT: Final = "report.html"

Json = dict[str, Any]


@dataclass(frozen=True)
class RunFolder:
    """What a run has written, parsed when it is asked for; what is not there yet is None or empty."""

    path: Path

    @classmethod
    def open(cls, path: Path | str) -> "RunFolder":
        """The run at `path`. Raises RunError where there is none."""
        if not is_run(path):
            raise RunError(
                Text(
                    "{path} is no run folder: it has no {name}. Give a folder that atalho train wrote.",
                    path=path,
                    name=CONFIG,
                )
            )
        return cls(Path(path))

    @cached_property
    def configuration(self) -> str:
        """run.toml as it is. Raises RunError, as every property does, where the file is damaged."""
        with self._reading():
            return (self.path / CONFIG).read_text(encoding="utf-8")

    @cached_property
    def settings(self) -> Json:
        """run.toml, parsed and not validated: a page shows also what this version would refuse."""
        with self._reading():
            return tomllib.loads(self.configuration)

    @cached_property
    def rows(self) -> list[Json]:
        """The rows of metrics.jsonl."""
        with self._reading():
            return log.read(self.path / LOG) if (self.path / LOG).is_file() else []

    @cached_property
    def manifest(self) -> Json | None:
        """The images as they were when the run started, and what happened to them since."""
        return self._object(MANIFEST)

    @cached_property
    def timing(self) -> Json | None:
        """How long training took."""
        return self._object(TIMING)

    @cached_property
    def evaluation(self) -> Json | None:
        """What was measured at the end."""
        return self._object(EVALUATION)

    @cached_property
    def provenance(self) -> Json | None:
        """Command, versions and machine."""
        return self._object(PROVENANCE)

    @cached_property
    def network(self) -> Json | None:
        """The network's specification and how its images are prepared."""
        return self._object(NETWORK)

    @cached_property
    def verification(self) -> Json | None:
        """The threshold and the errors around it."""
        return self._object(VERIFICATION)

    @property
    def model(self) -> str:
        """What the network is called: as it was asked for, otherwise as the catalogue has it, or by its depth."""
        from atalho.networks.select import name_of  # here, as a help text must not wait for pydantic
        from atalho.networks.spec import from_dict

        name = str(self.settings.get("model", {}).get("name", self.path.name))
        found = self.network or {}
        return name_of(from_dict(found["spec"])) if name == "auto" and "spec" in found else name

    @property
    def task(self) -> TaskName:
        """What the network was trained to do."""
        task: TaskName = self.settings.get("task", Config.task)
        return task

    @property
    def data(self) -> str:
        """The last part of the data's path, for a title."""
        path = str(self.settings.get("data", {}).get("path", ""))
        return Path(path).name or path

    @property
    def epochs(self) -> list[Json]:
        """The rows of metrics.jsonl that close an epoch."""
        return [row for row in self.rows if row.get("kind") == "epoch"]

    @property
    def cost(self) -> Json:
        """Parameters and multiply-adds for one image, where the run recorded them."""
        cost = (self.provenance or {}).get("cost")
        return cost if isinstance(cost, dict) else {}

    def json(self, name: str) -> Any:
        """One JSON file of the run, which must be there. Raises RunError where it is missing or damaged."""
        try:
            return json.loads((self.path / name).read_bytes())
        except (OSError, ValueError) as error:
            raise RunError(Text("{path} cannot be read: {reason}", path=self.path / name, reason=error)) from error

    def _object(self, name: str) -> Json | None:
        if not (self.path / name).is_file():
            return None
        content = self.json(name)
        with self._reading():
            if not isinstance(content, dict):
                raise ValueError(Text("{name} does not hold an object", name=name))
        return content

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError) as error:
            raise RunError(Text("{path} cannot be read as a run: {reason}", path=self.path, reason=error)) from error


def is_run(path: Path | str) -> bool:
    """Whether there is a run in the folder `path`."""
    return (Path(path) / CONFIG).is_file()
