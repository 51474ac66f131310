"""An experiment from its folder to its result: the part that is the same whatever is measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Literal, TypedDict, TypeVar, Unpack

from atalho.json_values import JsonObject
from atalho.lab.shared import cells, files
from atalho.lab.shared.cells import Finished
from atalho.lab.shared.result import FORMAT, RESULT, Result
from atalho.lab.shared.verdict import Verdict
from atalho.precision import Numbers, Precision, choose
from atalho.runs import provenance
from atalho.storage import atomic
from atalho.text import _
from atalho.training.progress import Progress

R = TypeVar("R", bound=Result)


class SessionOptions(TypedDict, total=False):
    """What `run` of every experiment accepts beside its own arguments."""

    out: Path | str | None
    """The experiment's folder; if not given `lab/NAME-SUBJECT`, beside the run that it looks at."""
    command: str | None
    """What the provenance says was called."""
    progress: Progress | None
    """Is told how far the experiment is."""
    precision: Numbers | None
    """What the networks are measured in; None: as the experiment was begun, fp32 in a new one."""


class BudgetedOptions(SessionOptions, total=False):
    """What `run` accepts where the experiment may take hours."""

    budget_minutes: float | None
    """No cell is begun after so many minutes; the same call again goes on with those that are left."""


@dataclass(frozen=True)
class Session(Generic[R]):
    """One call of an experiment. Several may follow each other in the same folder, until every cell is finished."""

    kind: type[R]
    folder: Path
    budget_minutes: float | None
    command: str
    progress: Progress
    asked: Numbers | None = None

    @classmethod
    def begin(
        cls, kind: type[R], subject: str, run: Path | str | None = None, **options: Unpack[BudgetedOptions]
    ) -> Session[R]:
        """A session in a folder, by default `lab/NAME-SUBJECT`, beside the `run` if it looks at one.

        Nothing is made yet, but the folder is told. `subject` is what is measured, as the folder's name says it. Raises
        RunError where the folder is no place for an experiment.
        """
        folder = cells.place(options.get("out"), f"{kind.NAME}-{subject}", run)
        command = options.get("command") or provenance.called_from_python(f"atalho.lab.{kind.NAME}.run")
        progress = options.get("progress") or Progress()
        progress.note(_("The experiment is kept in {folder}").format(folder=folder))
        return cls(kind, folder, options.get("budget_minutes"), command, progress, options.get("precision"))

    @property
    def begun(self) -> JsonObject:
        """The settings that the experiment in this folder was begun with; empty where there is none."""
        return cells.description(self.folder)

    def precision(self, begun: object, device: Literal["auto", "cpu"] = "auto") -> Precision:
        """What is measured in, where it began in the number type that `begun` ends with, or says before a reason."""
        before: Numbers = "bf16" if str(begun).split(" (")[0].endswith(("bf16", "bfloat16")) else "fp32"
        return choose(device, self.asked or before)

    @property
    def work(self) -> Path:
        """Where a training keeps what it needs until it ends."""
        return self.folder / "work"

    def measure(
        self,
        settings: Any,
        plan: Mapping[str, Callable[[], Any]],
        *,
        costs: Mapping[str, float] | None = None,
        titles: Mapping[str, str] | None = None,
    ) -> Finished:
        """Measure the cells of `plan` that the folder does not hold yet, made for `settings` without what grows.

        `costs` and `titles` are those of `cells.run`.
        """
        description = {"experiment": self.kind.NAME, **cells.described(settings)}
        return cells.run(
            self.folder,
            description,
            plan,
            budget_minutes=self.budget_minutes,
            costs=costs,
            progress=self.progress,
            titles=titles,
        )

    def finish(
        self,
        subject: str,
        settings: Any,
        measured: Any,
        verdict: Verdict,
        cells: Finished,
        seeds: Sequence[int],
        precision: Precision,
        measured_in: Precision | None = None,
    ) -> R:
        """Write `result.json`, the figure and the page; the result. `subject` is the name of the data or model.

        `precision` is that of a training where there is one; networks are measured in it unless `measured_in` is given.
        """
        about = provenance.gather(self.command, None, precision).to_dict()  # the seed is that of a single run
        about |= {"seeds": list(seeds), "seconds": round(cells.seconds, 1)}
        about |= {"measured_in": (measured_in or precision).numbers}
        result = self.kind(
            format=FORMAT,
            experiment=self.kind.NAME,
            subject=subject,
            claim=self.kind.CLAIM,
            settings=settings,
            measured=measured,
            verdict=verdict,
            missing=cells.missing,
            provenance=about,
            path=self.folder,
        )
        atomic.write_json(self.folder / RESULT, result.to_dict())
        files.write_shown(result)
        return result
