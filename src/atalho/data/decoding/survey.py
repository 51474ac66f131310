"""What the images are, before any is decoded: sizes, colour, a fingerprint of the content, and files that are none.

Each file is read once and hashed. What was found is kept with the file's size and times, so that the next run reads
no file that did not change.
"""

import hashlib
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from atalho.data.decoding.cache import cache_folder, load_arrays, save_arrays
from atalho.data.decoding.parquet_rows import row_name
from atalho.data.decoding.pool import DecoderPool
from atalho.data.decoding.reading import ReadingOptions
from atalho.data.manifest import BadImage, Ids, Manifest, bytewise
from atalho.text import Text, _

OnProgress = Callable[[str, int, int], None]
PART: Final = 256  # files a job
_VERSION: Final = 2
# A file changed within the clock's grain of its last reading could look unchanged: such are read again.
_GRAIN_NS: Final = 2_000_000_000


@dataclass(frozen=True, eq=False)
class Survey:
    """Of N images: width and height in pixels (0 for bad ones), content digests (N, 16), whether all are grey.

    `traits` (N) is what else the headers say (`traits.py`; 0 for bad ones); it is empty where files hold arrays.
    `fingerprint` is a hash of names, labels, splits and the content of every file.
    """

    widths: NDArray[np.int32]
    heights: NDArray[np.int32]
    digests: NDArray[np.uint8]
    grey: bool
    fingerprint: str
    bad: tuple[BadImage, ...] = ()
    traits: NDArray[np.uint8] = field(default_factory=lambda: np.empty(0, np.uint8))


def survey(
    manifest: Manifest,
    options: ReadingOptions = ReadingOptions(),  # noqa: B008 (frozen)
    *,
    progress: OnProgress | None = None,
    cache_dir: Path | None = None,
) -> Survey:
    """Read every file that changed since the last survey; headers and hashes only, nothing is decoded."""
    if manifest.pixels is not None:
        return _of_arrays(manifest, manifest.pixels)
    file = _index_file(manifest, options, cache_dir)
    paths = [os.path.join(manifest.root, name) for name in manifest.names]  # noqa: PTH118 (for every file)
    now = time.time_ns()
    signatures = _signatures(paths)
    table = _known(file, manifest, signatures)
    pixels = table["widths"].astype(np.int64) * table["heights"]
    stale = np.flatnonzero((pixels == 0) | (pixels > options.max_pixels))
    bad = _read_stale(table, stale, paths, manifest, options, progress)
    if len(stale):
        signatures[signatures[:, 1:3].max(axis=1) > now - _GRAIN_NS] = -1
        names = np.frombuffer(_joined(manifest.names), dtype=np.uint8)
        save_arrays(file, {**table, "signatures": signatures, "names": names})
    good = table["widths"] > 0
    return Survey(
        widths=table["widths"],
        heights=table["heights"],
        digests=table["digests"],
        grey=bool(good.any() and table["grey"][good].all()),
        fingerprint=fingerprint(manifest, table["digests"].tobytes()),
        bad=tuple(bad),
        traits=table["traits"],
    )


def _of_arrays(manifest: Manifest, pixels: NDArray[np.uint8]) -> Survey:
    images, height, width = pixels.shape[:3]
    digest = hashlib.blake2b(np.ascontiguousarray(pixels).data, digest_size=16).digest()
    return Survey(
        widths=np.full(images, width, np.int32),
        heights=np.full(images, height, np.int32),
        digests=np.empty((0, 16), np.uint8),
        grey=pixels.ndim == 3 or pixels.shape[3] == 1,
        fingerprint=fingerprint(manifest, digest),
    )


def image_digests(manifest: Manifest, survey: Survey) -> NDArray[np.uint8]:
    """The content digest of each image (N, 16): of its file, or of its pixels where files hold arrays."""
    if manifest.pixels is None:
        return survey.digests
    rows = (hashlib.blake2b(np.ascontiguousarray(image).data, digest_size=16).digest() for image in manifest.pixels)
    return np.frombuffer(b"".join(rows), np.uint8).reshape(-1, 16)


