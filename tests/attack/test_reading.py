"""Hostile and damaged input to every command: no crash, no hang, no more than two gigabytes."""

import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from attack import ALL, SOME, attack, sparse, written
from PIL import Image

from atalho.runs.run import Run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

RUN_FILES = (
    *("run.toml", "manifest.json", "provenance.json", "network.json", "timing.json", "evaluation.json"),
    *("metrics.jsonl", "trained_on.bin", "model/config.json", "model/checksums.json", "model/model.safetensors"),
    *("model/threshold.json", "checkpoints/newest/state.json", "checkpoints/newest/checksums.json"),
    "checkpoints/newest/state.safetensors",
)


def damaged(run: Run, file: str, make: Callable[[Path], None], folder: Path) -> Path:
    """A copy of a run with one of its files in another shape."""
    copy = folder / "run"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(run.path, copy)
    path = copy / file.replace("newest", max(entry.name for entry in (copy / "checkpoints").iterdir()))
    path.unlink(missing_ok=True)
    make(path)
    return copy


def commands(run: Path, clothes: Path, image: str) -> Iterator[list[str]]:
    """Every command that reads a run or its model."""
    yield ["evaluate", str(run)]
    yield ["predict", str(run), image]
    yield ["train", "--resume", str(run)]
    yield ["show", str(run)]
    yield ["threshold", str(run), str(clothes)]
    yield ["compare", str(run), image, image]
    yield ["index", str(run), image, "--gallery", str(run.parent / "made.db")]
    yield ["train", str(clothes), "--from", str(run), "--epochs", "1", "--out", str(run.parent / "further")]
    yield ["lab", "lesion", str(run), "--images", "4", "--out", str(run.parent / "lesion")]


@pytest.fixture
def image(clothes: Path) -> str:
    return str(next((clothes / "test" / "bag").iterdir()))


@pytest.fixture(scope="session")
def opened(run: Run, clothes: Path, tmp_path_factory: pytest.TempPathFactory) -> list[set[str]]:
    """The names of the files that each command opens of an intact run."""
    folder, found = tmp_path_factory.mktemp("opened"), []
    for arguments in commands(folder / "run", clothes, str(next((clothes / "test" / "bag").iterdir()))):
        damaged(run, "unknown", written("null"), folder)
        attack(arguments, folder, folder / "names")
        found.append(set((folder / "names").read_text().splitlines()))
    return found


@pytest.mark.parametrize("file", RUN_FILES)
@pytest.mark.parametrize("name", ALL)
def test_files_of_a_run_of_another_shape(
    run: Run, clothes: Path, image: str, tmp_path: Path, opened: list[set[str]], file: str, name: str
) -> None:
    """One file is damaged, and every command is run.

    What is in the file does not matter to a command that opens none of its folder (of those in the run's own, not that
    file): there one content stands for all, and a pipe and a folder for what is no file.
    """
    folder = Path(file).parent
    beside = {Path(other).name for other in RUN_FILES if Path(other).parent == folder}
    names = {file} if folder == Path() else beside
    for arguments, known in zip(commands(tmp_path / "run", clothes, image), opened, strict=True):
        if known & names or name in ("null", "pipe", "folder"):
            damaged(run, file, ALL[name], tmp_path)
            attack(arguments, tmp_path)


def test_every_file_of_a_run_is_opened_by_a_command(opened: list[set[str]]) -> None:
    """But for the threshold, of which a classifier has none."""
    assert {Path(file).name for file in RUN_FILES} - {"threshold.json"} <= set().union(*opened)


def _claimed(path: Path) -> None:
    claimed = torch.zeros(1).expand
    torch.save({"conv1.weight": claimed(16, 3, 3, 3), "fc.weight": claimed(10**8, 64), "fc.bias": claimed(10**8)}, path)


def _scans(path: Path) -> None:
    Image.new("L", (7000, 7000)).save(path, "JPEG", progressive=True)
    plain = path.read_bytes()
    scan, end = plain.rindex(b"\xff\xda"), plain.rindex(b"\xff\xd9")
    path.write_bytes(plain[:end] + plain[scan:end] * 1000 + plain[end:])


