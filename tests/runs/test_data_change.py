"""Images that moved or changed while a run was stopped."""

import dataclasses
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from power_cut import PowerCut, PowerCutError

from atalho.api.evaluate import evaluate
from atalho.api.train import resume, train
from atalho.errors import ConfigError, RunError
from atalho.report.background import change_told
from atalho.runs import data_change
from atalho.runs.run import Run
from atalho.storage import log
from atalho.training.progress import Progress
from atalho.training.setup import EpochOrigin


class Told(Progress):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


@pytest.fixture
def stopped(clothes: Path, settings: dict[str, object], tmp_path: Path) -> Path:
    """A run of three epochs of four steps whose newest checkpoint is that of step 6; its images are tmp_path/data."""
    shutil.copytree(clothes, tmp_path / "data")
    with pytest.raises(PowerCutError):
        train(
            tmp_path / "data", model="resnet20", epochs=3, batch_size=32, settings=settings, out=tmp_path / "x",
            progress=PowerCut(7),
        )  # fmt: skip
    return tmp_path / "x"


def grow(data: Path) -> None:
    """Forty more training images, of a class that is there: five steps an epoch instead of four."""
    for image in sorted((data / "train" / "bag").iterdir()):
        turned = np.random.default_rng(len(image.name)).bytes(8)
        (data / "train" / "bag" / f"new-{image.name}").write_bytes(image.read_bytes() + turned)


def test_moved_images_are_found_by_their_content(stopped: Path, run: Run, tmp_path: Path) -> None:
    (tmp_path / "data").rename(tmp_path / "elsewhere")
    listener = Told()
    done = resume(stopped, data=tmp_path / "elsewhere", progress=listener)
    assert f"the images are now at {tmp_path / 'elsewhere'}" in listener.notes
    assert (done.path / "metrics.jsonl").read_bytes() == (run.path / "metrics.jsonl").read_bytes()
    assert done.config.data.path == str(tmp_path / "elsewhere")
    assert evaluate(done.path).top1 == done.top1  # found there again


def test_changed_images_are_refused_with_what_to_do(stopped: Path, tmp_path: Path) -> None:
    grow(tmp_path / "data")
    before = (stopped / "manifest.json").read_bytes()
    with pytest.raises(RunError, match=r"continue with the images as they are now: --accept-data-change"):
        resume(stopped)
    assert (stopped / "manifest.json").read_bytes() == before


def test_the_epoch_in_progress_begins_again_with_changed_images(stopped: Path, tmp_path: Path) -> None:
    grow(tmp_path / "data")
    listener = Told()
    done = resume(stopped, accept_data_change=True, progress=listener)
    rows = log.read(done.path / "metrics.jsonl")
    steps = [row for row in rows if row["kind"] == "step"]
    assert [row["step"] for row in steps] == list(range(1, 17))
    # Two steps of the second epoch were done; then it has all its five, and so has the third.
    assert [row["epoch"] for row in steps] == [1] * 4 + [2] * 2 + [2] * 5 + [3] * 5
    assert [row["epoch"] for row in rows if row["kind"] == "epoch"] == [1, 2, 3]
    assert data_change.origin_of(done) == EpochOrigin(6, 1)
    (note,) = [note for note in listener.notes if "changed" in note]
    assert note.startswith("the images changed after step 6: 40 added, 0 removed; epoch 2 restarts")
    (change,) = done.json("manifest.json")["changes"]
    assert (change["step"], change["epoch"], change["added"], change["removed"]) == (6, 1, 40, 0)
    assert "the images changed after step 6" in (done.path / "report.html").read_text(encoding="utf-8")
    assert done.top1 is not None


def test_a_change_is_accepted_once_and_resumes_exactly_after_it(stopped: Path, tmp_path: Path) -> None:
    grow(tmp_path / "data")
    shutil.copytree(stopped, tmp_path / "y")
    whole = resume(stopped, accept_data_change=True)
    with pytest.raises(PowerCutError):
        resume(tmp_path / "y", accept_data_change=True, progress=PowerCut(8))
    again = resume(tmp_path / "y")
    for name in ("metrics.jsonl", "model/model.safetensors"):
        assert (whole.path / name).read_bytes() == (again.path / name).read_bytes(), name


def test_other_classes_are_never_accepted(stopped: Path, tmp_path: Path) -> None:
    shutil.copytree(tmp_path / "data" / "train" / "bag", tmp_path / "data" / "train" / "zebra")
    with pytest.raises(RunError, match=r"bag, sneaker, trouser, zebra, but .* was started with bag, sneaker, trouser"):
        resume(stopped, accept_data_change=True)


def test_images_that_were_trained_on_and_are_now_held_out_are_counted(run: Run) -> None:
    before = run.manifest
    train_ids, test_ids = before.splits["train"], before.splits["test"]
    splits = dict(before.splits) | {"train": train_ids[3:], "test": np.concatenate([test_ids, train_ids[:3]])}
    found = data_change._change(run, run.images, dataclasses.replace(before, splits=splits))
    assert (found.added, found.removed, found.leaked) == (0, 0, 3)
    text = change_told(found)
    assert text.endswith("3 images used in training are now held out: accuracy on them is inflated")


def test_a_folder_whose_name_is_no_text_is_refused_at_once(tmp_path: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/f\xe9rias"))
    with pytest.raises(ConfigError, match=r"rias/data: the name of this folder.* is not valid UTF-8"):
        train(folder / "data")
    assert not (tmp_path / "runs").exists()


def test_places_count_epochs_of_their_own_length() -> None:
    origin = EpochOrigin(step=6, epoch=1)
    assert [origin.position(step, 5) for step in (6, 10, 11, 16)] == [(1, 0), (1, 4), (2, 0), (3, 0)]
    assert EpochOrigin().position(7, 4) == (1, 3)
    # A checkpoint from before the change, where the newer one is damaged: as much of an epoch is repeated.
    assert origin.position(3, 5) == (0, 2)
    assert EpochOrigin(100, 0).position(3, 5)[0] == 0
