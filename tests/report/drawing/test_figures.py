"""The drawings that the documents show are those that the code draws now."""

import runpy
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_stored_drawings_are_up_to_date() -> None:
    for name, drawing in runpy.run_path(str(ROOT / "benchmarks" / "drawings.py"))["drawings"]().items():
        stored = (ROOT / "docs" / "figures" / name).read_text(encoding="utf-8")
        assert stored == drawing, f"{name}: write it anew with python benchmarks/drawings.py"
