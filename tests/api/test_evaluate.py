"""Evaluation of a trained model, on its own images and on others."""

import shutil
from pathlib import Path

import pytest

from atalho.api.evaluate import evaluate
from atalho.api.train import train
from atalho.errors import ConfigError, DataError, WeightsError
from atalho.runs import evaluation_data
from atalho.runs.run import Run
from atalho.tasks.by_name import task_of
from atalho.training.progress import Progress


def test_a_run_measures_itself_as_it_did_at_the_end(run: Run) -> None:
    before = run.evaluation
    assert evaluate(run.path) == before


def test_a_folder_of_class_folders_is_taken_whole(run: Run, clothes: Path) -> None:
    found = evaluate(run.path, clothes / "test")
    assert found.images == 60
    assert found.top1 == run.top1


def test_a_run_that_trained_in_bf16_is_measured_in_fp32(clothes: Path, tmp_path: Path) -> None:
    settings = {"training.precision": "bf16"}
    trained = train(clothes, model="resnet20", epochs=1, settings=settings, out=tmp_path / "run")
    before = trained.evaluation
    assert before is not None and before.precision == "fp32"
    assert trained.model.card.metrics["precision"] == "fp32"
    assert evaluate(trained.path) == before
    fast = evaluate(trained.path, precision="bf16")
    assert fast.to_dict()["precision"] == "bf16"
    assert fast.headline.remarks[1] == "computed in bf16"
    assert trained.model.card.temperature == pytest.approx(_temperature(trained), rel=1e-6)


def _temperature(run: Run) -> float:
    """Fitted on what the model says, in fp32, of the validation images."""
    loaded, dataset = evaluation_data.own(run, Progress())
    found = evaluation_data.target_of(loaded, dataset)
    return task_of("classification").calibrate(found, run.config, run.path, Progress()).temperature


def test_the_test_split_is_taken_where_there_is_one(run: Run, clothes: Path) -> None:
    assert evaluate(run.path / "model", clothes).images == 60


def test_some_of_the_classes_are_enough(run: Run, clothes: Path, tmp_path: Path) -> None:
    shutil.copytree(clothes / "test" / "sneaker", tmp_path / "data" / "sneaker")
    found = evaluate(run.path, tmp_path / "data")
    rows = {row.class_: row for row in found.per_class}
    assert rows["sneaker"].images == 20
    assert rows["bag"].recall is None
    assert found.top1 == rows["sneaker"].recall


def test_other_classes_are_named(run: Run, clothes: Path, tmp_path: Path) -> None:
    shutil.copytree(clothes / "test" / "sneaker", tmp_path / "data" / "boot")
    with pytest.raises(DataError, match="boot"):
        evaluate(run.path, tmp_path / "data")


def test_images_without_labels_are_refused(run: Run, clothes: Path) -> None:
    with pytest.raises(DataError):
        evaluate(run.path, clothes / "test" / "sneaker")


def test_a_model_folder_by_itself_needs_images(run: Run, tmp_path: Path) -> None:
    alone = shutil.copytree(run.path / "model", tmp_path / "alone")
    with pytest.raises(ConfigError, match=r"is a model without its run\. Give images .*alone DATA$"):
        evaluate(alone)
    assert evaluate(run.path / "model") == evaluate(run.path), "the model of a run means the run"


def test_what_is_no_model_is_named(clothes: Path, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="is not a run or model folder"):
        evaluate(tmp_path, clothes)