def _shared_lists(path: Path) -> None:
    lists = (b"]q" + bytes([place + 1]) + b"(" + (b"h" + bytes([place])) * 10 + b"e" for place in range(9))
    path.write_bytes(b"\x80\x02]q\0(" + b"K\0" * 10 + b"e" + b"".join(lists) + b".")
    (path.parent / "data_batch_1").touch()


DATA: dict[str, tuple[str, Callable[[Path], None]]] = {
    "shared lists": ("batches.meta", _shared_lists),
    "a table that is a pipe": ("table.csv", os.mkfifo),
    "a table of zeros": ("table.csv", lambda path: path.symlink_to("/dev/zero")),
    "a table of a terabyte": ("table.csv", sparse),
    "a line without end": ("table.csv", written("path,label\n" + "x" * 3_000_000)),
    "a row without end": ("table.csv", written("path,label\n" + '"\n",' * 500_000)),
    "many columns": ("table.csv", written("path,label" + ",x" * 2_000_000)),
    "objects in lines": ("table.jsonl", written('{"path": ' + "[" * 200_000)),
    "images of 16 exabytes": ("train-images-idx3-ubyte", written(struct.pack(">4B3I", 0, 0, 8, 3, *[2**32 - 1] * 3))),
    "an image of many scans": ("a/x.jpg", _scans),
    "an image that is a pipe": ("a/x.png", os.mkfifo),
    "an image of zeros": ("a/x.png", lambda path: path.symlink_to("/dev/zero")),
    "an image of a terabyte": ("a/x.png", sparse),
}


@pytest.mark.parametrize("name", DATA)
def test_images_and_tables(run: Run, name: str, tmp_path: Path) -> None:
    file, make = DATA[name]
    data = tmp_path / "data"
    (data / file).parent.mkdir(parents=True)
    make(data / file)
    given = str(data / file) if file.startswith("table") else str(data)
    attack(["doctor", given], tmp_path)
    attack(["train", given, "--epochs", "1", "--out", str(tmp_path / "out")], tmp_path)
    attack(["evaluate", str(run.path), given], tmp_path)
    if file.startswith("a/"):
        attack(["predict", str(run.path), str(data / file), "--format", "csv"], tmp_path)
        attack(["compare", str(run.path), str(data / file), str(data / file)], tmp_path)
        attack(["index", str(run.path), given, "--gallery", str(tmp_path / "made.db")], tmp_path)


@pytest.mark.parametrize("make", [*SOME.values(), ALL["zeros"], ALL["a terabyte"], written("[[" * 50_000)])
def test_settings_and_lists_of_names(clothes: Path, tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "given")
    torch.save({"fc.weight": torch.zeros(3, 64), "conv1.weight": torch.zeros(16, 3, 3, 3)}, tmp_path / "w.pth")
    attack(["train", str(clothes), "--config", str(tmp_path / "given")], tmp_path)
    attack(["show", str(tmp_path / "given")], tmp_path)
    names = ["--classes", str(tmp_path / "given"), "--model", "resnet20", "--out", str(tmp_path / "made")]
    attack(["import", str(tmp_path / "w.pth"), *names], tmp_path)


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize("make", [_claimed, *SOME.values(), ALL["a terabyte"], ALL["zeros"]])
def test_weights(tmp_path: Path, make: Callable[[Path], None], suffix: str) -> None:
    make(tmp_path / f"weights{suffix}")
    said = attack(
        ["import", str(tmp_path / f"weights{suffix}"), "--model", "resnet20", "--out", str(tmp_path / "made")],
        tmp_path,
    )
    assert said
    assert not (tmp_path / "made").exists()


def test_a_list_on_standard_input_without_end(run: Run) -> None:
    program = "import sys; from atalho.cli import run; sys.exit(run(sys.argv[1:]))"
    with Path("/dev/zero").open("rb") as zeros:
        done = subprocess.run(
            [sys.executable, "-c", program, "predict", str(run.path), "-"],
            stdin=zeros, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
    assert done.returncode == 2
    assert "Unexpected" not in done.stderr
