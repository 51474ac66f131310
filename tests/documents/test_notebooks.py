"""The notebooks run from top to bottom, on fewer images, and each shows something that a notebook can show."""

import ast
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "examples").glob("*.ipynb"))
RICH = ("_repr_html_", "_repr_svg_", "_repr_png_")


def cells(notebook: Path, kind: str) -> list[str]:
    content = json.loads(notebook.read_text(encoding="utf-8"))
    assert content["nbformat"] == 4
    return ["".join(cell["source"]) for cell in content["cells"] if cell["cell_type"] == kind]


def run_cell(source: str, names: dict[str, Any]) -> Any:
    """Run a cell; the value of its last line, which a notebook shows."""
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), names)
    return None if last is None else eval(compile(ast.Expression(last.value), "cell", "eval"), names)


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(notebook: Path, clothes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(clothes, tmp_path / "few")
    names: dict[str, Any] = {"few": tmp_path / "few"}
    shown = 0
    for source in cells(notebook, "code"):
        small = re.sub(
            r'samples\.unpack\("fashion", "\w+"\)', "few", re.sub(r"(EPOCHS|EPOCAS) = \d", r"\1 = 1", source)
        )
        value = run_cell(small, names)
        for name in RICH:
            show = getattr(value, name, None)
            if show is not None and (content := show()) is not None:
                assert len(content) > 20, source
                shown += 1
                break
    assert shown >= 2


def test_there_are_three_and_one_is_in_portuguese() -> None:
    assert len(NOTEBOOKS) == 3
    words = [" ".join(cells(notebook, "markdown")) for notebook in NOTEBOOKS]
    assert sum("não" in text and "época" in text for text in words) == 1


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_stored_without_outputs_and_is_linked(notebook: Path) -> None:
    content = json.loads(notebook.read_text(encoding="utf-8"))
    assert not any(cell.get("outputs") for cell in content["cells"])
    for page in ("docs/guide/en/python.md", "docs/guide/pt/python.md", "README.md", "README.pt-BR.md"):
        assert f"examples/{notebook.name})" in (ROOT / page).read_text(encoding="utf-8")
