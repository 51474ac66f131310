"""What a reader should know of trained networks: whether one is a control of the other, and how they were trained."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from atalho.lab.shared import trained
from atalho.lab.shared.cells import Grows
from atalho.lab.shared.trained import TrainedFor, TrainedNetwork
from atalho.lab.shared.verdict import Verdict
from atalho.text import _
from atalho.text.numbers import nwhole, percent, whole


@dataclass(frozen=True)
class Compared:
    """In what the networks differ, beside what is measured."""

    differences: Grows[tuple[str, ...]]
    """The settings in which the networks differ."""
    trained: Grows[dict[str, TrainedFor]]
    """How each run was trained, by name."""

    @classmethod
    def of(cls, networks: Sequence[TrainedNetwork], differences: Sequence[str] | None = None) -> "Compared":
        """Of trained networks; `differences` are found from what they were trained with unless given."""
        differences = trained.differences(networks) if differences is None else differences
        return cls(tuple(differences), {one.name: one.training for one in networks if one.training is not None})

    def remarks(self, count: int, *, alike: bool = False) -> Iterator[str]:
        """In what `count` networks differ, where there are two, and how those that are runs were trained.

        `alike` says that they were trained in the same way here.
        """
        if count > 1:
            yield self._difference(alike or len(self.trained) == count)
        for name, training in self.trained.items():
            yield _("{name} was trained for {epochs} on {images} images; its accuracy is {top1}.").format(
                name=name,
                epochs=nwhole("{n} epoch", "{n} epochs", training.epochs),
                images=whole(training.images),
                top1=percent(training.top1),
            )

    def _difference(self, alike: bool) -> str:
        names = ", ".join(self.differences)
        if names == "network.shortcut":
            if alike:
                return _("The two networks and their training differ only in the shortcuts.")
            return _("The two networks differ only in the shortcuts.")
        if "network.shortcut" in self.differences:
            return _("The two networks differ in more than their shortcuts: {names}.").format(names=names)
        if names:
            return _("The two networks have the same kind of shortcut; they differ in {names}.").format(names=names)
        return _("The two networks have the same spec, and no known difference in training.")


def not_compared(verdict: Verdict, shortcuts: Iterable[bool]) -> Iterator[str]:
    """Why nothing was compared, where the networks are not of both kinds: with `shortcuts` and without."""
    if not verdict.comparisons and len(set(shortcuts)) < 2:
        yield _("Nothing was compared: the comparison needs a network with shortcuts and one without.")
