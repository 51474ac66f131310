"""Progress on standard error: bars on a terminal, plain lines where there is none."""

import time
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Task, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.text import Text

from atalho.text import _, visible
from atalho.text.numbers import duration, number, percent, whole
from atalho.training.progress import EpochReport, Progress, StepReport

_PLAIN_SECONDS = 30.0
_LONG_EPOCH: Final = 600.0
"""Seconds of an epoch after which a pipe or a file is told of its steps; otherwise it has a line an epoch."""
_WIDE: Final = 100
"""Columns from which on a terminal has room for a bar beside the numbers of training."""


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
