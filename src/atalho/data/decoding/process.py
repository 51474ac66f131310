"""A process that surveys and decodes image files for another: jobs come on stdin, results go to stdout.

A job is one line of JSON; a result is one line of JSON and, for pixels, as many bytes as it says. The process never
imports torch, so that it starts in a tenth of a second; it ignores the signals that its parent handles, and ends when
the parent's end of the pipe closes, also when the parent was killed.
"""

import hashlib
import json
import signal
import sys
from collections.abc import Sequence
from itertools import repeat
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from atalho import system
from atalho.data.decoding.decode import decode_square, read_header
from atalho.data.decoding.fit import Fit
from atalho.data.decoding.reading import read_bytes
from atalho.data.decoding.reasons import UnreadableImageError
from atalho.text import Text

Answer = tuple[dict[str, Any], bytes | bytearray | memoryview]
"""What a job gives: values as JSON holds them, and pixels."""


def survey_files(paths: list[str], max_pixels: int, tiff: bool, avif: bool) -> list[Any]:
    """For each file [digest of its bytes in hex, width, height, grey, traits], or the reason why it cannot be read."""
    return [_survey_file(path, max_pixels, tiff, avif) for path in paths]


class DecodedFiles(NamedTuple):
    """(N, P, P, C) uint8 and, for each image that cannot be read, its place and the reason; its pixels are 0.

    `changed` are the places of those whose content is not what it was, or cannot be read any more.
    """

    pixels: NDArray[np.uint8]
    bad: list[tuple[int, Text]]
    changed: list[int]


def decode_files(
    paths: list[str],
    fit: Fit,
    channels: int,
    max_pixels: int,
    tiff: bool,
    avif: bool,
    digests: Sequence[str] = (),
    whole: Sequence[bool] = (),
) -> DecodedFiles:
    """The squares of image files. `digests` says what their contents were; "" where nobody knows.

    `whole` says which are decoded at their own size (`decode_square`); none if not given.
    """
    decoded = DecodedFiles(np.zeros((len(paths), fit.side, fit.side, channels), dtype=np.uint8), [], [])
    each = zip(paths, digests or repeat(""), whole or repeat(False), strict=False)
    for place, (path, digest, entire) in enumerate(each):
        actual = ""
        try:
            data = read_bytes(path, max_pixels=max_pixels)
            actual = _digest(data) if digest else ""
            decoded.pixels[place] = decode_square(
                data, fit=fit, channels=channels, max_pixels=max_pixels, tiff=tiff, avif=avif, whole=entire
            )
        except UnreadableImageError as error:
            decoded.bad.append((place, error.reason))
        if actual != digest:
            decoded.changed.append(place)
    return decoded


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def _survey_file(path: str, max_pixels: int, tiff: bool, avif: bool) -> Any:
    try:
        data = read_bytes(path, max_pixels=max_pixels)
        header = read_header(data, max_pixels=max_pixels, tiff=tiff, avif=avif)
    except UnreadableImageError as error:
        return error.reason
    return [_digest(data), *header]


def work(job: dict[str, Any]) -> Answer:
    """The answer to a job, as JSON holds it, and its pixels."""
    if job.pop("kind") == "survey":
        rows = survey_files(**job)
        return {"rows": [row.to_json() if isinstance(row, Text) else row for row in rows]}, b""
    decoded = decode_files(fit=Fit(**job.pop("fit")), **job)
    bad = [(place, reason.to_json()) for place, reason in decoded.bad]
    # Flat: an empty array of more dimensions cannot be cast.
    return {"bad": bad, "changed": decoded.changed}, decoded.pixels.ravel().data


def main() -> None:
    """Serve jobs until stdin ends."""
    for number in system.STOPPING:
        signal.signal(number, signal.SIG_IGN)
    results = sys.stdout.buffer
    for line in sys.stdin.buffer:
        answer, payload = work(json.loads(line))
        try:
            results.write(json.dumps(answer | {"bytes": len(payload)}).encode() + b"\n")
            results.write(payload)
            results.flush()
        except BrokenPipeError:
            break
