"""The page about Python runs, and what it shows of other programs fits the interface."""

import ast
import re
from pathlib import Path

import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

from atalho.training.progress import Progress

GUIDE = Path(__file__).parents[2] / "docs" / "guide"
PAGES = ["en/python.md", "pt/python.md"]


@pytest.mark.parametrize("page", PAGES)
def test_the_python_of_the_page_runs(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for example in Sybil([PythonCodeBlockParser()], encoding="utf-8").parse(GUIDE / page).examples():
        example.evaluate()


@pytest.mark.parametrize("page", PAGES)
def test_callbacks_for_other_programs_override_what_there_is(page: str) -> None:
    blocks = re.findall(r"^```py\n(.*?)^```", (GUIDE / page).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert len(blocks) == 2
    for block in blocks:
        (written,) = (node for node in ast.parse(block).body if isinstance(node, ast.ClassDef))
        methods = [node.name for node in written.body if isinstance(node, ast.FunctionDef)]
        assert {"epoch", "finished", "end"} <= set(methods)
        assert all(hasattr(Progress, name) for name in methods)
        assert len([line for line in ast.unparse(written).splitlines() if line]) <= 12
