"""report.html of a run: its parts in their order, and the pictures that they show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure

from atalho.report import (
    advice,
    background,
    confusion_cells,
    figure_data,
    figures,
    reidentification,
    sections,
    shell,
)
from atalho.report.canvas import stacking
from atalho.report.figure import Drawing
from atalho.report.markup import Html, el, join
from atalho.report.parts import library, places_of
from atalho.storage import run_folder
from atalho.storage.atomic import write_file
from atalho.storage.run_folder import RunFolder
from atalho.tasks.by_name import evaluation_of, task_of
from atalho.text import _, language

if TYPE_CHECKING:
    from atalho.tasks.task import Evaluation


def write(run: Path, *, pictures: Mapping[str, bytes]) -> Path:
    """Write report.html into the run folder `run` and return its path.

    `pictures` are the PNG bytes of the images that the page shows, by their names in evaluation.json. The page holds
    both languages; a reader whose browser asks for neither gets the one in force now. A part whose file the run has
    not written yet is left out. Raises RunError where `run` is no run folder or a file in it is damaged.
    """
    path = run / run_folder.REPORT
    write_file(path, page(RunFolder.open(run), pictures).encode())
    return path


def page(run: RunFolder, pictures: Mapping[str, bytes]) -> str:
    """The whole page, first shown in the language in force where the browser asks for neither."""
    evaluation = evaluation_of(run)
    wanted = dict.fromkeys(evaluation.pictures() if evaluation is not None else ())
    places = places_of(name for name in wanted if name in pictures)
    title = f"{run.model} · {run.data} · Atalho"
    held = join([library(pictures, places), _cells(run, evaluation)])
    return shell.page(title, lambda: _article(run, evaluation, places), library=held)


def _cells(run: RunFolder, evaluation: Any) -> Html | None:
    """The counts of the confusion matrix, where the task has one."""
    if evaluation is None or "confusion" not in task_of(run.task).page.parts:
        return None
    return confusion_cells.library([row.class_ for row in evaluation.per_class], evaluation.confusion)


def _article(run: RunFolder, evaluation: Evaluation | None, places: Mapping[str, str]) -> Html:
    drawings = {
        name: Drawing(name, stacking(figure, f"{name}-{language()}"), _numbers(name, figure))
        for name, figure in figures.draw_all(run).items()
        if name != "recall"
    }
    parts = {
        "next": (_("What to do next"), advice.next_steps(run, evaluation)),
        "curves": (_("Training"), sections.curves(run, drawings)),
        **_measured(run, evaluation, drawings, places),
        "data": (_("Data"), background.data(run)),
        "network": (_("Network"), background.architecture(run)),
        "cost": (_("Cost"), background.cost(run)),
        "configuration": (_("Configuration"), background.configuration(run)),
        "provenance": (_("Provenance"), background.provenance(run)),
    }
    shown = {name: part for name, part in parts.items() if part[1] is not None}
    links = [el("a", title, href=f"#{name}-{language()}") for name, (title, _part) in shown.items()]
    contents = el("nav", links, class_="contents")
    return join([sections.header(run, evaluation), contents, [part for _title, part in shown.values()]])


def _numbers(name: str, figure: Figure) -> str | None:
    """What a figure draws, as CSV; the counts of a confusion matrix the page holds once."""
    named = {"loss": _("loss"), "accuracy": _("accuracy"), "learning_rate": _("learning rate")}
    return None if name == "confusion" else figure_data.of_figure(figure, y=named.get(name, ""))


def _measured(
    run: RunFolder, evaluation: Any, drawings: Mapping[str, Drawing], places: Mapping[str, str]
) -> dict[str, tuple[str, Html | None]]:
    """The parts that say how good the network is, those that its task has, in its order.

    A task names no part that its evaluations, of whatever type, do not have.
    """
    if evaluation is None:
        return {}
    parts: dict[str, Callable[[], tuple[str, Html | None]]] = {
        "retrieval": lambda: (_("Re-identification"), reidentification.quality(evaluation)),
        "threshold": lambda: (_("Threshold"), reidentification.threshold(run, evaluation, drawings)),
        "lists": lambda: (_("Ranked lists"), reidentification.ranked_lists(evaluation, places)),
        "embeddings": lambda: (_("Embeddings"), reidentification.embeddings(evaluation, drawings)),
        "classes": lambda: (_("Per class"), sections.per_class(evaluation)),
        "confusion": lambda: (_("Confusion matrix"), sections.confusion(evaluation, drawings)),
        "calibration": lambda: (_("Calibration"), sections.calibration(evaluation, drawings)),
        "mistakes": lambda: (_("Mistakes"), sections.mistakes(evaluation, places)),
    }
    return {name: parts[name]() for name in task_of(run.task).page.parts}
