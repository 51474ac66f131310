"""What the user sees: tables, messages, and progress, on a terminal or as plain lines where there is none."""

import csv
import json
import re
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import chain, islice
from typing import Any, Final

from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Task, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.table import Table
from rich.text import Text

from atalho.text import N_, _, steers, visible
from atalho.text.numbers import duration, number, percent, whole
from atalho.training.progress import EpochReport, Progress, StepReport

_PLAIN_SECONDS = 30.0
_LONG_EPOCH: Final = 600.0
"""Seconds of an epoch after which a pipe or a file is told of its steps; otherwise it has a line an epoch."""
_WIDE: Final = 100
"""Columns from which on a terminal has room for a bar beside the numbers of training."""
_SPLITS = {"test": N_("test"), "val": N_("val")}
_FIRST_ROWS = 1000
_ENDLESS = 1 << 20
"""More columns than any row has."""
FORMULAS = ("=", "+", "-", "@")
_NUMBER = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?")


def complain(text: str) -> None:
    """An error, on standard error: paths must not be wrapped or read as markup."""
    print(visible(text, but="\n\t"), file=sys.stderr)


def say(text: str, computed_in: str | None = None) -> None:
    """A line of the result, and after it, where that is known, what a network computed it in."""
    print(visible(f"{text} · {computed_in}" if computed_in else text, but="\t"))


def split(name: str) -> str:
    """What a split that is measured on is called."""
    return _(_SPLITS[name])


def print_json(value: Any) -> None:
    """One JSON value on standard output."""
    text = json.dumps(value, ensure_ascii=False)
    # As escapes of JSON, which read back the same: what would steer the terminal, and the bytes of a file name that
    # are not UTF-8, which are lone surrogates in Python.
    text = "".join(f"\\u{ord(character):04x}" if steers(character) else character for character in text)
    print(text.encode(errors="backslashreplace").decode())


def print_csv(cells: Sequence[str]) -> None:
    """One row of CSV on standard output, which neither steers the terminal nor is run by a spreadsheet."""
    csv.writer(sys.stdout).writerow([_harmless(cell) for cell in cells])


def _harmless(cell: str) -> str:
    """A cell without control characters. A spreadsheet runs what begins like a formula: an apostrophe makes it text."""
    cell = visible(cell)
    return f"'{cell}" if cell.startswith(FORMULAS) and not _NUMBER.fullmatch(cell) else cell


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: Sequence[int] = ()) -> None:
    """A table; the columns whose places are in `numbers` stand to the right."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for place, name in enumerate(columns):
        table.add_column(
            name, justify="right" if place in numbers else "left", overflow="fold", no_wrap=place in numbers
        )
    for row in rows:
        table.add_row(*(Text(visible(cell)) for cell in row))  # not read: a name may look like markup or an emoji
    # Where the output is a file or a pipe, a row stays one line.
    PipeConsole(width=None if sys.stdout.isatty() else _ENDLESS, highlight=False).print(table)


def print_long_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table of any length, each row printed as it comes; the first ones decide how wide the columns are."""
    waiting = iter(rows)
    first = list(islice(waiting, _FIRST_ROWS))
    widths = [max(cell_len(visible(cell)) for cell in column) for column in zip(columns, *first, strict=True)]
    for row in chain([columns], first, waiting):
        padded = (cell + " " * (width - cell_len(cell)) for cell, width in zip(map(visible, row), widths, strict=True))
        print(" ".join(padded).rstrip())


def progress(*, shown: bool) -> AbstractContextManager[Progress]:
    """Progress on standard error, or none: of several processes that train together one tells it."""
    return TerminalProgress() if shown else nullcontext(Progress())


class PipeConsole(Console):
    """A console for standard output that leaves a closed pipe to the program, instead of ending it."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


class _TimeOfWork(TimeRemainingColumn):
    """What is left of work whose details do not say it."""

    def render(self, task: Task) -> Text:
        return Text() if task.fields["detail"] else super().render(task)


class TerminalProgress(Progress):
    """Progress on standard error: bars on a terminal, a line now and then elsewhere."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)
        self._bars = Bars(
            TextColumn("{task.description}"),
            *([BarColumn()] if self._console.width >= _WIDE else []),
            MofNCompleteColumn(),
            TextColumn("{task.fields[detail]}"),
            _TimeOfWork(),
            console=self._console,
            transient=True,
            redirect_stdout=False,  # what is printed meanwhile is a result, and may go to a file
            disable=not self._console.is_terminal,
        )
        self._tasks: dict[str, Any] = {}
        self._last_line = time.monotonic()
        self._validation = ""

    def __enter__(self) -> "TerminalProgress":
        self._bars.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._bars.stop()

    def note(self, text: str) -> None:
        self._console.print(visible(text, but="\t"), markup=False)

    def work(self, label: str, done: int, total: int) -> None:
        if label not in self._tasks:
            self._tasks[label] = self._bars.add_task(label, total=total, detail="")
        self._bars.update(self._tasks[label], completed=done, total=total)
        if done >= total:
            self._bars.remove_task(self._tasks.pop(label))
        self._line(f"{label}: {done}/{total}", _PLAIN_SECONDS)

    def step(self, report: StepReport) -> None:
        parts = [
            _("{time} left").format(time=duration(report.seconds_left)),
            _("{speed} images/s").format(speed=whole(report.images_per_second)),
            *([_("train {share}").format(share=percent(report.train_top1))] if report.train_top1 is not None else []),
            *filter(None, [self._validation]),
        ]
        detail = " · ".join(parts)
        label = _("epoch {epoch} of {epochs}").format(epoch=report.epoch, epochs=report.epochs)
        if "training" not in self._tasks:
            self._tasks["training"] = self._bars.add_task(label, total=report.steps, detail=detail)
        self._bars.update(self._tasks["training"], completed=report.step, description=label, detail=detail)
        self._line(f"{label} · {report.step}/{report.steps} · {detail}", _LONG_EPOCH)
        if report.step == report.steps:
            self._bars.remove_task(self._tasks.pop("training"))

    def epoch(self, report: EpochReport) -> None:
        text = _("epoch {epoch:>3}/{epochs}  loss {loss}  training {train}").format(
            epoch=report.epoch,
            epochs=report.epochs,
            loss=number(report.numbers.train_loss, 3),
            train=percent(report.numbers.train_top1),
        )
        measured = report.numbers.validation
        if (top1 := measured.get("val_top1")) is not None:
            self._validation = _("val {share}").format(share=percent(top1))
            text += "  " + _("validation {val}").format(val=percent(top1))
        if (rank1 := measured.get("val_rank1")) is not None:
            self._validation = _("val {share}").format(share=percent(rank1))
            ranked = _("validation rank-1 {rank1} mAP {map}")
            text += "  " + ranked.format(rank1=percent(rank1), map=percent(measured.get("val_map")))
        speed = _("{speed} images/s").format(speed=whole(report.images_per_second))
        left = "  " + _("{time} left").format(time=duration(report.seconds_left)) if report.seconds_left else ""
        self.note(f"{text}  {speed}  {duration(report.seconds)}{left}")
        self._last_line = time.monotonic()

    def _line(self, text: str, seconds: float) -> None:
        """Without a terminal, a sign of life where nothing was said for so long."""
        if not self._console.is_terminal and time.monotonic() - self._last_line >= seconds:
            self._last_line = time.monotonic()
            self._console.print(text, markup=False)
