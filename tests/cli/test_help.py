"""What one process prints is in one language at a time, whoever wrote the words: help pages, results and errors."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

import atalho
from atalho import cli
from atalho.cli.help import PLACEHOLDERS
from atalho.cli.options import SHORT
from atalho.text import _, use_language

COMMANDS = [
    *("", "doctor", "train", "evaluate", "predict", "embed", "models", "show", "import", "index", "search", "compare"),
    *(
        "runs",
        "grow",
        "threshold",
        "sample",
        "completion",
        "gallery",
        "gallery list",
        "gallery remove",
        "gallery verify",
        "gallery rebuild",
        "lab",
    ),
]
# Words that English cannot do without, and the parser's own; none of them is Portuguese.
ENGLISH = re.compile(
    r"\b(the|of|and|is|are|with|not|or|for|to|in|that|its|your|this|where|there|mean|training|network|"
    r"default|required|choices|usage|options|commands|arguments|images?|folder|true|false|yes)\b",
    re.IGNORECASE,
)
# And the other way round.
PORTUGUESE = re.compile(
    r"\b(de|da|dos|das|não|que|uma?|em|com|por|para|ou|os|sem|são|seu|se|imagens|imagem|pasta|rede|"
    r"padrão|obrigatório|opções|uso|comandos|argumentos|sim|treino|perda|existe|quis)\b|[ãõç]",
    re.IGNORECASE,
)
SOURCE = Path(atalho.__file__).parent
# What is written the same in every language.
NAMES = {"IDX", "CSV", "TIFF", "AVIF", "TOML", "JSON", "CIFAR", "CPU", "GPU", "SGD", "VGG", "HTML"}


def _run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        encoding="utf-8",
        env=os.environ | {"PYTHONIOENCODING": "utf-8", "COLUMNS": "200"} | environment,
    )


def _printed(language: str, *arguments: object) -> str:
    """What a command prints in this process, results and errors."""
    said = StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(said), redirect_stderr(said):
        patch.setenv("COLUMNS", "200")
        cli.run([*map(str, arguments), "--lang", language])
    return said.getvalue()


@pytest.fixture(scope="module")
def pages() -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """Every help page in English, then in Portuguese, then in English again, from one process."""
    english, portuguese, again = (
        {command: _printed(language, *command.split(), "--help-all") for command in COMMANDS}
        for language in ("en", "pt", "en")
    )
    return english, portuguese, again


@pytest.fixture
def english_pages(pages) -> dict[str, str]:
    return pages[0]


@pytest.fixture
def portuguese_pages(pages) -> dict[str, str]:
    return pages[1]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_page_is_english_before_and_after_it_was_portuguese(command, pages):
    english, _portuguese, again = pages
    assert PORTUGUESE.findall(english[command]) == []
    assert english[command] == again[command]
    assert english[command].startswith(f"Usage: atalho {command}".strip())


@pytest.mark.parametrize("command", COMMANDS)
def test_no_english_is_left_on_a_portuguese_page(command, portuguese_pages):
    page = portuguese_pages[command]
    # Flags and their accepted values are code.
    prose = re.sub(r"--\S+|\[valores: [^]]*\]|^  atalho .*|\batalho (help|train)\b", "", page, flags=re.MULTILINE)
    assert page.startswith(f"Uso: atalho {command}".strip())
    assert ENGLISH.findall(prose) == []


@pytest.mark.parametrize("command", COMMANDS[1:])
def test_a_summary_has_nine_words_at_most(command, pages):
    for page in pages[:2]:
        assert len(page[command].split("\n\n")[1].split()) <= 9


@pytest.mark.parametrize("command", COMMANDS)
def test_every_placeholder_is_translated(command, portuguese_pages):
    page = re.sub(r"^  atalho .*", "", portuguese_pages[command], flags=re.MULTILINE)
    words = set(re.findall(r"\b[A-ZÀ-Ý]{3,}\b", page))
    use_language("pt")
    assert words <= {_(word) for word in PLACEHOLDERS} | NAMES


def test_the_english_page_states_choices_defaults_and_what_is_required(english_pages):
    page = english_pages["predict"]
    assert page.startswith("Usage: atalho predict RUN IMAGES... [OPTIONS]\n")
    assert re.search(r"RUN +run, model folder or name of pretrained weights \[required\]", page)
    assert re.search(r"--format CHOICE +output format \[choices: table, csv, json\] \[default: table\]", page)
    assert "False" not in page


def test_settings_show_the_defaults_that_hold_with_every_recipe(english_pages):
    page = english_pages["train"]
    assert re.search(r"--training.keep INT +number of checkpoints to keep \[default: 2\]", page)
    assert re.search(r"--augment.flip .* \[default: yes\]", page)
    stems = r"\[choices: auto, small, large, small-pool, small-double, large-linear\] \[default: auto\]"
    assert re.search(rf"--model.stem CHOICE .* {stems}", page)
    assert re.search(r"--epochs INT +number of passes over the training images \[default: set by the recipe\]", page)
    assert re.search(r"--recipe CHOICE .* \[default: fast, or finetune with --from and weights from", page)
    assert re.search(r"--from STR +run, model folder or name of pretrained weights to", page)


def test_a_value_stands_under_one_name(english_pages):
    page = english_pages["train"]
    for path, flag in SHORT.items():
        assert re.search(rf"│ {flag} ", page)
        assert f"--{path}".replace("_", "-") not in re.findall(r"--[\w.-]+", page)[1:] or path == "task"
    assert "skip-bad" not in re.sub(r"│ --skip-bad", "", page)


def test_help_has_a_panel_for_each_section(english_pages):
    page = english_pages["train"]
    titles = [
        "Arguments",
        "Options",
        "More options",
        "Network",
        "Image settings",
        "Augmentation",
        "Learning",
        "Re-identification",
    ]
    assert re.findall(r"╭─ (.+?) ─", page) == titles
    assert re.findall(r"╭─ (.+?) ─", _printed("en", "train", "--help")) == titles[:2]


def test_commands_stand_in_groups(english_pages):
    page = english_pages[""]
    assert re.findall(r"╭─ (.+?) ─", page) == ["Images", "Models", "Same or not", "Laboratory", "Help"]
    assert re.search(r"╭─ Images ─+╮\n│ sample .*\n│ doctor ", page)


USAGES = {
    "train": "[DATA] [OPTIONS]",
    "evaluate": "RUN [DATA] [OPTIONS]",
    "predict": "RUN IMAGES... [OPTIONS]",
    "import": "FILE --out PATH [OPTIONS]",
    "index": "RUN [IMAGES...] --gallery STR [OPTIONS]",
    "compare": "RUN FIRST SECOND [OPTIONS]",
    "gallery": "COMMAND",
    "completion": "SHELL",
}


@pytest.mark.parametrize("command", USAGES)
def test_usage_names_the_arguments(command, english_pages):
    assert english_pages[command].startswith(f"Usage: atalho {command} {USAGES[command]}\n")


def test_a_short_page_says_where_all_settings_are():
    short, whole = (_printed("en", "train", flag) for flag in ("--help", "--help-all"))
    assert "All settings: atalho train --help-all" in short
    assert "--training.lr" in whole
    assert "--training.lr" not in short
    assert len(short.splitlines()) < 40
    assert "--help-all" not in _printed("en", "models", "--help")


@pytest.mark.parametrize("words", [["train"], ["lab", "depth"], []])
def test_help_is_a_command_too(words):
    assert _printed("en", "help", *words) == _printed("en", *words, "--help")
    assert _printed("en", "help", *words, "--help-all") == _printed("en", *words, "--help-all")


def test_help_of_an_unknown_command_names_the_nearest():
    assert _printed("en", "help", "trian") == "Unknown command trian. Did you mean train?\n"


def test_a_misspelt_flag_is_explained_in_portuguese():
    found = _run("-m", "atalho", "--lang", "pt", "train", "--epocs", "3")
    assert (found.returncode, found.stdout) == (2, "")
    assert found.stderr == "Opção --epocs desconhecida. Você quis dizer --epochs?\n"


MISTAKES = [["train", "--epocs", "3"], ["trian"], ["train", "--epochs", "many"], ["train", "--out"], ["show"]]


@pytest.mark.parametrize("arguments", MISTAKES)
def test_a_mistake_is_explained_in_the_language_of_its_command(arguments):
    english, portuguese, again = (_printed(language, *arguments) for language in ("en", "pt", "en"))
    assert english == again != portuguese
    assert PORTUGUESE.findall(_words(english)) == []
    assert ENGLISH.findall(_words(portuguese)) == []


COMMAND_LINES = {
    "models": ["models", "resnet*"],
    "show": ["show", "resnet20"],
    "doctor": ["doctor", "{clothes}"],
    "evaluate": ["evaluate", "{model}", "{clothes}"],
    "predict": ["predict", "{model}", "{clothes}/test/bag"],
    "a missing folder": ["doctor", "{clothes}/nowhere"],
    "settings out of range": ["train", "{clothes}", "--training.lr", "-1", "--training.epochs", "0"],
    "an unknown network": ["show", "resnet21"],
    "a folder that is no run": ["train", "--resume", "{clothes}"],
}


@pytest.mark.parametrize("name", COMMAND_LINES)
def test_results_and_errors_are_in_one_language(name, model, clothes):
    arguments = [word.format(model=model, clothes=clothes) for word in COMMAND_LINES[name]]
    english, portuguese, again = (_words(_printed(language, *arguments)) for language in ("en", "pt", "en"))
    assert english == again != portuguese
    assert PORTUGUESE.findall(english) == []
    assert ENGLISH.findall(portuguese) == []


USUAL = ["--model", "resnet20", "--epochs", "1"]


def test_a_training_tells_of_itself_in_one_language(clothes, tmp_path):
    english, portuguese, again = (
        _words(_printed(language, "train", clothes, *USUAL, "--out", tmp_path / str(turn)))
        for turn, language in enumerate(("en", "pt", "en"))
    )
    assert re.sub(r"\d+", "N", english) == re.sub(r"\d+", "N", again)
    assert "accuracy" in english
    assert PORTUGUESE.findall(english) == []
    assert "acurácia" in portuguese
    assert ENGLISH.findall(portuguese) == []


def _words(printed: str) -> str:
    """Without what is code: flags, settings by their paths, paths of files, quoted values."""
    return re.sub(r"--\S+|\S*/\S*|\b\w+\.\w+\b|'[^']*'", "", printed)


# Whoever asks for help waits for these and for nothing else: no torch, numpy, pydantic or matplotlib.
LIBRARIES = {"attr", "attrs", "cyclopts", "docstring_parser", "rich"}
_LOADED = """
import sys
from atalho import cli
for command in sys.argv[1:]:
    assert cli.run([*command.split(), "--help"]) == 0
