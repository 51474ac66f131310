"""Train a network on a folder of images: from the images to a run folder with model, metrics, figures and report."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from atalho import config as schema
from atalho.errors import ConfigError, RunError
from atalho.jobs import data as job_data
from atalho.jobs import provenance
from atalho.jobs import run as files
from atalho.jobs.data import Looked
from atalho.jobs.fit import fit
from atalho.jobs.network import Start, backbone_of
from atalho.jobs.run import Run
from atalho.locale import _
from atalho.networks import spec as specs
from atalho.networks.choice import stem_advice
from atalho.networks.plan import plan
from atalho.precision import choose, threads
from atalho.storage import atomic, run_file
from atalho.training import recipe as recipes
from atalho.training.progress import Progress


def train(
    data: Path | str | None = None,
    *,
    model: str | None = None,
    recipe: str | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    seed: int | None = None,
    settings: Mapping[str, Any] | None = None,
    config: Path | str | None = None,
    out: Path | str | None = None,
    command: str | None = None,
    progress: Progress | None = None,
) -> Run:
    """Train on the images at `data` and return the finished run.

    Every other value of the schema goes into `settings`, by path (`{"training.lr": 0.2}`) or nested; `config` is a
    TOML file; what is given here wins over the file, and the file over the recipe. `out` is the run's folder
    (default `runs/<name of data>`). Raises ConfigError and DataError before any work is done.
    """
    shortcuts = {
        "data.path": str(data) if data is not None else None,
        "model.name": model,
        "training.recipe": recipe,
        "training.epochs": epochs,
        "training.batch_size": batch_size,
        "training.seed": seed,
    }
    asked = schema.merge(
        run_file.read(Path(config)) if config is not None else {},
        schema.nest(settings or {}),
        schema.nest({path: value for path, value in shortcuts.items() if value is not None}),
    )
    command = command or provenance.called_from_python("atalho.train")
    with threads(schema.validate(asked).training.threads):
        return _begin(asked, Path(out) if out is not None else None, command, progress or Progress())


def resume(path: Path | str, *, progress: Progress | None = None) -> Run:
    """Continue the run at `path` exactly where its newest intact checkpoint left it, and finish it.

    Raises RunError where `path` is no run or its images are not those it was started with.
    """
    run = Run.open(path)
    with threads(run.json(files.PROVENANCE)["threads"]):
        return _resume(run, progress or Progress())


def _resume(run: Run, progress: Progress) -> Run:
    c = run.config
    precision = choose(c.training.device, c.training.precision)
    before = run.json(files.PROVENANCE)["fingerprint"]
    differing = [name for name, value in provenance.fingerprint(precision).items() if value != before.get(name)]
    if differing:
        progress.note(
            _("This machine differs from the run's ({names}): the end will be right, but not byte-identical.").format(
                names=", ".join(differing)
            )
        )
    looked = job_data.look(c.data, progress)
    if looked.survey.fingerprint != run.json(files.MANIFEST)["fingerprint"]:
        raise RunError(
            _("The images at {data} are not those that {run} was started with. Start a new run on them.").format(
                data=c.data.path, run=run.path
            )
        )
    start = Start.read(c.model.start) if c.model.start else None
    pixels = job_data.open_pixels(looked, c.data, progress, channels=_channels(looked, start))
    fit(run, pixels, precision, start, progress)
    return run


def _begin(asked: Mapping[str, Any], out: Path | None, command: str, progress: Progress) -> Run:
    """Check everything that can be checked before any work, decode the images, write the run's first files, train."""
    early = schema.validate(asked)
    if not early.data.path:
        raise ConfigError(_("No images were named. Give a folder: atalho train FOLDER"))
    start = Start.read(early.model.start) if early.model.start else None
    if start is None and early.training.recipe == "finetune":
        raise ConfigError(_("The recipe finetune starts from a trained model. Name it: --from RUN"))
    backbone = backbone_of(early.model, start)
    asked = schema.merge({"training": {"recipe": "finetune"}} if start else {}, asked, schema.nest(_placed(early)))
    precision = choose(early.training.device, early.training.precision)
    looked = job_data.look(start.data(early.data) if start else early.data, progress)
    situation = recipes.Situation(
        specs.to_dict(backbone)["family"], plan(backbone).depth, looked.size, len(looked.manifest.splits["train"])
    )
    config, notes = recipes.resolve(asked, situation)
    advice = stem_advice(backbone, looked.size) if early.model.stem != "auto" or start else None
    notes = (*looked.manifest.notes, *notes, *filter(None, [advice]))
    for note in (*notes, _("computing on {precision}").format(precision=precision)):
        progress.note(note)
    with files.claimed(out, early.data.path) as folder:
        pixels = job_data.open_pixels(looked, config.data, progress, channels=_channels(looked, start))
    run = Run(folder)
    record = provenance.gather(command, config.training.seed, precision)
    atomic.write_json(run.path / files.PROVENANCE, record | {"fingerprint": provenance.fingerprint(precision)})
    atomic.write_json(run.path / files.MANIFEST, pixels.record())
    # Last, because it is what makes the folder a run.
    atomic.write_file(run.path / files.CONFIG, run_file.text(schema.to_dict(config)).encode())
    fit(run, pixels, precision, start, progress)
    return run


def _placed(config: schema.Config) -> dict[str, str]:
    """Paths as they are seen from everywhere, because the run will be resumed and evaluated from other folders."""
    paths = {"data.path": config.data.path, "model.start": config.model.start}
    return {name: os.path.abspath(path) for name, path in paths.items() if path}  # noqa: PTH100 (links stay links)


def _channels(looked: Looked, start: Start | None) -> int:
    return start.card.preprocessing.channels if start else looked.channels
