"""An experiment from its folder to its result: the part that is the same whatever is measured."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypedDict, TypeVar

from atalho import stored
from atalho.errors import ConfigError, RunError
from atalho.lab.shared import cells, files
from atalho.lab.shared.cells import Finished, Value
from atalho.lab.shared.page import Page
from atalho.lab.shared.result import FORMAT, RESULT, Result
from atalho.lab.shared.verdict import Verdict
from atalho.precision import Precision
from atalho.runs import provenance
from atalho.storage import atomic
from atalho.text import Text
from atalho.training.progress import Progress

R = TypeVar("R", bound=Result)


class SessionOptions(TypedDict, total=False):
    """What `run` of every experiment accepts beside its own arguments."""

    budget_minutes: float | None
    """No cell is begun after so many minutes; the same call again goes on with those that are left."""
    out: Path | str | None
    """The experiment's folder; `lab/NAME-SUBJECT` if not given."""
    command: str | None
    """What the provenance says was called."""
    progress: Progress | None
    """Is told how far the experiment is."""


@dataclass(frozen=True)
class Experiment(Generic[R]):
    """An experiment under the name of its command: the type of what it finds, and how that is shown."""

    name: str
    result: type[R]
    page: Page[R]

    def begin(
        self,
        subject: str,
        *,
        budget_minutes: float | None = None,
        out: Path | str | None = None,
        command: str | None = None,
        progress: Progress | None = None,
    ) -> Session[R]:
        """A session in a folder, by default `lab/NAME-SUBJECT`. Nothing is made yet.

        `subject` is what is measured, as the folder's name says it; the rest are those of `SessionOptions`. Raises
        RunError where the folder is no place for an experiment.
        """
        folder = cells.place(out, f"{self.name}-{subject}")
        command = command or provenance.called_from_python(f"atalho.lab.{self.name}.run")
        return Session(self, folder, budget_minutes, command, progress or Progress())

    def read(self, path: Path | str) -> R:
        """The result at `path`, its folder or the file itself. Raises RunError where there is none of this kind."""
        path = Path(path)
        file = path / RESULT if path.is_dir() else path
        try:
            plain = json.loads(file.read_bytes())
            if plain["experiment"] != self.name:
                raise ValueError(plain["experiment"])
            return stored.filled(self.result, plain, path=file.parent, page=self.page)
        except (OSError, ValueError, KeyError, TypeError, ConfigError) as error:
            text = Text("{path} is no result of `lab {name}`: {reason}", path=file, name=self.name, reason=error)
            raise RunError(text) from error


@dataclass(frozen=True)
class Session(Generic[R]):
    """One call of an experiment. Several may follow each other in the same folder, until every cell is finished."""

    experiment: Experiment[R]
    folder: Path
    budget_minutes: float | None
    command: str
    progress: Progress

    @property
    def work(self) -> Path:
        """Where a training keeps what it needs until it ends."""
        return self.folder / "work"

    def measure(
        self, settings: Any, plan: Mapping[str, Callable[[], Value]], *, costs: Mapping[str, float] | None = None
    ) -> Finished:
        """Measure the cells of `plan` that the folder does not hold yet; `settings` as they are without what grows."""
        return cells.run(
            self.folder,
            {"experiment": self.experiment.name, **cells.described(settings)},
            list(plan),
            lambda name: plan[name](),
            budget_minutes=self.budget_minutes,
            costs=costs,
            progress=self.progress,
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
    ) -> R:
        """Write `result.json`, the figure and the page; the result. `subject` is the name of the data or model."""
        about = provenance.gather(self.command, 0, precision)
        about |= {"seeds": list(seeds), "seconds": round(cells.seconds, 1)}
        del about["seed"]  # of a single run; an experiment has several, or none
        experiment = self.experiment
        result = experiment.result(
            format=FORMAT,
            experiment=experiment.name,
            subject=subject,
            claim=experiment.page.claim,
            settings=settings,
            measured=measured,
            verdict=verdict,
            missing=cells.missing,
            provenance=about,
            path=self.folder,
            page=experiment.page,
        )
        atomic.write_json(self.folder / RESULT, result.to_dict())
        files.write_shown(result)
        return result
