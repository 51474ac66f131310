"""What a readable image file is besides its size: its format, and what a person should know of it, in one byte."""

from contextlib import suppress
from enum import IntFlag
from typing import Final

from PIL import Image

FORMATS: Final = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM", "AVIF")
SUFFIXES: Final = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "PNG": (".png",),
    "WEBP": (".webp",),
    "BMP": (".bmp", ".dib"),
    "GIF": (".gif",),
    "TIFF": (".tif", ".tiff"),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm"),
    "AVIF": (".avif", ".avifs"),
}
_PLACE: Final = 4  # of the format, above the flags
_BITS_PER_SAMPLE: Final = 258  # TIFF 6.0, section 8


class Trait(IntFlag):
    """What is not wrong, but not what the network sees either."""

    CMYK = 1
    SIXTEEN_BIT = 2
    SEVERAL = 4  # pictures in one file: an animation or pages


def traits_of(image: Image.Image, data: bytes) -> int:
    """The byte for an opened, not yet decoded image and the bytes of its file."""
    name = "JPEG" if image.format == "MPO" else image.format or ""
    traits = Trait(0)
    if image.mode == "CMYK":
        traits |= Trait.CMYK
    if _has_16_bits(image, data):
        traits |= Trait.SIXTEEN_BIT
    with suppress(Exception):  # a damaged second picture; the first one alone is read
        if image.format != "MPO" and getattr(image, "is_animated", False):
            traits |= Trait.SEVERAL
    return FORMATS.index(name) << _PLACE | int(traits)


def format_of(traits: int) -> str:
    """The format's name out of the byte."""
    return FORMATS[int(traits) >> _PLACE]


def _has_16_bits(image: Image.Image, data: bytes) -> bool:
    if image.format == "PNG":
        return data[24] == 16  # the depth in IHDR, the first chunk
    if image.format == "PPM":
        return image.mode == "I"
    if image.format == "TIFF":
        with suppress(Exception):  # as above: a damaged tag
            return 16 in image.tag_v2.get(_BITS_PER_SAMPLE, ())  # type: ignore[attr-defined]
    return False
