"""Help is immediate: it imports what the parser needs, and neither torch nor matplotlib."""

import subprocess
import sys

import pytest

# The parser, its tables and the schema, with what those need in turn; numpy comes with the names of data sets.
ALLOWED = {
    *("annotated_types", "atalho", "attr", "attrs", "cyclopts", "docstring_parser", "markdown_it", "mdurl", "numpy"),
    *("platformdirs", "pydantic", "pydantic_core", "pygments", "rich", "rich_rst", "tomlkit"),
    *("typing_extensions", "typing_inspection"),
}
IMPORTED = """
import os, sys
before = set(sys.modules)
from atalho import cli
sys.stdout = open(os.devnull, "w")
assert cli.run([*sys.argv[1:], "--help"]) == 0
found = {name.partition(".")[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names)
print(*(name for name in found if not name.startswith("_")), file=sys.__stdout__)
"""


@pytest.mark.parametrize("command", [[], ["train"], ["lab"], ["lab", "depth"]])
def test_help_imports_what_the_parser_needs_and_no_more(command: list[str]) -> None:
    found = subprocess.run([sys.executable, "-c", IMPORTED, *command], capture_output=True, text=True, check=True)
    imported = set(found.stdout.split())
    assert {"atalho", "cyclopts", "rich"} <= imported
    assert imported <= ALLOWED
