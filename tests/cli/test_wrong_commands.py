"""Commands as people get them wrong: each answer names what to do, in English and, completely, in Portuguese."""

import re
import shutil
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

import atalho
from atalho import cli
from atalho.runs.run import Run

WRONG = [
    # Misspelt.
    ("trian clothes", "Did you mean train?"),
    ("lab depht clothes", "Did you mean depth?"),
    ("gallery lst clothes.db", "Did you mean list?"),
    ("train clothes --epocs 3", "Did you mean --epochs?"),
    ("train clothes --weight-decy 0.1", "Did you mean --training.weight-decay?"),
    ("train cloths", "Did you mean clothes"),
    ("train clothes --model resnet19", "/ resnet18"),
    ("train clothes --recipe papper", "Did you mean paper?"),
    # As other tools have it.
    ("train clothes --size 64", "Use --data.size."),
    ("train clothes --imgsz 64", "Use --data.size."),
    ("train clothes --lr 0.1", "Use --training.lr."),
    ("train clothes --pretrained", "Use --from imagenet."),
    ("train clothes --workers 2", "Use --data.workers."),
    ("train clothes --batch 4", "Use --batch-size."),
    ("train clothes --device cuda", "Use --training.device."),
    ("predict run one.png --device cuda", "Set the environment variable ATALHO_DEVICE"),
    ("train --data clothes", "Give its value alone: atalho train [DATA] [OPTIONS]"),
    ("predict --model run one.png", "Give its value alone: atalho predict RUN IMAGES... [OPTIONS]"),
    ("train clothes resnet18", "--model resnet18"),
    ("train clothes --from resnet18", "atalho weights list resnet18"),
    # In the wrong order, or swapped.
    ("--model resnet18 train clothes", "atalho train clothes --model resnet18"),
    ("clothes train", "atalho train clothes"),
    ("evaluate clothes run", "A model comes first"),
    ("predict one.png run", "A model comes first"),
    ("lab gradients clothes resnet20", "A model comes first"),
    ("search one.png clothes.db", "Give a file that atalho index wrote, before the images."),
    ("compare one.png other.png", "Usage: atalho compare RUN FIRST SECOND [OPTIONS]"),
    ("sample clothes fashion", "Accepted: fashion, omniglot, trash."),
    # Without quotes, or with what the shell made of a glob.
    ("train my clothes", 'Put a name with spaces in quotes: "my clothes"'),
    ("models one.png other.png", "Put the pattern in quotes"),
    # A file for a folder, a folder for a file, one thing for another.
    ("train one.png", "Accepted: a folder with train/<class>/"),
    ("train run", "atalho train --resume run"),
    ("train clothes --out one.png", "Choose another --out."),
    ("train clothes --config clothes", "Give a TOML file"),
    ("train clothes --model run", "--from run"),
    ("train --resume clothes", "Give a folder written by atalho train."),
    ("doctor clothes --report clothes", "give the name of a file"),
    ("index run clothes --gallery clothes", "a gallery is a file, such as characters.db"),
    # With something missing, or a value that is none.
    ("train nowhere", "Check the path"),
    ("predict run", "Usage: atalho predict RUN IMAGES... [OPTIONS]"),
    ("import one.png", "Usage: atalho import FILE --out PATH [OPTIONS]"),
    ("train clothes --epochs ten", "it must be a whole number"),
    ("train clothes --training.lr 0,1", "it must be a number"),
    ("lab depth clothes --depths 20;26", "such as 20,26,56"),
]
# Words that a sentence in the other language hardly does without.
ENGLISH = re.compile(r"\b(the|of|and|is|are|with|not|or|for|to|in|did|you|usage|accepted|missing)\b", re.IGNORECASE)
PORTUGUESE = re.compile(r"\b(de|da|uma?|em|com|por|para|ou|não|são|uso|aceitos?|opção)\b|[ãõç]", re.IGNORECASE)


@pytest.fixture(scope="module")
def world(run: Run, clothes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with images, two of them alone, a run and a gallery."""
    folder = tmp_path_factory.mktemp("wrong")
    shutil.copytree(clothes, folder / "clothes")
    shutil.copytree(clothes, folder / "my clothes")
    shutil.copytree(run.path, folder / "run")
    for name, image in zip(("one.png", "other.png"), sorted(clothes.rglob("*.png")), strict=False):
        shutil.copy(image, folder / name)
    atalho.index(folder / "run", [str(folder / "clothes" / "test" / "bag")], str(folder / "clothes.db"))
    return folder


def _answer(language: str, line: str) -> str:
    said, printed = StringIO(), StringIO()
    with redirect_stderr(said), redirect_stdout(printed):
        assert cli.run([*line.split(" "), "--lang", language]) == 2
    assert printed.getvalue() == ""
    return said.getvalue()


@pytest.mark.parametrize(("line", "remedy"), WRONG, ids=[line for line, _remedy in WRONG])
def test_the_answer_names_what_to_do(line: str, remedy: str, world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(world)
    before = {path: path.stat().st_mtime_ns for path in world.rglob("*")}
    english, portuguese = _answer("en", line), _answer("pt", line)
    assert remedy in english
    assert PORTUGUESE.findall(_words(english)) == []
    assert english != portuguese
    assert ENGLISH.findall(_words(portuguese)) == []
    assert {path: path.stat().st_mtime_ns for path in world.rglob("*")} == before


def _words(said: str) -> str:
    """Without what is code: options, files, commands and names of settings."""
    return re.sub(r"\batalho( [a-z]+)+|--\S+|\S*[/.]\S+|'[^']*'|\"[^\"]*\"", "", said)
