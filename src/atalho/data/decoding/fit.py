"""How a picture of any shape becomes the square of pixels that is kept of it. Runs without torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from PIL import Image

Interpolation = Literal["nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"]
"""Pillow's filters. All but nearest are widened where an image becomes smaller, which avoids aliasing."""
_LONGEST: Final = 16


@dataclass(frozen=True)
class Fit:
    """A square of `side` × `side` pixels, made of the middle of a picture.

    Without `crop` the middle square is resized to `resize`. With it the whole picture is, its shorter side to `resize`,
    and then cut as torchvision and timm do: the middle `crop` × `crop` pixels are those of their centre crop.
    """

    resize: int
    interpolation: Interpolation = "bilinear"
    crop: int | None = None

    @property
    def side(self) -> int:
        """Of the square: with `crop` by an even number more than that, so that both have one middle."""
        return self.resize if self.crop is None else self.crop + (self.resize - self.crop) // 2 * 2

    def square_of(self, picture: Image.Image) -> Image.Image:
        """The square of a grey or RGB picture."""
        from PIL import Image  # not by the command line's help, which names the filters

        width, height = picture.size
        short = min(width, height)
        filtered = Image.Resampling[self.interpolation.upper()]
        if self.crop is None:
            if width == height == self.side:
                return picture
            left, top = (width - short) / 2, (height - short) / 2
            box = (left, top, left + short, top + short)
            return picture.resize((self.side, self.side), filtered, box=box)
        picture = _without_ends(picture, short * _LONGEST)
        width, height = (int(self.resize * length / short) for length in picture.size)
        picture = picture.resize((width, height), filtered)
        margin = (self.side - self.crop) // 2
        # Rounded as torchvision rounds: to the even of two.
        left, top = (round((length - self.crop) / 2) - margin for length in (width, height))
        return picture.crop((left, top, left + self.side, top + self.side))


def _without_ends(picture: Image.Image, longest: int) -> Image.Image:
    """The middle of a strip: all of it, resized, could fill the memory."""
    width, height = picture.size
    if max(width, height) <= longest:
        return picture
    left, top = max(0, width - longest) // 2, max(0, height - longest) // 2
    return picture.crop((left, top, min(left + longest, width), min(top + longest, height)))
