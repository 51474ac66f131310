"""Vectors from a file: the same figures as by a slow count, whatever the format, and refusals that say what to do."""

import csv
import importlib.util
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import atalho
from atalho.api import gallery as galleries
from atalho.cli import run as command
from atalho.errors import AtalhoError, ConfigError, DataError, GalleryError
from atalho.runs.run import Run
from atalho.storage import vector_table

COUNT, DIMENSION = 24, 6
IDENTITIES = [f"who{place % 6}" for place in range(COUNT)]
CAMERAS = [f"c{place // 6 % 2}" for place in range(COUNT)]
PATHS = [f"{place}.png" for place in range(COUNT)]
VECTORS = np.random.default_rng(0).normal(size=(COUNT, DIMENSION)).astype(np.float32)


def _table(path: Path, columns: dict[str, list[str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([columns, *zip(*columns.values(), strict=True)])
    return path


def _said(**more: list[str]) -> dict[str, list[str]]:
    return {"path": PATHS, "identity": IDENTITIES, **more}


def _numbered(stem: str, first: int = 0) -> dict[str, list[str]]:
    return {f"{stem}{first + place}": list(map(str, VECTORS[:, place])) for place in range(DIMENSION)}


def _rank1(cameras: bool) -> float:
    """Counted from the definition."""
    unit = VECTORS / np.linalg.norm(VECTORS, axis=1, keepdims=True)
    hits = []
    for query in range(COUNT):
        near = unit @ unit[query]
        out = [
            place == query or (cameras and IDENTITIES[place] == IDENTITIES[query] and CAMERAS[place] == CAMERAS[query])
            for place in range(COUNT)
        ]
        hits.append(IDENTITIES[int(np.where(out, -9, near).argmax())] == IDENTITIES[query])
    return float(np.mean(hits))


@pytest.mark.parametrize("cameras", [False, True])
def test_the_figures_are_those_of_the_definition(tmp_path: Path, cameras: bool) -> None:
    columns = _said(camera=CAMERAS) if cameras else _said()
    found = atalho.evaluate(_table(tmp_path / "v.csv", columns | _numbered("v")))
    assert isinstance(found, atalho.ReidentificationEvaluation)
    assert found.rank1 == pytest.approx(_rank1(cameras))
    assert found.protocol == ("cross-camera" if cameras else "leave-self-out")
    assert (found.queries, found.images, found.identities) == (COUNT, COUNT, 6)


def test_every_format_gives_the_same(tmp_path: Path) -> None:
    first = atalho.evaluate(_table(tmp_path / "a.csv", _said() | _numbered("dim_", 1))).to_dict()
    _table(tmp_path / "b.csv", _said())
    np.save(tmp_path / "b.npy", VECTORS)
    assert atalho.evaluate(tmp_path / "b.npy").to_dict() == first
    order = np.random.default_rng(1).permutation(COUNT)
    np.save(tmp_path / "b.npy", VECTORS[order])
    _table(tmp_path / "b.csv", _said(row=[str(int(np.flatnonzero(order == place)[0])) for place in range(COUNT)]))
    assert atalho.evaluate(tmp_path / "b.npy").to_dict() == first
    if importlib.util.find_spec("pyarrow") is None:
        (tmp_path / "c.parquet").write_bytes(b"PAR1")
        with pytest.raises(ConfigError, match=r"pip install -e '\.\[parquet\]'"):
            atalho.evaluate(tmp_path / "c.parquet")
        return
    import pyarrow.parquet

    rows = pyarrow.table(_said() | {"vector": list(VECTORS)})
    pyarrow.parquet.write_table(rows, tmp_path / "c.parquet")
    assert atalho.evaluate(tmp_path / "c.parquet").to_dict() == first
    (tmp_path / "c.parquet").write_bytes((tmp_path / "c.parquet").read_bytes()[:-9])
    with pytest.raises(DataError, match=r"Cannot read .*c\.parquet"):
        atalho.evaluate(tmp_path / "c.parquet")


@pytest.mark.parametrize("factor", [1e-30, 1e30])
def test_directions_count_whatever_the_length(tmp_path: Path, factor: float) -> None:
    _table(tmp_path / "v.csv", _said())
    np.save(tmp_path / "v.npy", VECTORS)
    plain = atalho.evaluate(tmp_path / "v.npy").to_dict()
    np.save(tmp_path / "v.npy", VECTORS * factor)
    assert atalho.evaluate(tmp_path / "v.npy").to_dict() == plain


def test_columns_of_parquet_may_be_whole_numbers_but_not_objects(tmp_path: Path) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "v.parquet"
    columns = {"path": PATHS, "vector": list(VECTORS)}
    parquet.write_table(arrow.table(columns | {"identity": [place % 6 for place in range(COUNT)]}), path)
    assert vector_table.read(path).identities[:7] == ("0", "1", "2", "3", "4", "5", "0")
    parquet.write_table(arrow.table(columns | {"identity": [[1]] * COUNT}), path)
    with pytest.raises(DataError, match="expected text or whole numbers in the column identity"):
        atalho.evaluate(path)
    parquet.write_table(arrow.table(_said() | {"vector": [{"x": 1.0}] * COUNT}), path)
    with pytest.raises(DataError, match="expected a list of real numbers in the column vector"):
        atalho.evaluate(path)
    parquet.write_table(arrow.table(_said() | {"path": ["a"] * COUNT, "vector": list(VECTORS)}), path)
    with pytest.raises(DataError, match="names a 24 times; list each image once"):
        atalho.evaluate(path)


def test_a_table_may_have_many_columns_and_a_column_a_long_name(tmp_path: Path) -> None:
    path = tmp_path / "v.csv"
    names = ",".join(f"v{place}" for place in range(50_000))
    path.write_text(f"path,{names}\na{',1' * 50_000}\nb{',2' * 50_000}\n")
    assert vector_table.read(path).vectors.shape == (2, 50_000)
    path.write_text(f"path,{'1' * 100_000}x\na,1\n")
    with pytest.raises(DataError, match="one series of numbered columns"):
        vector_table.read(path)


def test_queries_are_compared_with_the_gallery_alone(tmp_path: Path) -> None:
    splits = ["query" if place < 6 else "gallery" if place < 18 else "train" for place in range(COUNT)]
    found = atalho.evaluate(_table(tmp_path / "v.csv", _said(split=splits) | _numbered("v")))
    assert isinstance(found, atalho.ReidentificationEvaluation)
    assert (found.queries, found.images) == (6, 12)


def test_embed_writes_what_evaluate_reads(run: Run, clothes: Path, tmp_path: Path) -> None:
    out = tmp_path / "vectors.npy"
    found = atalho.embed(run.path, [clothes / "test", "missing.png"], out)
    read = vector_table.read(out)
    assert (read.vectors.shape, len(found.bad), len(read.models)) == ((60, 64), 1, 1)
    lines = [line.split(",") for line in out.with_suffix(".csv").read_text().splitlines()]
    labelled = [[*line, "identity" if place == 0 else Path(line[0]).parent.name] for place, line in enumerate(lines)]
    out.with_suffix(".csv").write_text("".join(",".join(line) + "\n" for line in labelled))
    measured = atalho.evaluate(out)
    assert isinstance(measured, atalho.ReidentificationEvaluation)
    assert (measured.queries, measured.identities) == (60, 3)
    assert (measured.rank1 or 0) > 1 / 3


def _replace(name: str, cell: str) -> Callable[[dict[str, list[str]]], None]:
    return lambda columns: columns.update({name: [*columns[name][:3], cell, *columns[name][4:]]})


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda columns: columns.pop("identity"), "the column identity says nothing of 0.png"),
        (_replace("identity", ""), "the column identity says nothing of 3.png"),
        (_replace("camera", ""), "the column camera says nothing of 3.png"),
        (_replace("v2", "x"), "line 5: could not convert string to float"),
        (_replace("v2", ""), "line 5: could not convert string to float"),
        (_replace("v2", "nan"), "the vector of 3.png has a number that is not finite"),
        (_replace("model", "other"), "has vectors of 2 models"),
        (_replace("path", "0.png"), "is already on line 2"),
        (lambda columns: columns.pop("v2"), "one series of numbered columns, such as v0, v1, …; 0 were found"),
        (lambda columns: columns.update(split=["train"] * COUNT), "has rows of the splits train"),
        (lambda columns: columns.update(split=["query"] * COUNT), "has rows of the split query alone"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, change: Callable[[dict[str, list[str]]], None], text: str) -> None:
    columns = _said(camera=CAMERAS, model=["one"] * COUNT) | _numbered("v")
    change(columns)
    with pytest.raises(DataError) as refused:
        atalho.evaluate(_table(tmp_path / "v.csv", columns))
    assert text in str(refused.value)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (VECTORS[0], "expected an array"),
        (VECTORS.astype(int), "expected an array"),
        (np.array([[object()]]), "expected an array"),
        (VECTORS[:-1], "names 24|row 23"),
    ],
)
def test_an_array_that_does_not_fit_is_refused(tmp_path: Path, content: np.ndarray, text: str) -> None:
    _table(tmp_path / "v.csv", _said())
    np.save(tmp_path / "v.npy", content, allow_pickle=True)
    with pytest.raises(DataError, match=text):
        atalho.evaluate(tmp_path / "v.npy")


