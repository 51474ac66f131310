"""Damaged and hostile files of vectors to the commands that read them, and names that no image can have."""

import csv
import io
import os
import pickle
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from attack import ALL, SOME, attack, sparse, written

from atalho.runs.run import Run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

COUNT, DIMENSION = 6, 64
VECTORS = np.random.default_rng(0).normal(size=(COUNT, DIMENSION)).astype(np.float32)
Make = Callable[[Path], None]


def _images(clothes: Path) -> list[str]:
    return sorted(map(str, (clothes / "test").glob("*/*")))[:: 60 // COUNT]


def _csv(columns: dict[str, list[Any]]) -> bytes:
    made = io.StringIO()
    csv.writer(made).writerows([columns, *zip(*columns.values(), strict=True)])
    return made.getvalue().encode()


def _npy(array: np.ndarray) -> bytes:
    made = io.BytesIO()
    np.save(made, array, allow_pickle=True)
    return made.getvalue()


def _parquet(columns: dict[str, Any], **options: Any) -> bytes:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    made = io.BytesIO()
    parquet.write_table(arrow.table(columns), made, **options)
    return made.getvalue()


def _zeros(rows: int, dimension: int) -> bytes:
    """Vectors of which a file holds next to nothing."""
    lists = pytest.importorskip("pyarrow").FixedSizeListArray
    vectors = lists.from_arrays(np.zeros(rows * dimension, np.float32), dimension)
    return _parquet({"path": list(map(str, range(rows))), "identity": ["a"] * rows, "vector": vectors})


def _shared(name: str, length: int, rows: int) -> bytes:
    """A cell of that length which all rows share."""
    shared = pytest.importorskip("pyarrow").DictionaryArray.from_arrays(np.zeros(rows, np.int32), ["x" * length])
    columns = {"path": list(map(str, range(rows))), "identity": ["a"] * rows, "vector": [[1.0]] * rows}
    return _parquet(columns | {name: shared}, compression="zstd", dictionary_pagesize_limit=2**30)


def _twice() -> bytes:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    made = io.BytesIO()
    names = ["path", "path", "identity", "vector", "vector"]
    columns = [["a", "b"], ["c", "d"], ["e", "e"], [[1.0], [2.0]], [[1.0], [2.0]]]
    parquet.write_table(arrow.Table.from_arrays(list(map(arrow.array, columns)), names), made)
    return made.getvalue()


def _claims(shape: str, kind: str = "'<f4'", version: int = 1) -> bytes:
    """An array that says what it is in its own words, and holds nothing."""
    header = f"{{'descr': {kind}, 'fortran_order': False, 'shape': {shape}}}".encode()
    return b"\x93NUMPY" + bytes([version, 0]) + len(header).to_bytes(2 if version == 1 else 4, "little") + header


def _said() -> dict[str, list[Any]]:
    return {"path": [f"{place}.png" for place in range(COUNT)], "identity": [f"i{place % 2}" for place in range(COUNT)]}


def _changed(place: tuple[int, ...], value: float, kind: str = "f4") -> np.ndarray:
    array = VECTORS.astype(kind)
    array[place] = value
    return array


class _Code:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("ran",)


def _wide(columns: int, rows: int = 1) -> bytes:
    names = ",".join(f"v{place}" for place in range(columns))
    return f"path,identity,{names}\n".encode() + b"".join(
        b"%d,a,%s1\n" % (row, b"1," * (columns - 1)) for row in range(rows)
    )


ARRAYS: dict[str, Callable[[], bytes]] = {
    "a shape beyond all": lambda: _claims("(1000000000, 1000000000)"),
    "a negative shape": lambda: _claims("(-1, -64)"),
    "a shape of texts": lambda: _claims("('x', None)"),
    "a shape of true": lambda: _claims("(True, True)"),
    "a header of brackets": lambda: _claims("(" * 9000),
    "a header of 4 GB": lambda: b"\x93NUMPY\2\0\xff\xff\xff\xff{",
    "a long header": lambda: _claims("(1, " + "1" * 60_000 + ")"),
    "version 3": lambda: _claims("(0, 0)", version=3),
    "a type of fields": lambda: _claims("(1, 1)", "[('a', '<f4'), ('b', 'O')]"),
    "a type of many fields": lambda: _claims("(1, 1)", "[" + "('', '<f4')," * 4000 + "]"),
    "a type of no room": lambda: _claims("(1000000000, 1000000000)", "'V0'"),
    "an unknown type": lambda: _claims("(1, 1)", "'zzz'"),
    "objects": lambda: _npy(np.array([[_Code()]])),
    "a pickle": lambda: pickle.dumps(_Code()),
    "an archive": lambda: b"PK\3\4" + bytes(100),
    "no rows": lambda: _npy(VECTORS[:0]),
    "no columns": lambda: _npy(VECTORS[:, :0]),
    "no columns of many rows": lambda: _claims("(1000000000000, 0)"),
    "one number": lambda: _npy(np.float32(1)),
    "three dimensions": lambda: _npy(VECTORS[None]),
    "another dimension": lambda: _npy(VECTORS[:, :7]),
    "not a number": lambda: _npy(_changed((2, 3), np.nan)),
    "infinite": lambda: _npy(_changed((2, 3), np.inf)),
    "too large for fp32": lambda: _npy(_changed((2, 3), 1e300, "f8")),
    "too large to square": lambda: _npy(_changed((2, 3), 1e30)),
    "too small to square": lambda: _npy(VECTORS * np.float32(1e-30)),
    "all zero": lambda: _npy(VECTORS * 0),
    "half": lambda: _npy(VECTORS.astype("f2")),
    "double, the other byte order": lambda: _npy(VECTORS.astype(">f8")),
    "long double": lambda: _npy(VECTORS.astype("longdouble")),
    "complex": lambda: _npy(VECTORS.astype("c8")),
    "whole numbers": lambda: _npy(VECTORS.astype("i8")),
    "dates": lambda: _npy(VECTORS.astype("i8").astype("M8[s]")),
    "texts": lambda: _npy(VECTORS.astype("U9")),
    "column by column": lambda: _npy(np.asfortranarray(VECTORS)),
}
TABLES: dict[str, Callable[[], bytes]] = {
    "a million columns": lambda: _wide(1_000_000),
    "many columns": lambda: _wide(140_000),
    "many columns and rows": lambda: _wide(100_000, 100),
    "a column of many digits": lambda: b"path,identity," + b"1" * 1_000_000 + b"x\n",
    "a column of as many digits as a value may have": lambda: b"path,identity," + b"1" * 131_000 + b"x\na,b,1\n",
    "a number of many digits": lambda: b"path,identity,v" + b"1" * 1_000_000 + b"\n",
    "columns of other digits": lambda: "path,identity,v٠,v١\na,b,1,2\n".encode(),
    "gaps in the columns": lambda: b"path,identity,v0,v2\na,b,1,2\n",
    "columns that are named twice": lambda: b"path,identity,v0,v0\na,b,1,2\n",
    "columns of no name": lambda: b"path,identity,0,1\na,b,1,2\nc,b,1,2\n",
    "a number of many figures": lambda: b"path,identity,v0\na,b," + b"1" * 900_000 + b"\n",
    "no number": lambda: b"path,identity,v0\na,b,1_0\nc,b,0x1\n",
    "not a number": lambda: b"path,identity,v0\na,b,nan\nc,b,inf\n",
    "a name with a zero byte": lambda: b"path,identity,v0\na\0b,b,1\nc,b,1\n",
    "a long name": lambda: b"path,identity,v0\n" + b"n" * 300 + b",b,1\n" + b"n/" * 1500 + b",b,1\n",
    "no rows": lambda: b"path,identity,v0\n",
    "a row without end": lambda: b"path,identity,v0\n" + b'"\n",' * 500_000,
    "many identities": lambda: b"path,identity,v0\n" + b"".join(b"%d,%d,1\n" % (row, row) for row in range(3000)),
}
PARQUET: dict[str, Callable[[], bytes]] = {
    "one vector of many zeros": lambda: _zeros(1, 30_000_000),
    "many vectors of many zeros": lambda: _zeros(300, 100_000),
    "one long name for all": lambda: _shared("path", 2_000_000, 2000),
    "one long identity for all": lambda: _shared("identity", 50_000_000, 100),
    "names of a page's length": lambda: _shared("identity", 5000, 100_000),
    "no rows": lambda: _parquet({"path": np.array([], str), "vector": np.array([], float)}),
    "no vectors": lambda: _parquet(_said() | {"vector": [None] * COUNT}),
    "vectors of texts": lambda: _parquet(_said() | {"vector": [["x"]] * COUNT}),
    "texts": lambda: _parquet(_said() | {"vector": ["1"] * COUNT}),
    "single numbers": lambda: _parquet(_said() | {"vector": [1.0] * COUNT}),
    "lists of lists": lambda: _parquet(_said() | {"vector": [[[1.0], [2.0]]] * COUNT}),
    "objects": lambda: _parquet(_said() | {"vector": [{"a": 1.0}] * COUNT}),
    "gaps": lambda: _parquet(_said() | {"vector": [[1.0, None]] * COUNT}),
    "not a number": lambda: _parquet(_said() | {"vector": [[1.0, np.nan]] * COUNT}),
    "other lengths": lambda: _parquet(_said() | {"vector": [[1.0] * (1 + place) for place in range(COUNT)]}),
    "doubles": lambda: _parquet(_said() | {"vector": list(VECTORS.astype(float))}),
    "doubles too large": lambda: _parquet(_said() | {"vector": [[1e300]] * COUNT}),
    "bytes": lambda: _parquet(_said() | {"path": [b"\xff"] * COUNT, "vector": list(VECTORS)}),
    "one empty name": lambda: _parquet(_said() | {"path": ["", *map(str, range(COUNT - 1))], "vector": list(VECTORS)}),
    "numbers as identities": lambda: _parquet(_said() | {"identity": [0, 1] * (COUNT // 2), "vector": list(VECTORS)}),
    "categories": lambda: _parquet(
        _said()
        | {"identity": pytest.importorskip("pyarrow").array(["a"] * COUNT).dictionary_encode(), "vector": list(VECTORS)}
    ),
    "fixed lengths": lambda: _parquet(
        _said() | {"vector": pytest.importorskip("pyarrow").FixedSizeListArray.from_arrays(VECTORS.ravel(), DIMENSION)}
    ),
    "a column twice": lambda: _twice(),
    "numbers as names": lambda: _parquet({"path": list(range(COUNT)), "vector": list(VECTORS)}),
    "one name for all": lambda: _parquet(_said() | {"path": ["a"] * COUNT, "vector": list(VECTORS)}),
    "many columns": lambda: _parquet(_said() | {f"c{place}": [0] * COUNT for place in range(5000)}),
}


def _both(run: Run, path: Path, folder: Path) -> list[str]:
    return [
        attack(["evaluate", str(path)], folder),
        attack(["index", str(run.path), "--vectors", str(path), "--gallery", str(folder / "made.db")], folder),
    ]


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays(run: Run, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "v.npy").write_bytes(ARRAYS[name]())
    (tmp_path / "v.csv").write_bytes(_csv(_said()))
    assert all(_both(run, tmp_path / "v.npy", tmp_path))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", TABLES)
def test_tables(run: Run, name: str, tmp_path: Path) -> None:
    (tmp_path / "v.csv").write_bytes(TABLES[name]())
    assert all(_both(run, tmp_path / "v.csv", tmp_path))


@pytest.mark.parametrize("name", PARQUET)
def test_parquet(run: Run, name: str, tmp_path: Path) -> None:
    (tmp_path / "v.parquet").write_bytes(PARQUET[name]())
    assert all(_both(run, tmp_path / "v.parquet", tmp_path))


def _whole(clothes: Path) -> dict[str, bytes]:
    columns = _said() | {"path": _images(clothes)}
    return {
        "v.csv": _csv(columns | {f"v{place}": list(VECTORS[:, place]) for place in range(DIMENSION)}),
        "v.npy": _npy(VECTORS),
        "v.parquet": _parquet(columns | {"vector": list(VECTORS)}),
    }


@pytest.mark.parametrize("file", ["v.csv", "v.npy", "v.parquet"])
@pytest.mark.parametrize("part", range(6))
def test_lost_ends_and_flipped_bits(run: Run, clothes: Path, file: str, part: int, tmp_path: Path) -> None:
    whole, dice = _whole(clothes), random.Random(part)
    if file == "v.npy":
        (tmp_path / "v.csv").write_bytes(_csv(_said() | {"path": _images(clothes)}))
    for trial in range(10):
        content = bytearray(whole[file])
        if trial % 2:
            del content[dice.randrange(len(content)) :]
        else:
            # The header and the end, where a format says what it holds, as often as all the rest.
            spans = (range(min(128, len(content))), range(len(content)), range(len(content) - 128, len(content)))
            for _flip in range(dice.choice((1, 3))):
                content[dice.choice(spans[dice.randrange(3)])] ^= 1 << dice.randrange(8)
        (tmp_path / file).write_bytes(content)
        assert all(_both(run, tmp_path / file, tmp_path))


@pytest.mark.parametrize("file", ["v.csv", "v.npy", "v.parquet", "beside"])
@pytest.mark.parametrize("name", ALL)
def test_files_of_another_shape(run: Run, clothes: Path, file: str, name: str, tmp_path: Path) -> None:
    given = tmp_path / file
    if file == "beside":
        (tmp_path / "v.npy").write_bytes(_whole(clothes)["v.npy"])
        given = tmp_path / "v.csv"
    ALL[name](given)
    assert all(_both(run, tmp_path / "v.npy" if file == "beside" else given, tmp_path))


def test_links_to_vectors_are_read_and_those_to_nothing_or_to_themselves_are_named(
    run: Run, clothes: Path, tmp_path: Path
) -> None:
    (tmp_path / "there").write_bytes(_whole(clothes)["v.csv"])
    for name, target in (("good.csv", "there"), ("none.csv", "missing"), ("loop.csv", "loop.csv")):
        (tmp_path / name).symlink_to(target)
    assert "rank-1" in _both(run, tmp_path / "good.csv", tmp_path)[0]
    for name in ("none.csv", "loop.csv"):
        assert all(name in said for said in _both(run, tmp_path / name, tmp_path))


@pytest.mark.parametrize("make", [*SOME.values(), sparse, ALL["zeros"], ALL["folder"], written("x")])
def test_images_of_vectors_of_another_shape(
    run: Run, make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "0.png")
    (tmp_path / "v.npy").write_bytes(_npy(VECTORS))
    (tmp_path / "v.csv").write_bytes(_csv(_said()))
    assert all("0.png" in said for said in _both(run, tmp_path / "v.npy", tmp_path)[1:])


NAMES = {
    "too long": "x" * 300,
    "too long with folders": "x/" * 2500 + "x.png",
    "a zero byte": "a\0b.png",
    "below a file": "0.png/x.png",
    "a link to itself": "loop.png",
    "a folder one may not enter": "closed/x.png",
    "a lone surrogate": "a\udcff.png",
}


@pytest.mark.parametrize("name", NAMES)
def test_names_that_cannot_be(run: Run, clothes: Path, name: str, tmp_path: Path) -> None:
    """A13: one such name is a row that says why, in a table and on the command line, and the others are read."""
    good = _images(clothes)[0]
    (tmp_path / "0.png").write_bytes(Path(good).read_bytes())
    (tmp_path / "loop.png").symlink_to("loop.png")
    (tmp_path / "closed").mkdir(mode=0)
    given = NAMES[name]
    table = tmp_path / "t.csv"
    table.write_bytes(f"path,label\n{given},bag\n{good},bag\n".encode(errors="surrogateescape"))
    gallery = ["--gallery", str(tmp_path / "made.db")]
    said = [
        attack(arguments, tmp_path)
        for arguments in (
            ["doctor", str(table)],
            ["train", str(table), "--epochs", "1", "--out", str(tmp_path / "out")],
            ["evaluate", str(run.path), str(table)],
            ["index", str(run.path), str(table), *gallery],
            ["threshold", str(run.path), str(table)],
        )
    ]
    assert all(said)
    if "\0" in given:
        return  # no argument of a program can hold it
    path = given if "x/" in given or name == "too long" else str(tmp_path / given)
    rows = attack(["predict", str(run.path), good, path, good, "--format", "csv"], tmp_path)
    assert rows.count(Path(good).name) == 2 and rows.count("\n") >= 4
    for arguments in (
        ["compare", str(run.path), good, path],
        ["index", str(run.path), good, path, *gallery],
        ["search", str(tmp_path / "made.db"), good, path],
        ["embed", str(run.path), good, path, "--out", str(tmp_path / "e.csv")],
        ["gallery", "remove", str(tmp_path / "made.db"), path],
    ):
        assert attack(arguments, tmp_path)
    for arguments in (
        ["doctor", path],
        ["train", path, "--epochs", "1"],
        ["evaluate", path],
        ["evaluate", str(run.path), path],
        ["show", path],
        ["train", "--resume", path],
        ["train", str(clothes), "--config", path],
        ["import", path, "--model", "resnet20", "--out", str(tmp_path / "made")],
        ["index", str(run.path), "--vectors", path, *gallery],
        ["gallery", "list", path],
        ["doctor", str(clothes), "--report", path],
        ["embed", str(run.path), good, "--out", path + ".csv"],
    ):
        assert attack(arguments, tmp_path)
