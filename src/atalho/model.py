"""A trained network with everything that is needed to use it: classes, preprocessing, temperature."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from atalho.data.decoding.decode import decode_square, square_of
from atalho.data.order import batched, several
from atalho.errors import ConfigError, DataError, NotFiniteError, WeightsError
from atalho.findings import Finding
from atalho.json_values import JsonObject, JsonValue
from atalho.listener import Listener
from atalho.networks.build import build
from atalho.networks.network import Network, unsound
from atalho.networks.spec import Spec
from atalho.precision import Numbers, Precision, choose
from atalho.pretrained.located import folder_of
from atalho.storage import model_folder
from atalho.storage.model_folder import Card
from atalho.text.numbers import percent

ImageLike = Path | str | bytes | Image.Image | NDArray[np.uint8]


@dataclass(frozen=True, repr=False)
class Prediction(Finding):
    """The most probable class of an image, and the `top` classes with their probabilities, best first."""

    label: str
    probability: float
    top: tuple[tuple[str, float], ...]

    def shown(self) -> Iterator[tuple[str, str]]:
        yield from ((label, percent(probability)) for label, probability in self.top)

    def to_dict(self) -> JsonObject:
        top: list[JsonValue] = [{"label": label, "probability": probability} for label, probability in self.top]
        return {"label": self.label, "probability": self.probability, "top": top}


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

    def pixels(self, image: ImageLike) -> Tensor:
        """One image as uint8 (1,C,P,P), sized as the network's images were. Raises DataError if it cannot be read.

        An array is uint8: (H,W) or (H,W,1) in grey, (H,W,3) in RGB, (H,W,4) in RGB with opacity.
        """
        wanted = self.card.preprocessing
        if isinstance(image, np.ndarray):
            image = _picture(image)
        if isinstance(image, Image.Image):
            square = square_of(image, fit=wanted.fit, channels=wanted.channels)
        elif isinstance(image, str | bytes | Path):
            square = decode_square(
                Path(image) if isinstance(image, str) else image,
                fit=wanted.fit,
                channels=wanted.channels,
                max_pixels=wanted.max_pixels,
                tiff=wanted.tiff,
                avif=wanted.avif,
            )
        else:
            raise DataError(
                "Unsupported image type {kind}: pass a path, bytes, a PIL image or a NumPy array.",
                kind=type(image).__name__,
            )
        return torch.tensor(square).permute(2, 0, 1)[None]  # a copy: the array may not be writable

    def predict(self, images: ImageLike | Iterable[ImageLike], *, top: int = 5) -> list[Prediction]:
        """What each image shows, of one image or several. Probabilities are calibrated with the model's temperature.

        Raises DataError for an image that cannot be read, ConfigError for a `top` below 1.
        """
        predictions: list[Prediction] = []
        for batch in batched(self.pixels(image) for image in _several(images)):
            predictions.extend(self.predict_pixels(torch.cat(batch), top=top))
        return predictions

    @torch.inference_mode()
    def predict_pixels(self, pixels: Tensor, *, top: int = 5) -> list[Prediction]:
        """Predictions for uint8 pixels (N,C,P,P) as `pixels` makes them.

        Raises NotFiniteError where the network gives no numbers, ConfigError for a `top` below 1.
        """
        need_classes(self)
        if not isinstance(top, int) or top < 1:
            raise ConfigError("top = {given!r}: expected a whole number of at least 1.", given=top)
        with self.precision.autocast():
            logits = self._finite(self.network(self._inputs(pixels)))
        shares = (logits / self.card.temperature).softmax(1).cpu()
        best = shares.topk(min(top, len(self.classes)), dim=1)
        rows = zip(best.indices.tolist(), best.values.tolist(), strict=True)
        ranked = [
            tuple((self.classes[k], value) for k, value in zip(indices, values, strict=True))
            for indices, values in rows
        ]
        return [Prediction(row[0][0], row[0][1], row) for row in ranked]

    def embed(self, images: ImageLike | Iterable[ImageLike]) -> Tensor:
        """The embeddings (N,D), fp32 on the CPU, of one image or several. Raises as `predict` does."""
        pixels = (self.pixels(image) for image in _several(images))
        found = [self.embed_pixels(torch.cat(batch)) for batch in batched(pixels)]
        return torch.cat(found) if found else torch.empty(0, self.network.head.classifier.in_features)

    @torch.inference_mode()
    def embed_pixels(self, pixels: Tensor) -> Tensor:
        """The embeddings (N,D), fp32 on the CPU, of uint8 pixels (N,C,P,P) as `pixels` makes them."""
        with self.precision.autocast():
            return self._finite(self.network.embedding(self._inputs(pixels))).cpu()

    def _inputs(self, pixels: Tensor) -> Tensor:
        return self.card.preprocessing.apply(pixels.to(self.precision.device))

    def _finite(self, values: Tensor) -> Tensor:
        """`values` in fp32."""
        values = values.float()
        if not values.isfinite().all():
            raise NotFiniteError(
                "{folder}: the network's output is not finite. Its weights are damaged.", folder=self.folder
            )
        return values


def need_classes(model: Model) -> None:
    """Raises ConfigError for a model without a classifier, which gives embeddings alone."""
    if not model.classes:
        raise ConfigError(
            "{folder} has no classifier and gives embeddings alone: use it with embed, index and search, or train "
            "a classifier from it: atalho train DATA --from {folder}",
            folder=model.folder,
        )


def load(path: Path | str, precision: Precision | Numbers = "fp32", progress: Listener | None = None) -> Model:
    """The model of a run or model folder, or the pretrained weights of a name, in eval mode.

    It computes in fp32, so that it says the same on every machine; `precision="bf16"` is faster where the hardware
    multiplies it. A name, such as tv:resnet50, is fetched once, and `progress` is told. Raises WeightsError for
    anything else, and ConfigError for a name that is unknown.
    """
    if isinstance(precision, str):
        precision = choose("auto", precision)
    folder = model_folder.find(folder_of(path, listener=progress))
    card = model_folder.read_card(folder)
    network = restore(folder, card)
    network = network.to(precision.device).to(memory_format=torch.channels_last).eval()
    return Model(network, card, precision, folder)


def restore(folder: Path, card: Card) -> Network:
    """The network that `card` specifies with the weights of `folder`; nothing is allocated before all of it fits."""
    _check_fit(folder, card, card.spec)
    with torch.device("meta"):
        network = build(card.spec)
    weights = model_folder.read_weights(folder, network.state_dict())
    if damaged := unsound(weights):
        raise WeightsError(
            "{folder}: non-finite weights or a negative variance, first in {name}.", folder=folder, name=damaged[0]
        )
    network.to_empty(device="cpu").load_state_dict(weights)
    return network


def _check_fit(folder: Path, card: Card, wanted: Spec) -> None:
    """What can be compared before a network is built, which takes long where a damaged file asks for a huge one."""
    if len(card.classes) != wanted.classes:
        raise WeightsError(
            "{folder}: {names} class names for a network with {classes} classes.",
            folder=folder,
            names=len(card.classes),
            classes=wanted.classes,
        )
    prepared, planned = card.preprocessing, wanted.plan()
    if prepared.channels != wanted.in_channels or prepared.size < planned.stride:
        raise WeightsError(
            "{folder}: images with {channels} channels and {size} pixels, but the network needs {wanted} "
            "channels and at least {smallest} pixels.",
            folder=folder,
            channels=prepared.channels,
            size=prepared.size,
            wanted=wanted.in_channels,
            smallest=planned.stride,
        )
    count = len(model_folder.tensors(folder))
    if count < planned.depth:  # each weighted layer has one tensor at least
        raise WeightsError(
            "{folder}: the weights have {count} tensors, fewer than the network's {depth} layers.",
            folder=folder,
            count=count,
            depth=planned.depth,
        )


def _several(images: ImageLike | Iterable[ImageLike]) -> Iterable[ImageLike]:
    """One image is one. An array alone is refused: it may be an image, or several whose rows would each become one."""
    if isinstance(images, np.ndarray):
        raise DataError("Pass a list of images, even for a single one: [image].")
    return several(images, bytes, Image.Image)


def _picture(pixels: NDArray[np.uint8]) -> Image.Image:
    known = pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] in (1, 3, 4))
    if pixels.dtype != np.uint8 or not known or pixels.size == 0:
        raise DataError(
            "An array of type {dtype} and shape {shape} is not an image: expected uint8 (values from 0 to "
            "255) of shape (H, W), (H, W, 1), (H, W, 3) or (H, W, 4).",
            dtype=pixels.dtype,
            shape=pixels.shape,
        )
    return Image.fromarray(pixels[:, :, 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels)
