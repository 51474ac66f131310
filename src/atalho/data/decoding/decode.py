"""From the bytes of an image file to pixels as a person sees them: upright, on white, of 8 bits. Runs without torch.

A damaged or truncated image is an error, never half an image; `opening.py` bounds what is opened.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops

from atalho.data.decoding.fit import Fit
from atalho.data.decoding.opening import QUIET, accepted_formats, open_image, refuse_empty
from atalho.data.decoding.reading import MAX_PIXELS, read_bytes
from atalho.data.decoding.reasons import Reason, ReasonError, UnreadableImageError, of_decoder
from atalho.data.decoding.traits import traits_of
from atalho.text import Text

_GREY_MODES: Final = frozenset({"1", "L", "LA", "I", "I;16", "I;16B", "I;16L", "I;16N"})
_ORIENTATION: Final = 0x0112
_SMALLER_BY: Final = 2.0  # a JPEG is decoded at reduced size only down to this multiple of what is needed


class Header(NamedTuple):
    """What a file says of itself before it is decoded: pixels, whether it has no colour, its traits (`traits.py`)."""

    width: int
    height: int
    grey: bool
    traits: int


def decode(
    source: Path | bytes,
    *,
    channels: int,
    max_pixels: int = MAX_PIXELS,
    tiff: bool = False,
    avif: bool = False,
    reduce_to: int | None = None,
) -> NDArray[np.uint8]:
    """(H, W, C) uint8, C = 1 (luma of ITU-R 601) or 3 (RGB): upright, on white where it was transparent.

    `reduce_to`: the shorter side that will be needed, in pixels; larger JPEGs may then be decoded at 1/2, 1/4 or 1/8.
    Raises UnreadableImageError (a DataError).
    """
    return _array(_picture(source, channels, max_pixels, accepted_formats(tiff, avif), reduce_to))


def decode_square(
    source: Path | bytes,
    *,
    fit: Fit,
    channels: int,
    max_pixels: int = MAX_PIXELS,
    tiff: bool = False,
    avif: bool = False,
    whole: bool = False,
) -> NDArray[np.uint8]:
    """(P, P, C) uint8, P = `fit.side`: the middle of the image, resized.

    A large JPEG may be decoded at a smaller size, as for training, unless it is wanted `whole`: then it gives to the
    digit what `square_of` does.
    """
    # To be what others make of it, it must be resized from its own size.
    reduce_to = fit.side if fit.crop is None and not whole else None
    return _array(fit.square_of(_picture(source, channels, max_pixels, accepted_formats(tiff, avif), reduce_to)))


def smallest_reduced(side: int) -> float:
    """The shorter side, in pixels, from which on a JPEG may be decoded at a smaller size for squares of `side`."""
    return 2 * _SMALLER_BY * side


def square_of(image: Image.Image, *, fit: Fit, channels: int) -> NDArray[np.uint8]:
    """As `decode_square`, of an image that is open already; it stays as it is."""
    try:
        refuse_empty(image)
        with QUIET:
            return _array(fit.square_of(_decode(image, channels, None)))
    except ReasonError as error:
        raise UnreadableImageError(Text("the image"), error.reason) from error


def read_header(
    data: bytes, *, max_pixels: int = MAX_PIXELS, tiff: bool = False, avif: bool = False, name: str = ""
) -> Header:
    """Size and kind from the first bytes; checks format and pixel limit. Raises UnreadableImageError."""
    try:
        with QUIET, open_image(data, max_pixels, accepted_formats(tiff, avif)) as image:
            return Header(*image.size, image.mode in _GREY_MODES, traits_of(image, data))
    except ReasonError as error:
        raise UnreadableImageError(name or Text("the image"), error.reason) from error


def _picture(
    source: Path | bytes, channels: int, max_pixels: int, formats: Sequence[str], reduce_to: int | None
) -> Image.Image:
    try:
        data = source if isinstance(source, bytes) else read_bytes(source, max_pixels=max_pixels)
        with QUIET, open_image(data, max_pixels, formats) as image:
            return _decode(image, channels, reduce_to)
    except ReasonError as error:
        name = Text("the image") if isinstance(source, bytes) else str(source)
        raise UnreadableImageError(name, error.reason) from error


def _decode(image: Image.Image, channels: int, reduce_to: int | None) -> Image.Image:
    try:
        if reduce_to is not None and image.format in ("JPEG", "MPO"):
            _reduce(image, reduce_to)
        image.load()
        return _upright(_as_seen(image, "L" if channels == 1 else "RGB"), _orientation(image))
    except ReasonError:
        raise
    except Exception as error:  # as above: whatever a codec raises means that the file is damaged
        raise ReasonError(Reason.DAMAGED.text(reason=of_decoder(error))) from error


def _reduce(image: Image.Image, reduce_to: int) -> None:
    if min(image.size) >= smallest_reduced(reduce_to):
        scale = reduce_to * _SMALLER_BY / min(image.size)
        image.draft(None, (round(image.width * scale), round(image.height * scale)))


def _orientation(image: Image.Image) -> int:
    if "exif" not in image.info and image.format != "TIFF" and "Raw profile type exif" not in image.info:
        return 1
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # viewers show an image upright when its EXIF block is damaged
        return 1


def _upright(picture: Image.Image, orientation: int) -> Image.Image:
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    return picture.transpose(turns[orientation]) if orientation in turns else picture


def _as_seen(image: Image.Image, mode: str) -> Image.Image:
    if image.mode.startswith("I"):
        image = _from_16_bit(image)
    elif image.mode == "F":
        raise ReasonError(Reason.NO_BRIGHTNESS.text())
    elif image.mode == "CMYK" and image.format in ("JPEG", "MPO") and "adobe" not in image.info:
        # Pillow takes every CMYK JPEG for one of Adobe's, which are stored inverted.
        image = ImageChops.invert(image)
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        image = _on_white(image)
    return image if image.mode == mode else image.convert(mode)


def _from_16_bit(image: Image.Image) -> Image.Image:
    values = np.asarray(image).astype(np.int64)
    if values.size and (values.min() < 0 or values.max() > 65535):
        raise ReasonError(Reason.BEYOND_16_BITS.text())
    grey = Image.fromarray(((values + 128) // 257).astype(np.uint8))
    if isinstance(clear := image.info.get("transparency"), int):
        # One of 65,536 values is transparent: among 256 it would be others too.
        grey.putalpha(Image.fromarray(np.where(values == clear, 0, 255).astype(np.uint8)))
    return grey


def _on_white(image: Image.Image) -> Image.Image:
    colours = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", colours.size, "white"), colours)


def _array(picture: Image.Image) -> NDArray[np.uint8]:
    values = np.asarray(picture, dtype=np.uint8)
    return values[:, :, None] if values.ndim == 2 else values
