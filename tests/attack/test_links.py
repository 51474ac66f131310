"""Links inside a folder of results: their targets are neither written, cut nor deleted; the folder itself may be one.

A run, a model folder, an experiment or a gallery may come from somebody else, who decides what lies in it.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from atalho.cli import run as command
from atalho.errors import RunError
from atalho.metrics.verification import Threshold
from atalho.runs.run import Run
from atalho.storage import atomic, checkpoint, disk, threshold_file
from atalho.storage.lock import locked
from atalho.storage.log import JsonLines
from atalho.training.tracking import TensorBoard

THRESHOLD = Threshold(0.5, 0.01, 0.0, (0.0, 0.1), 0.0, (0.0, 0.1), 10, 10)


@pytest.fixture
def own(run: Run, tmp_path: Path) -> Path:
    """A copy of the shared run, as if it had been stopped at its first checkpoint."""
    folder = shutil.copytree(run.path, tmp_path / "run")
    shutil.rmtree(folder / "model")
    newest = max((folder / "checkpoints").iterdir())
    shutil.rmtree(newest)
    return folder


def led_away(path: Path) -> dict[str, bytes]:
    """Put what is at `path` elsewhere and a link in its place; all that is there, for a comparison."""
    away = path.parents[1] / "away"
    path.rename(away)
    path.symlink_to(away)
    return content(away)


def content(place: Path) -> dict[str, bytes]:
    files = [place] if place.is_file() else sorted(path for path in place.rglob("*") if path.is_file())
    return {str(path.relative_to(place.parent)): path.read_bytes() for path in files}


@pytest.mark.parametrize("name", ["metrics.jsonl", "figures", "checkpoints"])
def test_a_resume_neither_cuts_nor_deletes_nor_overwrites(
    own: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = led_away(own / name)
    away = own.parent / "away"
    if away.is_dir():
        (away / ".tmp-thesis").mkdir()
        (away / ".tmp-step-000000009-0123abcd").write_bytes(b"")
    assert command(["train", "--resume", str(own)]) == 2
    assert f"{own / name} is a link, and links inside a folder of results are not followed" in capsys.readouterr().err
    assert {name: data for name, data in content(away).items() if ".tmp-" not in name} == before
    assert away.is_file() or {".tmp-thesis", ".tmp-step-000000009-0123abcd"} <= {entry.name for entry in away.iterdir()}


def test_a_resume_replaces_a_link_where_the_model_comes_to_be(own: Path, tmp_path: Path, run: Run) -> None:
    shutil.copytree(run.path / "model", tmp_path / "other")
    before = content(tmp_path / "other")
    (own / "model").symlink_to(tmp_path / "other")
    assert command(["train", "--resume", str(own)]) == 0
    assert content(tmp_path / "other") == before
    assert not (own / "model").is_symlink()


def test_an_evaluation_overwrites_no_pictures_elsewhere(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = shutil.copytree(run.path, tmp_path / "run")
    before = led_away(own / "figures")
    (own / "evaluation.json").unlink()
    assert command(["evaluate", str(own)]) == 2
    assert not (own / "evaluation.json").exists()  # refused before anything is measured
    assert "figures is a link" in capsys.readouterr().err
    assert content(tmp_path / "away") == before


def test_a_run_that_is_reached_through_links_is_as_good_as_any(run: Run, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    shutil.copytree(run.path, tmp_path / "deep" / "run")
    (tmp_path / "runs").symlink_to(tmp_path / "deep")
    (tmp_path / "latest").symlink_to("runs/run")
    assert command(["evaluate", str(tmp_path / "latest")]) == 0
    assert command(["evaluate", str(tmp_path / "runs" / "run")]) == 0


def test_a_new_run_below_a_link(clothes: Path, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "runs").symlink_to(tmp_path / "disk")
    small = ["--model", "resnet20", "--epochs", "1", "--batch-size", "60"]
    assert command(["train", str(clothes), *small, "--out", str(tmp_path / "runs" / "a")]) == 0
    assert (tmp_path / "disk" / "a" / "model" / "model.safetensors").is_file()


def writers(folder: Path) -> dict[str, Callable[[], object]]:
    """Everything that writes into the folder `linked` of `folder`."""
    linked = folder / "linked"
    return {
        "file": lambda: atomic.write_file(linked / "x", b"", root=folder),
        "json": lambda: atomic.write_json(linked / "x", 1, root=folder),
        "folder": lambda: atomic.write_folder(linked / "x", {"a": b""}, root=folder),
        "sweep": lambda: atomic.sweep(linked, "x", root=folder),
        "checkpoint": lambda: checkpoint.save(linked, 1, {}, {}, keep=1),
        "newest": lambda: checkpoint.latest(linked),
        "threshold": lambda: threshold_file.write(linked, THRESHOLD, root=folder),
    }


@pytest.mark.parametrize("named", ["relative", "by name"])
@pytest.mark.parametrize("writer", [*writers(Path())])
def test_nothing_is_written_through_a_linked_folder(
    tmp_path: Path, writer: str, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the system cannot open relative to a folder, as Windows."""
    monkeypatch.setattr(disk, "_RELATIVE", named == "relative")
    away, folder = tmp_path / "away", tmp_path / "folder"
    away.mkdir()
    folder.mkdir()
    (away / ".tmp-x-0123abcd").write_bytes(b"")
    (folder / "linked").symlink_to(away)
    with pytest.raises(RunError, match="linked is a link"):
        writers(folder)[writer]()
    assert [entry.name for entry in away.iterdir()] == [".tmp-x-0123abcd"]


