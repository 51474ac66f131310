"""Evaluation of a trained model, on its own images and on others."""

import shutil
from pathlib import Path

import pytest

from atalho.api.evaluate import evaluate
from atalho.errors import ConfigError, DataError, WeightsError
from atalho.runs.run import Run


def test_a_run_measures_itself_as_it_did_at_the_end(run: Run) -> None:
    before = run.evaluation
    assert evaluate(run.path) == before


def test_a_folder_of_class_folders_is_taken_whole(run: Run, clothes: Path) -> None:
    found = evaluate(run.path, clothes / "test")
    assert found.images == 60
    # The run computed in fp32; a model by itself computes as the hardware does best.
    assert found.top1 == pytest.approx(run.top1, abs=0.05)


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
