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


EDITS = {
    "en/01-sum.md": ("padding=1", "padding=0"),
    "pt/01-soma.md": ("padding=1", "padding=0"),
    "en/07-gradients.md": ("depth = 20", "depth = 56"),
    "pt/07-gradientes.md": ("profundidade = 20", "profundidade = 56"),
}
"""What an exercise asks to replace in the chapter's own code; the other exercises write new code, which runs above."""


@pytest.mark.parametrize("chapter", EDITS)
def test_the_edit_that_an_exercise_asks_for_does_what_the_answer_says(
    chapter: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    before, after = EDITS[chapter]
    told = (GUIDE / chapter).read_text(encoding="utf-8").partition("<details>")[0]
    code, exercise = told.rsplit("**", 2)[0], told.rsplit("**", 1)[1]
    assert f"`{after}`" in exercise and before in code
    Path("edited.md").write_text(code.replace(before, after), encoding="utf-8")
    examples = list(Sybil([PythonCodeBlockParser()], encoding="utf-8").parse(Path("edited.md")).examples())
    if "padding" in before:
        with pytest.raises(RuntimeError, match=r"tensor a \(124\) must match .* tensor b \(128\) at .* dimension 3"):
            for example in examples:
                example.evaluate()
        return
    for example in examples:
        example.evaluate()
    assert "plain56" in capsys.readouterr().out


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_ends_with_an_exercise_whose_answer_unfolds(chapter: str) -> None:
    text = (GUIDE / chapter).read_text(encoding="utf-8")
    summary = {"en": "Answer", "pt": "Resposta"}[chapter[:2]]
    assert (
        len(
            re.findall(
                rf"^\*\*(?:Try it|Experimente)\.\*\* .*\n\n<details>\n<summary>{summary}</summary>\n\n", text, re.M
            )
        )
        == 1
    )
    answer = text.partition("<details>")[2].partition("\n\n</details>\n\n[")
    assert answer[1] and "```python" in answer[0]


def data_sets(words: list[str]) -> list[str]:
    """The images that a command reads, as its words tell."""
    place = {"train": 1, "doctor": 1, "depth": 2, "compare": 2, "gradients": 3}
    name = words[1] if words[0] == "lab" else words[0]
    given = words[place[name]] if name in place and len(words) > place[name] else "-"
    return [] if given.startswith("-") else [given]


@pytest.mark.parametrize("language", ["en", "pt"])
def test_commands_of_the_lesson_read_images_that_a_chapter_before_has_unpacked(language: str) -> None:
    there: set[str] = set()
    used = 0
    for chapter in (c for c in CHAPTERS if c.startswith(language)):
        text = (GUIDE / chapter).read_text(encoding="utf-8")
        there |= set(re.findall(r'samples\.unpack\("\w+", "(\w+)"\)', text))
        for block in re.findall(r"^```bash\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
            for words in map(shlex.split, block.splitlines()):
                for name in data_sets(words[1:]):
                    assert name in there, f"{chapter}: {name} is not there"
                    used += 1
    assert used >= 6
