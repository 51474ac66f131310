"""Index: images in, their embeddings into a gallery, batch by batch; what was acknowledged is there for good."""

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize

from atalho.api.labels import Labelled, LabelledImages
from atalho.data.decoding.decode import read_header
from atalho.data.decoding.reading import read_bytes
from atalho.data.decoding.reasons import UnreadableImageError
from atalho.data.order import PathLike, batched
from atalho.errors import ConfigError, DataError, GalleryError, WeightsError
from atalho.gallery.store import Entry, Origin, Store, Vectors, open_store, place
from atalho.model import Model, load
from atalho.precision import Numbers
from atalho.pretrained import located
from atalho.runs import evaluation_data
from atalho.runs.begin import refuse_undecodable
from atalho.storage import model_folder, vector_table
from atalho.storage.vector_table import VectorTable
from atalho.text import _
from atalho.training.progress import Progress


@dataclass(frozen=True)
class LabelChange:
    """An image, or a file that was overwritten, whose known label changed; to None, where its new image has none."""

    path: str
    before: str
    after: str | None


@dataclass(frozen=True)
class Indexed:
    """What became of the images: new ones, those with another label or place than before, those that were there.

    `bad` holds (path, reason) of the files that cannot be read; nothing of them is in the gallery. `relabelled` are
    the known labels that changed, `unlabelled` counts the new images that have none.
    """

    new: int
    changed: int
    same: int
    bad: tuple[tuple[str, str], ...]
    relabelled: tuple[LabelChange, ...] = ()
    unlabelled: int = 0


def index(
    run: Path | str,
    images: PathLike | Labelled | Iterable[PathLike | Labelled],
    gallery: PathLike,
    *,
    camera: str | None = None,
    label: str | None = None,
    prefix: str | None = None,
    vectors: PathLike | None = None,
    precision: Numbers = "fp32",
    progress: Progress | None = None,
) -> Indexed:
    """Add images to a gallery, or update them, with the model of `run`.

    The same call again changes nothing: images are known by their content. Where a label or camera is not known,
    the one that the gallery has is kept.

    Parameters
    ----------
    run
        A run or model folder.
    images
        One or several. Folders and CSV files are read as in training: folders of Market-1501, folders of identities
        (`Greek/alpha`), a table with identity and camera. A folder that only holds images is one identity: they get
        its name as label, or the label that the gallery has for images of this folder, unless they have one already.
        A single file has none; a `Labelled` says its own.
    gallery
        A file, or postgresql://….
    camera
        The pattern of the camera in a name; that of the run if not given.
    label
        The label of all these images, whatever folders and tables say; "" for none.
    prefix
        Put before each label of a folder or table, with a slash between: `Greek` makes `alpha` `Greek/alpha`.
    vectors
        A file as `embed` writes it, instead of images: the vectors that the model of `run` made of the images at its
        paths, with their `identity` and `camera` where it has these columns. The images are read to know them, but not
        decoded.
    precision
        What the network computes in, "fp32" or "bf16"; a gallery accepts vectors of both.
    progress
        Who is told how far it is.

    Returns
    -------
    Indexed
        How many images are new, changed and the same, which known labels changed, and which files cannot be read.

    Raises
    ------
    GalleryError
        The gallery or the vectors belong to another model.
    WeightsError
        There is no model at `run`.
    ConfigError
        There are both images and vectors, or the name of the model's folder is not UTF-8.

    Examples
    --------
    >>> atalho.index("runs/people", ["photos"], "people.db").new
    """
    model, progress = load(run, precision, progress), progress or Progress()
    patterns = evaluation_data.path_patterns(run)
    if camera is not None:
        patterns = replace(patterns, camera=camera)
    refuse_undecodable(model.folder.resolve())
    origin = Origin(model_folder.fingerprint(model.folder), os.fspath(model.folder.resolve()), _dimension(model))
    made = None
    if vectors is not None:
        if images:
            raise ConfigError("--vectors {path} says which images are meant: give no others.", path=vectors)
        made = _made_by(origin, Path(vectors))
        before = f"{prefix.rstrip('/')}/" if prefix else ""
        rows = zip(made.paths, made.identities, made.cameras, strict=True)
        images = [Labelled(path, before + who if who else None, seen or None) for path, who, seen in rows]
    wanted = LabelledImages(images, patterns, progress, label=label, prefix=prefix)
    store = open_store(place(gallery), origin)
    try:
        return _index(model, store, wanted.images(store), progress, made)
    finally:
        store.close()


def _made_by(origin: Origin, path: Path) -> VectorTable:
    """The vectors of a file. Raises GalleryError where another model made them, or they cannot be this one's."""
    table = vector_table.read(path)
    dimension = table.vectors.shape[1]
    if table.models - {origin.fingerprint} or dimension != origin.dimension:
        raise GalleryError(
            "{path} has vectors of another model (dimension {dimension}), not of {given} (dimension {wanted}). Give "
            "the model that made them.",
            path=path,
            dimension=dimension,
            given=origin.model,
            wanted=origin.dimension,
        )
    lengths = np.linalg.norm(table.vectors, axis=1)
    if not lengths.all():
        name = table.paths[int(lengths.argmin())]
        raise DataError("{path}: the vector of {name} has the length 0.", path=path, name=name)
    return replace(table, vectors=table.vectors / lengths[:, None])


