"""Checkpoints: the newest intact one is found, whatever happened to the others."""

from pathlib import Path

import pytest
import torch

from atalho.errors import RunError
from atalho.storage import checkpoint


def _save(folder: Path, step: int, keep: int = 2) -> Path:
    return checkpoint.save(folder, step, {"w": torch.full((3,), float(step))}, {"log_offset": step * 10}, keep=keep)


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    _save(tmp_path, 7)
    found = checkpoint.latest(tmp_path)
    assert found is not None
    assert (found.step, found.state, found.damaged) == (7, {"log_offset": 70}, ())
    assert torch.equal(found.tensors["w"], torch.full((3,), 7.0))


def test_no_checkpoint_is_none(tmp_path: Path) -> None:
    assert checkpoint.latest(tmp_path / "nothing") is None
    assert checkpoint.latest(tmp_path) is None


def test_only_the_newest_are_kept(tmp_path: Path) -> None:
    for step in (1, 2, 10, 11):
        _save(tmp_path, step)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step-000000010", "step-000000011"]


def test_a_damaged_newest_one_is_reported_and_the_one_before_is_used(tmp_path: Path) -> None:
    _save(tmp_path, 1)
    newest = _save(tmp_path, 2) / "state.safetensors"
    newest.write_bytes(newest.read_bytes()[:-1])
    found = checkpoint.latest(tmp_path)
    assert found is not None
    assert found.step == 1
    assert "step-000000002 is damaged: state.safetensors" in found.damaged[0]


def test_a_half_written_one_is_ignored_and_swept(tmp_path: Path) -> None:
    _save(tmp_path, 1)
    left = tmp_path / ".tmp-step-000000002-abcd"
    left.mkdir()
    (left / "state.json").write_text("{")
    found = checkpoint.latest(tmp_path)
    assert found is not None
    assert found.step == 1
    assert not left.exists()


def test_a_damaged_one_is_set_aside_and_written_again(tmp_path: Path) -> None:
    _save(tmp_path, 1)
    newest = _save(tmp_path, 2) / "state.json"
    newest.write_bytes(b"{")
    checkpoint.latest(tmp_path)
    assert (tmp_path / "damaged-step-000000002").is_dir()
    _save(tmp_path, 2)
    found = checkpoint.latest(tmp_path)
    assert found is not None
    assert (found.step, found.damaged) == (2, ())


def test_a_damaged_one_is_replaced_by_a_save_of_the_same_step(tmp_path: Path) -> None:
    path = _save(tmp_path, 2) / "state.json"
    path.write_bytes(b"{")
    _save(tmp_path, 2)
    found = checkpoint.latest(tmp_path)
    assert found is not None
    assert found.step == 2


def test_where_all_are_damaged_the_run_is_not_started_again_silently(tmp_path: Path) -> None:
    for step in (1, 2):
        (_save(tmp_path, step) / "state.safetensors").write_bytes(b"x")
    with pytest.raises(RunError, match="No checkpoint is intact"):
        checkpoint.latest(tmp_path)
