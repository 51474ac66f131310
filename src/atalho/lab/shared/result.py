"""What an experiment leaves: `result.json`, the figure as SVG and PNG, and the page in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from atalho.jobs import provenance
from atalho.lab.shared import page as files
from atalho.lab.shared.cells import Cells
from atalho.lab.shared.drawing import Drawing
from atalho.lab.shared.stored import RESULT
from atalho.lab.shared.verdict import Verdict
from atalho.precision import Precision
from atalho.storage import atomic

FORMAT: Final = 1
Result = dict[str, Any]


def make(
    drawing: Drawing,
    subject: str,
    settings: Mapping[str, Any],
    measured: Mapping[str, Any],
    verdict: Verdict,
    *,
    cells: Cells,
    command: str | None,
    seeds: list[int],
    precision: Precision,
) -> Result:
    """A result, JSON-safe: what was claimed, asked, measured and found, and where it comes from.

    `subject` is the name of the data or model. `measured` is the experiment's own, with its intervals. Without a
    `command`, Python asked for the experiment.
    """
    command = command or provenance.called_from_python(f"atalho.lab.{drawing.experiment}.run")
    about = provenance.gather(command, seeds[0] if seeds else 0, precision)
    about |= {"seeds": seeds, "seconds": round(cells.seconds, 1)}
    del about["seed"]  # of a single run; an experiment has several, or none
    return {
        "format": FORMAT,
        "experiment": drawing.experiment,
        "subject": subject,
        "claim": drawing.claim,
        "settings": dict(settings),
        "measured": dict(measured),
        "verdict": verdict.to_json(),
        "missing": list(cells.missing),
        "provenance": about,
    }


def write(folder: Path, result: Result, drawing: Drawing) -> Path:
    """Write result.json, figure.svg, figure.png and report.html into `folder`, which is returned."""
    atomic.write_json(folder / RESULT, result)
    files.write_shown(folder, result, drawing)
    return folder
