"""What an experiment found: a typed value that `result.json` holds."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from atalho.json_values import JsonObject
from atalho.lab.shared import words
from atalho.lab.shared.page import Page, Table
from atalho.lab.shared.verdict import Verdict
from atalho.report.markup import Html, el
from atalho.stored import Unstored, to_object

FORMAT: Final = 1
RESULT: Final = "result.json"
REPORT: Final = "report.html"


@dataclass(frozen=True, repr=False)
class Result:
    """What was claimed, asked, measured and found, and where it comes from."""

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
    """`outcome` ("supported", "not supported", "not enough evidence") and `comparisons`: in each `quantity`, `left`,
    `order` ("above", "below", "equal": what the claim says), `right`, `unit` and `outcome`; left and right have
    `name`, `mean`, `low` and `high`. A quantity or name that is translated has `text` and perhaps `fields`."""
    missing: tuple[str, ...]
    """The cells that are not measured yet."""
    provenance: dict[str, Any]
    """Command, seeds, seconds, precision, versions, machine and when it started, as of a run."""
    path: Unstored[Path]
    """The folder that it was written to or read from."""
    page: Unstored[Page[Any]]
    """How it is shown."""

    @property
    def report(self) -> Path:
        """The page, in both languages."""
        return self.path / REPORT

    def table(self) -> Table:
        """The figures that matter most, in the language in force."""
        return next(iter(self.page.tables(self).values()))

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
        reasons = [el("li", sentence) for sentence in self.reasons()]
        remarks = [el("p", remark, class_="soft") for remark in self.page.remarks(self)]
        headline = el("p", el("strong", self.headline()))
        listed = el("ul", reasons) if reasons else None
        return el("div", headline, listed, remarks, class_="verdict", data_outcome=self.verdict.outcome)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.subject!r}, {self.verdict.outcome!r}, path={str(self.path)!r})"

    def _repr_html_(self) -> str:
        return el("div", self.verdict_html(), self.table().html())
