"""What a reader should know of trained networks: whether one is a control of the other, and how they were trained."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from atalho.lab.shared.trained import TrainedFor
from atalho.lab.shared.verdict import Verdict
from atalho.text import _
from atalho.text.numbers import nwhole, percent, whole


def not_compared(verdict: Verdict, shortcuts: Iterable[bool]) -> Iterator[str]:
    """Why nothing was compared, where the networks are not of both kinds: with `shortcuts` and without."""
    if not verdict.comparisons and len(set(shortcuts)) < 2:
        yield _("Nothing was compared: the comparison needs a network with shortcuts and one without.")


def remarks(
    count: int, differences: Sequence[str], trained: Mapping[str, TrainedFor], *, alike: bool = False
) -> Sequence[str]:
    """In what `count` networks differ, where there are two, and how those that are runs were trained.

    `alike` says that they were trained in the same way here.
    """
    alike = alike or len(trained) == count
    return [*(_difference(differences, alike) if count > 1 else ()), *_trainings(trained)]


def _difference(differences: Sequence[str], alike: bool) -> Iterator[str]:
    names = ", ".join(differences)
    if list(differences) == ["network.shortcut"] and alike:
        yield _("The two networks, and their trainings, differ in the shortcuts alone.")
    elif list(differences) == ["network.shortcut"]:
        yield _("The two networks differ in the shortcuts alone.")
    elif "network.shortcut" in differences:
        yield _("The two networks differ in more than their shortcuts: {names}.").format(names=names)
    elif differences:
        yield _("The two networks have the same kind of shortcuts; what differs is {names}.").format(names=names)
    else:
        yield _("The two networks have the same specification, and nothing known of their trainings differs.")


def _trainings(trained: Mapping[str, TrainedFor]) -> Iterator[str]:
    for name, training in trained.items():
        text = _("{name} was trained for {epochs} on {images} images; its accuracy is {top1}.")
        yield text.format(
            name=name,
            epochs=nwhole("{n} epoch", "{n} epochs", training.epochs),
            images=whole(training.images),
            top1=percent(training.top1),
        )
