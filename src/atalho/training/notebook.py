"""Progress in a notebook: one output that grows, with a bar and a row for each epoch. Needs no widgets."""

import importlib
import sys
import time
from collections.abc import Callable
from html import escape
from typing import Any, Final

from atalho.text import _, visible
from atalho.text.numbers import duration, number, percent, whole
from atalho.training.progress import EpochReport, Progress, StepReport

_SECONDS: Final = 0.25
"""Between two drawings of a bar: each is a message to the browser, and a stored notebook keeps the last."""
_ROWS: Final = 30
"""Epochs that stay in sight."""

Show = Callable[[str], None]
"""Takes HTML, which replaces what it showed before."""


def output() -> Show | None:
    """Where a notebook shows what is running in it; None where this is no notebook."""
    if "IPython" not in sys.modules:
        return None
    shell: Any = importlib.import_module("IPython").get_ipython()
    if getattr(shell, "kernel", None) is None:  # a terminal's
        return None
    display: Any = importlib.import_module("IPython.display")
    handle = display.display(display.HTML(""), display_id=True)
    return lambda html: handle.update(display.HTML(html))


class NotebookProgress(Progress):
    """Shows notes, the work that is going on, and what each epoch gave."""

    def __init__(self, show: Show) -> None:
        self._show = show
        self._notes: list[str] = []
        self._epochs: list[str] = []
        self._bar = ""
        self._drawn = -_SECONDS

    def note(self, text: str) -> None:
        self._notes.append(f"<div>{escape(visible(text))}</div>")
        self._draw(now=True)

    def work(self, label: str, done: int, total: int) -> None:
        self._bar = _bar(done, total, label) if done < total else ""
        self._draw(now=done >= total)

    def step(self, report: StepReport) -> None:
        words = (
            _("epoch {epoch} of {epochs}").format(epoch=report.epoch, epochs=report.epochs),
            f"{_('loss')} {number(report.loss, 3)}",
            _("{speed} images/s").format(speed=whole(report.images_per_second)),
            _("{time} left").format(time=duration(report.seconds_left)),
        )
        self._bar = _bar(report.step, report.steps, " · ".join(words))
        self._draw(now=report.step == report.steps)

    def epoch(self, report: EpochReport) -> None:
        numbers, measured = report.numbers, report.numbers.validation
        held_out = measured.get("val_top1", measured.get("val_rank1"))
        cells = (
            f"{report.epoch}/{report.epochs}",
            number(numbers.train_loss, 3),
            percent(numbers.train_top1),
            percent(held_out) if held_out is not None else "–",
            duration(report.seconds),
        )
        self._epochs.append(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>")
        self._draw(now=True)

    def end(self) -> None:
        self._bar = ""
        self._draw(now=True)

    def _draw(self, *, now: bool) -> None:
        if not now and time.monotonic() - self._drawn < _SECONDS:
            return
        self._drawn = time.monotonic()
        notes = f"<small>{''.join(self._notes)}</small>" if self._notes else ""
        self._show(f"{notes}{self._table()}{self._bar}")

    def _table(self) -> str:
        if not self._epochs:
            return ""
        names = (_("epoch"), _("loss"), _("training"), _("validation"), _("time"))
        head = "".join(f"<th>{escape(name)}</th>" for name in names)
        return f"<table><tr>{head}</tr>{''.join(self._epochs[-_ROWS:])}</table>"


def _bar(done: int, total: int, words: str) -> str:
    return f'<div><progress value="{done}" max="{total}"></progress> {done}/{total} · {escape(visible(words))}</div>'
