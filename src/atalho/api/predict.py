"""Predict: files, folders and patterns in, one row per image out; a file that cannot be read has its reason there."""

import glob
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from atalho.data import order
from atalho.data.layouts.scan import IMAGE_SUFFIXES, images_below
from atalho.data.order import PathLike, batched
from atalho.errors import DataError
from atalho.findings import Finding
from atalho.json_values import JsonObject
from atalho.model import Model, need_classes
from atalho.predictions import Prediction
from atalho.text import _


@dataclass(frozen=True, repr=False)
class ImagePrediction(Finding):
    """One image: its prediction, or why there is none."""

    path: str
    prediction: Prediction | None
    error: str | None = None

    def shown(self) -> Iterator[tuple[str, str]]:
        yield _("image"), self.path
        if self.error is not None:
            yield _("error"), self.error
        if self.prediction is not None:
            yield from self.prediction.shown()

    def to_dict(self) -> JsonObject:
        return {"path": self.path} | ({"error": self.error} if self.prediction is None else self.prediction.to_dict())


def find(arguments: PathLike | Iterable[PathLike]) -> list[str]:
    """The files that `arguments` mean: files, folders (all images below, those that training finds) and glob patterns.

    Raises DataError for a folder or pattern without images and for a folder that cannot be read; a file that does
    not exist becomes a row of its own.
    """
    found: list[str] = []
    for argument in order.paths(arguments):
        path = Path(argument)
        if not argument:
            raise DataError("One of the names is empty. Give a file, folder or pattern; . is this folder.")
        if os.path.isdir(path):  # noqa: PTH112 (no error for a name that is too long)
            below = [str(path / name) for name in images_below(path, ".")[0]]
            if not below:
                raise DataError(
                    "{path}: no images in this folder or below it. Accepted suffixes: {suffixes}.",
                    path=path,
                    suffixes=" ".join(sorted(IMAGE_SUFFIXES)),
                )
            found.extend(below)
        elif not os.path.lexists(path) and glob.has_magic(argument):
            matching = sorted(n for n in glob.glob(argument, recursive=True) if Path(n).is_file())  # noqa: PTH207 (keeps the path as given)
            if not matching:
                raise DataError("{pattern}: no file matches.", pattern=argument)
            found.extend(matching)
        else:
            found.append(argument)
    if not found:
        raise DataError("No images given. Give files, folders or globs, or - for a list on standard input.")
    return found


def predict(model: Model, paths: PathLike | Iterable[PathLike], *, top: int = 5) -> Iterator[ImagePrediction]:
    """A row per path, in order and as they come; a bad file does not disturb the others."""
    need_classes(model)
    for batch in batched(order.paths(paths)):
        read: dict[str, Tensor] = {}
        errors: dict[str, str] = {}
        for path in batch:
            try:
                read[path] = model.pixels(path)
            except DataError as error:
                errors[path] = str(error)
        predictions = model.predict_pixels(torch.cat(list(read.values())), top=top) if read else []
        predicted = dict(zip(read, predictions, strict=True))
        for path in batch:
            yield ImagePrediction(path, predicted.get(path), errors.get(path))
