import shutil
from pathlib import Path

import pytest
from PIL import Image

from atalho.errors import ConfigError, DataError, RunError, WeightsError
from atalho.runs import evaluation_data
from atalho.runs.run import Run, run_at, run_with_images
from atalho.tasks.reidentification.task import ReidentificationTask
from atalho.training.progress import Progress


def test_what_is_a_run_and_what_a_model_alone(run: Run, tmp_path: Path) -> None:
    assert run_at(run.path) == Run(run.path)
    assert run_at(run.path / "model") == Run(run.path)
    alone = shutil.copytree(run.path / "model", tmp_path / "alone")
    assert run_at(alone) is None
    inside = shutil.copytree(run.path / "model", shutil.copytree(run.path, tmp_path / "run") / "other")
    assert run_at(inside) is None, "a model that lies in a run's folder and is not the run's"
    with pytest.raises(WeightsError, match="nothing is not a run or model folder"):
        run_at(run.path / "nothing")


def test_a_run_is_found_from_within_and_through_a_link(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "link").symlink_to(run.path / "model")
    assert run_at(tmp_path / "link") == Run(run.path)
    monkeypatch.chdir(run.path / "model")
    assert run_at(".") == Run(run.path)
    monkeypatch.chdir(run.path)
    found = run_at("model")
    assert found is not None and found.path.resolve() == run.path


def test_a_model_without_its_run_needs_images(run: Run, tmp_path: Path) -> None:
    alone = shutil.copytree(run.path / "model", tmp_path / "alone")
    with pytest.raises(ConfigError, match=r"alone is a model without its run\. Give images .*alone DATA"):
        run_with_images(alone)
    assert run_with_images(run.path / "model") == run


def test_own_images_are_those_of_the_run(run: Run) -> None:
    model, pixels = evaluation_data.own(run, Progress())
    assert model.folder == run.path / "model"
    assert pixels.manifest.names == run.manifest.names
    assert {name: ids.tolist() for name, ids in pixels.manifest.splits.items()} == {
        name: ids.tolist() for name, ids in run.manifest.splits.items()
    }
    assert pixels.size == model.card.preprocessing.size


def test_own_images_that_changed_are_refused(run: Run, clothes: Path, tmp_path: Path) -> None:
    copy = Run(Path(shutil.copytree(run.path, tmp_path / "run")))
    images = Path(shutil.copytree(clothes, tmp_path / "clothes"))
    toml = copy.path / "run.toml"
    toml.write_text(toml.read_text().replace(str(clothes), str(images)))
    assert evaluation_data.own(copy, Progress())[1].fingerprint == run.json("manifest.json")["fingerprint"]
    Image.new("L", (16, 16), 9).save(next((images / "test").rglob("*.png")))
    with pytest.raises(RunError, match=r"are no longer those of .*run\. Give images to evaluate on"):
        evaluation_data.own(copy, Progress())


def test_others_are_read_as_classes_or_as_identities(run: Run, clothes: Path) -> None:
    model, pixels = evaluation_data.others(run.path, clothes / "test", Progress(), skip_bad=False)
    assert pixels.manifest.classes == model.classes
    _model, pixels = evaluation_data.others(
        run.path / "model", clothes / "test", Progress(), skip_bad=False, task=ReidentificationTask()
    )
    assert pixels.manifest.layout == "identities"
    assert len(pixels.manifest.splits["test"]) == 60


def test_bad_images_of_others_are_refused_or_left_out(run: Run, clothes: Path, tmp_path: Path) -> None:
    images = Path(shutil.copytree(clothes / "test", tmp_path / "test"))
    (images / "bag" / "bad.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"bad\.png"):
        evaluation_data.others(run.path, images, Progress(), skip_bad=False)
    _model, pixels = evaluation_data.others(run.path, images, Progress(), skip_bad=True)
    assert len(pixels.manifest.splits["test"]) == 60


def test_the_pattern_of_the_camera_is_the_runs(run: Run, tmp_path: Path) -> None:
    assert evaluation_data.path_patterns(run.path).camera == "auto"
    copy = Path(shutil.copytree(run.path, tmp_path / "run"))
    toml = copy / "run.toml"
    toml.write_text(toml.read_text().replace('camera = "auto"', 'camera = "_c(.)"'))
    assert evaluation_data.path_patterns(copy).camera == "_c(.)"
    assert evaluation_data.path_patterns(copy / "model").camera == "_c(.)"
    alone = shutil.copytree(copy / "model", tmp_path / "alone")
    assert evaluation_data.path_patterns(alone).camera == "auto"
