"""What a run leaves when its last step is done."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from atalho.api.train import train
from atalho.runs import finish
from atalho.runs.run import Run
from atalho.storage import model_folder
from atalho.training.progress import Progress


@pytest.mark.parametrize(
    ("counts", "measured"),
    [({"train": 3, "val": 2, "test": 4}, "test"), ({"train": 3, "val": 2}, "val"), ({"train": 3, "test": 0}, None)],
)
def test_accuracy_is_measured_on_the_test_images_if_there_are_any(
    run: Run, counts: dict[str, int], measured: str | None
) -> None:
    splits = {name: np.arange(count, dtype=np.int64) for name, count in counts.items()}
    assert finish.measured_split(replace(run.manifest, splits=splits)) == measured


def test_the_model_says_what_the_run_found(run: Run) -> None:
    card = model_folder.read_card(run.path / "model")
    found = run.evaluation
    assert card.classes == ("bag", "sneaker", "trouser")
    assert card.metrics == {
        name: found.to_dict()[name] for name in ("split", "images", "top1", "top1_interval", "macro_f1", "precision")
    }
    assert card.temperature == found.calibration.temperature > 0
    assert card.provenance["data"] == json.loads((run.path / "manifest.json").read_text())["fingerprint"]


def test_the_record_is_closed_with_the_cost(run: Run) -> None:
    record = json.loads((run.path / "provenance.json").read_text())
    assert record["started"] <= record["finished"]
    network = model_folder.read_card(run.path / "model").spec
    assert record["cost"]["parameters"] > 0 and record["cost"]["multiply_adds"] > record["cost"]["parameters"]
    assert network.family == "resnet"


class _Notes(Progress):
    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, text: str) -> None:
        self.said.append(text)


def test_a_temperature_is_fitted_on_fifty_validation_images_and_refused_on_fewer(
    run: Run, clothes: Path, tmp_path: Path, settings: dict[str, object]
) -> None:
    assert len(run.manifest.splits["val"]) == 12
    assert run.model.card.temperature == 1.0
    assert "No temperature was fitted" in (run.path / "report.html").read_text(encoding="utf-8")
    notes = _Notes()
    many = train(
        clothes, model="resnet20", epochs=1, out=tmp_path / "run", settings=settings | {"data.val_fraction": 0.5},
        progress=notes,
    )  # fmt: skip
    assert many.model.card.temperature != 1.0
    assert not any("calibrated" in text for text in notes.said)
    train(clothes, model="resnet20", epochs=1, out=tmp_path / "few", settings=settings, progress=notes)
    assert any("12 validation images are too few, 50 are needed" in text for text in notes.said)
