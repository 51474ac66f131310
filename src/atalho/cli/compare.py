"""`atalho compare`: do two images show the same?"""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from atalho.cli import options, terminal
from atalho.text import N_, _
from atalho.text.numbers import number


def compare(
    run: Annotated[str, Parameter(help=N_("run, model folder or name of pretrained weights"))],
    first: Annotated[Path, Parameter(help=N_("first image"))],
    second: Annotated[Path, Parameter(help=N_("second image"))],
    /,
    *,
    precision: options.Numbers = "fp32",
    json: options.JSON = False,
) -> int:
    """Parse, call `atalho.compare`, print."""
    from atalho.api import compare as job

    found = job.compare(run, first, second, precision=precision)
    if json:
        terminal.print_json(found.to_dict())
        return 0
    similarity = number(found.similarity, 3)
    if found.threshold is None:
        text = _("similarity {similarity}; the model has no threshold yet. Choose one: atalho threshold {run}")
        if found.task == "classification":
            text = _(
                "similarity {similarity}; the model is a classifier: two images of one class are similar to it, "
                "whichever object they show. To tell objects apart, train with: atalho train DATA --task reid"
            )
        terminal.say(text.format(similarity=similarity, run=run), found.precision)
        return 0
    text = _("match: similarity {similarity}, threshold {threshold}")
    if not found.same:
        text = _("no match: similarity {similarity}, threshold {threshold}")
    terminal.say(text.format(similarity=similarity, threshold=number(found.threshold, 3)), found.precision)
    return 0