loaded = {name.partition(".")[0] for name in sys.modules if not name.startswith("_")} - {"atalho", "sitecustomize"}
print(*sorted(loaded - set(sys.stdlib_module_names)), file=sys.stderr)
"""


def test_help_loads_the_parser_and_nothing_heavy():
    found = _run("-c", _LOADED, *(command for command in COMMANDS if command))
    assert found.returncode == 0
    assert set(found.stderr.split()) <= LIBRARIES


def test_no_text_is_translated_while_a_module_is_imported():
    found = {
        f"{path.relative_to(SOURCE)}:{call.lineno}"
        for path in SOURCE.rglob("*.py")
        for call in _at_import(ast.parse(path.read_text()))
        if call.func.id in ("_", "ngettext")
    }
    assert found == set()


def _at_import(node: ast.AST) -> Iterator[ast.Call]:
    """The calls of a plain name that Python makes while it imports a module: not those in functions' bodies."""
    if isinstance(node, ast.Lambda):
        return
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        yield node
    function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    for child in ast.iter_child_nodes(node):
        if not (function and child in node.body):
            yield from _at_import(child)


def test_the_environment_chooses_the_language_of_the_program():
    found = _run("-m", "atalho", "--help", LANGUAGE="", LC_ALL="", LC_MESSAGES="", LANG="pt_BR.UTF-8")
    assert "╭─ Modelos ─" in found.stdout
    assert found.stderr == ""
