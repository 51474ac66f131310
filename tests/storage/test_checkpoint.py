"""Checkpoints: the newest intact one is found, whatever happened to the others."""

import random
from pathlib import Path

import pytest
import torch
from simulated_disk import KilledError, replaced

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
    left = tmp_path / ".tmp-step-000000002-0123abcd"
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
    for _again in range(2):
        with pytest.raises(RunError, match=r"no checkpoint is intact.*step-000000002.*step-000000001"):
            checkpoint.latest(tmp_path)


def _flipped(content: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(content))
    return content[:place] + bytes([content[place] ^ 1 << chance.randrange(8)]) + content[place + 1 :]


@pytest.mark.parametrize("name", ["state.safetensors", "state.json", "checksums.json"])
@pytest.mark.parametrize("damage", ["flip", "cut", "longer", "gone"])
def test_no_damage_is_loaded_silently(tmp_path: Path, name: str, damage: str) -> None:
    chance = random.Random(f"{name} {damage}")
    _save(tmp_path, 1)
    for _time in range(20):
        file = _save(tmp_path, 2) / name
        content = file.read_bytes()
        if damage == "gone":
            file.unlink()
        else:
            cut = content[: chance.randrange(len(content))]
            file.write_bytes({"flip": _flipped(content, chance), "cut": cut, "longer": content + b"}"}[damage])
        found = checkpoint.latest(tmp_path)
        assert found is not None
        assert found.step == 1
        assert len(found.damaged) == 1


def test_what_is_half_removed_is_no_checkpoint(tmp_path: Path) -> None:
    """A process that is killed while it removes the oldest leaves it under a temporary name."""
    _save(tmp_path, 1)

    def stop(_path: Path, _root: Path) -> None:
        raise KilledError

    with replaced(remove_folder=stop), pytest.raises(KilledError):
        _save(tmp_path, 2, keep=1)
    assert sorted(path.name[:14] for path in tmp_path.iterdir()) == [".tmp-step-0000", "step-000000002"]
    found = checkpoint.latest(tmp_path)
    assert found is not None
    assert [path.name for path in tmp_path.iterdir()] == ["step-000000002"]
