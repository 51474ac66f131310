"""The lesson's Python runs, chapter by chapter, and both languages have the same chapters."""

import re
import shlex
from pathlib import Path

import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

from atalho.cli import run

GUIDE = Path(__file__).parents[2] / "docs" / "guide"
CHAPTERS = sorted(str(path.relative_to(GUIDE)) for path in GUIDE.glob("*/[0-9]*.md"))


def blocks(chapter: str) -> list[str]:
    return re.findall(r"^```(\w+)\n", (GUIDE / chapter).read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_python_of_a_chapter_runs(chapter: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    examples = list(Sybil([PythonCodeBlockParser()], encoding="utf-8").parse(GUIDE / chapter).examples())
    assert examples
    for example in examples:
        example.evaluate()


@pytest.mark.parametrize("chapter", [c for c in CHAPTERS if "    $ atalho" in (GUIDE / c).read_text(encoding="utf-8")])
def test_commands_of_a_chapter_print_what_it_shows(
    chapter: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    shown = re.findall(r"^    (.*)$", (GUIDE / chapter).read_text(encoding="utf-8").partition("```")[0], re.MULTILINE)
    session = "\n".join(shown[shown.index(next(line for line in shown if line.startswith("$ atalho"))) :])
    for command, *expected in (part.splitlines() for part in session.split("$ atalho ")[1:]):
        assert run(["--lang", chapter[:2], *shlex.split(command)]) == 0
        told = capsys.readouterr()
        printed = iter([line.rstrip() for line in (told.err + told.out).splitlines()])
        assert [line for line in expected if line != "…" and line not in printed] == []


def test_both_languages_have_the_same_chapters_with_the_same_blocks() -> None:
    english, portuguese = ([c for c in CHAPTERS if c.startswith(language)] for language in ("en", "pt"))
    assert [Path(c).name[:3] for c in english] == [Path(c).name[:3] for c in portuguese]
    assert [blocks(c) for c in english] == [blocks(c) for c in portuguese]


@pytest.mark.parametrize("language", ["en", "pt"])
def test_the_contents_list_every_chapter(language: str) -> None:
    listed = re.findall(r"\]\((\d[^)]*)\)", (GUIDE / language / "README.md").read_text(encoding="utf-8"))
    assert [f"{language}/{name}" for name in listed] == [c for c in CHAPTERS if c.startswith(language)]
