"""Runs: those in a folder, what became of them, and what two of them differ in."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from atalho.errors import AtalhoError, RunError
from atalho.findings import Finding
from atalho.metrics import intervals
from atalho.metrics.intervals import Ends
from atalho.runs.run import Run
from atalho.settings import flatten, to_dict
from atalho.storage.lock import is_locked
from atalho.storage.run_folder import RunFolder
from atalho.storage.run_places import find_runs
from atalho.tasks.by_name import evaluation_of
from atalho.tasks.task import Headline
from atalho.text import N_, _
from atalho.text.numbers import whole, with_interval

_MEASURES: Final = {"classification": "top1", "reid": "rank1"}
State = Literal["finished", "running", "stopped", "damaged"]
_STATES: Final[dict[State, str]] = {
    "finished": N_("finished"),
    "running": N_("running"),
    "stopped": N_("stopped"),
    "damaged": N_("damaged"),
}


@dataclass(frozen=True, kw_only=True, repr=False)
class RunSummary(Finding):
    """A run in a line.

    `measure` says what `accuracy` is, a share with its 95% interval: "top1" or "rank1". `started` is a time in
    ISO 8601. A damaged run has a `reason` and may lack the rest.
    """

    run: str
    state: State
    network: str | None = None
    data: str | None = None
    measure: str | None = None
    accuracy: float | None = None
    interval: Ends | None = None
    started: str | None = None
    reason: str | None = None

    def shown(self) -> Iterator[tuple[str, str]]:
        """The values that the table has."""
        yield _("run"), self.run
        yield _("network"), self.network or "–"
        yield _("data"), self.data or "–"
        yield _("accuracy"), with_interval(self.accuracy, self.interval) if self.accuracy is not None else "–"
        yield _("started"), (self.started or "–")[:16].replace("T", " ")
        yield _("state"), state_name(self.state)


@dataclass(frozen=True, kw_only=True, repr=False)
class RunComparison(Finding):
    """Two runs beside each other.

    `settings` has, by path, the values that differ, of the first and of the second. `difference` is the second's
    accuracy minus the first's, as a share, with its 95% `interval`; `beyond_chance` whether that leaves out zero. The
    interval is of the test images alone: how much another seed would change either accuracy, one run cannot tell. They
    are None where a run has no accuracy or the two were measured on other images or tasks, as `same_images` says.
    """

    first: RunSummary
    second: RunSummary
    settings: dict[str, tuple[Any, Any]]
    same_images: bool
    difference: float | None = None
    interval: Ends | None = None
    beyond_chance: bool | None = None

    def shown(self) -> Iterator[tuple[str, str]]:
        """Both runs, and the settings that differ."""
        yield _("first"), self.first.run
        yield _("second"), self.second.run
        yield _("settings that differ"), whole(len(self.settings))


def state_name(state: State) -> str:
    """What a state is called in the language in force."""
    return _(_STATES[state])


def list_runs(folder: Path | str = ".") -> list[RunSummary]:
    """The runs in `folder`, the newest first: itself, or those at most two levels below it.

    At most 2,000 files and folders are looked at. Raises RunError where `folder` is none.
    """
    top = Path(folder)
    if not top.is_dir():
        raise RunError("{path} is not a folder. Give one with runs in it, such as runs.", path=folder)
    found = [summarise_run(path) for path in find_runs(top)]
    return sorted(found, key=lambda row: row.started or "", reverse=True)


def summarise_run(path: Path) -> RunSummary:
    """The run at `path` in a line. A file that cannot be read makes it damaged, and no error."""
    files = RunFolder(path)
    running = is_locked(path)
    try:
        headline = _headline(files)
        provenance = files.provenance
        finished = provenance is not None and provenance.finished is not None
        return RunSummary(
            run=str(path),
            state="running" if running else "finished" if finished else "stopped",
            network=files.model,
            data=files.data,
            measure=_MEASURES[files.task] if headline is not None else None,
            accuracy=headline.value if headline is not None else None,
            interval=headline.interval if headline is not None else None,
            started=provenance.started if provenance is not None else None,
        )
    except AtalhoError as error:
        return RunSummary(run=str(path), state="damaged", reason=str(error))


def _headline(files: RunFolder) -> Headline | None:
    evaluation = evaluation_of(files)
    return None if evaluation is None else evaluation.headline


def compare_runs(first: Path | str, second: Path | str) -> RunComparison:
    """What two runs differ in, and whether their accuracy differs beyond the chance of the test images.

    Raises RunError where one is none.
    """
    runs = [Run.open(path) for path in (first, second)]
    before, after = (flatten(to_dict(run.config)) for run in runs)
    rows = [summarise_run(run.path) for run in runs]
    differing = [name for name in before | after if before.get(name) != after.get(name)]
    settings = {name: (before.get(name), after.get(name)) for name in differing}
    same = rows[0].measure == rows[1].measure and len({_measured_on(run) for run in runs}) == 1
    one, other = rows
    if not same or one.accuracy is None or other.accuracy is None or one.interval is None or other.interval is None:
        return RunComparison(first=one, second=other, settings=settings, same_images=same)
    interval = intervals.difference(one.accuracy, one.interval, other.accuracy, other.interval)
    return RunComparison(
        first=one,
        second=other,
        settings=settings,
        same_images=same,
        difference=other.accuracy - one.accuracy,
        interval=interval,
        beyond_chance=not interval[0] <= 0 <= interval[1],
    )


def _measured_on(run: Run) -> tuple[str, ...]:
    """What names the images that the accuracy of a run is of."""
    evaluation = run.evaluation
    ids = run.manifest.splits[evaluation.split] if evaluation is not None else ()
    return (run.images.fingerprint, *map(str, ids))
