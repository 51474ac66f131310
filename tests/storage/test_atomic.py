"""Durable writes: whole or not at all, and damage is seen."""

import json
import os
from pathlib import Path

import pytest

from atalho.errors import RunError
from atalho.storage import atomic

FILES = {"a.bin": bytes(range(256)), "b.json": b"{}"}
NAMES = (*FILES, "c")
NAMES = (*FILES, "c")


def test_a_folder_comes_back_as_it_was_written(tmp_path: Path) -> None:
    atomic.write_folder(tmp_path / "x", FILES)
    assert atomic.read_folder(tmp_path / "x", NAMES) == FILES
    assert [entry.name for entry in tmp_path.iterdir()] == ["x"]


def test_replacing_a_folder_leaves_nothing_of_the_old_one(tmp_path: Path) -> None:
    atomic.write_folder(tmp_path / "x", FILES)
    atomic.write_folder(tmp_path / "x", {"c": b"new"})
    assert atomic.read_folder(tmp_path / "x", NAMES) == {"c": b"new"}
    assert [entry.name for entry in tmp_path.iterdir()] == ["x"]


@pytest.mark.parametrize("position", [0, 100, 255])
def test_one_changed_bit_is_seen(tmp_path: Path, position: int) -> None:
    atomic.write_folder(tmp_path / "x", FILES)
    damaged = bytearray(FILES["a.bin"])
    damaged[position] ^= 1
    (tmp_path / "x" / "a.bin").write_bytes(damaged)
    with pytest.raises(RunError, match=r"is damaged: a\.bin do not match"):
        atomic.read_folder(tmp_path / "x", NAMES)


@pytest.mark.parametrize("manifest", [b"", b"[1]", b'{"a.bin": 1}', b'{"../a.bin": {}}', b'{"none": {"bytes": 1}}'])
def test_a_bad_manifest_is_an_error(tmp_path: Path, manifest: bytes) -> None:
    atomic.write_folder(tmp_path / "x", FILES)
    (tmp_path / "x" / atomic.CHECKSUMS).write_bytes(manifest)
    with pytest.raises(RunError):
        atomic.read_folder(tmp_path / "x", NAMES)


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    atomic.write_file(path, b"old")
    with pytest.raises(TypeError):
        atomic.write_file(path, "not bytes")  # type: ignore[arg-type]
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_sweep_removes_only_what_interrupted_writes_left(tmp_path: Path) -> None:
    (tmp_path / ".tmp-x-0123abcd").mkdir()
    (tmp_path / ".tmp-x-0123abcd" / "part").write_bytes(b"1")
    (tmp_path / ".tmp-step-000000012-0123abcd").write_bytes(b"1")
    others = [".tmp-thesis", ".tmp-thesis-0123abcd", ".tmp-x-1", ".tmp-file", "kept"]
    for name in others:
        (tmp_path / name).write_bytes(b"1")
    atomic.sweep(tmp_path, "x", "step-*")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == sorted(others)


def test_sweep_brings_back_a_folder_that_was_about_to_be_replaced(tmp_path: Path) -> None:
    atomic.write_folder(tmp_path / "x", FILES)
    (tmp_path / "x").rename(tmp_path / ".tmp-x-0123abcd-old")
    (tmp_path / ".tmp-x-0123abcd").mkdir()
    atomic.sweep(tmp_path, "x")
    assert atomic.read_folder(tmp_path / "x", NAMES) == FILES
    assert [entry.name for entry in tmp_path.iterdir()] == ["x"]


def test_a_name_that_is_not_utf_8_comes_back(tmp_path: Path) -> None:
    name = os.fsdecode(b"ma\xe7\xe3.jpg")
    atomic.write_json(tmp_path / "x.json", {"names": [name, "maçã.jpg"]})
    content = (tmp_path / "x.json").read_bytes()
    assert json.loads(content) == {"names": [name, "maçã.jpg"]}
    assert "maçã.jpg" in content.decode()


@pytest.mark.parametrize("place", ["file", "file/below/x"])
def test_error_of_a_place_that_cannot_be_written(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").mkdir()
    (tmp_path / "file" / "below").write_bytes(b"")
    path = tmp_path / place
    with pytest.raises(RunError, match=f"Cannot write {path}: "):
        atomic.write_file(path, b"")
    if place != "file":
        with pytest.raises(RunError, match=f"Cannot write {path}: "):
            atomic.write_folder(path, FILES)
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


@pytest.mark.timeout(10)
def test_only_known_regular_files_of_the_listed_size_are_read(tmp_path: Path) -> None:
    atomic.write_folder(tmp_path / "x", FILES)
    checksums = json.loads((tmp_path / "x" / atomic.CHECKSUMS).read_bytes())
    (tmp_path / "x" / "zero").symlink_to("/dev/zero")
    (tmp_path / "x" / atomic.CHECKSUMS).write_text(json.dumps(checksums | {"zero": {"bytes": 1, "sha256": "0"}}))
    with pytest.raises(RunError, match=r"checksums\.json refers to other files: zero"):
        atomic.read_folder(tmp_path / "x", NAMES)
    (tmp_path / "x" / atomic.CHECKSUMS).write_text(json.dumps(checksums))
    (tmp_path / "x" / "a.bin").unlink()
    os.mkfifo(tmp_path / "x" / "a.bin")
    with pytest.raises(RunError, match=r"a\.bin"):
        atomic.read_folder(tmp_path / "x", NAMES)
    (tmp_path / "x" / "a.bin").unlink()
    with (tmp_path / "x" / "a.bin").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(RunError, match=r"a\.bin do not match"):
        atomic.read_folder(tmp_path / "x", NAMES)
