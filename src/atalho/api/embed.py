"""Embed: the vectors of many images into a file, batch by batch; a bad image has its reason there."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from atalho.api import predict
from atalho.data.decoding.reading import read_bytes
from atalho.data.decoding.reasons import UnreadableImageError
from atalho.data.order import PathLike, batched
from atalho.model import Model, load
from atalho.precision import Numbers
from atalho.storage import model_folder, vector_file
from atalho.storage.vector_file import ImageVector
from atalho.text import _
from atalho.training.progress import Progress


@dataclass(frozen=True)
class Embedded:
    """How many `vectors` of how many numbers (`dimension`) were written.

    `bad` holds (path, reason) of the files that cannot be read.
    """

    vectors: int
    dimension: int
    bad: tuple[tuple[str, str], ...]


def embed(
    run: Path | str,
    images: PathLike | Iterable[PathLike],
    out: PathLike,
    *,
    precision: Numbers = "fp32",
    progress: Progress | None = None,
) -> Embedded:
    """Write the embeddings of images to a file, in the order given.

    The vectors are those of `Model.embed`, fp32. Divided by their lengths, as a gallery keeps them, their inner
    products are cosine similarities. Memory does not grow with the number of images.

    Parameters
    ----------
    run
        A run or model folder.
    images
        One or several: files, folders (all images below) or globs.
    out
        A file; its suffix says how it is written. `.npy`: (N,D) of the images that could be read, and beside it a
        `.csv` of the same name with `path`, `row` (its place in the file), `reason`, `sha256`, `model`. `.csv`: `path`,
        `reason`, `sha256`, `model`, `v0`, `v1`, … `.parquet`: the same with a list `vector`; needs the extra `parquet`.
        An image that cannot be read has a reason and no vector.
    precision
        What the network computes in, "fp32" or "bf16".
    progress
        Who is told how far it is.

    Returns
    -------
    Embedded
        How many vectors were written, and which files cannot be read.

    Raises
    ------
    ConfigError
        The file has another suffix, or there is a file of another kind.
    DataError
        A folder or pattern has no images.
    RunError
        The file cannot be written.
    WeightsError
        There is no model at `run`.

    Examples
    --------
    >>> atalho.embed("runs/people", ["photos"], "vectors.npy").vectors
    """
    vector_file.check(Path(out))
    model, paths = load(run, precision, progress), predict.find(images)
    dimension = model.network.head.classifier.in_features
    bad: list[tuple[str, str]] = []
    batches = _embedded(model, paths, bad, progress or Progress())
    vector_file.write(Path(out), batches, dimension, model_folder.fingerprint(model.folder))
    return Embedded(len(paths) - len(bad), dimension, tuple(bad))


def _embedded(
    model: Model, paths: Sequence[str], bad: list[tuple[str, str]], progress: Progress
) -> Iterator[list[ImageVector]]:
    done = 0
    for batch in batched(paths):
        digests, pixels, reasons = [], [], {}
        for place, path in enumerate(batch):
            try:
                content = read_bytes(path, max_pixels=model.card.preprocessing.max_pixels)
                pixels.append(model.pixels(content))
                digests.append(hashlib.sha256(content).hexdigest())
            except UnreadableImageError as error:
                reasons[place] = str(error.reason)
        found = zip(model.embed_pixels(torch.cat(pixels)).numpy() if pixels else (), digests, strict=True)
        bad += ((batch[place], reason) for place, reason in reasons.items())
        yield [
            ImageVector(path, None, reason=reasons[place]) if place in reasons else ImageVector(path, *next(found))
            for place, path in enumerate(batch)
        ]
        done += len(batch)
        progress.work(_("embedding"), done, len(paths))
