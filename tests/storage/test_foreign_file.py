import argparse
import datetime
import io
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from atalho.errors import WeightsError
from atalho.storage.foreign_file import read_state_dict
from atalho.storage.torch_file import Inert

WEIGHTS = {"conv1.weight": torch.arange(6.0).view(2, 3), "fc.bias": torch.ones(4)}


def assert_read(path: Path) -> None:
    found = read_state_dict(path)
    assert found.keys() == WEIGHTS.keys()
    assert all(torch.equal(found[name], WEIGHTS[name]) for name in WEIGHTS)


def test_safetensors(tmp_path: Path) -> None:
    save_file(WEIGHTS, tmp_path / "weights.safetensors")
    assert_read(tmp_path / "weights.safetensors")


@pytest.mark.parametrize("name", ["weights.pth", "weights.ckpt", "pytorch_model.bin", "model.pth.tar-60", "weights"])
@pytest.mark.parametrize("zipped", [True, False])
def test_torchs_formats_of_today_and_before_under_any_name(tmp_path: Path, name: str, zipped: bool) -> None:
    torch.save(WEIGHTS, tmp_path / name, _use_new_zipfile_serialization=zipped)
    assert_read(tmp_path / name)
    save_file(WEIGHTS, tmp_path / name)
    assert_read(tmp_path / name)


@pytest.mark.parametrize("zipped", [True, False])
def test_tensors_are_those_that_torch_reads(tmp_path: Path, zipped: bool) -> None:
    base = torch.randn(4, 3, 2, generator=torch.Generator().manual_seed(0))
    values = {
        **{str(dtype): (base * 9).to(dtype) for dtype in (torch.float64, torch.float16, torch.bfloat16, torch.int64)},
        **{str(dtype): (base * 9).to(dtype) for dtype in (torch.int32, torch.int16, torch.int8, torch.bool)},
        "view": base.permute(2, 0, 1)[1:, ::2],
        "parameter": torch.nn.Parameter(base),
        "tied": base,
        "none": torch.empty(0, 3),
        "number": torch.tensor(7),
    }
    path = tmp_path / "weights.pth"
    torch.save({"model": values}, path, _use_new_zipfile_serialization=zipped)
    found = read_state_dict(path)["model"]
    expected = torch.load(path, weights_only=True)["model"]
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        assert found[name].dtype == tensor.dtype
        assert torch.equal(found[name], tensor)


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
    with pytest.raises(WeightsError, match=r"it would call builtins\.getattr|another call gives.*never runs"):
        read_state_dict(path)
    assert not mark.exists()
    torch.load(path, weights_only=False)
    assert mark.exists(), "the file was harmless, so the test showed nothing"


def test_a_plain_pickle_runs_no_code_either(tmp_path: Path) -> None:
    mark, path = tmp_path / "ran", tmp_path / "harmful.tar"
    path.write_bytes(pickle.dumps(Harmful(mark)))
    with pytest.raises(WeightsError, match="code from files never runs"):
        read_state_dict(path)
    assert not mark.exists()


class Options(dict[str, object]):
    """A dictionary of a class that is not known, as OmegaConf and others write theirs."""


def test_objects_of_a_training_program_keep_nothing_but_their_class(tmp_path: Path) -> None:
    contents = {
        "model": WEIGHTS,
        "args": argparse.Namespace(lr=0.1, nested={"a": [1]}),
        "best": np.float64(0.9),
        "curve": np.arange(3.0),
        "when": datetime.datetime(2026, 1, 1),
        "device": torch.device("cpu"),
        "kinds": {Options: 3},
        "hyper_parameters": Options(mean=[0.5], file=Path("x")),
    }
    torch.save(contents, tmp_path / "run.pth")
    found = read_state_dict(tmp_path / "run.pth")
    assert torch.equal(found["model"]["fc.bias"], WEIGHTS["fc.bias"])
    assert found["args"] == Inert("argparse.Namespace")
    assert all(isinstance(found[name], Inert) for name in ("best", "curve", "when", "device"))
    assert found["hyper_parameters"]["mean"] == [0.5]


@pytest.mark.parametrize("call", [(eval, ("1",)), (exec, ("1",)), (io.open, ("x",)), (getattr, (1, "real"))])
def test_a_name_of_pythons_own_functions_is_refused(tmp_path: Path, call: tuple[object, tuple[object, ...]]) -> None:
    class Calls:
        def __reduce__(self) -> object:
            return call

    torch.save({**WEIGHTS, "x": Calls()}, tmp_path / "harmful.pth")
    with pytest.raises(WeightsError, match=r"it would call .*\. Do not trust this file; code from files never runs"):
        read_state_dict(tmp_path / "harmful.pth")


