"""What a run would be, before anything of it is written: `atalho train --dry-run`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from atalho.findings import Finding
from atalho.inspection.summary import summarise
from atalho.networks.select import name_of
from atalho.precision import threads
from atalho.runs import duration
from atalho.runs.begin import open_prepared, prepare
from atalho.runs.fit import preprocessing
from atalho.runs.opening import waiting
from atalho.settings import Asked
from atalho.text import _
from atalho.text.numbers import whole
from atalho.training.distributed import Ranks
from atalho.training.progress import Progress


@dataclass(frozen=True, repr=False)
class Forecast(Finding):
    """What would be trained on what, for how long, and how this machine would compute it.

    `steps` is None where a run of whole epochs is asked for. `layout` and `threads` are of a CPU; `precision` has its
    reason, and `measured` the figures behind it. `memory` says in words what a step needs.
    """

    network: str
    parameters: int
    size: int
    classes: int
    images: Mapping[str, int]
    """By split."""
    batch_size: int
    epochs: int
    steps: int | None
    precision: str
    layout: str
    threads: int | None
    measured: str | None
    memory: str

    def shown(self) -> Iterator[tuple[str, str]]:
        yield _("network"), f"{self.network}, {whole(self.parameters)} {_('parameters')}"
        yield _("images"), ", ".join(f"{split} {whole(count)}" for split, count in self.images.items())
        yield _("size"), f"{self.size} × {self.size}"
        yield _("classes"), whole(self.classes)
        yield _("epochs"), whole(self.epochs)
        if self.steps is not None:
            yield _("steps"), whole(self.steps)
        yield _("images per step"), whole(self.batch_size)
        yield _("precision"), self.precision
        yield _("memory layout"), self.layout
        yield _("threads"), "–" if self.threads is None else whole(self.threads)
        if self.measured is not None:
            yield _("measured"), self.measured


def foresee(asked: Asked, out: Path | None, progress: Progress, ranks: Ranks) -> Forecast:
    """Prepare a run as `begin` does. With minutes its images are decoded, into the cache, and its first steps timed."""
    with waiting(progress) as told:
        run = prepare(asked, out, told, ranks)
    training = run.config.training
    if training.minutes is not None or training.steps is not None:
        with threads(training.threads):
            dataset = open_prepared(run, run.config.data, progress)
            images = preprocessing(dataset, run.config.data, run.start)
            config = duration.fixed(run.config, dataset, run.spec, images, run.precision, run.start, progress)
        training = config.training
    manifest = run.surveyed.manifest
    return Forecast(
        network=name_of(run.spec),
        parameters=summarise(run.spec, (run.spec.in_channels, run.surveyed.size, run.surveyed.size)).parameters,
        size=run.surveyed.size,
        classes=run.spec.classes,
        images={split: len(ids) for split, ids in manifest.splits.items()},
        batch_size=training.batch_size,
        epochs=training.epochs,
        steps=training.steps,
        precision=str(run.precision),
        layout=run.precision.layout,
        threads=training.threads,
        measured=training.measured,
        memory=run.memory,
    )
