"""A manifest says which images there are, what they show and which split each belongs to. It holds no decoded image.

An image's id is its place in `names`; ids never shift, also when bad images are left out.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from atalho.errors import DataError
from atalho.json_values import JsonObject
from atalho.text import Text, _, ntext, visible

SPLITS: Final = ("train", "val", "test")
Ids = NDArray[np.int64]
NO_IDS: Final[Ids] = np.empty(0, np.int64)
_SHOWN: Final = 10
_FORMAT: Final = 1


class BadImage(NamedTuple):
    """An image that cannot be read: its id, its name in the manifest, and why."""

    number: int
    name: str
    reason: Text


@dataclass(frozen=True, eq=False)
class Manifest:
    """N images with labels. `pixels` (N, H, W[, C]) uint8 only where the files hold arrays (IDX, CIFAR batches).

    For re-identification the classes are identities, those of training first, and `cameras` (N,) says which of
    `camera_names` saw an image, where that is known. The splits query and gallery, if there, are parts of test.
    """

    root: Path
    layout: str
    classes: tuple[str, ...]
    names: tuple[str, ...]
    labels: Ids
    splits: Mapping[str, Ids]
    pixels: NDArray[np.uint8] | None = None
    notes: tuple[Text, ...] = ()
    cameras: Ids | None = None
    camera_names: tuple[str, ...] = ()
    found: Text | None = None
    """What was recognised on disk, in one line; said when the images are read, and not stored."""

    def __post_init__(self) -> None:
        if len(set(self.names)) != len(self.names):
            seen: set[str] = set()
            twice = next(name for name in self.names if name in seen or seen.add(name))  # type: ignore[func-returns-value]
            raise DataError("{name} is listed twice in {root}; list each image once.", name=twice, root=self.root)

    def __len__(self) -> int:
        return len(self.names)

    def path(self, number: int) -> Path:
        """The file of image `number` (for arrays: the file that holds it, with #index)."""
        return self.root / self.names[number]

    def counts(self, split: str) -> Ids:
        """Images per class in a split: (K,)."""
        ids = self.splits.get(split, np.empty(0, np.int64))
        return np.bincount(self.labels[ids], minlength=len(self.classes)).astype(np.int64)

    def without(self, numbers: Iterable[int]) -> Manifest:
        """The same manifest with these images in no split; the ids of the others stay."""
        left_out = np.fromiter(numbers, dtype=np.int64)
        if not len(left_out):
            return self
        splits = {name: ids[~np.isin(ids, left_out)] for name, ids in self.splits.items()}
        return dataclasses.replace(self, splits=splits)

    def to_json(self) -> JsonObject:
        """What a run stores in manifest.json. Pixels stay in their files."""
        cameras: JsonObject = {}
        if self.cameras is not None:
            cameras = {"cameras": self.cameras.tolist(), "camera_names": list(self.camera_names)}
        return {
            "format": _FORMAT,
            "root": str(self.root),
            "layout": self.layout,
            "classes": list(self.classes),
            "names": list(self.names),
            "labels": self.labels.tolist(),
            "splits": {name: ids.tolist() for name, ids in self.splits.items()},
            "notes": [note.to_json() for note in self.notes],
            **cameras,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Manifest:
        """The manifest that `to_json` gave; DataError where it is not one."""
        try:
            if stored.get("format", _FORMAT) != _FORMAT:
                raise ValueError(
                    Text("format {format}, but this version reads {known}", format=stored["format"], known=_FORMAT)
                )
            manifest = cls(
                root=Path(stored["root"]),
                layout=str(stored["layout"]),
                classes=tuple(map(str, stored["classes"])),
                names=tuple(map(str, stored["names"])),
                labels=np.array(stored["labels"], dtype=np.int64),
                splits={str(name): np.array(ids, dtype=np.int64) for name, ids in stored["splits"].items()},
                notes=tuple(Text.from_json(note) for note in stored["notes"]),
                cameras=np.array(stored["cameras"], dtype=np.int64) if "cameras" in stored else None,
                camera_names=tuple(map(str, stored.get("camera_names", ()))),
            )
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise DataError("not an Atalho manifest: {error}", error=repr(error)) from error
        _check(manifest)
        return manifest


def refuse_bad(bad: Sequence[BadImage]) -> None:
    """DataError that names the images that cannot be read, with reasons."""
    if bad:
        lines = [f"  {visible(image.name)}: {image.reason}" for image in bad[:_SHOWN]]
        if len(bad) > _SHOWN:
            lines.append("  " + _("… and {count} more").format(count=len(bad) - _SHOWN))
        raise DataError(
            ntext(
                "{count} image cannot be read. Fix or remove it, or skip it with --skip-bad:\n{list}",
                "{count} images cannot be read. Fix or remove them, or skip them with --skip-bad:\n{list}",
                len(bad),
                count=len(bad),
                list="\n".join(lines),
            )
        )


def bytewise(name: str) -> bytes:
    """The key by which names are sorted: their bytes, the same in every locale."""
    return os.fsencode(name)


def class_map(names: Iterable[str]) -> tuple[str, ...]:
    """Distinct class names in bytewise order: the index of each is its label."""
    return tuple(sorted(set(names), key=bytewise))


def _check(manifest: Manifest) -> None:
    images = len(manifest.names)
    every = [manifest.labels, *manifest.splits.values()]
    limits = [len(manifest.classes), *(images for _split in manifest.splits)]
    fits = all(
        ids.ndim == 1 and (not len(ids) or (ids.min() >= 0 and ids.max() < limit))
        for ids, limit in zip(every, limits, strict=True)
    )
    if manifest.cameras is not None:
        fits = fits and manifest.cameras.shape == (images,)
    if len(manifest.labels) != images or not fits:
        raise DataError("not an Atalho manifest: its names, labels and splits do not match")
