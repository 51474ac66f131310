import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atalho.data.layouts.pickle_reader import read_pickle
from atalho.errors import DataError

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(max_size=5) | st.binary(max_size=5),
    lambda values: st.lists(values, max_size=4) | st.dictionaries(st.text(max_size=3), values, max_size=4),
    max_leaves=10,
)


class Harmful:
    """Unpickling it would make a folder."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self) -> object:
        return os.mkdir, (self.path,)


@given(value=PLAIN, protocol=st.sampled_from([3, 4]))
def test_plain_values_are_read_as_pickle_reads_them(
    value: object, protocol: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("pickle") / "value"
    file.write_bytes(pickle.dumps(value, protocol))
    assert read_pickle(file) == value


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_byte_arrays_are_read(tmp_path: Path, protocol: int) -> None:
    array = np.arange(6, dtype=np.uint8).reshape(2, 3)
    (tmp_path / "value").write_bytes(pickle.dumps({"data": array}, protocol))
    found = read_pickle(tmp_path / "value")
    assert isinstance(found, dict)
    np.testing.assert_array_equal(found["data"], array)


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("inside", [False, True])
def test_nothing_in_a_file_is_run(tmp_path: Path, protocol: int, inside: bool) -> None:
    trace = tmp_path / "trace"
    harmful = Harmful(trace)
    (tmp_path / "value").write_bytes(pickle.dumps([{"labels": harmful}] if inside else harmful, protocol))
    with pytest.raises(DataError, match="its code is never run"):
        read_pickle(tmp_path / "value")
    assert not trace.exists()
    pickle.loads((tmp_path / "value").read_bytes())
    assert trace.exists()  # the file was harmful indeed


@pytest.mark.parametrize("array", [np.zeros(3, np.float64), np.array([None, 1]), np.zeros(3, np.int8)])
def test_arrays_of_other_types_are_refused(tmp_path: Path, array: np.ndarray) -> None:
    (tmp_path / "value").write_bytes(pickle.dumps(array, 4))
    with pytest.raises(DataError, match="an array that is not of unsigned bytes"):
        read_pickle(tmp_path / "value")


@given(content=st.binary(max_size=60))
def test_any_bytes_give_a_value_or_our_error(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("pickle") / "value"
    for start in (b"", b"\x80\x02", b"\x80\x04"):
        file.write_bytes(start + content + b".")
        try:
            read_pickle(file)
        except DataError as error:
            assert str(error).startswith("Cannot read ") and " as plain values" in str(error)


def test_truncated_files_give_our_error(tmp_path: Path) -> None:
    whole = pickle.dumps({"data": np.zeros((2, 3), np.uint8), "labels": [1, 2]}, 2)
    for end in range(len(whole)):
        (tmp_path / "value").write_bytes(whole[:end])
        with pytest.raises(DataError, match=r"Cannot read .* as plain values"):
            read_pickle(tmp_path / "value")


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "content",
    [
        # Ten lists, each ten times the one before: 10^9 values in 253 bytes.
        b"\x80\x02]q\0(" + b"K\0" * 10 + b"e" + b"".join(
            b"]q" + bytes([place + 1]) + b"(" + (b"h" + bytes([place])) * 10 + b"e" for place in range(9)
        ) + b".",
        # The same of tuples, as the key of a dictionary and as the name of a module.
        b"\x80\x04}(" + (TUPLES := b"(" + b"K\0" * 10 + b"tq\0" + b"".join(
            b"(" + (b"h" + bytes([place])) * 10 + b"tq" + bytes([place + 1]) for place in range(9)
        )) + b"K\0u.",
        b"\x80\x04" + TUPLES + b"\x8c\x01x\x93.",
        b"\x80\x02](" + b"K\0" * 2_000_001 + b"e.",
    ],
)  # fmt: skip
def test_values_beyond_a_bound_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "value").write_bytes(content)
    with pytest.raises(DataError, match=r"more than 2,000,000 values|neither text nor number|a name that is no text"):
        read_pickle(tmp_path / "value")
