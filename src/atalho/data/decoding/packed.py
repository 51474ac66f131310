"""Decodes a data set once into one packed file, found again by content; what does not fit is decoded as needed.

A packed file holds (N, P, P, C) uint8 and nothing else. It stands in a folder named by a hash of what it was made
from and how, written under another name and renamed when complete.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import PIL
from numpy.typing import NDArray
from PIL import Image

from atalho import system
from atalho.data.decoding.cache import cache_folder, caching, make_room, temporary
from atalho.data.decoding.decode import smallest_reduced, square_of
from atalho.data.decoding.fit import Fit
from atalho.data.decoding.pool import DecoderPool, workers_for
from atalho.data.decoding.reading import ReadingOptions
from atalho.data.decoding.streamed import StreamedImages, files_of
from atalho.data.decoding.survey import PART, OnProgress, Survey
from atalho.data.images import Images, PackedImages
from atalho.data.manifest import NO_IDS, BadImage, Ids, Manifest, refuse_bad
from atalho.text import Text, _

_VERSION: Final = 1
_PIXELS: Final = "pixels.u8"
_ABOUT: Final = "about.json"
_GB: Final = 1e9


def open_images(
    manifest: Manifest,
    survey: Survey,
    options: ReadingOptions = ReadingOptions(),  # noqa: B008 (frozen)
    *,
    fit: Fit,
    channels: int,
    measured: Ids = NO_IDS,
    cache_dir: Path | None = None,
    progress: OnProgress | None = None,
) -> Images:
    """All images of a manifest as squares (`Preprocessing.fit`) with 1 or 3 channels.

    Every image is decoded once before this returns, unless that was done before with the same content. Images that
    cannot be read are refused (DataError), or with `skip_bad` listed in the result's `bad`: leave them out with
    `manifest.without`. A set that is larger than `cache_gb`, or that does not fit on the disk, is decoded by
    processes batch by batch.

    Large JPEGs are decoded at a smaller size, which is faster. Those of `measured` are not: they are to the digit what
    a model makes of the file, the opened image or its array.
    """
    skip_bad = options.skip_bad
    if not skip_bad:
        refuse_bad(survey.bad)
    if manifest.pixels is not None:
        return PackedImages(_from_arrays(manifest.pixels, fit, channels), ())
    pool = DecoderPool.over(len(manifest), options)
    whole = _whole(survey, fit, measured)
    cache = cache_folder(cache_dir)
    size = len(manifest) * fit.side**2 * channels
    key = _key(survey, fit, channels, options, whole)
    folder = cache / "packed" / key
    limit = options.cache_gb * _GB
    if size <= limit and (_about(folder) is not None or _has_room(folder, size)):
        packed = _find(folder)
        if packed is None:
            with pool:
                parts = _decoded(manifest, survey, whole, pool, fit, channels, progress)
                packed = _make(folder, parts, manifest, skip_bad, limit)
            make_room(folder.parent, folder, _largest_limit(folder.parent))
        bad = _bad(packed.about, manifest, skip_bad)
        return PackedImages(packed.pixels.reshape(len(manifest), fit.side, fit.side, channels), bad)
    checked = cache / "checked" / key
    known = _about(checked)
    if known is None:
        with pool:
            parts = _decoded(manifest, survey, whole, pool, fit, channels, progress)
            known = _make(checked, parts, manifest, skip_bad, None).about
    bad = _bad(known, manifest, skip_bad)
    # With no workers given, decoding ahead is worth one even for few images.
    ahead = options.workers if options.workers is not None else max(1, workers_for(len(manifest), None))
    ahead_pool = DecoderPool.over(len(manifest), replace(options, workers=ahead))
    return StreamedImages(manifest, fit, channels, bad, digests=survey.digests, whole=whole, pool=ahead_pool)


_Part = tuple[Ids, NDArray[np.uint8], list[tuple[int, Text]]]


def _whole(survey: Survey, fit: Fit, measured: Ids) -> NDArray[np.bool_]:
    """Which images (N,) are decoded at their own size although they are so large that a JPEG need not be.

    Where all are smaller nothing depends on `measured`, and every split of a data set finds the same packed file.
    """
    whole = np.zeros(len(survey.widths), bool)
    whole[measured] = fit.crop is None  # with it all are
    return whole & (np.minimum(survey.widths, survey.heights) >= smallest_reduced(fit.side))


def _decoded(
    manifest: Manifest,
    survey: Survey,
    whole: NDArray[np.bool_],
    pool: DecoderPool,
    fit: Fit,
    channels: int,
    progress: OnProgress | None,
) -> Iterator[_Part]:
    """All images in parts: ids, pixels, and which of them are bad. What the survey found bad is not tried again."""
    images = len(manifest)
    known = {image.number: image.reason for image in survey.bad}
    parts = [np.arange(first, min(first + PART, images)) for first in range(0, images, PART)]
    tried = [[number for number in part.tolist() if number not in known] for part in parts]
    files = (files_of(manifest, survey.digests, whole, numbers) for numbers in tried)
    results = pool.decode(files, fit, channels)
    for part, numbers, (pixels, bad) in zip(parts, tried, results, strict=True):
        reasons = [(numbers[place], reason) for place, reason in bad]
        reasons += [(number, known[number]) for number in part.tolist() if number in known]
        if len(numbers) < len(part):
            complete = np.zeros((len(part), fit.side, fit.side, channels), np.uint8)
            complete[np.array(numbers, dtype=np.int64) - part[0]] = pixels
            pixels = complete
        yield part, pixels, reasons
        if progress is not None:
            progress(_("decoding images"), int(part[-1]) + 1, images)


class _PackedFile(NamedTuple):
    """What a packed folder says of itself, and its bytes."""

    about: dict[str, Any]
    pixels: NDArray[np.uint8]


def _make(folder: Path, parts: Iterator[_Part], manifest: Manifest, skip_bad: bool, limit: float | None) -> _PackedFile:
    """Decode everything into `folder`; pixels are kept only where there is a `limit`, in bytes."""
    unfinished = temporary(folder)
    bad: list[tuple[int, Text]] = []
    with caching(folder):
        try:
            unfinished.mkdir()
            with (unfinished / _PIXELS).open("wb") as file:
                for _ids, pixels, reasons in parts:
                    bad += reasons
                    if limit is not None:
                        file.write(np.ascontiguousarray(pixels).data)
                size = file.tell()
            bad.sort()
            if not skip_bad:
                refuse_bad([BadImage(number, manifest.names[number], reason) for number, reason in bad])
            kept = [(number, reason.to_json()) for number, reason in bad]
            about = {"version": _VERSION, "images": len(manifest), "bytes": size, "bad": kept, "limit": limit}
            (unfinished / _ABOUT).write_text(json.dumps(about), encoding="utf-8")
            # Without this a loss of power could leave the name, the size, and zeros for pixels.
            for path in (unfinished / _PIXELS, unfinished / _ABOUT, unfinished):
                system.flush(path)
            if system.WINDOWS:  # there a folder with an open file keeps its name, and cannot be deleted
                _publish(unfinished, folder)
                return _PackedFile(about, _bytes(folder))
            packed = _PackedFile(about, _bytes(unfinished))
            _publish(unfinished, folder)
            return packed
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)


def _find(folder: Path) -> _PackedFile | None:
    """A complete packed folder; None where there is none, or another run has just deleted it to free space."""
    about = _about(folder)
    if about is None:
        return None
    try:
        packed = _PackedFile(about, _bytes(folder))
        os.utime(folder)
    except (OSError, ValueError):
        return None
    return packed


def _bytes(folder: Path) -> NDArray[np.uint8]:
    """The pixels in a folder, which stay there for who has opened them even if the folder is deleted."""
    empty = (folder / _PIXELS).stat().st_size == 0
    return np.zeros(0, np.uint8) if empty else np.memmap(folder / _PIXELS, np.uint8, "r")


def _publish(unfinished: Path, folder: Path) -> None:
    if _about(folder) is None and folder.exists():
        # Damaged. Renamed first, since another run may be about to put a whole one there.
        damaged = temporary(folder)
        folder.rename(damaged)
        shutil.rmtree(damaged, ignore_errors=True)
    try:
        unfinished.rename(folder)
    except OSError:
        # Another run made the same in the meantime.
        if _about(folder) is None:
            raise


def _about(folder: Path) -> dict[str, Any] | None:
    """The description of a complete folder; None where it is missing or damaged."""
    try:
        about: dict[str, Any] = json.loads((folder / _ABOUT).read_text(encoding="utf-8"))
        whole = about["version"] == _VERSION and about["bytes"] == (folder / _PIXELS).stat().st_size
        return about if whole else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _largest_limit(cache: Path) -> float:
    """Bytes that all packed files together may take: the most that any of them was allowed when it was made.

    A run that wants little for itself must not cost the other data sets their files.
    """
    return max(about.get("limit") or 0 for about in map(_about, cache.iterdir()) if about)


def _bad(about: dict[str, Any], manifest: Manifest, skip_bad: bool) -> list[BadImage]:
    bad = [BadImage(number, manifest.names[number], Text.from_json(reason)) for number, reason in about["bad"]]
    if not skip_bad:
        refuse_bad(bad)
    return bad


def _key(survey: Survey, fit: Fit, channels: int, options: ReadingOptions, whole: NDArray[np.bool_]) -> str:
    accepted = f"{options.max_pixels}\0{options.tiff}{',avif' * options.avif}"
    square = str(fit.side) if fit == Fit(fit.side) else str(fit)
    how = f"{_VERSION}\0{PIL.__version__}\0{square}\0{channels}\0{accepted}\0{len(survey.digests)}"
    entire = b"\0whole" + whole.tobytes() if whole.any() else b""
    return hashlib.blake2b(how.encode() + survey.digests.tobytes() + entire, digest_size=16).hexdigest()


def _has_room(folder: Path, size: int) -> bool:
    existing = next(parent for parent in folder.parents if parent.exists())
    return shutil.disk_usage(existing).free > size * 1.1


def _from_arrays(pixels: NDArray[np.uint8], fit: Fit, channels: int) -> NDArray[np.uint8]:
    """Arrays (N, H, W[, C]) as (N, P, P, channels)."""
    side = fit.side
    if pixels.ndim == 3:
        pixels = pixels[:, :, :, None]
    fitting = pixels.shape[1:3] == (side, side) == (fit.resize, fit.resize)
    if fitting and pixels.shape[3] == channels:
        return pixels
    if fitting and channels == 3:
        return np.repeat(pixels[:, :, :, :1], 3, axis=3)
    made = np.empty((len(pixels), side, side, channels), np.uint8)
    for number, image in enumerate(pixels):
        picture = Image.fromarray(image[:, :, 0] if image.shape[2] == 1 else image)
        made[number] = square_of(picture, fit=fit, channels=channels)
    return made
