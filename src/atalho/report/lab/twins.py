"""What a reader should know of two networks that are compared: whether the one is a control of the other."""

from collections.abc import Sequence

from atalho.report.language import Translator
from atalho.report.run_files import Json


def remarks(result: Json, _: Translator) -> Sequence[str]:
    """In what the networks of a result differ; nothing of a single one."""
    differing = result["settings"]["differences"]
    if len(result["measured"]["series"]) < 2:
        return []
    if differing == ["network.shortcut"]:
        return [_("The two networks, and their trainings, differ in the shortcuts alone.")]
    return [_("The two networks differ in more than their shortcuts: {names}.").format(names=", ".join(differing))]
