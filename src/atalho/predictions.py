"""What a network predicts of images: of one, and of several as a list that shows itself as a table with pictures."""

import base64
import io
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html import escape
from typing import Any, Final

from PIL import Image
from torch import Tensor

from atalho.findings import Finding
from atalho.json_values import JsonObject, JsonValue
from atalho.text import _, ngettext, visible
from atalho.text.numbers import percent

SHOWN: Final = 20
"""Rows that are shown of a longer list, and pictures that are kept for them."""


@dataclass(frozen=True, repr=False)
class Prediction(Finding):
    """The most probable class of an image, and the `top` classes with their probabilities, best first.

    `image` is its path, where one was given. Where it cannot be read, `error` says why, `label` is empty, `probability`
    is NaN and `top` has no class.
    """

    label: str
    probability: float
    top: tuple[tuple[str, float], ...]
    image: str | None = field(default=None, compare=False)
    error: str | None = None

    @classmethod
    def failed(cls, error: str, image: str | None = None) -> "Prediction":
        """That of an image which cannot be read."""
        return cls("", math.nan, (), image, error)

    def shown(self) -> Iterator[tuple[str, str]]:
        if self.error is not None:
            yield _("error"), self.error
        yield from ((label, percent(probability)) for label, probability in self.top)

    def to_dict(self) -> JsonObject:
        if self.error is not None:
            return {"error": self.error}
        top: list[JsonValue] = [{"label": label, "probability": probability} for label, probability in self.top]
        return {"label": self.label, "probability": self.probability, "top": top}


class Predictions(list[Prediction]):
    """Predictions in the order of the images. A notebook shows them as a table with pictures.

    `pixels` are those of the first images, uint8 (1,C,P,P) as the network saw them; None where one cannot be read.
    """

    def __init__(self, rows: Iterable[Prediction] = (), pixels: Iterable[Tensor | None] = ()) -> None:
        super().__init__(rows)
        self._pixels = tuple(pixels)

    def columns(self) -> dict[str, list[Any]]:
        """A plain dictionary of columns, which pandas, polars and pyarrow take for a table.

        `image` (the path, or None), `label`, `probability`, and `error`, which is None unless the image cannot be read.
        """
        return {
            "image": [row.image for row in self],
            "label": [row.label if row.error is None else None for row in self],
            "probability": [row.probability if row.error is None else None for row in self],
            "error": [row.error for row in self],
        }

    def __repr__(self) -> str:
        lines = [self._line(place, row) for place, row in enumerate(self[:SHOWN])]
        return "\n".join(
            [ngettext("{n} prediction", "{n} predictions", len(self)).format(n=len(self)), *lines, *self._rest()]
        )

    def _line(self, place: int, row: Prediction) -> str:
        name = visible(row.image if row.image is not None else f"[{place}]")
        found = visible(row.error) if row.error is not None else "  ".join(f"{visible(a)} {b}" for a, b in row.shown())
        return f"{name}  {found}"

    def _rest(self) -> Iterator[str]:
        if (more := len(self) - SHOWN) > 0:
            yield ngettext("… and {n} more", "… and {n} more", more).format(n=more)

    def _repr_html_(self) -> str:
        names = ("", _("image"), _("label"), _("probability"), _("next best"))
        head = "".join(f"<th>{escape(name)}</th>" for name in names)
        rows = "".join(self._row(place, row) for place, row in enumerate(self[:SHOWN]))
        rest = "".join(f"<p>{escape(text)}</p>" for text in self._rest())
        return f"<table><tr>{head}</tr>{rows}</table>{rest}"

    def _row(self, place: int, row: Prediction) -> str:
        pixels = self._pixels[place] if place < len(self._pixels) else None
        name = visible(row.image if row.image is not None else f"[{place}]")
        cells = [f"<td>{_picture(pixels) if pixels is not None else ''}</td>", f"<td>{escape(name)}</td>"]
        if row.error is not None:
            return f'<tr>{"".join(cells)}<td colspan="3">{escape(visible(row.error))}</td></tr>'
        others = ", ".join(f"{label} {percent(share)}" for label, share in row.top[1:])
        words = (row.label, percent(row.probability), others)
        return f"<tr>{''.join([*cells, *(f'<td>{escape(visible(word))}</td>' for word in words)])}</tr>"


def _picture(pixels: Tensor) -> str:
    """Pixels uint8 (1,C,P,P) as an image in the page."""
    image = pixels[0].permute(1, 2, 0).numpy()
    buffer = io.BytesIO()
    Image.fromarray(image if image.shape[2] == 3 else image[:, :, 0]).save(buffer, format="PNG")
    return f'<img alt="" width="64" src="data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}">'
