"""Durable writes: whole or not at all, and damage is seen."""

from pathlib import Path

import pytest

from atalho.errors import RunError
from atalho.storage import atomic

FILES = {"a.bin": bytes(range(256)), "b.json": b"{}"}


def test_a_folder_comes_back_as_it_was_written(tmp_path: Path) -> None:
    atomic.write_folder(tmp_path / "x", FILES)
    assert atomic.read_folder(tmp_path / "x") == FILES
    assert [entry.name for entry in tmp_path.iterdir()] == ["x"]


def test_replacing_a_folder_leaves_nothing_of_the_old_one(tmp_path: Path) -> None:
    atomic.write_folder(tmp_path / "x", FILES)
    atomic.write_folder(tmp_path / "x", {"c": b"new"})
    assert atomic.read_folder(tmp_path / "x") == {"c": b"new"}
    assert [entry.name for entry in tmp_path.iterdir()] == ["x"]


@pytest.mark.parametrize("position", [0, 100, 255])
def test_one_changed_bit_is_seen(tmp_path: Path, position: int) -> None:
    atomic.write_folder(tmp_path / "x", FILES)
    damaged = bytearray(FILES["a.bin"])
    damaged[position] ^= 1
    (tmp_path / "x" / "a.bin").write_bytes(damaged)
    with pytest.raises(RunError, match=r"is damaged: a\.bin differ"):
        atomic.read_folder(tmp_path / "x")


@pytest.mark.parametrize("manifest", [b"", b"[1]", b'{"a.bin": 1}', b'{"../a.bin": {}}', b'{"none": {"bytes": 1}}'])
def test_a_bad_manifest_is_an_error(tmp_path: Path, manifest: bytes) -> None:
    atomic.write_folder(tmp_path / "x", FILES)
    (tmp_path / "x" / atomic.MANIFEST).write_bytes(manifest)
    with pytest.raises(RunError):
        atomic.read_folder(tmp_path / "x")


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    atomic.write_file(path, b"old")
    with pytest.raises(TypeError):
        atomic.write_file(path, "not bytes")  # type: ignore[arg-type]
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_sweep_removes_only_what_interrupted_writes_left(tmp_path: Path) -> None:
    (tmp_path / ".tmp-x-1").mkdir()
    (tmp_path / ".tmp-x-1" / "part").write_bytes(b"1")
    (tmp_path / ".tmp-file").write_bytes(b"1")
    (tmp_path / "kept").write_bytes(b"1")
    atomic.sweep(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["kept"]
