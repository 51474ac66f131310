"""The documents tell the truth: their Python runs, their commands parse, their links, files and tests exist."""

import ast
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

from atalho.cli import app

ROOT = Path(__file__).parents[2]
READMES = {"README.md": ("photos", "new.png"), "README.pt-BR.md": ("fotos", "nova.png")}
DOCUMENTS = sorted(
    str(path.relative_to(ROOT)) for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")) if path.stat().st_size
)


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def shell_lines(name: str) -> Iterator[list[str]]:
    """The commands of a document's shell blocks, split as a shell would."""
    for block in re.findall(r"^```(?:bash|sh)\n(.*?)^```", text(name), re.DOTALL | re.MULTILINE):
        for line in block.replace("\\\n", " ").splitlines():
            if words := shlex.split(line, comments=True):
                yield words


def commands(name: str) -> list[list[str]]:
    """Those of `atalho`, also the ones that torchrun starts, and the ones named in running text."""
    inline = (shlex.split(found) for found in re.findall(r"`(atalho [a-z][^`]*)`", text(name)))
    started = (words[words.index("atalho") :] for words in shell_lines(name) if "torchrun" in words[:2])
    return [words for words in (*shell_lines(name), *started, *inline) if words[0] == "atalho"]


def names_a_command(words: list[str]) -> bool:
    """Whether this is a command and nothing more, as running text speaks of it."""
    here = app.build()
    for word in words:
        if word not in set(here):
            return False
        here = here[word]
    return True


@pytest.mark.parametrize("name", READMES)
def test_python_blocks_run(name: str, clothes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, image = READMES[name]
    shutil.copytree(clothes, tmp_path / folder)
    shutil.copy(next((clothes / "test").rglob("*.png")), tmp_path / image)
    monkeypatch.chdir(tmp_path)
    examples = list(Sybil([PythonCodeBlockParser()], encoding="utf-8").parse(ROOT / name).examples())
    assert len(examples) == 2
    for example in examples:
        example.evaluate()
    assert (tmp_path / "runs" / folder / "report.html").is_file()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_commands_are_what_the_command_line_takes(name: str) -> None:
    for words in commands(name):
        given = [word for word in words[1:] if word != "…"]
        if "--lang" in given:  # taken out before the commands parse theirs
            place = given.index("--lang")
            assert given.pop(place + 1) in ("en", "pt")
            del given[place]
        if ">" in given:  # the shell's
            del given[given.index(">") :]
        if given[:1] == ["help"]:
            del given[0]
        if not names_a_command([word for word in given if word not in ("--help", "--help-all")]):
            app.build().parse_args(given, exit_on_error=False, print_error=False)


def test_both_readmes_show_the_same_commands() -> None:
    english, portuguese = (list(shell_lines(name)) for name in READMES)
    assert [words[:2] for words in english] == [words[:2] for words in portuguese]
    assert sum(words[0] == "atalho" for words in english) >= 5


def made(words: list[str]) -> Iterator[str]:
    """The files and folders that a command writes, as far as its words tell."""
    yield from (value for option, value in pairwise(words) if option in ("--out", "--gallery", "--report", "--svg"))
    if words[1:2] == ["sample"] and len(words) == 4:
        yield f"{words[3]}/image.png"
    if words[1:2] == ["lab"]:
        yield "lab/depth-photos/report.html"


@pytest.mark.parametrize("name", [*READMES, "docs/guide/en/06-training.md", "docs/guide/pt/06-treino.md"])
def test_what_the_commands_make_is_not_committed(name: str) -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a clone")
    files = sorted({file for words in commands(name) for file in made(words)})
    assert files
    asked = ["git", "check-ignore", "--no-index", *files]
    ignored = subprocess.run(asked, cwd=ROOT, text=True, capture_output=True).stdout.splitlines()
    assert [file for file in files if file not in ignored and not file.startswith("/")] == []


@pytest.mark.parametrize("name", READMES)
def test_a_readme_lists_the_extras_and_messages_name_no_others(name: str) -> None:
    known = set(tomllib.loads(text("pyproject.toml"))["project"]["optional-dependencies"]) - {"dev", "docs"}
    assert set(re.findall(r"^\| `(\w+)` \|", text(name), re.MULTILINE)) == known
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    assert set(re.findall(r'install\("(\w+)"\)', sources)) == known
    assert "pip install 'atalho[" not in sources


@pytest.mark.parametrize("name", DOCUMENTS)
def test_make_targets_exist(name: str) -> None:
    targets = set(re.findall(r"^([a-z]+):", text("Makefile"), re.MULTILINE))
    blocks = [words[1] for words in shell_lines(name) if words[0] == "make"]
    assert set(blocks) | set(re.findall(r"`make ([a-z]+)`", text(name))) <= targets


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_somewhere(name: str) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)", text(name))
    assert [target for target in targets if not ((ROOT / name).parent / target).exists()] == []


