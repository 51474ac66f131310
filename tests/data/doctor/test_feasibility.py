"""Ten broken folders, each refused before any training with its reason; and what is only good to know."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from atalho import cli
from atalho.api.doctor import doctor
from atalho.data import open_set
from atalho.data.doctor import feasibility


def _image(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (16, 16), np.uint8)
    Image.fromarray(pixels).save(path)


def _folders(root: Path, identities: int, cameras: int, *, prefix: str = "") -> None:
    for who in range(identities):
        for camera in range(cameras):
            _image(root / f"{prefix}{who:02d}" / f"a_{camera:02d}.png", 100 * who + camera + len(prefix))


def _market(root: Path, train: list[str], query: list[str], gallery: list[str]) -> None:
    for folder, names in (("bounding_box_train", train), ("query", query), ("bounding_box_test", gallery)):
        (root / folder).mkdir(parents=True)
        for seed, name in enumerate(names):
            _image(root / folder / f"{name}.jpg", seed + 7 * len(folder))


def _one_image_each(root: Path) -> None:
    _folders(root, 12, 1)


def _one_identity(root: Path) -> None:
    _folders(root, 1, 8)


def _one_camera(root: Path) -> None:
    for who in range(8):
        for number in range(3):
            _image(root / f"{who}" / f"{chr(97 + number)}_01.png", 10 * who + number)


def _no_cameras(root: Path) -> None:
    for who in range(8):
        for number in range(3):
            _image(root / f"{who}" / f"{chr(97 + number)}.png", 10 * who + number)


def _other_people_in_the_gallery(root: Path) -> None:
    _market(root, ["0001_c1s1_1_00", "0001_c2s1_1_00", "0002_c1s1_1_00", "0002_c2s1_1_00"], ["0003_c1s1_1_00"],
            ["0004_c2s1_1_00", "0005_c2s1_1_00"])  # fmt: skip


def _answers_by_the_same_camera_only(root: Path) -> None:
    _market(root, ["0001_c1s1_1_00", "0001_c2s1_1_00", "0002_c1s1_1_00", "0002_c2s1_1_00"], ["0003_c1s1_1_00"],
            ["0003_c1s1_2_00", "0004_c2s1_1_00"])  # fmt: skip


def _no_queries(root: Path) -> None:
    _market(root, ["0001_c1s1_1_00", "0001_c2s1_1_00", "0002_c1s1_1_00", "0002_c2s1_1_00"], [],
            ["0003_c1s1_2_00", "0004_c2s1_1_00"])  # fmt: skip


def _trained_on_the_test(root: Path) -> None:
    _market(root, ["0001_c1s1_1_00", "0001_c2s1_1_00", "0002_c1s1_1_00", "0002_c2s1_1_00"], ["0002_c1s1_3_00"],
            ["0002_c2s1_2_00", "0004_c2s1_1_00"])  # fmt: skip


def _copies(root: Path) -> None:
    _market(root, ["0001_c1s1_1_00", "0001_c2s1_1_00", "0002_c1s1_1_00", "0002_c2s1_1_00"], ["0003_c1s1_3_00"],
            ["0003_c2s1_2_00", "0004_c2s1_1_00"])  # fmt: skip
    copy = (root / "query" / "0003_c1s1_3_00.jpg").read_bytes()
    (root / "bounding_box_test" / "0003_c3s1_9_00.jpg").write_bytes(copy)


def _one_identity_in_the_gallery(root: Path) -> None:
    _market(root, ["0001_c1s1_1_00", "0001_c2s1_1_00", "0002_c1s1_1_00", "0002_c2s1_1_00"], ["0003_c1s1_3_00"],
            ["0003_c2s1_2_00"])  # fmt: skip


@pytest.mark.parametrize(
    ("build", "protocol", "reason"),
    [
        (_one_image_each, "auto", r"has only one image: there are no pairs to learn similarity from\. Add images"),
        (_one_identity, "auto", r"Training needs at least two identities; there are 1\. Add identities"),
        (_one_camera, "auto", r"one camera \(01\): no query has a right answer from another one\..*leave-self-out"),
        (_no_cameras, "cross-camera", r"needs cameras, and none are known\. Use --data\.camera to read the camera"),
        (
            _other_people_in_the_gallery,
            "auto",
            r"test: none of the 1 queries has a right answer in the gallery\. Identities need images from at least two",
        ),
        (_answers_by_the_same_camera_only, "auto", r"none of the 1 queries has a right answer.*leave-self-out"),
        (_no_queries, "auto", r"test: there are no images for queries\. Provide query and gallery images"),
        (_trained_on_the_test, "auto", r"would measure memorisation\. Keep each identity in one split"),
        (_copies, "auto", r"1 query is a copy of a gallery image, such as query/0003.*Remove the copies"),
        (
            _one_identity_in_the_gallery,
            "auto",
            r"only one identity, so no answer can be wrong\. Hold out more identities",
        ),
    ],
)
def test_ten_broken_folders_are_refused_before_training(
    build: Callable[[Path], None], protocol: str, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build(tmp_path / "data")
    command = ["train", str(tmp_path / "data"), "--task", "reid", "--model", "resnet20", "--epochs", "1"]
    options = ["--protocol", protocol, "--data.val-fraction", "0", "--out", str(tmp_path / "run")]
    assert cli.run([*command, *options]) == 2
    said = capsys.readouterr()
    assert "re-identification is not feasible with these images" in said.err
    assert re.search(reason, said.err)
    assert said.out == ""
    assert not (tmp_path / "run").exists()


def test_the_remedy_helps(tmp_path: Path) -> None:
    _one_camera(tmp_path)
    manifest = open_set.read(tmp_path, val_fraction=0.0, test_fraction=0.3, split_seed=0)
    assert [problem.kind for problem in feasibility.examine(manifest, "auto")] == ["reid-cameras", "reid-answers"]
    assert feasibility.examine(manifest, "leave-self-out") == []


def test_a_sound_folder_has_no_problem(tmp_path: Path) -> None:
    _folders(tmp_path, 10, 3)
    manifest = open_set.read(tmp_path, val_fraction=0.2, test_fraction=0.3, split_seed=0)
    assert feasibility.examine(manifest, "auto") == []
    feasibility.refuse([], "x")


def test_some_queries_without_an_answer_are_counted_and_named(tmp_path: Path) -> None:
    _market(tmp_path, ["0001_c1s1_1_00", "0001_c2s1_1_00", "0002_c1s1_1_00", "0002_c2s1_1_00", "0006_c1s1_1_00"],
            ["0003_c1s1_3_00", "0005_c1s1_3_00"], ["0003_c2s1_2_00", "0004_c2s1_1_00"])  # fmt: skip
    manifest = open_set.read(tmp_path, val_fraction=0.0, test_fraction=0.2, split_seed=0)
    alone, uncounted = feasibility.examine(manifest, "auto")
    assert alone.kind == "single-image"
    assert (
        str(alone.message) == "1 of 3 training identities has only one image, so no similarity can be learnt from it."
    )
    assert uncounted.path == "query/0005_c1s1_3_00.jpg"
    assert str(uncounted.message) == "test: 1 of 2 queries has no right answer and will not be counted."
    feasibility.refuse([alone, uncounted], "x")


def test_doctor_tells_it_and_does_not_ask_for_every_identity_in_every_split(tmp_path: Path) -> None:
    _one_camera(tmp_path / "one")
    found = doctor(tmp_path / "one", settings={"task": "reid"})
    assert found.stops
    assert {"reid-cameras", "reid-answers"} <= {problem.kind for problem in found.problems}
    _folders(tmp_path / "sound", 10, 3)
    found = doctor(tmp_path / "sound", settings={"task": "reid"})
    assert not found.stops
    assert not {"missing-in-split", "empty-class"} & {problem.kind for problem in found.problems}
    _market(tmp_path / "m", ["0001_c1s1_1_00", "0001_c2s1_1_00", "0002_c1s1_1_00", "0002_c2s1_1_00"],
            ["0003_c1s1_3_00"], ["0003_c2s1_2_00", "0004_c2s1_1_00"])  # fmt: skip
    assert not doctor(tmp_path / "m", settings={"task": "reid", "data.val_fraction": 0.0}).stops
