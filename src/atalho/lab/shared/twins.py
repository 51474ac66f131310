"""What a reader should know of trained networks: whether one is a control of the other, and how they were trained."""

from collections.abc import Iterator, Sequence

from atalho.storage.run_folder import Json
from atalho.text import _
from atalho.text.numbers import nwhole, percent, whole


def not_compared(result: Json) -> Iterator[str]:
    """Why nothing was compared, where the networks are not of both kinds."""
    kinds = {one["shortcuts"] for one in result["measured"]["series"]}
    if not result["verdict"]["comparisons"] and len(kinds) < 2:
        yield _("Nothing was compared: it takes a network with shortcuts and one without.")


def remarks(result: Json) -> Sequence[str]:
    """In what the networks of a result differ, where there are two, and how those that are runs were trained."""
    return [*_difference(result), *_trainings(result)]


def _difference(result: Json) -> Iterator[str]:
    differing = result["settings"]["differences"]
    if len(result["measured"]["series"]) < 2:
        return
    settings, count = result["settings"], len(result["measured"]["series"])
    names = ", ".join(differing)
    if differing == ["network.shortcut"] and ("recipe" in settings or len(settings.get("trained", {})) == count):
        yield _("The two networks, and their trainings, differ in the shortcuts alone.")
    elif differing == ["network.shortcut"]:
        yield _("The two networks differ in the shortcuts alone.")
    elif "network.shortcut" in differing:
        yield _("The two networks differ in more than their shortcuts: {names}.").format(names=names)
    elif differing:
        yield _("The two networks have the same kind of shortcuts; what differs is {names}.").format(names=names)
    else:
        yield _("The two networks have the same specification, and nothing known of their trainings differs.")


def _trainings(result: Json) -> Iterator[str]:
    for name, training in result["settings"].get("trained", {}).items():
        text = _("{name} was trained for {epochs} on {images} images; its accuracy is {top1}.")
        yield text.format(
            name=name,
            epochs=nwhole("{n} epoch", "{n} epochs", training["epochs"]),
            images=whole(training["images"]),
            top1=percent(training["top1"]),
        )
