"""What the shells offer at a Tab: the script for bash in a real bash, those for zsh and fish by what stands in them."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from atalho.cli import run

SHELLS = ("bash", "zsh", "fish")
BASH = """
source "$0"
COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 )); _atalho; printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture
def script(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    assert run(["completion", "bash"]) == 0
    path = tmp_path / "atalho.bash"
    path.write_text(capsys.readouterr().out)
    return path


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        (["tr"], ["train"]),
        (["lab", "d"], ["depth"]),
        (["help", "thr"], ["threshold"]),
        (["completion", ""], ["bash", "zsh", "fish"]),
        (["train", "--rec"], ["--recipe"]),
        (["train", "clothes", "--training.dev"], ["--training.device"]),
        (["train", "--task", "re"], ["reid"]),
        (["train", "--task", "=", "re"], ["reid"]),
        (["train", "--model", "resnet1"], ["resnet18", "resnet101", "resnet152", "resnet110", "resnet1202"]),
        (["train", "--help"], ["--help", "--help-all"]),
        (["train", "train", "--rec"], ["--recipe"]),
        (["train", "clo"], [""]),
        (["train", "--out", ""], [""]),
        (["predict", "runs/clothes", ""], [""]),
    ],
)
def test_bash_offers_what_fits_and_leaves_the_rest_to_files(line: list[str], offered: list[str], script: Path) -> None:
    bash = shutil.which("bash")
    assert bash is not None
    found = subprocess.run([bash, "-c", BASH, script, "atalho", *line], capture_output=True, text=True, check=True)
    assert (found.stdout.split("\n")[:-1], found.stderr) == (offered, "")


def test_bash_completes_files_where_nothing_fits(script: Path) -> None:
    assert script.read_text().endswith("complete -o bashdefault -o default -F _atalho atalho\n")


@pytest.mark.parametrize("shell", SHELLS)
def test_every_script_has_the_commands_their_options_and_values(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["completion", shell]) == 0
    text = capsys.readouterr().out
    for words in (" train", " lab depth", " gallery relabel", " weights fetch"):
        assert f"'{words}'" in text.replace("\\'", "'")
    for part in ("training.weight-decay", "augment.no-flip", "help-all", "cross-camera", "densenet121", "tensorboard"):
        assert part in text
    assert not re.search(r"--model\.name|--data\.path", text)


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_what_an_option_means_is_told_in_the_language_in_force(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["completion", shell, "--lang", "pt"]) == 0
    text = capsys.readouterr().out
    assert "Treina uma rede com as suas imagens." in text
    assert "semente aleatória do treino" in text
    assert "random seed" not in text
