"""Doctor: what will go wrong with a set of images, before any training."""

import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from atalho.config import DataConfig
from atalho.data.decoding.decode import decode_square, square_of
from atalho.data.decoding.fit import Fit
from atalho.data.decoding.reasons import UnreadableImageError
from atalho.data.doctor.examination import Examination, examine
from atalho.data.doctor.problem import Problem
from atalho.data.manifest import Manifest
from atalho.errors import DataError
from atalho.report import doctor as page
from atalho.runs.dataset import announce, reading_options, refuse_unnamed
from atalho.settings import merge, nest, refuse_other_task, validate
from atalho.storage.output import refuse_other, write_output
from atalho.tasks.by_name import task_of
from atalho.text import Text
from atalho.training.progress import Progress

_PICTURE = Fit(96)


def doctor(
    path: Path | str,
    *,
    settings: Mapping[str, Any] | None = None,
    report: Path | str | None = None,
    progress: Progress | None = None,
) -> Examination:
    """Find what would go wrong with a set of images, before any training. No image is changed.

    Parameters
    ----------
    path
        The images, in any layout that `train` reads.
    settings
        As `train` takes them, by path (`{"data.tiff": True}`) or nested.
    report
        A file for the page with pictures of what was found, in both languages.
    progress
        Who is told how far it is.

    Returns
    -------
    Examination
        The problems, each with its remedy. What cannot be used at all as a set of images is itself one of them.

    Raises
    ------
    DataError
        There is nothing at `path`.
    ConfigError
        A setting does not exist, or belongs to another task.
    RunError
        The page cannot be written.

    Examples
    --------
    >>> atalho.doctor("photos", report="doctor.html").problems
    """
    if report is not None:
        refuse_other(Path(report), "HTML")
    given = nest(settings or {})
    config = validate(merge(given, {"data": {"path": os.fspath(path)}}))
    refuse_unnamed(config)
    refuse_other_task(given, config.task)
    c, task = config.data, task_of(config.task)
    progress = progress or Progress()
    manifest = None
    try:
        manifest = task.read(c)
    except DataError as error:
        if not Path(path).exists():
            raise
        remedy = Text("Fix this first: nothing else was checked.")
        found = Examination(Path(path), (Problem("layout", error.text, remedy),))
    else:
        announce(manifest, task, progress)
        found = examine(
            manifest,
            reading_options(c),
            progress=progress.work,
            protocol=task.protocol(config),
        )
    if report is not None:
        names = {name: number for number, name in enumerate(manifest.names)} if manifest is not None else {}
        pictures = {
            name: picture
            for name in page.shown(found)
            if manifest is not None and name in names and (picture := _picture(manifest, names[name], c)) is not None
        }
        write_output(Path(report), page.page(found, pictures).encode(), "HTML")
    return found


def _picture(manifest: Manifest, number: int, config: DataConfig) -> bytes | None:
    """The middle square of an image as a small PNG; None where it cannot be read."""
    try:
        if manifest.pixels is not None:
            pixels = square_of(Image.fromarray(manifest.pixels[number].squeeze()), fit=_PICTURE, channels=3)
        else:
            path = manifest.path(number)
            pixels = decode_square(
                path, fit=_PICTURE, channels=3, max_pixels=config.max_pixels, tiff=config.tiff, avif=config.avif
            )
    except UnreadableImageError:
        return None
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG")
    return buffer.getvalue()
