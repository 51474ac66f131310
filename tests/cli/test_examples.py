"""The examples on the help pages work as they are written, on the images that ship with Atalho."""

import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import atalho
from atalho import cli
from atalho.cli import app
from atalho.cli.examples import EXAMPLES
from atalho.data import samples
from atalho.text import use_language

LINES = sorted({line for lines in EXAMPLES.values() for line in lines})
TRAINED = {line for name, lines in EXAMPLES.items() for line in lines if name.split(" ")[0] in ("train", "lab", "")}
TRAINED |= {line for line in LINES if "runs/again" in line}
FETCHED = {line for line in LINES if line.split()[1] == "weights" and line.split()[2] in ("fetch", "export", "add")}
"""What trains for minutes; and what needs a network, or weights that came through it."""


def _commands(here: object, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield words
    for name in here:  # type: ignore[attr-defined]
        if not name.startswith("-"):
            yield from _commands(here[name], (*words, name))  # type: ignore[index]


def test_every_command_has_two_examples_of_itself() -> None:
    commands = {" ".join(words): words for words in _commands(app.build())}
    assert list(EXAMPLES) == list(commands)
    for name, words in commands.items():
        assert len(EXAMPLES[name]) == 2
        assert all(tuple(shlex.split(line)[1 : 1 + len(words)]) == words for line in EXAMPLES[name])


def test_an_example_stays_one_line_of_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    assert [line for line in LINES if len(line) > 77] == []
    use_language("pt")
    assert cli.run(["train", "--help"]) == 0
    page = capsys.readouterr().out
    assert all(f"\n  {line}\n" in page for line in EXAMPLES["train"])


@pytest.mark.parametrize("line", LINES)
def test_an_example_is_what_the_command_takes(line: str) -> None:
    words = shlex.split(line.partition(" > ")[0])[1:]
    if words[1:] or words[0] == "models":
        app.build().parse_args(words, exit_on_error=False, print_error=False)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder where the commands for images and models were run, with few images and short trainings."""
    folder = tmp_path_factory.mktemp("world")
    for name, sample in (("clothes", "fashion"), ("characters", "omniglot")):
        samples.unpack(sample, folder / name)
    for image in (folder / "clothes").rglob("*.png"):
        if int(image.stem) >= 12:
            image.unlink()
    short = {"training.epochs": 1, "training.batch_size": 64, "data.size": 16}
    atalho.train(folder / "clothes", model="resnet20", out=folder / "runs/clothes", settings=short)
    out = folder / "runs/characters"
    atalho.train(folder / "characters", model="resnet20", task="reid", out=out, settings=short)
    import torch

    torch.save(atalho.export_weights(atalho.create("resnet20", classes=10)), folder / "resnet20.th")
    images = sorted((folder / "characters/Greek/character01").iterdir())
    shutil.copy(images[0], folder / "one.png")
    shutil.copy(images[1], folder / "other.png")
    return folder


def test_the_examples_work_one_after_the_other(
    world: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(world)
    said = {}
    for name, lines in EXAMPLES.items():
        for line in lines:
            if name != "sample" and line not in TRAINED | FETCHED:
                code = cli.run(shlex.split(line.partition(" > ")[0])[1:])
                said[line] = (code, capsys.readouterr().err)
    assert {line: found for line, found in said.items() if found[0] != 0} == {}
    assert len(said) > 35


def test_the_samples_unpack_as_the_examples_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert [cli.run(shlex.split(line)[1:]) for line in EXAMPLES["sample"]] == [0, 0]


@pytest.mark.slow
@pytest.mark.timeout(4 * 3600)  # experiments on the whole sample: more than an hour with one thread
def test_the_examples_that_train_work_on_the_whole_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    samples.unpack("fashion", tmp_path / "clothes")
    lines = [line for lines in EXAMPLES.values() for line in lines if line in TRAINED and " sample " not in line]
    assert {line for line in dict.fromkeys(lines) if cli.run(shlex.split(line)[1:]) != 0} == set()