@pytest.mark.parametrize("named", ["relative", "by name"])
def test_a_linked_file_is_replaced_or_refused_and_never_followed(
    tmp_path: Path, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk, "_RELATIVE", named == "relative")
    precious, link = tmp_path / "precious", tmp_path / "run" / "x"
    link.parent.mkdir()
    precious.write_bytes(b"mine")
    link.symlink_to(precious)
    with pytest.raises(RunError, match="x is a link"):
        JsonLines(link)
    atomic.write_file(link, b"new")
    assert not link.is_symlink()
    assert precious.read_bytes() == b"mine"


@pytest.mark.parametrize("read", [False, True])
def test_a_log_that_is_a_pipe_is_refused_at_once(tmp_path: Path, read: bool) -> None:
    os.mkfifo(tmp_path / "log")
    reader = os.open(tmp_path / "log", os.O_RDONLY | os.O_NONBLOCK) if read else None
    with pytest.raises(RunError, match="not a file" if read else "Cannot write .*log: "):
        JsonLines(tmp_path / "log")
    if reader is not None:
        os.close(reader)


@pytest.mark.parametrize("there", [True, False])
def test_a_linked_lock_makes_and_holds_nothing_elsewhere(tmp_path: Path, there: bool) -> None:
    (tmp_path / "run").mkdir()
    if there:
        (tmp_path / "elsewhere").write_bytes(b"mine")
    (tmp_path / "run" / ".lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RunError, match="lock is a link"), locked(tmp_path / "run"):
        pass
    assert (tmp_path / "elsewhere").exists() == there


def test_a_linked_folder_of_tensorboard_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tensorboard").symlink_to(tmp_path)
    with pytest.raises(RunError, match="tensorboard is a link"):
        TensorBoard(print).begin(tmp_path)


def test_what_is_taken_apart_keeps_what_its_links_lead_to(tmp_path: Path) -> None:
    (tmp_path / "away").mkdir()
    (tmp_path / "away" / "precious").write_bytes(b"mine")
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "link").symlink_to(tmp_path / "away")
    atomic.remove(tmp_path / "old", tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["away"]
    assert (tmp_path / "away" / "precious").read_bytes() == b"mine"


@pytest.mark.parametrize("beside", ["-wal", "-shm", "-journal", ".faiss"])
def test_links_beside_a_gallery_lead_nowhere(run: Run, clothes: Path, tmp_path: Path, beside: str) -> None:
    filled, model = str(tmp_path / "g.db"), run.path
    assert command(["index", str(model), str(clothes / "test"), "--gallery", filled]) == 0
    precious = tmp_path / "precious"
    precious.write_bytes(b"mine" * 5000)
    for name in ("-wal", "-shm", "-journal", ".faiss"):
        Path(f"{filled}{name}").unlink(missing_ok=True)
    Path(f"{filled}{beside}").symlink_to(precious)
    command(["index", str(model), str(clothes / "train"), "--gallery", filled])
    command(["gallery", "rebuild", filled])
    command(["gallery", "remove", filled, "--label", "bag"])
    assert precious.read_bytes() == b"mine" * 5000
