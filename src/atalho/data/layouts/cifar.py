"""The batches of CIFAR-10 and CIFAR-100 as published: python version (`pickle_reader`) or binary version.

Source: https://www.cs.toronto.edu/~kriz/cifar.html. Each image is 3,072 bytes: red, green and blue plane.
"""

from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from atalho import limits
from atalho.data.layouts.listing import Listing, read_names
from atalho.data.layouts.pickle_reader import read_pickle
from atalho.errors import DataError
from atalho.text import Text

_PIXELS: Final = 3 * 32 * 32


class _Version(NamedTuple):
    train: tuple[str, ...]
    test: str
    names_file: str
    names_key: str
    labels_key: str
    label_bytes: int  # of a binary record; the last of them is the class


_FIVE: Final = tuple(f"data_batch_{number}" for number in range(1, 6))
_VERSIONS: Final = (
    _Version(_FIVE, "test_batch", "batches.meta", "label_names", "labels", 0),
    _Version(("train",), "test", "meta", "fine_label_names", "fine_labels", 0),
    _Version(tuple(f"{name}.bin" for name in _FIVE), "test_batch.bin", "batches.meta.txt", "", "", 1),
    _Version(("train.bin",), "test.bin", "fine_label_names.txt", "", "", 2),
)


def matches(files: list[str]) -> bool:
    """Whether the folder's files are one of the four versions."""
    return _version(files) is not None


def read(path: Path, files: list[str]) -> Listing:
    """The training batches that are there, in order, then the test batch."""
    version = _version(files)
    if version is None:
        raise DataError("{path} has no CIFAR batches.", path=path)
    class_names = _class_names(path, version)
    listing = Listing(path, "cifar")
    arrays: list[NDArray[np.uint8]] = []
    missing = [name for name in (*version.train, version.test) if name not in files]
    if missing:
        listing.notes.append(Text("missing CIFAR batches: {names}").format(names=", ".join(missing)))
    for name in (*version.train, version.test):
        if name in files:
            data, labels = _batch(path / name, version)
            if len(labels) and not 0 <= min(labels) <= max(labels) < len(class_names):
                text = Text("{path}: labels from {low} to {high}, but there are {count} class names.")
                raise DataError(
                    text.format(path=path / name, low=min(labels), high=max(labels), count=len(class_names))
                )
            arrays.append(data)
            listing.names += [f"{name}#{index}" for index in range(len(labels))]
            listing.classes += [class_names[label] for label in labels]
            listing.splits += ["test" if name == version.test else "train"] * len(labels)
    planes = np.concatenate(arrays).reshape(-1, 3, 32, 32)
    listing.pixels = np.ascontiguousarray(planes.transpose(0, 2, 3, 1))
    return listing


def _version(files: list[str]) -> _Version | None:
    there = set(files)
    for version in _VERSIONS:
        if version.names_file in there and (version.train[0] in there or version.test in there):
            return version
    return None


def _class_names(path: Path, version: _Version) -> list[str]:
    file = path / version.names_file
    if version.label_bytes:
        names: object = read_names(file)
    else:
        names = _dictionary(file).get(version.names_key)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise DataError("{path} has no class names.", path=file)
    return names


def _batch(path: Path, version: _Version) -> tuple[NDArray[np.uint8], list[int]]:
    if version.label_bytes:
        record = version.label_bytes + _PIXELS
        try:
            values = np.frombuffer(limits.read(path, limits.ARRAYS), dtype=np.uint8)
        except (OSError, ValueError) as error:
            raise DataError("Cannot read {path}: {reason}", path=path, reason=error) from error
        if len(values) % record:
            text = Text("{path} is damaged: its size, {size} bytes, is not a multiple of {record}.")
            raise DataError(text.format(path=path, size=len(values), record=record))
        records = values.reshape(-1, record)
        return records[:, version.label_bytes :], records[:, version.label_bytes - 1].tolist()
    content = _dictionary(path)
    data, labels = content.get("data"), content.get(version.labels_key)
    fits = (
        isinstance(data, np.ndarray)
        and data.ndim == 2
        and data.shape[1] == _PIXELS
        and isinstance(labels, list)
        and len(labels) == len(data)
        and all(isinstance(label, int) for label in labels)
    )
    if not fits:
        raise DataError("{path} is not a CIFAR batch.", path=path)
    return data, labels  # type: ignore[return-value]


def _dictionary(path: Path) -> dict[str, object]:
    content = read_pickle(path)
    if not isinstance(content, dict):
        raise DataError("{path} is not a CIFAR batch.", path=path)
    return {key.decode("latin-1") if isinstance(key, bytes) else str(key): value for key, value in content.items()}
