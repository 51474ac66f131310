"""Index: images in, their embeddings into a gallery, batch by batch; what was acknowledged is there for good."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize

from atalho.api import predict
from atalho.data.layouts import identities
from atalho.data.order import batched
from atalho.errors import ConfigError, DataError, GalleryError
from atalho.gallery.store import Entry, Origin, Store, is_server, open_store
from atalho.model import Model, load
from atalho.runs import evaluation_data
from atalho.storage import model_folder
from atalho.text import Text, _
from atalho.training.progress import Progress

_TABLES = (".csv", ".tsv")


@dataclass(frozen=True)
class Labelled:
    """A file to index, and what it shows as far as that is known."""

    path: str
    label: str | None = None
    camera: str | None = None


@dataclass(frozen=True)
class Indexed:
    """What became of the images: new ones, those with another label or place than before, those that were there.

    `bad` holds (path, reason) of the files that cannot be read; nothing of them is in the gallery.
    """

    new: int
    changed: int
    same: int
    bad: tuple[tuple[str, str], ...]


def index(
    run: Path | str,
    images: Iterable[str | Labelled],
    gallery: str,
    *,
    camera: str | None = None,
    progress: Progress | None = None,
) -> Indexed:
    """Add images to a gallery, or update them, with the model of `run`.

    The same call again changes nothing: images are known by their content.

    Parameters
    ----------
    run
        A run or model folder.
    images
        Folders and CSV files are read as in training: folders of Market-1501, folders of identities (`Greek/alpha`), a
        table with identity and camera. A single file has neither; a `Labelled` says its own.
    gallery
        A file, or postgresql://….
    camera
        The pattern of the camera in a name; that of the run if not given.
    progress
        Who is told how far it is.

    Returns
    -------
    Indexed
        How many images are new, changed and the same, and which cannot be read.

    Raises
    ------
    GalleryError
        The gallery belongs to another model.
    WeightsError
        There is no model at `run`.

    Examples
    --------
    >>> atalho.index("runs/people", ["photos"], "people.db").new
    """
    model, progress = load(run), progress or Progress()
    wanted = list(_labelled(images, evaluation_data.path_patterns(run).camera if camera is None else camera, progress))
    origin = Origin(model_folder.fingerprint(model.folder), os.fspath(model.folder.resolve()), _dimension(model))
    store = open_store(place(gallery), origin)
    try:
        return _index(model, store, wanted, progress)
    finally:
        store.close()


def place(gallery: str) -> str:
    """`gallery` as `open_store` takes it: a file's place as it is seen from everywhere."""
    if not gallery:
        raise ConfigError(Text("No gallery was named. Give a file, or postgresql://…: --gallery photos.db"))
    return gallery if is_server(gallery) else os.path.abspath(gallery)  # noqa: PTH100 (links stay links)


def _index(model: Model, store: Store, wanted: Sequence[Labelled], progress: Progress) -> Indexed:
    new = changed = same = done = 0
    bad: list[tuple[str, str]] = []
    seen: dict[str, Labelled] = {}
    label = _("indexing")
    for batch in batched(wanted):
        contents = _read(batch, seen, bad)
        known = store.known([entry.digest for entry, _content in contents])
        moved = [e for e, _content in contents if e.digest in known and _differs(known[e.digest], e)]
        kept = store.vectors([entry.digest for entry in moved])
        # What another process took out in the meantime is new again.
        lost = {entry.digest for entry in moved} - kept.keys()
        moved = [entry for entry in moved if entry.digest in kept]
        fresh = [(entry, content) for entry, content in contents if entry.digest not in known or entry.digest in lost]
        entries, pixels = [], []
        for entry, content in fresh:
            try:
                pixels.append(model.pixels(content))
                entries.append(entry)
            except DataError as error:
                bad.append((entry.path, str(error)))
        if entries or moved:
            vectors = [*embed(model, pixels).numpy(), *(kept[entry.digest] for entry in moved)]
            store.put([*entries, *moved], np.stack(vectors))
        new, changed = new + len(entries), changed + len(moved)
        same += len(contents) - len(fresh) - len(moved)
        done += len(batch)
        progress.work(label, done, len(wanted))
    return Indexed(new, changed, same, tuple(bad))


def embed(model: Model, pixels: Sequence[Tensor]) -> Tensor:
    """The unit embeddings (N,D) of single images (1,C,P,P)."""
    if not pixels:
        return torch.empty(0, _dimension(model))
    return normalize(model.embed_pixels(torch.cat(list(pixels))), dim=1)


def _labelled(images: Iterable[str | Labelled], camera: str, progress: Progress) -> Iterator[Labelled]:
    for image in images:
        if isinstance(image, Labelled):
            yield image
        elif Path(image).is_dir() or (Path(image).is_file() and image.lower().endswith(_TABLES)):
            listing = identities.read(Path(image), camera, every=True)
            for note in listing.notes:
                progress.note(str(note))
            for name, label, seen in zip(listing.names, listing.identities, listing.cameras, strict=True):
                yield Labelled(str(listing.root / name), label or None, seen or None)
        else:
            yield from map(Labelled, predict.find([image]))


def _read(
    batch: Sequence[Labelled], seen: dict[str, Labelled], bad: list[tuple[str, str]]
) -> list[tuple[Entry, bytes]]:
    """The content of each file with its entry; what cannot be read, or was there with another label, becomes bad."""
    found = []
    for image in batch:
        try:
            image.path.encode()
            content = Path(image.path).read_bytes()
        except UnicodeEncodeError:
            bad.append((image.path, _("the file's name is not UTF-8; give it another name")))
            continue
        except OSError as error:
            bad.append((image.path, str(error.strerror or error)))
            continue
        digest = hashlib.sha256(content).hexdigest()
        first = seen.setdefault(digest, image)
        if first.label != image.label:
            text = _("the same image as {path}, which has the label {label}")
            bad.append((image.path, text.format(path=first.path, label=first.label)))
        elif first is image:
            entry = Entry(digest, os.path.abspath(image.path), image.label, image.camera)  # noqa: PTH100
            found.append((entry, content))
    return found


def _differs(known: Entry, entry: Entry) -> bool:
    """Whether what is known of an image is out of date. A copy elsewhere is no news while the first file is there."""
    moved = known.path != entry.path and not os.path.lexists(known.path)
    return moved or (known.label, known.camera) != (entry.label, entry.camera)


def _dimension(model: Model) -> int:
    return int(model.network.head.classifier.in_features)


def model_of(store: Store, run: Path | str | None, gallery: str) -> Model:
    """The model that made the vectors of `store`: at the place it had then, or at `run`.

    Raises GalleryError where it is not the same model any more.
    """
    folder = model_folder.find(Path(run) if run is not None else Path(store.origin.model))
    if model_folder.fingerprint(folder) != store.origin.fingerprint:
        raise GalleryError(
            Text(
                "{folder} is not the model that made the vectors of {gallery}. Name that model with --model, or index "
                "the images into a new gallery.",
                folder=folder,
                gallery=gallery,
            )
        )
    return load(folder)
