"""A trained network with everything that is needed to use it: classes, preprocessing, temperature."""

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import torch
from PIL import Image
from torch import Tensor

from atalho.data import given
from atalho.data.decoding.decode import decode_square, square_of
from atalho.data.decoding.reasons import UnreadableImageError
from atalho.data.given import ImageLike
from atalho.data.order import batched
from atalho.errors import ConfigError, NotFiniteError, WeightsError
from atalho.findings import Shown
from atalho.listener import Listener
from atalho.networks.build import build
from atalho.networks.network import Network, unsound
from atalho.networks.select import name_of
from atalho.networks.spec import Spec
from atalho.precision import Numbers, Precision, choose
from atalho.predictions import SHOWN, Prediction, Predictions
from atalho.pretrained.located import folder_of
from atalho.storage import model_folder
from atalho.storage.model_folder import Card
from atalho.text import _, visible
from atalho.text.numbers import percent, whole

_NAMED: Final = 10
"""Classes that are named where a model is shown."""


@dataclass(frozen=True, repr=False)
class Model(Shown):
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
        """One image as uint8 (1,C,P,P), sized as the network's images were.

        A path, bytes, a file opened in binary mode, a PIL image, an array (H,W) or (H,W,C), or a tensor (H,W) or
        (C,H,W). C is 1 in grey, 3 in RGB, 4 in RGB with opacity; values are uint8, or floats from 0 to 1. Raises
        DataError for anything else, and UnreadableImageError, which is one, for an image that cannot be read.
        """
        wanted, source = self.card.preprocessing, given.to_decode(image)
        if isinstance(source, Image.Image):
            square = square_of(source, fit=wanted.fit, channels=wanted.channels)
        else:
            square = decode_square(
                source,
                fit=wanted.fit,
                channels=wanted.channels,
                max_pixels=wanted.max_pixels,
                tiff=wanted.tiff,
                avif=wanted.avif,
                whole=True,  # as an open image is, so that both give the same numbers
            )
        return torch.tensor(square).permute(2, 0, 1)[None]  # a copy: the array may not be writable

    def predict(self, images: ImageLike | Iterable[ImageLike], *, top: int = 5) -> Predictions:
        """What each image shows, of one image or several, as `pixels` takes them; arrays and tensors of four axes too.

        Probabilities are calibrated with the model's temperature. An image that cannot be read has an `error` in its
        place. Raises DataError for what is no image at all, ConfigError for a `top` below 1.
        """
        need_classes(self)
        _check_top(top)
        rows: list[Prediction] = []
        kept: list[Tensor | None] = []
        for batch in batched(given.several(images)):
            read = [self._read(image) for image in batch]
            good = [pixels for pixels in read if isinstance(pixels, Tensor)]
            found = iter(self.predict_pixels(torch.cat(good), top=top) if good else ())
            for image, pixels in zip(batch, read, strict=True):
                name = given.name_of(image)
                failed = isinstance(pixels, UnreadableImageError)
                rows.append(Prediction.failed(str(pixels), name) if failed else replace(next(found), image=name))
                if len(kept) < SHOWN:
                    kept.append(None if isinstance(pixels, UnreadableImageError) else pixels)
        return Predictions(rows, kept)

    @torch.inference_mode()
    def predict_pixels(self, pixels: Tensor, *, top: int = 5) -> list[Prediction]:
        """Predictions for uint8 pixels (N,C,P,P) as `pixels` makes them.

        Raises NotFiniteError where the network gives no numbers, ConfigError for a `top` below 1.
        """
        need_classes(self)
        _check_top(top)
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
        """The embeddings (N,D), fp32 on the CPU, of one image or several, as `predict` takes them.

        The row of an image that cannot be read is NaN, and a warning says why. Raises DataError for what is no image.
        """
        dimension = self.network.head.classifier.in_features
        found = [torch.empty(0, dimension)]
        for batch in batched(given.several(images)):
            read = [self._read(image) for image in batch]
            rows = torch.full((len(batch), dimension), torch.nan)
            good = {place: pixels for place, pixels in enumerate(read) if isinstance(pixels, Tensor)}
            if good:
                rows[list(good)] = self.embed_pixels(torch.cat(list(good.values())))
            for error in read:
                if isinstance(error, UnreadableImageError):
                    warnings.warn(_("{error} Its embedding is NaN.").format(error=error), stacklevel=2)
            found.append(rows)
        return torch.cat(found)

    @torch.inference_mode()
    def embed_pixels(self, pixels: Tensor) -> Tensor:
        """The embeddings (N,D), fp32 on the CPU, of uint8 pixels (N,C,P,P) as `pixels` makes them."""
        with self.precision.autocast():
            return self._finite(self.network.embedding(self._inputs(pixels))).cpu()

    def shown(self) -> Iterator[tuple[str, str]]:
        """Its network, its classes, its images, how good it was, what it computes in and where it lies."""
        prepared = self.card.preprocessing
        yield _("network"), name_of(self.card.spec)
        if self.classes:
            some = ", ".join(self.classes[:_NAMED]) + (", …" if len(self.classes) > _NAMED else "")
            yield _("classes"), f"{whole(len(self.classes))} ({visible(some)})"
        yield _("images"), f"{prepared.size} × {prepared.size} × {prepared.channels}"
        if isinstance(top1 := self.card.metrics.get("top1"), float):
            yield _("top-1 accuracy"), percent(top1)
        yield _("precision"), self.precision.numbers
        yield _("folder"), visible(str(self.folder))

    def _read(self, image: ImageLike) -> Tensor | UnreadableImageError:
        """The pixels of an image, or why it cannot be read."""
        try:
            return self.pixels(image)
        except UnreadableImageError as error:
            return error

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


def _check_top(top: int) -> None:
    if not isinstance(top, int) or isinstance(top, bool) or top < 1:
        raise ConfigError("top = {given!r}: expected a whole number of at least 1.", given=top)
