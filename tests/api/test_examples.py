"""The example in the docstring of every verb runs as it stands, in a folder that has what it names."""

import doctest
import shutil
from pathlib import Path

import pytest
import torch

import atalho
from atalho.runs.run import Run

VERBS = (atalho.doctor, atalho.draw, atalho.train, atalho.resume, atalho.evaluate, atalho.import_file,
         atalho.threshold, atalho.compare, atalho.index, atalho.search)  # fmt: skip


@pytest.fixture
def folder(clothes: Path, trained: Run, characters: Path, tmp_path: Path) -> Path:
    """Images, a run that re-identifies, three images of it, and weights; the rest comes from the examples."""
    torch.save(atalho.export_weights(atalho.create("resnet20")), tmp_path / "weights.pth")
    shutil.copytree(clothes, tmp_path / "photos")
    shutil.copytree(trained.path, tmp_path / "runs" / "people")
    for name, image in zip(("a.png", "b.png", "new.png"), sorted(characters.rglob("*.png")), strict=False):
        shutil.copy(image, tmp_path / name)
    return tmp_path


def test_every_example_runs_in_the_order_of_a_project(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    found = {}
    for verb in VERBS:
        (example,) = doctest.DocTestParser().get_examples(verb.__doc__ or "")
        found[verb.__name__] = eval(example.source, {"atalho": atalho, "Path": Path})
    assert isinstance(found["train"], atalho.ClassificationEvaluation)
    assert found["evaluate"] == found["resume"] == found["train"].top1
    assert found["index"] == 180
    assert found["compare"] in (True, False)
    assert found["search"][0] in ("bag", "sneaker", "trouser")
    assert atalho.load(found["import_file"]).classes[0] == "0"
    for file in ("resnet34.svg", "doctor.html"):
        assert (folder / file).stat().st_size > 1000
