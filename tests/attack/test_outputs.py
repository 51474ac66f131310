"""What a name that the user gives for an output already is: written through or refused, never replaced by a file."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from atalho.cli import run as command
from atalho.runs.run import Run

ATALHO = f"{sys.executable} -m atalho"


@pytest.fixture(params=["doctor", "show"])
def output(request: pytest.FixtureRequest, clothes: Path) -> tuple[list[str], bytes]:
    """A command that ends with the option of its output file, and how that file begins."""
    if request.param == "doctor":
        return ["doctor", str(clothes), "--report"], b"<!doctype html>"
    return ["show", "resnet20", "--svg"], b"<svg "


def test_a_pipe_stays_one_and_gets_all(output: tuple[list[str], bytes], tmp_path: Path) -> None:
    arguments, beginning = output
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE)
    assert command([*arguments, str(pipe)]) == 0
    content = reader.communicate()[0]
    assert content.startswith(beginning)
    assert len(content) > 1000
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_device_stays_one(output: tuple[list[str], bytes], tmp_path: Path) -> None:
    link = tmp_path / "null"
    link.symlink_to(os.devnull)
    assert command([*output[0], str(link)]) == 0
    assert link.is_symlink()
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


@pytest.mark.parametrize("there", [True, False])
def test_a_link_stays_one_and_what_it_leads_to_is_written(
    output: tuple[list[str], bytes], tmp_path: Path, there: bool
) -> None:
    arguments, beginning = output
    (tmp_path / "deep").mkdir()
    target, link = tmp_path / "deep" / "target", tmp_path / "link"
    if there:
        target.write_bytes(beginning)
    link.symlink_to("deep/target")
    assert command([*arguments, str(link)]) == 0
    assert link.is_symlink()
    assert len(target.read_bytes()) > 1000
    assert command([*arguments, str(link)]) == 0  # again over its own


def test_a_file_of_another_kind_is_refused_before_any_work(
    output: tuple[list[str], bytes], clothes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = Path(shutil.copy(next(clothes.rglob("*.png")), tmp_path))
    before = image.read_bytes()
    assert command([*output[0], str(image)]) == 2
    said = capsys.readouterr()
    kind = "HTML" if "doctor" in output[0] else "SVG"
    assert said.err == f"{image} is not {kind} and is not overwritten. Give another name, or remove it.\n"
    assert image.read_bytes() == before


@pytest.mark.parametrize("kind", ["folder", "socket"])
def test_what_cannot_be_written_is_refused(
    output: tuple[list[str], bytes], tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    import socket

    place = tmp_path / "place"
    with socket.socket(socket.AF_UNIX) as bound:
        if kind == "folder":
            place.mkdir()
        else:
            bound.bind(str(place))
        assert command([*output[0], str(place)]) == 2
    reason = "it is a folder; give the name of a file" if kind == "folder" else "it is neither a file nor a pipe"
    assert f"Cannot write {place}: {reason}" in capsys.readouterr().err
    assert place.exists()


@pytest.mark.parametrize("empty", [b"", b"\n"])
def test_an_empty_file_is_written(output: tuple[list[str], bytes], tmp_path: Path, empty: bytes) -> None:
    (tmp_path / "empty").write_bytes(empty)
    assert command([*output[0], str(tmp_path / "empty")]) == 0
    assert (tmp_path / "empty").read_bytes().startswith(output[1])


@pytest.mark.parametrize("streams", ["> all.txt", "| cat > all.txt"])
def test_standard_output_gets_the_file_and_the_answer(
    output: tuple[list[str], bytes], tmp_path: Path, streams: str
) -> None:
    """By a name below /proc, which even root cannot replace."""
    arguments, beginning = output
    name = "/proc/self/fd/1" if sys.platform == "linux" else "/dev/stdout"
    line = f"{ATALHO} {' '.join(arguments)} {name} {streams}"
    assert subprocess.run(["bash", "-c", line], cwd=tmp_path, check=False).returncode == 0
    content = (tmp_path / "all.txt").read_bytes()
    assert beginning in content
    assert content.endswith(f": {name}\n".encode())
    assert content.count(beginning) == 1


@pytest.mark.parametrize("there", [True, False])
def test_a_link_to_a_new_folder_stays_one(run: Run, tmp_path: Path, there: bool) -> None:
    """Of `sample` and `import`, as of `train` where the folder is there."""
    for name in ("sample", "import"):
        if there:
            (tmp_path / f"{name}-target").mkdir()
        (tmp_path / name).symlink_to(f"{name}-target")
    weights = run.path / "model" / "model.safetensors"
    foreign = Path(shutil.copy(weights, tmp_path / "w.safetensors"))
    imported = ["import", str(foreign), "--model", "resnet20", "--out", str(tmp_path / "import")]
    assert command(["sample", "fashion", str(tmp_path / "sample")]) == 0
    assert (tmp_path / "sample").is_symlink()
    assert (tmp_path / "sample-target" / "LICENSE.txt").is_file()
    assert command(imported) == 0
    assert (tmp_path / "import").is_symlink()
    assert (tmp_path / "import-target" / "model.safetensors").is_file()


def test_a_gallery_is_no_device_and_no_image(run: Run, clothes: Path, tmp_path: Path) -> None:
    pipe, null = tmp_path / "pipe", tmp_path / "null"
    os.mkfifo(pipe)
    null.symlink_to(os.devnull)
    image = Path(shutil.copy(next(clothes.rglob("*.png")), tmp_path))
    before = image.read_bytes()
    for place in (pipe, null, image):
        assert command(["index", str(run.path), str(clothes / "test"), "--gallery", str(place)]) == 2
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert null.is_symlink()
    assert image.read_bytes() == before


def test_a_folder_of_results_is_no_pipe(run: Run, clothes: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    data = str(clothes)
    for line in (
        ["train", data, "--model", "resnet20", "--epochs", "1", "--out"],
        ["lab", "identity", str(run.path), data, "--out"],
        ["import", str(run.path / "model" / "model.safetensors"), "--model", "resnet20", "--out"],
        ["sample", "fashion"],
    ):
        assert command([*line, str(pipe)]) == 2
    assert stat.S_ISFIFO(pipe.stat().st_mode)