@cache
def functions_of(path: str) -> set[str]:
    nodes = ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8")))
    return {node.name for node in nodes if isinstance(node, ast.FunctionDef)}


def test_the_tests_that_hold_the_article_exist() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", text("docs/article.md"))
    assert len(named) >= 20
    assert [f"{path}::{test}" for path, test in named if test not in functions_of(path)] == []


def test_the_files_that_the_article_names_exist() -> None:
    named = set(re.findall(r"`([a-z_]+/[\w/]+\.py)`", text("docs/article.md")))
    assert len(named) >= 10
    assert {name for name in named if not (ROOT / "src" / "atalho" / name).is_file()} == set()


def test_the_files_where_the_articles_sentences_live_exist() -> None:
    section = text("docs/architecture.md").split("## Where the article's sentences live")[1].split("\n## ")[0]
    rows = re.findall(r"^\| [A-Z].*\| (.*) \|$", section, re.MULTILINE)
    assert len(rows) == 13
    named = {name for row in rows for name in re.findall(r"`([\w/]+(?:\.py)?)`", row)}
    assert len(named) >= 12
    places = [ROOT / "src" / "atalho" / name for name in named]
    assert [place for place in places if not place.exists() and not place.with_suffix(".py").exists()] == []


@pytest.mark.parametrize("tool", ["files", "command_line"])
def test_generated_pages_are_up_to_date(tool: str) -> None:
    done = subprocess.run([sys.executable, ROOT / "tools" / f"{tool}.py", "check"], text=True, capture_output=True)
    assert (done.stderr, done.returncode) == ("", 0)


def test_the_list_of_files_has_every_file_and_room() -> None:
    source = ROOT / "src" / "atalho"
    listed = set(re.findall(r"^- `([\w/]+\.py)`: ", text("docs/files.md"), re.MULTILINE))
    rooms = {path.parent.name for path in source.glob("*/__init__.py")}
    assert listed | {f"{room}/__init__.py" for room in rooms} == {
        str(path.relative_to(source)) for path in source.rglob("*.py")
    }
    assert set(re.findall(r"^## (\w+)$", text("docs/files.md"), re.MULTILINE)) == rooms


def test_the_reference_of_the_command_line_has_every_command_in_both_languages() -> None:
    for name in ("docs/cli.md", "docs/cli.pt-BR.md"):
        headings = set(re.findall(r"^#+ (atalho .*)$", text(name), re.MULTILINE))
        groups = {group: set(app.build()[group]) for group in ("gallery", "lab", "weights")}
        every = {f"atalho {command}" for command in app.build() if not command.startswith("-")}
        for group, commands in groups.items():
            every |= {f"atalho {group} {command}" for command in commands if not command.startswith("-")}
        assert headings == every


@pytest.mark.parametrize(("readme", "page"), [("README.md", "measured.md"), ("README.pt-BR.md", "measured.pt-BR.md")])
def test_the_figures_of_a_readme_stand_among_all_figures(readme: str, page: str) -> None:
    rows = re.findall(r"^\|.*\]\(results/.*$", text(readme), re.MULTILINE)
    assert len(rows) == 6
    assert [row for row in rows if row.replace("](results/", "](../results/") not in text(f"docs/{page}")] == []


@pytest.mark.parametrize("page", ["docs/measured.md", "docs/measured.pt-BR.md"])
def test_every_stored_result_has_its_figures(page: str) -> None:
    linked = set(re.findall(r"\]\(\.\./results/([\w-]+\.json)\)", text(page)))
    assert linked == {path.name for path in (ROOT / "results").glob("*.json")}
