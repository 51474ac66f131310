"""Compare: do two images show the same identity?"""

from dataclasses import dataclass
from pathlib import Path

from atalho.api.index import embed
from atalho.model import ImageLike, load
from atalho.storage import threshold_file


@dataclass(frozen=True)
class Comparison:
    """The cosine similarity of two images, the model's threshold, and the answer; None where none was chosen."""

    similarity: float
    threshold: float | None
    same: bool | None


def compare(run: Path | str, first: ImageLike, second: ImageLike) -> Comparison:
    """How similar the model of `run` finds two images. Raises DataError for one that cannot be read."""
    model = load(run)
    one, other = embed(model, [model.pixels(first), model.pixels(second)])
    similarity = min(1.0, max(-1.0, float(one @ other)))
    threshold = threshold_file.read(model.folder)
    if threshold is None:
        return Comparison(similarity, None, None)
    return Comparison(similarity, threshold.similarity, similarity >= threshold.similarity)
