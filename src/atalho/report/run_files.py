"""The files of a run folder that a report shows; what is not there yet is None or empty."""

import json
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from atalho.errors import RunError
from atalho.storage import log
from atalho.text import Text

Json = dict[str, Any]


@dataclass(frozen=True)
class RunFiles:
    """What a run has written, parsed."""

    folder: Path
    configuration: str
    settings: Json
    rows: list[Json] = field(default_factory=list)
    manifest: Json | None = None
    timing: Json | None = None
    evaluation: Json | None = None
    provenance: Json | None = None
    network: Json | None = None
    verification: Json | None = None

    @property
    def model(self) -> str:
        """The network's name in the catalogue."""
        return str(self.settings.get("model", {}).get("name", self.folder.name))

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


def read(run: Path) -> RunFiles:
    """Read a run folder. Raises RunError where it is none, or where one of its files is damaged."""
    toml = run / "run.toml"
    if not toml.is_file():
        raise RunError(Text("{path} is no run: it has no run.toml. Give the folder that atalho train wrote.", path=run))
    try:
        configuration = toml.read_text(encoding="utf-8")
        settings = tomllib.loads(configuration)
        metrics = run / "metrics.jsonl"
        return RunFiles(
            folder=run,
            configuration=configuration,
            settings=settings,
            rows=log.read(metrics) if metrics.is_file() else [],
            manifest=_json(run / "manifest.json"),
            timing=_json(run / "timing.json"),
            evaluation=_json(run / "evaluation.json"),
            provenance=_json(run / "provenance.json"),
            network=_json(run / "network.json"),
            verification=_json(run / "verification.json"),
        )
    except (OSError, ValueError) as error:
        raise RunError(Text("{path} cannot be read as a run: {reason}", path=run, reason=error)) from error


def _json(path: Path) -> Json | None:
    if not path.is_file():
        return None
    content = json.loads(path.read_bytes())
    if not isinstance(content, dict):
        raise ValueError(Text("{name} does not hold an object", name=path.name))
    return content
