"""Copies across splits and classes: told with the accuracy, and kept in one split if asked, also over a resume."""

import json
import shutil
from pathlib import Path
from typing import Final

import pytest
from PIL import Image
from power_cut import PowerCut, PowerCutError

from atalho.api.doctor import doctor
from atalho.api.evaluate import evaluate
from atalho.api.train import forecast, resume, train
from atalho.errors import DataError
from atalho.runs.run import Run
from atalho.settings import nest
from atalho.training.progress import Progress

SETTINGS: Final = {
    "training.checkpoint_steps": 3, "training.lr": 0.1, "augment.pad": 2, "training.precision": "fp32",
}  # fmt: skip
KINDS: Final = ("same_in_splits", "similar_in_splits", "same_in_classes", "similar_in_classes")


class Told(Progress):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


@pytest.fixture
def messy(clothes: Path, tmp_path: Path) -> Path:
    """Two identical copies and a brighter one in test of images of train, and one image under two labels."""
    root = tmp_path / "messy"
    shutil.copytree(clothes, root)
    bags, shoes, trousers = (sorted((root / "train" / name).iterdir()) for name in ("bag", "sneaker", "trouser"))
    for place in (0, 1):
        shutil.copy(bags[place], root / "test" / "bag" / f"copy-{place}.png")
    with Image.open(shoes[0]) as picture:
        picture.point(lambda level: level * 0.9).save(root / "test" / "sneaker" / "brighter.png")
    shutil.copy(trousers[0], root / "train" / "bag" / "also-trouser.png")
    return root


def trained(data: Path, out: Path, progress: Progress | None = None, **more: object) -> Run:
    """Two epochs of four steps on all training images."""
    settings = SETTINGS | {"data.val_fraction": 0.0} | {name.replace("__", "."): value for name, value in more.items()}
    return train(data, model="resnet20", epochs=2, batch_size=32, settings=settings, out=out, progress=progress)


def test_a_run_says_what_doctor_knows_beside_its_accuracy(messy: Path, tmp_path: Path) -> None:
    told = Told()
    run = trained(messy, tmp_path / "run", told)
    stored = json.loads((run.path / "evaluation.json").read_text())
    kinds = [problem.kind for problem in doctor(messy, settings=nest({"data.val_fraction": 0.0})).problems]
    assert {kind: stored["duplicates"][kind] for kind in KINDS} == {
        kind: kinds.count(kind.replace("_", "-")) for kind in KINDS
    }
    assert [stored["duplicates"][kind] for kind in KINDS] == [2, 1, 1, 0]
    assert (stored["duplicates"]["measured"], stored["unseen"]["images"], stored["images"]) == (3, 60, 63)
    beginning = next(note for note in told.notes if note.startswith("duplicates: "))
    assert "2 identical and 1 almost identical images in two splits" in beginning
    assert "--fix-leaks" in beginning
    page = (run.path / "report.html").read_text()
    assert "3 of these images are in another split too" in page
    assert "3 destas imagens" in page
    # The same is said where the finished run is measured again.
    again = evaluate(run.path)
    assert again.duplicates == run.evaluation.duplicates
    assert list(again.not_new()) == list(run.evaluation.not_new())


def test_fixed_leaks_stay_fixed_over_a_resume_and_are_told(messy: Path, tmp_path: Path) -> None:
    told = Told()
    whole = trained(messy, tmp_path / "whole", told, data__fix_leaks=True)
    moved = "--fix-leaks: 3 images left out (train 3), because another split has copies of them"
    assert moved in told.notes
    record = whole.images
    assert record.duplicates is not None
    names = {record.manifest.names[number] for number in record.duplicates.left_out.ids}
    bag = sorted(path.name for path in (messy / "train" / "bag").iterdir() if path.name != "also-trouser.png")
    shoe = min((messy / "train" / "sneaker").iterdir()).name
    assert names == {f"train/bag/{bag[0]}", f"train/bag/{bag[1]}", f"train/sneaker/{shoe}"}
    assert len(whole.manifest.splits["train"]) == 118
    assert len(whole.manifest.splits["test"]) == 63
    found = whole.evaluation.duplicates
    assert (found.measured, found.left_out, found.same_in_splits, found.similar_in_splits) == (0, 3, 0, 0)
    assert whole.evaluation.trained_on is None
    assert moved in (whole.path / "report.html").read_text()
    with pytest.raises(PowerCutError):
        trained(messy, tmp_path / "cut", PowerCut(5), data__fix_leaks=True)
    cut = resume(tmp_path / "cut")
    for name in ("metrics.jsonl", "model/model.safetensors", "evaluation.json", "manifest.json"):
        assert (whole.path / name).read_bytes() == (cut.path / name).read_bytes(), name
    assert evaluate(cut.path).top1 == cut.top1


def test_where_nothing_leaks_fixing_changes_nothing(clothes: Path, tmp_path: Path) -> None:
    told = Told()
    plain = forecast(clothes, model="resnet20", progress=told)
    fixed = forecast(clothes, model="resnet20", settings={"data.fix_leaks": True}, progress=told)
    assert plain.images == fixed.images
    assert "--fix-leaks: no image is in two splits, so none is left out" in told.notes


def test_a_class_that_would_lose_all_training_images_is_named(clothes: Path, tmp_path: Path) -> None:
    root = tmp_path / "copied"
    shutil.copytree(clothes, root)
    for image in (root / "train" / "bag").iterdir():
        shutil.copy(image, root / "test" / "bag" / f"again-{image.name}")
    with pytest.raises(DataError, match="would leave bag without training images"):
        forecast(root, settings={"data.fix_leaks": True, "data.val_fraction": 0.0})
