"""Help pages are in one language, whoever wrote the words on them."""

import os
import re
import subprocess
import sys

import pytest

from atalho.cli.help import PLACEHOLDERS
from atalho.text import _, use_language

COMMANDS = ["", "train", "evaluate", "predict", "models", "show", "threshold", "import", "sample"]
# Words that English cannot do without, and the parser's own; none of them is Portuguese.
ENGLISH = re.compile(
    r"\b(the|of|and|is|are|with|not|or|for|to|in|that|its|your|this|where|"
    r"default|required|choices|usage|options|commands|arguments|images?|folder|true|false)\b",
    re.IGNORECASE,
)
# What is written the same in every language.
NAMES = {"IDX", "CSV", "TIFF", "TOML", "JSON", "CIFAR", "CPU", "SGD"}


# A process of its own for each language, as commands are imported in the language in force.
_PRINT = """
import sys
from atalho import cli
for command in sys.argv[2].split(","):
    assert cli.run([*command.split(), "--help", "--lang", sys.argv[1]]) == 0
    print("\\f")
"""


def _run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        encoding="utf-8",
        env=os.environ | {"PYTHONIOENCODING": "utf-8", "COLUMNS": "200"} | environment,
    )


def _pages(language: str) -> dict[str, str]:
    found = _run("-c", _PRINT, language, ",".join(COMMANDS))
    assert found.stderr == ""
    return dict(zip(COMMANDS, found.stdout.split("\f\n"), strict=False))


@pytest.fixture(scope="module")
def english_pages() -> dict[str, str]:
    return _pages("en")


@pytest.fixture(scope="module")
def portuguese_pages() -> dict[str, str]:
    return _pages("pt")


@pytest.mark.parametrize("command", COMMANDS)
def test_no_english_is_left_on_a_portuguese_page(command, portuguese_pages):
    page = portuguese_pages[command]
    # Flags and their accepted values are code.
    prose = re.sub(r"--\S+|\[valores: [^]]*\]", "", page)
    assert page.startswith(f"Uso: atalho {command}".strip())
    assert ENGLISH.findall(prose) == []


@pytest.mark.parametrize("command", COMMANDS)
def test_every_placeholder_is_translated(command, portuguese_pages):
    words = set(re.findall(r"\b[A-ZÀ-Ý]{3,}\b", portuguese_pages[command]))
    use_language("pt")
    assert words <= {_(word) for word in PLACEHOLDERS} | NAMES


def test_the_english_page_states_choices_defaults_and_what_is_required(english_pages):
    page = english_pages["predict"]
    assert page.startswith("Usage: atalho predict [OPTIONS] RUN [ARGS...]")
    assert re.search(r"RUN +run or model folder \[required\]", page)
    assert "--format CHOICE  how the rows are printed [choices: table, csv, json] [default: table]" in page
    assert "False" not in page


def test_settings_show_the_defaults_of_the_schema(english_pages):
    page = english_pages["train"]
    assert re.search(r"--training.batch-size INT +images per step \[default: 128\]", page)
    assert re.search(r"--training.nesterov .* \[default: yes\]", page)
    assert re.search(r"--model.stem CHOICE .* \[default: auto\] \[choices: auto, small, large\]", page)
    assert re.search(r"--model.start STR +run or model folder whose weights training starts from +│", page)
    titles = [
        "Arguments",
        "Options",
        "Network",
        "Images",
        "Variation of the training images",
        "Learning",
        "Re-identification",
    ]
    assert re.findall(r"╭─ (.+?) ─", page) == titles


def test_a_misspelt_flag_is_explained_in_portuguese():
    found = _run("-m", "atalho", "--lang", "pt", "train", "--epocs", "3")
    assert (found.returncode, found.stdout) == (2, "")
    assert found.stderr == "Opção --epocs desconhecida. Você quis dizer --epochs?\n"


def test_the_environment_chooses_the_language_of_the_program():
    found = _run("-m", "atalho", "--help", LANGUAGE="", LC_ALL="", LC_MESSAGES="", LANG="pt_BR.UTF-8")
    assert "╭─ Comandos ─" in found.stdout
    assert found.stderr == ""
