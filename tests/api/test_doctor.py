import importlib.util
import json
import re
import shutil
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

import atalho
from atalho.data.doctor.problem import KINDS, Severity
from atalho.errors import ConfigError, DataError

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def bad_images() -> ModuleType:
    """The benchmark that makes folders which are bad in every way."""
    sys.path.insert(0, str(BENCHMARKS))
    spec = importlib.util.spec_from_file_location("bad_images", BENCHMARKS / "bad_images.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_bad_image_is_named_and_only_those(bad_images: ModuleType, tmp_path: Path) -> None:
    ways = bad_images.make(tmp_path / "photos", 60, 1)
    found = atalho.doctor(tmp_path / "photos", report=tmp_path / "page.html")
    named = {problem.path for problem in found.problems} - {None}  # which is the set as a whole
    assert set(ways) - named == set()
    assert named - set(ways) == set()
    stopping = {problem.path for problem in found.problems if problem.severity is Severity.STOPS}
    assert stopping == {name for name, way in ways.items() if way not in bad_images.READABLE}
    assert found.stops
    assert not any(problem.kind == "unreadable" for problem in found.problems)  # every reason is a known one
    assert all(problem.message and problem.remedy for problem in found.problems)
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert all(name in page for name in ways)
    assert page.count("data:image/png") == len(bad_images.READABLE)


@pytest.mark.slow
def test_a_hundred_bad_images_among_a_thousand(bad_images: ModuleType, tmp_path: Path) -> None:
    found = bad_images.measure(tmp_path, 900, 5, 600)
    assert (found["bad"], found["ways"], found["named"], found["hung"], found["replaced"]) == (100, 20, 100, 0, 0)
    assert found["left_out_wrongly"] == found["stops_wrongly"] == []
    assert found["exit_codes"] == {"doctor": 1, "train": 2, "train --skip-bad": 0}


def test_a_small_folder_through_the_commands(bad_images: ModuleType, tmp_path: Path) -> None:
    found = bad_images.measure(tmp_path, 40, 1, 300)
    assert (found["named"], found["hung"], found["replaced"]) == (20, 0, 0)
    assert found["left_out_wrongly"] == []
    assert found["exit_codes"] == {"doctor": 1, "train": 2, "train --skip-bad": 0}


def test_good_images_have_no_problem(clothes: Path) -> None:
    found = atalho.doctor(clothes)
    assert [problem for problem in found.problems if problem.severity is not Severity.NOTE] == []
    assert not found.stops
    assert found.images == 180
    assert found.classes["bag"] == {"train": 36, "val": 4, "test": 20}
    assert found.formats == {"PNG": 180}
    assert found.grey == 180


def test_the_json_is_what_scripts_rely_on(clothes: Path, tmp_path: Path) -> None:
    shutil.copytree(clothes, tmp_path / "data")
    (tmp_path / "data" / "train" / "bag" / "broken.png").write_bytes(b"")
    found = json.loads(json.dumps(atalho.doctor(tmp_path / "data").to_json()))
    problem = next(problem for problem in found["problems"] if problem["severity"] == "stops")
    assert problem == {
        "path": "train/bag/broken.png",
        "kind": "empty",
        "severity": "stops",
        "message": "the file is empty",
        "remedy": "Copy it again from its source, or remove it.",
        "others": [],
    }


@pytest.mark.parametrize("page", ["en/layouts.md", "pt/pastas.md"])
def test_every_key_of_the_json_is_in_the_guide(clothes: Path, tmp_path: Path, page: str) -> None:
    keys = atalho.doctor(clothes).to_json().keys()
    described = (Path(__file__).parents[2] / "docs" / "guide" / page).read_text(encoding="utf-8").rpartition("\n## ")[2]
    rows = [line.split("|")[1] for line in described.splitlines() if line.startswith("| `")]
    assert {key for row in rows for key in re.findall(r"`(\w+)`", row)} == set(keys)
    (tmp_path / "alone").mkdir()
    Image.new("L", (8, 8)).save(tmp_path / "alone" / "1.png")
    refused = atalho.doctor(tmp_path).to_json()
    assert refused.keys() == keys
    assert [problem["kind"] for problem in refused["problems"]] == ["layout"]
    assert not any(refused[key] for key in keys - {"path", "stops", "problems"})


def test_problems_come_in_the_order_of_their_kinds(bad_images: ModuleType, tmp_path: Path) -> None:
    bad_images.make(tmp_path / "photos", 12, 1)
    places = [list(KINDS).index(problem.kind) for problem in atalho.doctor(tmp_path / "photos").problems]
    assert places == sorted(places)


def test_a_folder_that_is_no_data_set_is_a_problem_not_an_error(tmp_path: Path) -> None:
    (tmp_path / "only").mkdir()
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(tmp_path / "only" / "1.png")
    found = atalho.doctor(tmp_path, report=tmp_path / "page.html")
    assert [problem.kind for problem in found.problems] == ["layout"]
    assert "a classifier needs at least two" in str(found.problems[0].message)
    assert found.stops
    assert (tmp_path / "page.html").is_file()


def test_nothing_there_and_unknown_settings_are_errors(clothes: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        atalho.doctor(tmp_path / "nowhere")
    with pytest.raises(ConfigError, match="unknown setting"):
        atalho.doctor(clothes, settings={"data.tif": True})


def test_arrays_are_examined_too(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (40, 28, 28), dtype=np.uint8)
    images[39] = images[0]
    labels = np.arange(40, dtype=np.uint8) % 2
    for kind, values in (("images-idx3", images), ("labels-idx1", labels)):
        header = bytes([0, 0, 8, values.ndim]) + b"".join(side.to_bytes(4, "big") for side in values.shape)
        (tmp_path / f"train-{kind}-ubyte").write_bytes(header + values.tobytes())
    found = atalho.doctor(tmp_path, report=tmp_path / "page.html")
    (twin,) = [problem for problem in found.problems if problem.kind == "same-in-classes"]
    assert len(twin.others) == 1
    assert "data:image/png" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_a_class_without_readable_training_images_is_refused_by_train_too(clothes: Path, tmp_path: Path) -> None:
    shutil.copytree(clothes, tmp_path / "data")
    for file in (tmp_path / "data" / "train" / "bag").iterdir():
        file.write_bytes(b"")
    assert "class-unreadable" in {problem.kind for problem in atalho.doctor(tmp_path / "data").problems}
    with pytest.raises(DataError, match="No training image of bag can be read"):
        atalho.train(tmp_path / "data", model="resnet20", settings={"data.skip_bad": True}, out=tmp_path / "x")
    assert not (tmp_path / "x").exists()
