"""Compare: do two images show the same identity?"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from atalho.api.index import embed
from atalho.config import TaskName
from atalho.data.given import ImageLike
from atalho.findings import Finding
from atalho.model import load
from atalho.precision import Numbers
from atalho.storage import threshold_file
from atalho.text import _
from atalho.text.numbers import number


@dataclass(frozen=True, repr=False)
class Comparison(Finding):
    """The cosine similarity of two images, the model's threshold, and the answer; None where none was chosen.

    `precision` is what the network computed in, `task` what it was trained for.
    """

    similarity: float
    threshold: float | None
    same: bool | None
    precision: Numbers
    task: TaskName = "reid"

    def shown(self) -> Iterator[tuple[str, str]]:
        yield _("similarity"), number(self.similarity, 3)
        yield _("threshold"), number(self.threshold, 3)
        yield _("the same"), "–" if self.same is None else _("yes") if self.same else _("no")
        yield _("precision"), self.precision


def compare(run: Path | str, first: ImageLike, second: ImageLike, *, precision: Numbers = "fp32") -> Comparison:
    """Check whether two images show the same individual or object.

    Parameters
    ----------
    run
        A run or model folder.
    first, second
        Images: paths, bytes, PIL images or arrays.
    precision
        What the network computes in: "fp32" or "bf16".

    Returns
    -------
    Comparison
        The cosine similarity, the model's threshold, and whether the similarity reaches it.

    Raises
    ------
    DataError
        An image cannot be read.
    WeightsError
        There is no model at `run`.

    Examples
    --------
    >>> atalho.compare("runs/people", "a.png", "b.png").same
    """
    model = load(run, precision)
    one, other = embed(model, [model.pixels(first), model.pixels(second)])
    similarity = min(1.0, max(-1.0, float(one @ other)))
    threshold = threshold_file.read(model.folder)
    chosen = None if threshold is None else threshold.similarity
    same = None if chosen is None else similarity >= chosen
    return Comparison(similarity, chosen, same, model.precision.numbers, model.card.task)