def test_an_array_that_claims_more_than_it_has_allocates_nothing(tmp_path: Path) -> None:
    with (tmp_path / "v.npy").open("wb") as file:
        claimed = {"descr": "<f4", "fortran_order": False, "shape": (10**9, 10**9)}
        np.lib.format.write_array_header_1_0(file, claimed)
    with pytest.raises(DataError, match="its size is not that of its shape"):
        atalho.evaluate(tmp_path / "v.npy")


def test_images_and_vectors_at_once_are_refused(tmp_path: Path, clothes: Path) -> None:
    path = _table(tmp_path / "v.csv", _said() | _numbered("v"))
    with pytest.raises(AtalhoError, match="holds vectors"):
        atalho.evaluate(path, clothes)


def test_the_command_prints_the_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = _table(tmp_path / "v.csv", _said() | _numbered("v"))
    assert command(["evaluate", str(path), "--rerank", "--expand", "2"]) == 0
    printed = capsys.readouterr().out
    assert "24 of 24 queries have a right answer (leave-self-out)" in printed
    assert "after k-reciprocal re-ranking" in printed
    assert command(["evaluate", str(path), "--lang", "pt"]) == 0
    assert "rank-1" in capsys.readouterr().out


def test_a_gallery_of_vectors_is_that_of_the_images(run: Run, clothes: Path, tmp_path: Path) -> None:
    atalho.embed(run.path, clothes / "test", tmp_path / "v.npy")
    found = atalho.index(run.path, [], tmp_path / "made.db", vectors=tmp_path / "v.npy")
    assert (found.new, found.unlabelled, found.bad) == (60, 60, ())
    atalho.index(run.path, clothes / "test", tmp_path / "plain.db")
    query = str(next(iter((clothes / "train" / "bag").iterdir())))
    made, plain = (next(atalho.search(tmp_path / name, query)) for name in ("made.db", "plain.db"))
    assert [hit.entry.digest for hit in made.hits] == [hit.entry.digest for hit in plain.hits]
    assert [hit.similarity for hit in made.hits] == pytest.approx([hit.similarity for hit in plain.hits], abs=1e-5)
    assert atalho.index(run.path, [], tmp_path / "made.db", vectors=tmp_path / "v.npy").same == 60


