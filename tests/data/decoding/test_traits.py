import numpy as np
import pytest
from image_files import stored
from PIL import Image

from atalho.data.decoding.decode import read_header
from atalho.data.decoding.traits import FORMATS, SUFFIXES, Trait, format_of


def traits(data: bytes) -> int:
    return read_header(data, tiff=True, avif=True).traits


def flags(data: bytes) -> Trait:
    return Trait(traits(data) & 0b1111)


RGB = Image.new("RGB", (6, 4), "red")
DEEP = Image.fromarray(np.full((4, 6), 40_000, np.uint16))


@pytest.mark.parametrize("kind", FORMATS)
def test_the_format_is_told(kind: str) -> None:
    assert format_of(traits(stored(RGB, kind))) == kind
    assert flags(stored(RGB, kind)) == 0
    assert SUFFIXES[kind]


@pytest.mark.parametrize(
    ("data", "flag"),
    [
        (stored(Image.new("CMYK", (6, 4)), "JPEG"), Trait.CMYK),
        (stored(Image.new("CMYK", (6, 4)), "TIFF"), Trait.CMYK),
        (stored(DEEP, "PNG"), Trait.SIXTEEN_BIT),
        (stored(DEEP, "TIFF"), Trait.SIXTEEN_BIT),
        *(
            (stored(RGB, kind, save_all=True, append_images=[Image.new("RGB", (6, 4), "blue")]), Trait.SEVERAL)
            for kind in ("GIF", "PNG", "WEBP", "TIFF")
        ),
    ],
)
def test_what_a_person_should_know(data: bytes, flag: Trait) -> None:
    assert flags(data) == flag


def test_a_damaged_second_picture_is_none() -> None:
    data = stored(RGB, "GIF", save_all=True, append_images=[Image.new("RGB", (6, 4), "blue")])
    assert format_of(traits(data[: len(data) // 2])) == "GIF"
