"""Train a network on a folder of images: from the images to a run folder with model, metrics, figures and report."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from atalho import config as schema
from atalho.config import Config
from atalho.data.augment import Augment
from atalho.errors import AtalhoError, ConfigError, RunError
from atalho.jobs import data as job_data
from atalho.jobs import finish, provenance, run
from atalho.jobs.network import Start, make_network
from atalho.jobs.run import Run
from atalho.locale import _
from atalho.networks import catalogue
from atalho.precision import Precision, choose
from atalho.storage import atomic, checkpoint, model_folder, run_file
from atalho.storage.log import JsonLines
from atalho.storage.model_folder import Preprocessing
from atalho.tasks import classification
from atalho.training import loop, recipe
from atalho.training.loop import Material
from atalho.training.pace import Pace
from atalho.training.progress import Progress
from atalho.training.state import TrainingState


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
    return _start(asked, Path(out) if out else None, command or provenance.called_from_python("atalho.train"), progress)


def resume(path: Path | str, *, progress: Progress | None = None) -> Run:
    """Continue the run at `path` exactly where its newest intact checkpoint left it, and finish it."""
    opened = Run.open(path)
    progress = progress or Progress()
    c = opened.config
    torch.set_num_threads(opened.json(run.PROVENANCE)["threads"])
    precision = choose(c.training.device, c.training.precision)
    before = opened.json(run.PROVENANCE)["fingerprint"]
    differing = [name for name, value in provenance.fingerprint(precision).items() if value != before.get(name)]
    if differing:
        progress.note(
            _("This machine differs from the run's ({names}): the end will be right, but not byte-identical.").format(
                names=", ".join(differing)
            )
        )
    looked = job_data.look(c.data, progress)
    _refuse_changed_data(opened, looked)
    return _continue(opened, looked, precision, progress)


def _start(asked: dict[str, Any], out: Path | None, command: str, progress: Progress | None) -> Run:
    progress = progress or Progress()
    early = schema.validate(asked)
    if not early.data.path:
        raise ConfigError(_("No images were named. Give a folder: atalho train FOLDER"))
    start = Start.read(early, named="name" in asked.get("model", {}))
    spec = start.spec if start else catalogue.spec(early.model.name)
    precision = choose(early.training.device, early.training.precision)
    torch.set_num_threads(early.training.threads or torch.get_num_threads())
    data_asked = start.data(early.data) if start else early.data
    looked = job_data.look(data_asked, progress)
    situation = recipe.Situation(
        catalogue.family(spec), catalogue.depth(spec), looked.size, len(looked.manifest.splits["train"])
    )
    c, notes = recipe.resolve(asked, situation)
    for note in (*looked.manifest.notes, *notes):
        progress.note(note)
    looked = job_data.without_bad(looked, c.data, progress)
    folder = run.claim(out, c.data.path)
    opened = Run(folder)
    atomic.write_file(folder / run.CONFIG, run_file.text(schema.to_dict(c)).encode())
    atomic.write_json(folder / run.MANIFEST, looked.manifest.to_json())
    record = provenance.gather(command, c.training.seed, precision)
    atomic.write_json(folder / run.PROVENANCE, record | {"fingerprint": provenance.fingerprint(precision)})
    return _continue(opened, looked, precision, progress)
