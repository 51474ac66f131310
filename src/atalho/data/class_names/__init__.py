"""The class names of data sets that many weights were trained on, in the order of their labels.

Names are facts: ImageNet's 1,000 are the short ones in general use (ILSVRC 2012, synsets in their usual order), those
of CIFAR-10 and CIFAR-100 are those of the files of the data sets.
"""

from pathlib import Path
from typing import Final

KNOWN: Final = ("imagenet", "cifar10", "cifar100")


def known(name: str) -> tuple[str, ...]:
    """The names of one of the `KNOWN` data sets."""
    return tuple((Path(__file__).parent / f"{name}.txt").read_text(encoding="utf-8").splitlines())