LISTS = b"]q\0(" + b"K\0" * 10 + b"e" + b"".join(
    b"]q" + bytes([place + 1]) + b"(" + (b"h" + bytes([place])) * 10 + b"e" for place in range(9)
)  # fmt: skip
TUPLES = b"(" + b"K\0" * 10 + b"tq\0" + b"".join(
    b"(" + (b"h" + bytes([place])) * 10 + b"tq" + bytes([place + 1]) for place in range(9)
)  # fmt: skip


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\x80\x02" + LISTS + b".", "more than 2,000,000 values"),
        (b"\x80\x02}(" + TUPLES + b"K\0u.", "a key that is neither text nor number"),
        (b"\x80\x02](" + b"K\0" * 2_000_001 + b"e.", "more than 2,000,000 values"),
        (b"\x80\x02cos\nsystem\nq\0.", r"it would call os\.system"),
        (b"\x80\x02cbuiltins\ngetattr\n(cos\nsystem\nX\x01\0\0\0xtR)R.", "damaged|it would call|another call gives"),
        (b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x02id\x85R.", r"it would call os\.system"),
        (b"\x80\x02(X\x02\0\0\0idios\nsystem\n.", "instruction INST"),
        (b"\x80\x02(cos\nsystem\nX\x02\0\0\0ido.", "instruction OBJ"),
        (b"\x80\x04\x82\x01.", "instruction EXT1"),
    ],
)
def test_hostile_pickles_are_refused_in_a_moment(tmp_path: Path, content: bytes, reason: str) -> None:
    with zipfile.ZipFile(tmp_path / "hostile.pth", "w") as file:
        file.writestr("a/data.pkl", content)
    with pytest.raises(WeightsError, match=reason):
        read_state_dict(tmp_path / "hostile.pth")


def test_a_tensor_may_not_reach_beyond_its_numbers(tmp_path: Path) -> None:
    torch.save({"x": torch.zeros(4, 4)}, tmp_path / "a.pth")
    with zipfile.ZipFile(tmp_path / "a.pth") as sound, zipfile.ZipFile(tmp_path / "b.pth", "w") as longer:
        for name in sound.namelist():
            # The shape (4, 4) is K\x04K\x04 in the pickle.
            longer.writestr(name, sound.read(name).replace(b"K\x04K\x04\x86", b"K\x04K\xff\x86"))
    with pytest.raises(WeightsError, match="damaged"):
        read_state_dict(tmp_path / "b.pth")


def test_a_network_saved_whole_is_refused_with_its_class(tmp_path: Path) -> None:
    torch.save(torch.nn.Linear(2, 2), tmp_path / "whole.pth")
    with pytest.raises(WeightsError, match=r"saved whole, as an object of torch\.nn\.modules\.linear\.Linear"):
        read_state_dict(tmp_path / "whole.pth")


def test_a_torchscript_program_is_named(tmp_path: Path) -> None:
    # As torch.jit.save lays it out; what it holds is not looked at.
    with zipfile.ZipFile(tmp_path / "program.pt", "w") as file:
        for name in ("program/data.pkl", "program/code/__torch__.py", "program/constants.pkl"):
            file.writestr(name, b"")
    with pytest.raises(WeightsError, match=r"a TorchScript program\. Save its weights"):
        read_state_dict(tmp_path / "program.pt")


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


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"x", "not a supported weight file, or damaged; accepted: safetensors, and what torch.save writes"),
        (b"", "not a supported weight file, or damaged"),
        (b"<!DOCTYPE html><html>", r"this is a web page \(HTML\)"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "this is a Git LFS pointer in place of the file"),
        (b"\x1f\x8b\x08", "this is a gzip archive"),
        (b"\x89HDF\r\n", "this is HDF5"),
        (pickle.dumps({"a": 1}), r"a pickle that torch\.save did not write"),
    ],
)
def test_other_files_are_told_what_they_are(tmp_path: Path, content: bytes, what: str) -> None:
    (tmp_path / "weights.pth").write_bytes(content)
    with pytest.raises(WeightsError, match=what):
        read_state_dict(tmp_path / "weights.pth")


def test_no_file_and_a_folder(tmp_path: Path) -> None:
    (tmp_path / "folder.pth").mkdir()
    with pytest.raises(WeightsError, match=r"none\.pth: file not found"):
        read_state_dict(tmp_path / "none.pth")
    with pytest.raises(WeightsError, match=r"folder\.pth: cannot be read \(a folder, not a file\)"):
        read_state_dict(tmp_path / "folder.pth")
