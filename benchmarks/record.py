"""How every benchmark keeps its result: with command, seed, versions, machine and commit."""

import json
import subprocess
from pathlib import Path
from typing import Any

from atalho.precision import choose
from atalho.runs import provenance

RESULTS = Path(__file__).parent.parent / "results"


def origin(command: str, seed: int = 0) -> dict[str, Any]:
    """The provenance of a result that `command` made; `changed` says whether the code differed from the commit."""
    about = provenance.gather(command, seed, choose("auto", "auto")).to_dict()
    return about | {"commit": _git("rev-parse", "HEAD"), "changed": bool(_git("status", "--porcelain", "src"))}


def _git(*arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], capture_output=True, text=True, check=False, cwd=RESULTS.parent
    ).stdout.strip()


def write(name: str, result: dict[str, Any]) -> Path:
    """Write `results/NAME.json`."""
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return path
