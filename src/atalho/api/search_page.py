"""The page of a search: the answers are kept as they come, and their pictures read at the end."""

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TypeVar

from PIL import Image

from atalho.data.decoding.decode import decode_square
from atalho.data.decoding.fit import Fit
from atalho.data.decoding.reading import read_bytes
from atalho.errors import DataError
from atalho.model import Model
from atalho.report import search as page
from atalho.report.search import QueryAnswer
from atalho.storage.output import write_output

A = TypeVar("A", bound=QueryAnswer)
_PICTURE: Final = Fit(96)


def written_after(answers: Iterator[A], model: Model, gallery: str, report: Path) -> Iterator[A]:
    """The answers as they come; after the last one the page is written to `report`."""
    kept: list[A] = []
    count = 0
    for count, answer in enumerate(answers, start=1):
        if count <= page.MOST:
            kept.append(answer)
        yield answer
    pictures: dict[str, bytes] = {}
    for answer in kept:
        _take(pictures, answer.path, answer.path, model)
        for hit in answer.hits:
            _take(pictures, hit.entry.digest, hit.entry.path, model, hit.entry.digest)
    write_output(report, page.page(gallery, kept, count, pictures).encode(), "HTML")


def _take(pictures: dict[str, bytes], name: str, path: str, model: Model, digest: str | None = None) -> None:
    """Keep the central square of the image at `path` as a small PNG under `name`.

    Nothing is kept where it cannot be read, or is no longer the content that was indexed.
    """
    wanted = model.card.preprocessing
    if name in pictures:
        return
    try:
        content = read_bytes(path, max_pixels=wanted.max_pixels)
        if digest is not None and hashlib.sha256(content).hexdigest() != digest:
            return
        pixels = decode_square(
            content, fit=_PICTURE, channels=3, max_pixels=wanted.max_pixels, tiff=wanted.tiff, avif=wanted.avif
        )
    except DataError:
        return
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG")
    pictures[name] = buffer.getvalue()
