"""The contract of a gallery, whichever store keeps it: each image's embedding under the digest of its content.

The store is the single source of truth. A search index is derived from it, and rebuilt where it is older than the
store (`generation`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote

import numpy as np
from numpy.typing import NDArray

from atalho.errors import ConfigError, GalleryError
from atalho.text import Text

Vectors = NDArray[np.float32]
Ids = NDArray[np.int64]
FORMAT = "1"
BLOCK = 16_384
"""Vectors that are read at once, so that a gallery may be larger than memory."""


@dataclass(frozen=True)
class Origin:
    """Which model made the vectors of a gallery; those of another one cannot be compared with them."""

    fingerprint: str
    model: str
    dimension: int

    def rows(self) -> dict[str, str]:
        """What a new gallery says of itself: one key and one value for each row of its table."""
        return {
            "format": FORMAT,
            "fingerprint": self.fingerprint,
            "model": self.model,
            "dimension": str(self.dimension),
            "generation": "0",
        }

    @classmethod
    def of(cls, rows: Mapping[str, str], path: Path | str) -> Origin:
        """The origin that the table of the gallery at `path` holds. Raises GalleryError for another format."""
        if rows.get("format") != FORMAT:
            raise GalleryError(
                "{path} is a gallery in format {found}, but this version reads format {wanted}.",
                path=path,
                found=rows.get("format"),
                wanted=FORMAT,
            )
        whole_number(rows, "generation", path)
        dimension = whole_number(rows, "dimension", path, least=1)
        return cls(_stated(rows, "fingerprint", path), _stated(rows, "model", path), dimension)


def _stated(rows: Mapping[str, str], key: str, path: Path | str) -> str:
    value: object = rows.get(key)
    if not isinstance(value, str) or not value:
        raise _odd(path, key, value)
    return value


def whole_number(rows: Mapping[str, str], key: str, path: Path | str, *, least: int = 0) -> int:
    """What the table of the gallery at `path` says under `key`. Raises GalleryError where that is damaged."""
    value = _stated(rows, key, path)
    if not (value.isascii() and value.isdigit() and len(value) < 19 and int(value) >= least):
        raise _odd(path, key, value)
    return int(value)


def _odd(path: Path | str, key: str, value: object) -> GalleryError:
    text = Text("{path} is damaged: its {key} is {value}. Index the images into a new gallery.")
    return GalleryError(text.format(path=path, key=key, value=repr(value)))


@dataclass(frozen=True)
class Entry:
    """One image: `digest` is the SHA-256 of its file, `label` the identity that it shows, where that is known."""

    digest: str
    path: str
    label: str | None = None
    camera: str | None = None


@dataclass(frozen=True)
class Hit:
    """An image of the gallery that was found, and its cosine similarity from -1 to 1 to what was looked for."""

    entry: Entry
    similarity: float


def entry_of(row: Sequence[object], path: Path | str) -> Entry:
    """The entry of a row (digest, path, label, camera) of the gallery at `path`. Raises GalleryError for damage."""
    digest, name, label, camera = row
    if not (isinstance(digest, str) and isinstance(name, str)):
        raise damaged(path)
    if not (isinstance(label, str | None) and isinstance(camera, str | None)):
        raise damaged(path)
    return Entry(digest, name, label, camera)


def damaged(path: Path | str) -> GalleryError:
    """The error for a gallery that does not hold what was written."""
    return GalleryError("{path} is damaged. For details, run: atalho gallery verify", path=path)


@dataclass(frozen=True)
class EntryFilter:
    """Which images are searched: those with one of these labels and one of these cameras; by default all."""

    labels: tuple[str, ...] = ()
    cameras: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.labels or self.cameras)


ALL = EntryFilter()


class Store(Protocol):
    """The operations of a gallery. What `put` and `remove` were asked is durable when they return."""

    origin: Origin

    def put(self, entries: Sequence[Entry], vectors: Vectors) -> list[Entry]:
        """Keep images with their unit vectors (N,D). An image whose content is there gets its new path and label.

        Returns what the same files showed before, which is no longer there.
        """

    def remove(self, digests: Sequence[str]) -> int:
        """Forget images; returns how many were there."""

    def known(self, digests: Sequence[str]) -> dict[str, Entry]:
        """Those of `digests` that are there."""

    def vectors(self, digests: Sequence[str]) -> dict[str, Vectors]:
        """The unit vectors (D,) of those of `digests` that are there and not damaged."""

    def entries(self) -> Iterator[Entry]:
        """Every image, in the order in which it came."""

    def count(self) -> int:
        """How many images there are."""

    def generation(self) -> int:
        """Rises with every change of the vectors."""

    def nearest(self, queries: Vectors, k: int, *, exact: bool = False, among: EntryFilter = ALL) -> list[list[Hit]]:
        """For each vector of `queries` (Q,D) the `k` images with the largest inner product, best first."""

    def verify(self) -> list[str]:
        """What is damaged, one sentence each; empty where nothing is."""

    def rebuild(self) -> None:
        """Rebuild the search index from the store."""

    def close(self) -> None:
        """Release the files or the connection."""


def is_server(place: str) -> bool:
    """Whether `place` means a database server and not a file."""
    return place.lower().startswith(("postgresql://", "postgres://"))


def place(gallery: str | os.PathLike[str]) -> str:
    """`gallery` as `open_store` accepts it: a server's address, or a file's place as it is seen from everywhere."""
    name = os.fspath(gallery)
    if not name:
        raise ConfigError("No gallery given. Give a file or postgresql://…: --gallery photos.db")
    if is_server(name):
        scheme, separator, rest = name.partition("://")
        return scheme.lower() + separator + rest  # as libpq wants it
    return os.path.abspath(name)  # noqa: PTH100 (links stay links)


def open_store(place: str, create: Origin | None = None) -> Store:
    """The gallery at `place`, a file or a `postgresql://` address; with `create`, a new one where there is none.

    Raises GalleryError for anything that is no gallery, and where it belongs to another model than `create` says.
    """
    store: Store
    if is_server(place):
        from atalho.gallery.postgres import PostgresStore

        store = PostgresStore(place, create)
    else:
        from atalho.gallery.sqlite import SqliteStore

        store = SqliteStore(Path(place), create)
    if create is not None and store.origin.fingerprint != create.fingerprint:
        other = store.origin
        store.close()
        raise GalleryError(
            "{place} has vectors of another model ({found}, dimension {dimension}), not of {given}. Use that "
            "model, or index the images into a new gallery.",
            place=shown(place),
            found=other.model,
            dimension=other.dimension,
            given=create.model,
        )
    return store


def shown(place: str) -> str:
    """`place` without the passwords that an address may hold, before the host or among its parameters."""
    if not is_server(place):
        return place
    scheme, _separator, rest = place.partition("://")
    rest, question, parameters = rest.partition("?")
    credentials, at, host = rest.rpartition("@")
    kept = [part for part in parameters.split("&") if not _is_secret(part)]
    return f"{scheme}://{credentials.partition(':')[0]}{at}{host}{question if any(kept) else ''}{'&'.join(kept)}"


def without_secrets(text: str, place: str) -> str:
    """`text`, such as a server's error, without the passwords of the address `place`."""
    rest, _question, parameters = place.partition("://")[2].partition("?")
    secrets = [rest.rpartition("@")[0].partition(":")[2]]
    secrets += [part.partition("=")[2] for part in parameters.split("&") if _is_secret(part)]
    for secret in filter(None, secrets):
        text = text.replace(secret, "…").replace(unquote(secret), "…")
    return text


def _is_secret(parameter: str) -> bool:
    return "password" in unquote(parameter.partition("=")[0]).lower()


def checked(entries: Sequence[Entry], vectors: Vectors, dimension: int) -> Vectors:
    """`vectors` as contiguous float32. Raises GalleryError where they do not fit the gallery or are no unit vectors."""
    if vectors.shape != (len(entries), dimension):
        raise GalleryError(
            "Expected one vector of dimension {dimension} for each of {count} images; got shape {shape}.",
            shape=vectors.shape,
            count=len(entries),
            dimension=dimension,
        )
    if not units(vectors).all():
        raise GalleryError("A gallery stores unit vectors. Divide each vector by its length first.")
    return np.ascontiguousarray(vectors, dtype=np.float32)


def units(vectors: Vectors) -> NDArray[np.bool_]:
    """Whether each of `vectors` (N,D) has the length 1, and so no number that is not finite."""
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1)
    return np.asarray(np.isclose(lengths, 1.0, atol=1e-3))
