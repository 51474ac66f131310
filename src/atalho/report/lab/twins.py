"""What a reader should know of trained networks: whether one is a control of the other, and how they were trained."""

from collections.abc import Iterator, Sequence

from atalho.report.language import Translator
from atalho.report.run_files import Json


def remarks(result: Json, _: Translator) -> Sequence[str]:
    """In what the networks of a result differ, where there are two, and how those that are runs were trained."""
    return [*_difference(result, _), *_trainings(result, _)]


def _difference(result: Json, _: Translator) -> Iterator[str]:
    differing = result["settings"]["differences"]
    if len(result["measured"]["series"]) < 2:
        return
    if differing == ["network.shortcut"]:
        yield _("The two networks, and their trainings, differ in the shortcuts alone.")
    else:
        text = _("The two networks differ in more than their shortcuts: {names}.")
        yield text.format(names=", ".join(differing))


def _trainings(result: Json, _: Translator) -> Iterator[str]:
    for name, training in result["settings"].get("trained", {}).items():
        text = _("{name} was trained for {epochs} epochs on {images} images; its accuracy is {top1}.")
        yield text.format(
            name=name,
            epochs=_.whole(training["epochs"]),
            images=_.whole(training["images"]),
            top1=_.percent(training["top1"]),
        )
