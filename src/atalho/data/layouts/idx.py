"""IDX files of the MNIST family (train-images-idx3-ubyte, t10k-labels-idx1-ubyte, …), plain or gzipped.

Classes are the digits of the labels, or the lines of a file labels.txt beside them.
Format: http://yann.lecun.com/exdb/mnist (magic number 0, 0, type, dimensions; sizes big-endian; values).
"""

import gzip
import math
import re
import struct
import zlib
from pathlib import Path
from typing import IO, Final, cast

import numpy as np
from numpy.typing import NDArray

from atalho import limits
from atalho.data.layouts.listing import Listing, read_names
from atalho.errors import DataError
from atalho.text import N_, Text

_FILE: Final = re.compile(r"(?P<prefix>.*?)(?P<split>train|t10k|test)-(?P<kind>images|labels)[-.]idx\d-ubyte(\.gz)?")
_UNSIGNED_BYTE: Final = 8


def matches(names: list[str]) -> bool:
    """Whether the folder's files are of the MNIST family."""
    return any(_FILE.fullmatch(name) for name in names)


def read(path: Path, names: list[str]) -> Listing:
    """The training arrays, then the test arrays, one row per image."""
    files: dict[tuple[str, str], str] = {}
    prefixes: set[str] = set()
    for name in sorted(names, reverse=True):  # so that a plain file wins over its .gz
        match = _FILE.fullmatch(name)
        if match:
            split = "train" if match["split"] == "train" else "test"
            files[split, match["kind"]] = name
            prefixes.add(match["prefix"])
    if len(prefixes) > 1:
        text = Text("{path} has several data sets ({names}): put each in its own folder.")
        raise DataError(text.format(path=path, names=", ".join(sorted(prefixes))))
    listing = Listing(path, "idx")
    arrays: list[NDArray[np.uint8]] = []
    class_names = _class_names(path)
    for split in ("train", "test"):
        if (split, "images") in files or (split, "labels") in files:
            arrays.append(_add_split(listing, path, files, split, class_names))
    if len({array.shape[1:] for array in arrays}) > 1:
        shapes = " / ".join(str(array.shape[1:]) for array in arrays)
        raise DataError("{path}: training and test images differ in size: {shapes}.", path=path, shapes=shapes)
    listing.pixels = np.concatenate(arrays)
    return listing


def read_array(path: Path) -> NDArray[np.uint8]:
    """The array of one IDX file of unsigned bytes. Its size is checked before memory is taken for it."""
    try:
        with limits.open_regular(path, limits.ARRAYS) as file:
            return _parse(path, cast("IO[bytes]", gzip.open(file)) if path.suffix == ".gz" else file)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise DataError("Cannot read {path}: {reason}", path=path, reason=error) from error


def _parse(path: Path, file: IO[bytes]) -> NDArray[np.uint8]:
    magic = file.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] != _UNSIGNED_BYTE or magic[3] not in (1, 3, 4):
        raise DataError("{path} is not an IDX file of unsigned bytes.", path=path)
    header = file.read(4 * magic[3])
    if len(header) < 4 * magic[3]:
        raise DataError("{path} ends in the middle of its header.", path=path)
    shape = struct.unpack(f">{magic[3]}I", header)
    size = math.prod(shape)
    if size > limits.ARRAYS.bytes:
        raise DataError(
            "{path} declares {size} bytes; the maximum is {most}.", path=path, size=size, most=limits.ARRAYS.bytes
        )
    values = file.read(size + 1)
    if len(values) != size:
        more = Text("more") if len(values) > size else str(len(values))
        text = Text("{path} declares {size} bytes but has {found}: it is damaged.")
        raise DataError(text.format(path=path, size=size, found=more))
    return np.frombuffer(values, dtype=np.uint8).reshape(shape)


def _add_split(
    listing: Listing, path: Path, files: dict[tuple[str, str], str], split: str, class_names: list[str] | None
) -> NDArray[np.uint8]:
    for kind in (N_("images"), N_("labels")):
        if (split, kind) not in files:
            text = Text("{path} has files of {split}, but the one with the {kind} is missing.")
            raise DataError(text.format(path=path, split=split, kind=Text(kind)))
    name = files[split, "images"]
    images, labels = read_array(path / name), read_array(path / files[split, "labels"])
    if images.ndim < 3 or labels.ndim != 1 or len(images) != len(labels):
        text = Text("{path}: images {images} and labels {labels} of {split} do not match.")
        raise DataError(text.format(path=path, images=images.shape, labels=labels.shape, split=split))
    if 0 in images.shape[1:]:
        text = Text("{path}: the images of {split} have {shape} pixels, so they hold no picture.")
        raise DataError(text.format(path=path / name, split=split, shape=" × ".join(map(str, images.shape[1:]))))
    if class_names is not None and len(labels) and labels.max() >= len(class_names):
        text = Text("{path}: label {label}, but labels.txt has {count} classes.")
        raise DataError(text.format(path=path, label=labels.max(), count=len(class_names)))
    listing.names += [f"{name}#{index}" for index in range(len(images))]
    listing.classes += [class_names[label] if class_names else str(label) for label in labels.tolist()]
    listing.splits += [split] * len(images)
    return images


def _class_names(path: Path) -> list[str] | None:
    file = path / "labels.txt"
    if not file.is_file():
        return None
    names = read_names(file)
    if len(set(names)) != len(names):
        raise DataError("{path} lists a class twice.", path=file)
    return names
