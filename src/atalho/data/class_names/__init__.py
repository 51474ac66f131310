"""The class names of data sets that many weights were trained on, in the order of their labels.

Names are facts: ImageNet's 1,000 are the short ones in general use (ILSVRC 2012, synsets in their usual order), those
of CIFAR-10 and CIFAR-100 are those of the files of the data sets.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

_FOLDER: Final = Path(__file__).parent
KNOWN: Final = ("imagenet", "cifar10", "cifar100")


def known(name: str) -> tuple[str, ...]:
    """The names of one of the `KNOWN` data sets."""
    return tuple((_FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines())


def of_synsets(given: Sequence[str], classes: tuple[str, ...]) -> Sequence[str]:
    """ImageNet's synsets (`n01440764`), as its folders are called, as the names of a model of its 1,000 `classes`.

    Other names, and those of a model of other classes, stay as they are.
    """
    if classes != known("imagenet"):
        return given
    names = dict(zip((_FOLDER / "imagenet_synsets.txt").read_text(encoding="utf-8").split(), classes, strict=True))
    return [names.get(name, name) for name in given]
