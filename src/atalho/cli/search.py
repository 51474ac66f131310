"""`atalho search`: which images of a gallery show the same as these."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

from atalho.cli import options, terminal
from atalho.text import N_, _
from atalho.text.numbers import number

if TYPE_CHECKING:
    from atalho.api.search import Answer


@dataclass(frozen=True)
class SearchOptions:
    """How a gallery is searched, and which of its images may be answers."""

    expand: Annotated[
        options.Whole,
        Parameter(help=N_("query expansion: number of first answers averaged into the query before searching again")),
    ] = 0
    exact: Annotated[
        bool, Parameter(help=N_("exact search: compare with every vector, even in a large gallery"), negative="")
    ] = False
    label: Annotated[list[str] | None, Parameter(help=N_("search only this label; may be repeated"))] = None
    camera: Annotated[list[str] | None, Parameter(help=N_("search only this camera; may be repeated"))] = None
    leave_self_out: Annotated[
        bool, Parameter(help=N_("leave each query image out of its own results"), negative="")
    ] = False
    together: Annotated[
        bool, Parameter(help=N_("all images show the same: one answer, by the mean similarity"), negative="")
    ] = False


_USUAL: Final = SearchOptions()


def search(
    gallery: Annotated[str, Parameter(help=N_("gallery created by atalho index"))],
    /,
    *images: Annotated[str, Parameter(help=N_("files, folders or globs"), required=True)],
    k: Annotated[options.Whole, Parameter(name=["-k", "--k"], help=N_("answers per image"))] = 10,
    model: Annotated[str | None, Parameter(help=N_("the gallery's model, if it has moved"))] = None,
    precision: options.Numbers = "fp32",
    asked: Annotated[SearchOptions, Parameter(name="*")] = _USUAL,
    report: Annotated[Path | None, Parameter(help=N_("write the answers with pictures to this HTML file"))] = None,
    json: options.JSON = False,
) -> int:
    """Parse, call `atalho.search`, print. Exit code 1 where an image could not be read."""
    from atalho.api import predict
    from atalho.api import search as job

    found = job.search(
        gallery,
        predict.find(images),
        k=k,
        model=model,
        precision=precision,
        exact=asked.exact,
        expand=asked.expand,
        labels=asked.label or (),
        cameras=asked.camera or (),
        leave_self_out=asked.leave_self_out,
        together=asked.together,
        report=report,
    )
    answers = list(found)
    if json:
        terminal.print_json([answer.to_dict() for answer in answers])
    else:
        columns = (_("image"), _("rank"), _("similarity"), _("label"), _("match"))
        terminal.print_table(columns, (row for answer in answers for row in _rows(answer)), numbers=(1, 2))
        if report is not None:
            terminal.say(_("report: {path}").format(path=report))
    return 1 if any(answer.error for answer in answers) else 0


def _rows(answer: "Answer") -> Iterator[tuple[str, ...]]:
    if answer.error is not None:
        yield (answer.path, "", "", "", answer.error)
    if answer.unknown:
        yield (answer.path, "", "", _("unknown"), _("nothing in the gallery is similar enough"))
    for place, hit in enumerate(answer.hits, start=1):
        similarity = number(hit.similarity, 3)
        yield (answer.path, str(place), similarity, hit.entry.label or "", hit.entry.path)
