"""The drawings of the documents: `python benchmarks/drawings.py` writes docs/figures/*.svg anew."""

from pathlib import Path

from atalho.api.draw import draw
from atalho.text import speaking

FIGURES = Path(__file__).parents[1] / "docs" / "figures"


def drawings() -> dict[str, str]:
    """File name → SVG, in English and Portuguese."""
    found: dict[str, str] = {}
    for language in ("en", "pt"):
        with speaking(language):
            found |= {
                f"resnet34.{language}.svg": draw("resnet34", columns=2),
                f"plain34-resnet34.{language}.svg": draw("plain34", beside=["resnet34"]),
                f"densenet121.{language}.svg": draw("densenet121", columns=2),
                f"preact18.{language}.svg": draw("preact18"),
                f"resnet152.{language}.svg": draw("resnet152", columns=2),
                f"mlp10.{language}.svg": draw("mlp10"),
            }
    return found


if __name__ == "__main__":
    for name, drawing in drawings().items():
        (FIGURES / name).write_text(drawing, encoding="utf-8")