def _index(
    model: Model, store: Store, wanted: Sequence[Labelled], progress: Progress, made: VectorTable | None
) -> Indexed:
    new = changed = same = done = unlabelled = 0
    bad: list[tuple[str, str]] = []
    relabelled: list[LabelChange] = []
    seen: dict[str, Labelled] = {}
    text, prepared = _("indexing"), model.card.preprocessing
    rows = {} if made is None else {path: row for row, path in enumerate(made.paths)}
    for batch in batched(wanted):
        contents = _read(batch, prepared.max_pixels, seen, bad)
        known = store.known(list(contents))
        merged = {digest: seen[digest].entry(digest, known.get(digest)) for digest in contents}
        kept = store.vectors(list(known))
        if lost := known.keys() - kept.keys():
            # A damaged vector is computed again; an image that another process took out in the meantime is new.
            still = store.known(list(lost))
            known = {digest: entry for digest, entry in known.items() if digest in kept or digest in still}
        entries: list[Entry] = []
        pixels: list[Tensor] = []
        ready: list[Vectors] = []
        for digest, content in contents.items():
            if digest not in kept:
                path = seen[digest].path
                try:
                    if made is None:
                        pixels.append(model.pixels(content))
                    elif made.digests[rows[path]] not in ("", digest):
                        bad.append((path, _("the file changed after its vector was made")))
                        continue
                    else:
                        # Perhaps something else has taken the image's place, such as a pointer of Git LFS.
                        read_header(content, max_pixels=prepared.max_pixels, tiff=prepared.tiff, avif=prepared.avif)
                        ready.append(made.vectors[rows[path]])
                    entries.append(merged[digest])
                except DataError as error:
                    bad.append((path, str(error)))
        moved = [merged[digest] for digest in kept if merged[digest] != known[digest]]
        if entries or moved:
            vectors = [*ready, *embed(model, pixels).numpy(), *(kept[entry.digest] for entry in moved)]
            replaced = store.put([*entries, *moved], np.stack(vectors))
            relabelled += _relabelled([*entries, *moved], known, replaced)
        fresh = [entry for entry in entries if entry.digest not in known]
        new, changed = new + len(fresh), changed + len(entries) - len(fresh) + len(moved)
        unlabelled += sum(entry.label is None for entry in fresh)
        same += len(kept) - len(moved)
        done += len(batch)
        progress.work(text, done, len(wanted))
    return Indexed(new, changed, same, tuple(bad), tuple(relabelled), unlabelled)


def _relabelled(put: Sequence[Entry], known: Mapping[str, Entry], replaced: Sequence[Entry]) -> Iterator[LabelChange]:
    """The labels that were known and are others now, of the same image or of the same file."""
    shown = {entry.path: entry for entry in replaced}
    for entry in put:
        before = known.get(entry.digest) or shown.get(entry.path)
        if before is not None and before.label is not None and before.label != entry.label:
            yield LabelChange(entry.path, before.label, entry.label)


def embed(model: Model, pixels: Sequence[Tensor]) -> Tensor:
    """The unit embeddings (N,D) of single images (1,C,P,P)."""
    if not pixels:
        return torch.empty(0, _dimension(model))
    return normalize(model.embed_pixels(torch.cat(list(pixels))), dim=1)


def _read(
    batch: Sequence[Labelled], max_pixels: int, seen: dict[str, Labelled], bad: list[tuple[str, str]]
) -> dict[str, bytes]:
    """The content of each image by its digest; what cannot be read, or was there with another label, becomes bad.

    `seen` is what all batches so far say of an image; one that is named again with nothing new is left out.
    """
    found = {}
    for image in batch:
        try:
            os.path.abspath(image.path).encode()  # noqa: PTH100 (as it will be kept)
            content = read_bytes(image.path, max_pixels=max_pixels)
        except UnicodeEncodeError:
            bad.append((image.path, _("its file name is not UTF-8; rename it")))
            continue
        except UnreadableImageError as error:
            bad.append((image.path, str(error.reason)))
            continue
        digest = hashlib.sha256(content).hexdigest()
        first = seen.setdefault(digest, image)
        joined = first.joined(image)
        if joined is None:
            text = _("the same image as {path}, which is labelled {label}")
            bad.append((image.path, text.format(path=first.path, label=first.label)))
        elif first is image or joined != first:
            seen[digest] = joined
            found[digest] = content
    return found


def _dimension(model: Model) -> int:
    return int(model.network.head.classifier.in_features)


def model_of(store: Store, run: Path | str | None, gallery: str, precision: Numbers) -> Model:
    """The model that made the vectors of `store`: at the place it had then, or at `run`.

    Raises GalleryError where it is not the same model any more.
    """
    try:
        folder = model_folder.find(located.folder_of(run if run is not None else store.origin.model))
    except WeightsError as error:
        if run is not None:
            raise
        raise GalleryError(
            "The model of {gallery} is no longer at {folder}. Give its new place with --model.",
            gallery=gallery,
            folder=store.origin.model,
        ) from error
    if model_folder.fingerprint(folder) != store.origin.fingerprint:
        raise GalleryError(
            "{folder} is not the model that made the vectors of {gallery}. Give that model with --model, or "
            "index the images into a new gallery.",
            folder=folder,
            gallery=gallery,
        )
    return load(folder, precision)
