"""The model folder: found from a run, read strictly, compared before anything is allocated."""

import hashlib
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import safetensors.torch
import torch

from atalho.data.preprocessing import Preprocessing
from atalho.errors import RunError, WeightsError
from atalho.networks import catalogue
from atalho.storage import model_folder
from atalho.storage.model_folder import Card

CARD = Card(
    task="classification",
    spec=catalogue.spec("resnet20"),
    classes=("a", "ç"),
    preprocessing=Preprocessing(size=32, resize=32, channels=3, mean=(0.5, 0.5, 0.5), std=(0.2, 0.2, 0.2)),
)
WEIGHTS = {"w": torch.arange(6.0).reshape(2, 3), "n": torch.tensor(3)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    model_folder.write(tmp_path / "run" / "model", WEIGHTS, CARD)
    return tmp_path / "run" / "model"


def test_what_is_written_comes_back(folder: Path) -> None:
    assert model_folder.read_card(folder) == CARD
    found = model_folder.read_weights(folder, WEIGHTS)
    assert found.keys() == WEIGHTS.keys()
    assert all(torch.equal(found[name], WEIGHTS[name]) for name in WEIGHTS)


def test_a_run_means_its_model(folder: Path) -> None:
    assert model_folder.find(folder.parent) == folder
    assert model_folder.find(folder) == folder


def test_the_two_files_alone_are_enough(folder: Path) -> None:
    (folder / "checksums.json").unlink()
    assert model_folder.read_card(folder) == CARD
    assert torch.equal(model_folder.read_weights(folder, WEIGHTS)["w"], WEIGHTS["w"])


@pytest.mark.parametrize("alone", [False, True])
def test_a_folder_whose_name_is_not_utf_8_is_read(folder: Path, tmp_path: Path, alone: bool) -> None:
    odd = tmp_path / os.fsdecode(b"caf\xe9")
    shutil.copytree(folder, odd)
    if alone:
        (odd / "checksums.json").unlink()
    assert torch.equal(model_folder.read_weights(odd, WEIGHTS)["w"], WEIGHTS["w"])
    assert model_folder.fingerprint(odd) == model_folder.fingerprint(folder)


def test_a_run_that_has_not_finished_says_how_to_go_on(tmp_path: Path) -> None:
    (tmp_path / "run.toml").touch()
    with pytest.raises(WeightsError, match="Continue with: atalho train --resume"):
        model_folder.find(tmp_path)


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ({"w": torch.empty(2, 4, device="meta"), "n": WEIGHTS["n"]}, "first w: the file has .*needs"),
        ({"w": WEIGHTS["w"]}, "1 tensors differ, first n"),
        ({**WEIGHTS, "x": torch.empty(1)}, "first x: the file has None"),
        ({"w": WEIGHTS["w"].long(), "n": WEIGHTS["n"]}, "first w"),
    ],
)
def test_weights_that_do_not_fit_are_named(folder: Path, expected: dict[str, torch.Tensor], text: str) -> None:
    with pytest.raises(WeightsError, match=text):
        model_folder.read_weights(folder, expected)


def test_a_file_that_claims_to_be_huge_allocates_nothing(folder: Path) -> None:
    header = b'{"w":{"dtype":"F32","shape":[1000000000,1000000],"data_offsets":[0,4000000000000000]}}'
    (folder / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)
    with pytest.raises(WeightsError):
        model_folder.read_weights(folder, WEIGHTS)


def test_a_configuration_of_many_megabytes_is_not_read(folder: Path) -> None:
    with (folder / "config.json").open("wb") as file:
        file.truncate(33 * 2**20)
    with pytest.raises(WeightsError, match="34,603,008 bytes are more than the limit of 33,554,432"):
        model_folder.read_card(folder)


def test_the_weights_are_ordinary_safetensors(folder: Path) -> None:
    found = safetensors.torch.load_file(folder / "model.safetensors")
    assert torch.equal(found["w"], WEIGHTS["w"])


@pytest.mark.parametrize(
    ("listed", "text"),
    [("{}", r"checksums\.json does not list model\.safetensors"), ("[]", "does not contain a JSON object")],
)
def test_a_folder_whose_checksums_list_no_weights_is_refused(folder: Path, listed: str, text: str) -> None:
    (folder / "checksums.json").write_text(listed)
    with pytest.raises((WeightsError, RunError), match=text):
        model_folder.read_weights(folder, WEIGHTS)


def test_shapes_and_types_come_from_the_header(folder: Path) -> None:
    assert model_folder.tensors(folder) == {"w": ([2, 3], "F32"), "n": ([], "I64")}


def test_a_model_folder_of_before_max_pixels_and_tiff_is_read(folder: Path) -> None:
    path = folder / "config.json"
    config = json.loads(path.read_text())
    del config["preprocessing"]["max_pixels"], config["preprocessing"]["tiff"]
    path.write_text(json.dumps(config))
    assert model_folder.read_card(folder) == CARD


def test_avif_is_stored_and_part_of_the_fingerprint_only_where_it_is_allowed(folder: Path) -> None:
    path = folder / "config.json"
    config = json.loads(path.read_text())
    assert "avif" not in config["preprocessing"]
    before = model_folder.fingerprint(folder)
    config["preprocessing"]["avif"] = True
    path.write_text(json.dumps(config))
    assert model_folder.read_card(folder).preprocessing == replace(CARD.preprocessing, avif=True)
    assert model_folder.fingerprint(folder) != before


def test_the_specification_is_stored_family_first_and_what_all_families_have_last(folder: Path) -> None:
    stored = json.loads((folder / "config.json").read_text())["spec"]
    assert list(stored) == [
        *("family", "design", "blocks", "widths", "narrowing", "stem", "stem_channels", "shortcut", "last_stride"),
        *("classes", "in_channels", "dropout", "embedding", "pooling"),
    ]
    assert stored["blocks"] == [3, 3, 3]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"classes": -1}, r"config\.json is not .*: spec: classes = -1 is not accepted: it must be at least 0\."),
        ({"family": "vgg"}, r"config\.json is not .*: spec: .*'vgg'"),
        ({"width": 3}, r"config\.json is not .*: spec: width: unknown setting\. Did you mean widths\?"),
    ],
)
def test_a_specification_that_does_not_fit_is_refused(folder: Path, change: dict[str, object], text: str) -> None:
    path = folder / "config.json"
    config = json.loads(path.read_text())
    config["spec"] |= change
    path.write_text(json.dumps(config))
    with pytest.raises(WeightsError, match=text):
        model_folder.read_card(folder)


def test_a_fingerprint_is_of_the_specification_as_the_file_has_it(folder: Path) -> None:
    path = folder / "config.json"
    config = json.loads(path.read_text())
    del config["spec"]["embedding"]
    config["spec"]["dropout"] = 0
    path.write_text(json.dumps(config))
    digest = hashlib.sha256(json.dumps([config["spec"], config["preprocessing"]], sort_keys=True).encode())
    digest.update(hashlib.sha256((folder / "model.safetensors").read_bytes()).digest())
    assert model_folder.read_card(folder) == CARD
    assert model_folder.fingerprint(folder) == digest.hexdigest()