def test_labels_and_cameras_of_vectors_come_from_their_table(run: Run, clothes: Path, tmp_path: Path) -> None:
    images = sorted(map(str, (clothes / "test" / "bag").iterdir()))[:2]
    columns = {f"v{place}": list(map(str, row)) for place, row in enumerate(run.model.embed(images).numpy().T)}
    columns = {"path": [*images], "identity": ["a", "b"], "camera": ["1", "2"]} | columns
    path = _table(tmp_path / "v.csv", columns)
    atalho.index(run.path, [], tmp_path / "g.db", vectors=path, prefix="mine")
    entries = [(entry.path, entry.label, entry.camera) for entry in galleries.entries(tmp_path / "g.db")]
    assert entries == [(images[0], "mine/a", "1"), (images[1], "mine/b", "2")]


def test_what_is_no_image_is_named_and_its_vector_left_out(run: Run, clothes: Path, tmp_path: Path) -> None:
    pointer, image = tmp_path / "pointer.png", next((clothes / "test" / "bag").iterdir())
    pointer.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n")
    columns = {"path": [str(pointer), str(image)], "identity": ["a", "a"]} | {f"v{n}": ["1", "1"] for n in range(64)}
    found = atalho.index(run.path, [], tmp_path / "g.db", vectors=_table(tmp_path / "v.csv", columns))
    assert found.new == 1
    [(path, reason)] = found.bad
    assert path == str(pointer)
    assert "a Git LFS pointer in place of the file" in reason


def test_vectors_of_another_model_or_image_are_refused(run: Run, clothes: Path, tmp_path: Path) -> None:
    image = tmp_path / "image.png"
    bags = sorted((clothes / "test" / "bag").iterdir())
    image.write_bytes(bags[0].read_bytes())
    vectors, gallery = tmp_path / "v.csv", tmp_path / "g.db"
    atalho.embed(run.path, image, vectors)
    image.write_bytes(bags[1].read_bytes())
    found = atalho.index(run.path, [], gallery, vectors=vectors)
    assert (found.new, found.bad) == (0, ((str(image), "the file changed after its vector was made"),))
    text = vectors.read_text()
    fingerprint = next(iter(vector_table.read(vectors).models))
    vectors.write_text(text.replace(fingerprint, "0" * 64))
    with pytest.raises(GalleryError, match="has vectors of another model"):
        atalho.index(run.path, [], gallery, vectors=vectors)
    with pytest.raises(GalleryError, match=r"of another model \(dimension 6\), not of .* \(dimension 64\)"):
        atalho.index(run.path, [], gallery, vectors=_table(tmp_path / "w.csv", _said() | _numbered("v")))
    with pytest.raises(ConfigError, match="says which images are meant"):
        atalho.index(run.path, image, gallery, vectors=vectors)
    assert list(galleries.entries(gallery)) == []
