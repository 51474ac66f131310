import argparse
import pickle
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from atalho.errors import WeightsError
from atalho.storage.foreign_file import TORCH_SUFFIXES, read_state_dict

WEIGHTS = {"conv1.weight": torch.arange(6.0).view(2, 3), "fc.bias": torch.ones(4)}


def assert_read(path: Path) -> None:
    found = read_state_dict(path)
    assert found.keys() == WEIGHTS.keys()
    assert all(torch.equal(found[name], WEIGHTS[name]) for name in WEIGHTS)


def test_safetensors(tmp_path: Path) -> None:
    save_file(WEIGHTS, tmp_path / "weights.safetensors")
    assert_read(tmp_path / "weights.safetensors")


@pytest.mark.parametrize("suffix", [*TORCH_SUFFIXES, ".PTH"])
@pytest.mark.parametrize("zipped", [True, False])
def test_torchs_formats_of_today_and_before(tmp_path: Path, suffix: str, zipped: bool) -> None:
    path = tmp_path / f"weights{suffix}"
    torch.save(WEIGHTS, path, _use_new_zipfile_serialization=zipped)
    assert_read(path)


def test_a_nest_is_handed_on(tmp_path: Path) -> None:
    torch.save({"state_dict": WEIGHTS, "epoch": 3}, tmp_path / "nested.pth")
    found = read_state_dict(tmp_path / "nested.pth")
    assert found["epoch"] == 3
    assert torch.equal(found["state_dict"]["fc.bias"], WEIGHTS["fc.bias"])


class Harmful:
    """Unpickled by an ordinary unpickler, it leaves a file behind."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str, ...]]:
        return Path.touch, (self.mark,)  # type: ignore[return-value]


@pytest.mark.parametrize("zipped", [True, False])
def test_no_code_runs_from_a_file(tmp_path: Path, zipped: bool) -> None:
    mark, path = tmp_path / "ran", tmp_path / "harmful.pth"
    torch.save({**WEIGHTS, "x": Harmful(mark)}, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(WeightsError, match=r"contains more than tensors .* Atalho never runs code from files"):
        read_state_dict(path)
    assert not mark.exists()
    torch.load(path, weights_only=False)
    assert mark.exists(), "the file was harmless, so the test showed nothing"


def test_a_plain_pickle_runs_no_code_either(tmp_path: Path) -> None:
    mark, path = tmp_path / "ran", tmp_path / "harmful.tar"
    path.write_bytes(pickle.dumps(Harmful(mark)))
    with pytest.raises(WeightsError, match="Atalho never runs code from files"):
        read_state_dict(path)
    assert not mark.exists()


def test_objects_of_a_training_program_are_refused(tmp_path: Path) -> None:
    torch.save({"model": WEIGHTS, "args": argparse.Namespace(lr=0.1)}, tmp_path / "run.pth")
    with pytest.raises(WeightsError, match=r"If you trust it, .* save only `network\.state_dict\(\)`"):
        read_state_dict(tmp_path / "run.pth")


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.95])
def test_a_truncated_file_is_refused(tmp_path: Path, suffix: str, share: float) -> None:
    whole, path = tmp_path / f"whole{suffix}", tmp_path / f"part{suffix}"
    if suffix == ".pth":
        torch.save(WEIGHTS, whole)
    else:
        save_file(WEIGHTS, whole)
    path.write_bytes(whole.read_bytes()[: int(share * whole.stat().st_size)])
    with pytest.raises(WeightsError, match=r"part\."):
        read_state_dict(path)


@pytest.mark.parametrize("zipped", [True, False])
def test_damaged_bytes_end_in_a_clear_error_or_in_a_dictionary(tmp_path: Path, zipped: bool) -> None:
    path = tmp_path / "weights.pth"
    torch.save(WEIGHTS, path, _use_new_zipfile_serialization=zipped)
    whole = path.read_bytes()
    refused = 0
    for position in range(0, len(whole), 7):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 0x5A]) + whole[position + 1 :])
        try:
            assert isinstance(read_state_dict(path), dict)
        except WeightsError as error:
            assert "weights.pth" in str(error)
            refused += 1
    assert refused > 5


def test_a_compressed_archive_is_refused(tmp_path: Path) -> None:
    torch.save(WEIGHTS, tmp_path / "stored.pth")
    with (
        zipfile.ZipFile(tmp_path / "stored.pth") as stored,
        zipfile.ZipFile(tmp_path / "small.pth", "w", zipfile.ZIP_DEFLATED) as small,
    ):
        for name in stored.namelist():
            small.writestr(name, stored.read(name))
    with pytest.raises(WeightsError, match="a compressed archive; decompress it first"):
        read_state_dict(tmp_path / "small.pth")


def test_a_lone_tensor_is_no_state_dictionary(tmp_path: Path) -> None:
    torch.save(torch.zeros(3), tmp_path / "lone.pt")
    with pytest.raises(WeightsError, match="contains a Tensor, not tensors by name"):
        read_state_dict(tmp_path / "lone.pt")


@pytest.mark.parametrize("name", ["weights.bin", "weights", "weights.pkl"])
def test_other_files_are_told_what_is_accepted(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(WeightsError, match=r"accepted: \.safetensors \.pth \.pt \.th \.tar"):
        read_state_dict(tmp_path / name)


def test_no_file_and_a_folder(tmp_path: Path) -> None:
    (tmp_path / "folder.pth").mkdir()
    for name in ("none.pth", "folder.pth"):
        with pytest.raises(WeightsError, match=f"{name}: file not found"):
            read_state_dict(tmp_path / name)
