"""A trained network with everything that is needed to use it: classes, preprocessing, temperature."""

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from atalho.data.decode import decode_square
from atalho.data.prepare import prepare
from atalho.errors import WeightsError
from atalho.locale import _
from atalho.networks import build, spec
from atalho.networks.network import Network
from atalho.precision import Precision, choose
from atalho.storage import model_folder
from atalho.storage.model_folder import Card

ImageLike = Path | str | bytes | Image.Image | NDArray[np.uint8]
_BATCH = 64


@dataclass(frozen=True)
class Prediction:
    """The most probable class of an image, and the `top` classes with their probabilities, best first."""

    label: str
    probability: float
    top: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Model:
    """A network ready for use. `card` is what its `config.json` says; `folder` is where it was read from."""

    network: Network
    card: Card
    precision: Precision
    folder: Path

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names, in the order of the logits."""
        return self.card.classes

    def pixels(self, image: ImageLike, *, max_pixels: int = 50_000_000) -> Tensor:
        """One image as uint8 (1,C,P,P), sized as the network's images were. Raises DataError if it cannot be read."""
        wanted = self.card.preprocessing
        own = isinstance(image, Image.Image | np.ndarray)
        if isinstance(image, np.ndarray):
            image = Image.fromarray(image)
        if isinstance(image, Image.Image):
            image = _encoded(image)
        square = decode_square(
            Path(image) if isinstance(image, str) else image,
            side=wanted.resize,
            channels=wanted.channels,
            max_pixels=max_pixels,
            tiff=own,
        )
        return torch.tensor(square).permute(2, 0, 1)[None]  # a copy: the array may not be writable

    def predict(self, images: Iterable[ImageLike], *, top: int = 5) -> list[Prediction]:
        """What each image shows. Probabilities are calibrated with the model's temperature."""
        predictions: list[Prediction] = []
        for batch in _batches(self.pixels(image) for image in images):
            predictions.extend(self.predict_pixels(batch, top=top))
        return predictions

    @torch.inference_mode()
    def predict_pixels(self, pixels: Tensor, *, top: int = 5) -> list[Prediction]:
        """Predictions for uint8 pixels (N,C,P,P) as `pixels` makes them."""
        with self.precision.autocast():
            logits = self.network(self._inputs(pixels))
        shares = (logits.float() / self.card.temperature).softmax(1).cpu()
        best = shares.topk(min(top, len(self.classes)), dim=1)
        rows = zip(best.indices.tolist(), best.values.tolist(), strict=True)
        ranked = [
            tuple((self.classes[k], value) for k, value in zip(indices, values, strict=True))
            for indices, values in rows
        ]
        return [Prediction(row[0][0], row[0][1], row) for row in ranked]

    @torch.inference_mode()
    def embed(self, images: Iterable[ImageLike]) -> Tensor:
        """The embeddings (N,D), fp32 on the CPU, of images."""
        found: list[Tensor] = []
        for batch in _batches(self.pixels(image) for image in images):
            with self.precision.autocast():
                found.append(self.network.embedding(self._inputs(batch)).float().cpu())
        return torch.cat(found) if found else torch.empty(0, self.network.head.classifier.in_features)

    def _inputs(self, pixels: Tensor) -> Tensor:
        wanted = self.card.preprocessing
        return prepare(pixels.to(self.precision.device), size=wanted.size, mean=wanted.mean, std=wanted.std)


def load(path: Path | str, precision: Precision | None = None) -> Model:
    """The model of a run or model folder, in eval mode; `precision` is chosen by the hardware if not given.

    Raises WeightsError for anything else than such a folder.
    """
    folder = model_folder.find(Path(path))
    card = model_folder.read_card(folder)
    network = restore(folder, card)
    precision = precision or choose("auto", "auto")
    network = network.to(precision.device).to(memory_format=torch.channels_last).eval()
    return Model(network, card, precision, folder)


def restore(folder: Path, card: Card) -> Network:
    """The network that `card` specifies with the weights of `folder`; nothing is allocated before all of it fits."""
    wanted = spec.from_dict(card.spec)
    with torch.device("meta"):
        network = build.build(wanted)
    weights = model_folder.read_weights(folder, network.state_dict())
    network.to_empty(device="cpu").load_state_dict(weights)
    classes = network.spec.classes
    if len(card.classes) != classes:
        raise WeightsError(
            _("{folder}: {names} class names for a network with {classes} classes.").format(
                folder=folder, names=len(card.classes), classes=classes
            )
        )
    return network


def _batches(pixels: Iterator[Tensor]) -> Iterator[Tensor]:
    while batch := list(islice(pixels, _BATCH)):
        yield torch.cat(batch)


def _encoded(image: Image.Image) -> bytes:
    """A PIL image as a file (TIFF holds every mode), so that all images take the one path through `decode`."""
    buffer = io.BytesIO()
    image.save(buffer, format="TIFF")
    return buffer.getvalue()
