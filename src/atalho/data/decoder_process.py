"""A process that surveys and decodes image files for another: jobs come on stdin, results go to stdout.

A job is one line of JSON; a result is one line of JSON and, for pixels, as many bytes as it says. The process never
imports torch, so that it starts in a tenth of a second; it ignores the signals that its parent handles, and ends when
the parent's end of the pipe closes, also when the parent was killed.
"""

from __future__ import annotations

import hashlib
import json
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from atalho.data.decode import UnreadableImageError, decode_square, read_bytes, read_header
from atalho.locale import keep


def survey_files(paths: list[str], max_pixels: int, tiff: bool) -> list[Any]:
    """For each file [digest of its bytes in hex, width, height, grey, traits], or the reason why it cannot be read."""
    return [_survey_file(path, max_pixels, tiff) for path in paths]


def decode_files(
    paths: list[str], side: int, channels: int, max_pixels: int, tiff: bool
) -> tuple[NDArray[np.uint8], list[tuple[int, str]]]:
    """(N, side, side, C) uint8 and, for each image that cannot be read, its place and the reason; its pixels are 0."""
    pixels = np.zeros((len(paths), side, side, channels), dtype=np.uint8)
    bad: list[tuple[int, str]] = []
    for place, path in enumerate(paths):
        try:
            pixels[place] = decode_square(Path(path), side=side, channels=channels, max_pixels=max_pixels, tiff=tiff)
        except UnreadableImageError as error:
            bad.append((place, error.reason))
    return pixels, bad


def _survey_file(path: str, max_pixels: int, tiff: bool) -> Any:
    try:
        data = read_bytes(path, max_pixels=max_pixels)
        header = read_header(data, max_pixels=max_pixels, tiff=tiff)
    except UnreadableImageError as error:
        return error.reason
    return [hashlib.blake2b(data, digest_size=16).hexdigest(), *header]


def main() -> None:
    """Serve jobs until stdin ends."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    results = sys.stdout.buffer
    for line in sys.stdin.buffer:
        job = json.loads(line)
        kind = job.pop("kind")
        payload: bytes | memoryview = b""
        if kind == "survey":
            answer: dict[str, Any] = {
                "rows": [row if isinstance(row, list) else keep(row) for row in survey_files(**job)]
            }
        else:
            pixels, bad = decode_files(**job)
            payload = pixels.data.cast("B")
            answer = {"bad": [(place, keep(reason)) for place, reason in bad]}
        answer["bytes"] = len(payload)
        try:
            results.write(json.dumps(answer).encode() + b"\n")
            results.write(payload)
            results.flush()
        except BrokenPipeError:
            break
