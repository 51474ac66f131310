"""Vectors in files: a row for every image in the order given, the same numbers in each format, and what is refused."""

import csv
import hashlib
import importlib.util
import os
import shutil
import subprocess
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

import atalho
from atalho.api.embed import embed
from atalho.errors import ConfigError, NotFiniteError, RunError
from atalho.model import Model
from atalho.runs.run import Run
from atalho.storage import model_folder, vector_file


@pytest.fixture
def images(clothes: Path, tmp_path: Path) -> list[str]:
    """Three images out of order, and two that cannot be read."""
    bags = sorted(map(str, (clothes / "test" / "bag").iterdir()))
    broken = tmp_path / "broken, é.png"
    broken.write_text("<html>")
    return [bags[2], str(broken), bags[0], str(tmp_path / "missing.png"), bags[1]]


def _table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_csv_has_every_image_in_order_with_its_vector_or_its_reason(
    run: Run, images: list[str], tmp_path: Path
) -> None:
    found = embed(run.path, images, tmp_path / "vectors.csv")
    rows = _table(tmp_path / "vectors.csv")
    assert [row["path"] for row in rows] == images
    assert (found.vectors, found.dimension) == (3, 64)
    assert [path for path, _reason in found.bad] == [images[1], images[3]]
    assert [(row["path"], row["reason"]) for row in rows if row["reason"]] == list(found.bad)
    assert rows[1]["reason"] == "not an image: this is a web page (HTML)"
    good = [row for row in rows if not row["reason"]]
    vectors = np.array([[row[f"v{place}"] for place in range(64)] for row in good], np.float32)
    assert np.array_equal(vectors, run.model.embed([images[0], images[2], images[4]]).numpy())
    assert {row["v0"] for row in rows if row["reason"]} == {""}
    assert good[0]["sha256"] == hashlib.sha256(Path(images[0]).read_bytes()).hexdigest()
    assert {row["model"] for row in good} == {model_folder.fingerprint(run.model.folder)}


def test_an_npy_has_the_vectors_and_its_list_says_whose(run: Run, images: list[str], tmp_path: Path) -> None:
    embed(run.path, images, tmp_path / "vectors.npy")
    vectors, rows = np.load(tmp_path / "vectors.npy"), _table(tmp_path / "vectors.csv")
    assert list(rows[0]) == ["path", "row", "reason", "sha256", "model"]
    assert [row["path"] for row in rows] == images
    assert [row["row"] for row in rows] == ["0", "", "1", "", "2"]
    assert np.array_equal(vectors, run.model.embed([images[0], images[2], images[4]]).numpy())
    assert vectors.dtype == np.float32


def test_parquet_has_the_same_or_says_what_installs_it(run: Run, images: list[str], tmp_path: Path) -> None:
    out = tmp_path / "vectors.parquet"
    if importlib.util.find_spec("pyarrow") is None:
        with pytest.raises(ConfigError, match=r"pip install -e '\.\[parquet\]'"):
            embed(run.path, images, out)
        assert not out.exists()
        return
    import pyarrow.parquet

    embed(run.path, images, out)
    rows = pyarrow.parquet.read_table(out).to_pylist()
    assert [row["path"] for row in rows] == images
    assert [row["vector"] is None for row in rows] == [False, True, False, True, False]
    assert [row["reason"] is None for row in rows] == [True, False, True, False, True]
    vectors = np.array([row["vector"] for row in rows if row["vector"]], np.float32)
    assert np.array_equal(vectors, run.model.embed([images[0], images[2], images[4]]).numpy())


def test_the_same_images_give_the_same_bytes(run: Run, images: list[str], tmp_path: Path) -> None:
    for name in ("one.npy", "other.npy"):
        atalho.embed(run.path, images, tmp_path / name)
    assert (tmp_path / "one.npy").read_bytes() == (tmp_path / "other.npy").read_bytes()
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "other.csv").read_bytes()