def fingerprint(manifest: Manifest, content: bytes) -> str:
    """A hash of names, labels, splits and the `content` of the files, their digests in a row."""
    parts = [
        _joined(manifest.names),
        _joined(manifest.classes),
        manifest.labels.astype("<i8").tobytes(),
        *(part for name in sorted(manifest.splits) for part in (name.encode(), _bytes(manifest.splits[name]))),
        content,
        *([] if manifest.cameras is None else [_joined(manifest.camera_names), _bytes(manifest.cameras)]),
    ]
    whole = hashlib.blake2b(digest_size=16)
    for part in parts:
        whole.update(len(part).to_bytes(8, "little"))
        whole.update(part)
    return whole.hexdigest()


def _bytes(ids: Ids) -> bytes:
    return ids.astype("<i8").tobytes()


def _joined(names: Sequence[str]) -> bytes:
    return bytewise("\0".join(names))


def _index_file(manifest: Manifest, options: ReadingOptions, cache_dir: Path | None) -> Path:
    what = f"{_VERSION}\0{options.tiff}{',avif' * options.avif}\0{manifest.root}\0{manifest.layout}"
    key = hashlib.blake2b(bytewise(what), digest_size=16).hexdigest()
    return cache_folder(cache_dir) / "surveys" / f"{key}.npz"


def _signatures(paths: Sequence[str]) -> Ids:
    """Per image, of its file: size, time of change of the content and of the entry in ns, inode; or -1. (N, 4)"""
    rows = []
    last, row = "", (-1, -1, -1, -1)
    for path in paths:
        name = row_name(path)
        file = path if name is None else name.file
        if file != last:  # neighbours are often rows of one file
            try:
                status = os.stat(file)  # noqa: PTH116 (for every file)
                row = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino % (1 << 63))
            except (OSError, ValueError):
                row = (-1, -1, -1, -1)
        last = file
        rows.append(row)
    return np.array(rows, dtype=np.int64).reshape(-1, 4)


def _known(file: Path, manifest: Manifest, signatures: Ids) -> dict[str, NDArray[Any]]:
    """What is already known of each file, zeros where nothing is."""
    images = len(manifest)
    table: dict[str, NDArray[Any]] = {
        "widths": np.zeros(images, np.int32),
        "heights": np.zeros(images, np.int32),
        "grey": np.zeros(images, bool),
        "traits": np.zeros(images, np.uint8),
        "digests": np.zeros((images, 16), np.uint8),
    }
    stored = load_arrays(file, {"names", "signatures", *table})
    if stored is None or not images:
        return table
    joined = stored["names"].tobytes()
    if joined == _joined(manifest.names):
        here = there = np.arange(images)
    else:
        places = {name: place for place, name in enumerate(joined.split(b"\0"))}
        before = np.array([places.get(bytewise(name), -1) for name in manifest.names])
        here = np.flatnonzero(before >= 0)
        there = before[here]
    same = (stored["signatures"][there] == signatures[here]).all(axis=1) & (signatures[here, 0] >= 0)
    for name, values in table.items():
        values[here[same]] = stored[name][there[same]]
    return table


def _read_stale(
    table: dict[str, NDArray[Any]],
    stale: Ids,
    paths: Sequence[str],
    manifest: Manifest,
    options: ReadingOptions,
    progress: OnProgress | None,
) -> list[BadImage]:
    bad: list[BadImage] = []
    reasons: dict[Text, Text] = {}  # thousands of files are bad for the same one
    parts = [stale[first : first + PART] for first in range(0, len(stale), PART)]
    done = 0
    with DecoderPool.over(len(stale), options) as pool:
        for part, rows in zip(parts, pool.survey([paths[n] for n in part.tolist()] for part in parts), strict=True):
            for number, row in zip(part.tolist(), rows, strict=True):
                if isinstance(row, Text):
                    bad.append(BadImage(number, manifest.names[number], reasons.setdefault(row, row)))
                    row = ["00" * 16, 0, 0, False, 0]
                table["digests"][number] = np.frombuffer(bytes.fromhex(row[0]), np.uint8)
                for name, value in zip(("widths", "heights", "grey", "traits"), row[1:], strict=True):
                    table[name][number] = value
            done += len(part)
            if progress is not None:
                progress(_("reading images"), done, len(stale))
    return bad
