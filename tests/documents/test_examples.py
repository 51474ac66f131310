"""The examples run as a user runs them, on real images and tiny budgets, and the READMEs list them all."""

import re
import runpy
import shutil
import sys
from pathlib import Path

import pytest
import torch
import torchvision

from atalho.data import samples

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Run an example with these arguments in an empty folder, and return what it prints."""
    monkeypatch.chdir(tmp_path)

    def started(name: str, *arguments: object) -> str:
        monkeypatch.setattr(sys, "argv", [name, *map(str, arguments)])
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")
        return capsys.readouterr().out

    return started


def test_train_and_evaluate(run, clothes: Path) -> None:
    said = run("train_and_evaluate.py", clothes, 1)
    assert re.search(r"top-1 accuracy on test images: \d+\.\d%", said)
    assert Path(re.search(r"report: (.*)", said)[1]).is_file()
    assert len(re.findall(r": (?:bag|sneaker|trouser) \(\d+\.\d%\)", said)) == 2


def test_import_weights(run, clothes: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    torch.save(torchvision.models.resnet18(num_classes=10).state_dict(), tmp_path / "theirs.pth")
    image = next((clothes / "test").rglob("*.png"))
    said = run("import_weights.py", tmp_path / "theirs.pth", "resnet18", image)
    assert "10 classes" in said
    assert len(re.findall(r"^  \d: \d+\.\d%$", said, re.MULTILINE)) == 3


def test_find_the_same(run, tmp_path: Path) -> None:
    whole = samples.unpack("omniglot", tmp_path / "whole")
    characters = tmp_path / "characters"
    for character in sorted((whole / "Greek").iterdir())[:20]:
        (characters / character.name).mkdir(parents=True)
        for image in sorted(character.iterdir())[:6]:
            shutil.copy(image, characters / character.name)
    said = run("find_the_same.py", characters, 1)
    assert "120 images in gallery.db" in said
    assert said.count("character01") >= 3  # the query, itself found first, and the pair


def test_measure_depth(run, clothes: Path) -> None:
    said = run("measure_depth.py", clothes, "8,14")
    assert Path(re.search(r"verdict: (.*)", said)[1]).is_file()


def test_draw_resnet34(run, tmp_path: Path) -> None:
    for name in run("draw_resnet34.py").strip().split(", "):
        assert (tmp_path / name).read_text(encoding="utf-8").startswith("<svg")


def test_block_in_your_network(run) -> None:
    said = run("block_in_your_network.py", 20)
    assert float(re.search(r"step 20: loss (\d\.\d+)", said)[1]) < 2.3  # less than a guess among ten
    assert "the silenced block is the identity" in said


@pytest.mark.parametrize("readme", ["README.md", "README.pt-BR.md"])
def test_the_readme_lists_every_example(readme: str) -> None:
    listed = re.findall(r"\(examples/(\w+\.py)\)", (EXAMPLES.parent / readme).read_text(encoding="utf-8"))
    assert sorted(listed) == sorted(path.name for path in EXAMPLES.glob("*.py"))


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_an_example_says_how_it_is_run_and_how_long_it_takes(example: Path) -> None:
    said = example.read_text(encoding="utf-8").split('"""')[1]
    assert f"\n    python examples/{example.name}" in said
    assert re.search(r"minute|second", said)