def test_an_image_does_not_depend_on_its_batch(
    run: Run, clothes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embed(run.path, clothes / "test", tmp_path / "many.npy")
    monkeypatch.setattr("atalho.data.order.AT_ONCE", 7)
    embed(run.path, clothes / "test", tmp_path / "few.npy")
    many, few = np.load(tmp_path / "many.npy"), np.load(tmp_path / "few.npy")
    assert many.shape == (60, 64)
    assert np.allclose(many, few, atol=1e-5)


def test_no_image_that_can_be_read_leaves_an_empty_file(run: Run, tmp_path: Path) -> None:
    found = embed(run.path, "nothing.png", tmp_path / "vectors.npy")
    assert (found.vectors, len(found.bad)) == (0, 1)
    assert np.load(tmp_path / "vectors.npy").shape == (0, 64)


def test_memory_does_not_grow_with_the_images(tmp_path: Path) -> None:
    """Four times as many vectors, 32 MB, within half a megabyte more."""
    peaks = []
    for count in (64, 256):
        vector = np.ones(512, np.float32)
        batches = ([vector_file.ImageVector(f"{n}-{k}.png", vector) for k in range(64)] for n in range(count))
        tracemalloc.start()
        vector_file.write(tmp_path / "vectors.npy", batches, 512, "model")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert np.load(tmp_path / "vectors.npy", mmap_mode="r").shape == (256 * 64, 512)
    assert peaks[1] < peaks[0] + 500_000


def test_a_suffix_that_is_none_of_them_is_refused_before_the_model_is_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"vectors\.txt: the name of a file of vectors ends in \.csv \.npy \.parquet"):
        embed(tmp_path / "no model", "x.png", tmp_path / "vectors.txt")


@pytest.mark.parametrize(("out", "there"), [("vectors.csv", "vectors.csv"), ("v.npy", "v.npy"), ("v.npy", "v.csv")])
def test_a_file_of_another_kind_is_never_overwritten(tmp_path: Path, out: str, there: str) -> None:
    (tmp_path / there).write_text("path,identity\na.png,1\n")
    with pytest.raises(ConfigError, match=f"{there} is not .* and is not overwritten"):
        embed(tmp_path / "no model", "x.png", tmp_path / out)
    assert (tmp_path / there).read_text() == "path,identity\na.png,1\n"


def test_a_link_and_a_pipe_are_written_through(run: Run, images: list[str], tmp_path: Path) -> None:
    embed(run.path, images, tmp_path / "plain.npy")
    (tmp_path / "deep").mkdir()
    link, pipe = tmp_path / "link.npy", tmp_path / "pipe.npy"
    link.symlink_to("deep/vectors.npy")
    for _again in range(2):
        embed(run.path, images, link)
    assert link.is_symlink()
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE) as reader:
        embed(run.path, images, pipe)
        read = reader.communicate()[0]
    assert read == (tmp_path / "deep" / "vectors.npy").read_bytes() == (tmp_path / "plain.npy").read_bytes()


def test_what_fails_midway_leaves_what_was_there(
    run: Run, images: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "vectors.npy"
    embed(run.path, images, out)
    before = sorted((path.name, path.read_bytes()) for path in tmp_path.iterdir())

    def fail(_self: Model, _pixels: object) -> None:
        raise NotFiniteError("damaged")

    monkeypatch.setattr(Model, "embed_pixels", fail)
    with pytest.raises(NotFiniteError):
        embed(run.path, images[::-1], out)
    assert sorted((path.name, path.read_bytes()) for path in tmp_path.iterdir()) == before


def test_a_name_that_is_not_utf8_stays_as_it_is(run: Run, images: list[str], tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/caf\xe9.png"
    shutil.copy(images[0], os.fsdecode(name))
    embed(run.path, os.fsdecode(name), tmp_path / "vectors.csv")
    assert (tmp_path / "vectors.csv").read_bytes().split(b"\n")[1].startswith(name + b",,")


def test_a_folder_that_cannot_be_written_is_told(run: Run, images: list[str], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="Cannot write"):
        embed(run.path, images, tmp_path / "file" / "vectors.npy")
