"""docs/results.md says what the types of the results say."""

import subprocess
import sys
from pathlib import Path

TOOL = Path(__file__).parents[2] / "tools" / "results.py"


def test_the_keys_of_every_result_are_documented_from_their_types() -> None:
    found = subprocess.run([sys.executable, TOOL, "check"], text=True, capture_output=True)
    assert (found.returncode, found.stderr) == (0, "")


def test_every_key_has_a_meaning() -> None:
    page = (TOOL.parents[1] / "docs" / "results.md").read_text(encoding="utf-8")
    rows = [line for line in page.partition("## result.json")[2].splitlines() if line.startswith(("| `", "| *"))]
    assert len(rows) > 100 and not [row for row in rows if row.rstrip("| ").count("|") < 3]
