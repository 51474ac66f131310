"""What a loss of power or a failing disk leaves of a save: always a complete checkpoint."""

import os
import random
from collections.abc import Iterator
from pathlib import Path

import crash_states
import failing_disk
import pytest
import simulated_disk
from simulated_disk import KilledError, Recorder, replaced

from atalho.errors import RunError
from atalho.storage import atomic, disk


@pytest.fixture(autouse=True)
def quick() -> Iterator[None]:
    """Nothing here needs the real disk to be waited for."""
    with replaced(flush=lambda _descriptor: None, flush_folder=lambda _folder, _root: None):
        yield


def test_every_crash_leaves_a_checkpoint_to_go_on_from(tmp_path: Path) -> None:
    found = crash_states.check_all(tmp_path, kills=2, per_call=2, seed=0)
    assert found.keys() == {"keep", "killed", "replaced"}
    assert sum(found.values()) > 250


@pytest.mark.parametrize("forgotten", ["flush", "flush_folder"])
def test_the_model_notices_a_flush_that_is_forgotten(
    tmp_path: Path, forgotten: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = simulated_disk.Disk

    def forgetting(journal: list[tuple[str, object, object]]) -> simulated_disk.Disk:
        return known([entry for entry in journal if entry[0] != forgotten])

    monkeypatch.setattr(crash_states, "Disk", forgetting)
    with pytest.raises(AssertionError, match=r"after \d+ calls"):
        crash_states.check_all(tmp_path, kills=0, per_call=4, seed=0)


def test_the_model_keeps_what_was_flushed_and_only_that_for_sure(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    with recorder.recording():
        atomic.write_file(tmp_path / "a", b"flushed")
        atomic.write_all(disk.append_to(tmp_path / "b", tmp_path), b"not flushed")
    model = simulated_disk.Disk(recorder.journal)
    trees = [model.crash(random.Random(seed)) for seed in range(50)]
    assert all(tree["a"] == b"flushed" for tree in trees)
    found = {tree.get("b") for tree in trees}
    assert {None, b"", b"not flushed", bytes(11)} <= found
    assert len(found) > 5


def test_a_killed_program_does_nothing_more(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, kill_at=2)
    with recorder.recording(), pytest.raises(KilledError):
        atomic.write_file(tmp_path / "a", b"content")
    assert [name for name, _where, _detail in recorder.journal] == ["create", "write"]
    assert [entry.name.startswith(".tmp-a-") for entry in tmp_path.iterdir()] == [True]


def test_a_failure_at_any_call_of_a_save_is_said_and_loses_nothing(tmp_path: Path) -> None:
    found = failing_disk.check_all(tmp_path)
    assert found.keys() == failing_disk.KINDS.keys()
    assert all(count > 20 for kind, count in found.items() if kind != "short write")
    assert found["short write"] > 4


def test_a_folder_that_cannot_be_replaced_stays(tmp_path: Path) -> None:
    atomic.write_folder(tmp_path / "x", {"a": b"old"})

    def rename(source: Path, target: Path, root: Path) -> None:
        if target.name == "x" and not source.name.endswith("-old"):
            raise OSError(5, os.strerror(5))
        source.replace(target)

    with replaced(rename=rename), pytest.raises(RunError, match=r"Cannot write .*x: Input/output error"):
        atomic.write_folder(tmp_path / "x", {"a": b"new"})
    assert atomic.read_folder(tmp_path / "x", ("a",)) == {"a": b"old"}
    assert [entry.name for entry in tmp_path.iterdir()] == ["x"]


def test_a_write_that_never_ends_is_an_error(tmp_path: Path) -> None:
    with replaced(write=lambda _descriptor, _content: 0), pytest.raises(RunError, match="nothing was written"):
        atomic.write_file(tmp_path / "a", b"content")
    assert list(tmp_path.iterdir()) == []
