"""What a network has trained on is known by content, and said beside every figure."""

import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from atalho.api.evaluate import evaluate
from atalho.api.train import train
from atalho.errors import RunError
from atalho.runs.run import Run
from atalho.storage import trained_images
from atalho.tasks.classification import ClassificationEvaluation
from atalho.training.progress import Progress

FAST = {"training.precision": "fp32", "training.lr": 0.05}


class Notes(Progress):
    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, text: str) -> None:
        self.said.append(text)


@pytest.fixture(scope="module")
def noise(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pure noise with labels by chance: nothing can be learned of it, only memorised."""
    folder = tmp_path_factory.mktemp("noise")
    for place, name in enumerate("ab"):
        (folder / name).mkdir()
        for number in range(20):
            pixels = np.random.default_rng([place, number]).integers(0, 255, (16, 16, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def first(noise: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    out = tmp_path_factory.mktemp("first") / "run"
    return train(noise, model="resnet20", epochs=2, batch_size=16, settings=FAST, out=out)


def test_an_evaluation_on_the_folder_it_was_trained_from_says_so_and_measures_the_rest(first: Run, noise: Path) -> None:
    trained = len(first.manifest.splits["train"])
    found = evaluate(first.path, noise)
    assert isinstance(found, ClassificationEvaluation)
    assert found.trained_on == trained
    assert found.unseen is not None
    assert found.unseen.images == 40 - trained
    assert any("has trained on" in remark for remark in found.headline.remarks)
    own = evaluate(first.path)
    assert own.trained_on is None
    assert not list(own.not_new())


def test_they_are_known_under_other_names_and_from_the_model_folder_alone(
    first: Run, noise: Path, tmp_path: Path
) -> None:
    shutil.copytree(first.path / "model", tmp_path / "model")
    for number, source in enumerate(sorted(noise.rglob("*.png"))):
        target = tmp_path / "renamed" / source.parent.name / f"x{number:03}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
    assert evaluate(tmp_path / "model", tmp_path / "renamed").trained_on == len(first.manifest.splits["train"])


def test_a_run_that_starts_from_another_knows_what_that_one_saw(first: Run, noise: Path, tmp_path: Path) -> None:
    notes = Notes()
    settings = FAST | {"data.split_seed": 1, "model.start": str(first.path)}
    second = train(noise, epochs=1, batch_size=16, settings=settings, out=tmp_path / "run", progress=notes)
    seen = {first.manifest.names[image] for image in first.manifest.splits["train"]}
    held = [second.manifest.names[image] for image in second.manifest.splits["test"]]
    expected = sum(name in seen for name in held)
    assert expected > 0
    assert second.evaluation is not None
    assert second.evaluation.trained_on == expected
    assert any(f"{expected} image" in said and "of test" in said for said in notes.said)
    assert len(trained_images.read(second.path / "model")) == len(
        seen | {second.manifest.names[image] for image in second.manifest.splits["train"]}
    )


def test_a_damaged_file_is_named(first: Run, tmp_path: Path) -> None:
    shutil.copytree(first.path / "model", tmp_path / "model")
    (tmp_path / "model" / "trained_on.bin").write_bytes(b"odd")
    with pytest.raises(RunError, match="8 bytes for each image"):
        trained_images.read(tmp_path / "model")


def test_images_that_files_hold_as_arrays_are_known_too(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (48, 8, 8), dtype=np.uint8)
    labels = (np.arange(48) % 3).astype(np.uint8)
    for split, part in (("train", slice(0, 36)), ("t10k", slice(36, 48))):
        for kind, array in (("images-idx3", pixels[part]), ("labels-idx1", labels[part])):
            head = struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
            (tmp_path / f"{split}-{kind}-ubyte").write_bytes(head + array.tobytes())
    run = train(tmp_path, model="resnet20", epochs=1, batch_size=16, settings=FAST, out=tmp_path / "run")
    assert len(trained_images.read(run.path / "model")) == len(run.manifest.splits["train"])
