"""What an experiment found, and how it is shown: a typed value that `result.json` holds, with its figures and words.

A new experiment is a folder: `result.py` has the types of what it finds, `page.py` its kind of `Result`, `measure.py`
its `run`. Its command is in `cli/lab/commands.py`, with a line in `cli/lab/__init__.py`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final, Self, TypeVar

from matplotlib.figure import Figure

from atalho import limits
from atalho.errors import ConfigError, RunError
from atalho.json_values import JsonObject
from atalho.lab.shared import words
from atalho.lab.shared.painted import Painting
from atalho.lab.shared.verdict import Verdict
from atalho.report.markup import Html, el
from atalho.report.parts import bullets, table
from atalho.stored import Unstored, filled, to_object
from atalho.text import Text

FORMAT: Final = 1
RESULT: Final = "result.json"
REPORT: Final = "report.html"

T = TypeVar("T")
Picture = Figure | Painting | Html
"""A figure of matplotlib, networks that are drawn, or SVG in the page's colours (`var(--ink)` and so on)."""


@dataclass(frozen=True)
class Table:
    """What was measured, in words of one language. The columns from `numbers_from` on hold numbers."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""
    numbers_from: int = 1

    @classmethod
    def of(
        cls, items: Iterable[T], columns: Mapping[str, Callable[[T], str]], note: str = "", numbers_from: int = 1
    ) -> Self:
        """A row for each of `items`; `columns` say by their titles what is shown of it."""
        rows = [tuple(shown(item) for shown in columns.values()) for item in items]
        return cls(list(columns), rows, note, numbers_from)

    def html(self) -> Html:
        """As an element."""
        return table(self.head, self.rows, self.numbers_from)


@dataclass(frozen=True, repr=False)
class Result(ABC):
    """What was claimed, asked, measured and found, and where it comes from."""

    NAME: ClassVar[str]
    """That of the command: `depth`."""
    TITLE: ClassVar[str]
    """What it is called on the page, marked with `N_`."""
    CLAIM: ClassVar[str]
    """The article's claim, marked with `N_`."""

    format: int
    """1."""
    experiment: str
    """Its name in the command: `depth`."""
    subject: str
    """The name of the images or of the network."""
    claim: str
    """What was to be shown, in English."""
    settings: Any
    """What was asked for, and what else decides the figures."""
    measured: Any
    """The figures."""
    verdict: Verdict
    """What the figures say about the claim."""
    missing: tuple[str, ...]
    """The cells that are not measured yet."""
    provenance: dict[str, Any]
    """Command, seeds, seconds, precision, versions, machine and when it started, as of a run, and `measured_in`."""
    path: Unstored[Path]
    """The folder that it was written to or read from."""

    @classmethod
    def read(cls, path: Path | str) -> Self:
        """The result at `path`, its folder or the file itself. Raises RunError where there is none of this kind."""
        path = Path(path)
        file = path / RESULT if path.is_dir() else path
        try:
            plain = limits.read_json(file, limits.LARGE_JSON)
            if (plain["experiment"], plain["format"]) != (cls.NAME, FORMAT):
                raise ValueError(f"{plain['experiment']} {plain['format']}")
            return filled(cls, plain, path=file.parent)
        except (OSError, ValueError, KeyError, TypeError, ConfigError) as error:
            text = Text("{path} is not a result of `lab {name}`: {reason}", path=file, name=cls.NAME, reason=error)
            raise RunError(text) from error

    @abstractmethod
    def method(self) -> str:
        """What was done and what was held equal, in the language in force, as all that follows."""

    @abstractmethod
    def pictures(self) -> Mapping[str, Picture]:
        """Title → picture; the first becomes figure.svg and figure.png. Called within `canvas.style()`.

        Of an experiment without a measurement there is none.
        """

    @abstractmethod
    def captions(self) -> Mapping[str, str]:
        """Title → what to see in the picture, of every picture that there may be."""

    @abstractmethod
    def tables(self) -> Mapping[str, Table]:
        """Title → table; the first is also what the command prints."""

    def remarks(self) -> Sequence[str]:
        """What a reader should know beside the verdict."""
        return ()

    @property
    def report(self) -> Path:
        """The page, in both languages."""
        return self.path / REPORT

    @property
    def measured_in(self) -> str | None:
        """`fp32` or `bf16`; None in the results of older versions."""
        return self.provenance.get("measured_in")

    def table(self) -> Table:
        """The figures that matter most, in the language in force."""
        return next(iter(self.tables().values()))

    def to_dict(self) -> JsonObject:
        """As `result.json` holds it."""
        return to_object(self)

    def headline(self) -> str:
        """The verdict in a sentence."""
        return words.headline(self.verdict, self.missing)

    def reasons(self) -> list[str]:
        """A sentence for each comparison that the verdict rests on."""
        return words.sentences(self.verdict)

    def verdict_html(self) -> Html:
        """The verdict, its reasons and what else a reader should know, as an element."""
        remarks = [el("p", remark, class_="soft") for remark in self.remarks()]
        headline = el("p", el("strong", self.headline()), f" · {self.measured_in}" if self.measured_in else None)
        return el(
            "div", headline, bullets(self.reasons(), None), remarks, class_="verdict", data_outcome=self.verdict.outcome
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.subject!r}, {self.verdict.outcome!r}, path={str(self.path)!r})"

    def _repr_html_(self) -> str:
        return el("div", self.verdict_html(), self.table().html())
