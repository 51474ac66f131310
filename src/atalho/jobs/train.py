"""Train a network on a folder of images: from the images to a run folder with model, metrics, figures and report."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from atalho import config as schema
from atalho.config import DataConfig
from atalho.data import order
from atalho.data.preprocessing import Preprocessing
from atalho.errors import ConfigError, RunError
from atalho.jobs import again, changed, memory, provenance
from atalho.jobs import data as job_data
from atalho.jobs import run as files
from atalho.jobs.fit import fit, outputs, preprocessing, refuse_reid
from atalho.jobs.follow import follow, refuse_crowded_gpu
from atalho.jobs.network import Start, backbone_of, spec_for
from atalho.jobs.run import Run
from atalho.networks import spec as specs
from atalho.networks.select import stem_advice
from atalho.precision import choose, threads
from atalho.storage import atomic, run_file
from atalho.storage.lock import locked
from atalho.text import Text, _
from atalho.training import distributed
from atalho.training import recipe as recipes
from atalho.training.distributed import Ranks
from atalho.training.progress import Progress
from atalho.training.tracking import Tracker, tracked, tracker_of


def train(
    data: Path | str | None = None,
    *,
    model: str | None = None,
    task: str | None = None,
    recipe: str | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    seed: int | None = None,
    settings: Mapping[str, Any] | None = None,
    config: Path | str | None = None,
    out: Path | str | None = None,
    continue_existing: bool = False,
    command: str | None = None,
    track: Tracker | None = None,
    progress: Progress | None = None,
) -> Run:
    """Train on the images at `data` and return the finished run.

    Every other value of the schema goes into `settings`, by path (`{"training.lr": 0.2}`) or nested; `config` is a
    TOML file; what is given here wins over the file, and the file over the recipe. `out` is the run's folder
    (default `runs/<name of data>`); with `continue_existing` a run that is there already is continued, if it began
    with the same settings. `track` writes the metrics for TensorBoard too. Under torchrun every rank calls this, and
    rank 0 reads, tells and writes; a restarted group continues its run. Raises ConfigError and DataError, and
    OutOfMemoryError for steps that clearly do not fit, before any work is done.
    """
    shortcuts = {
        "data.path": str(data) if data is not None else None,
        "model.name": model,
        "task": task,
        "training.recipe": recipe,
        "training.epochs": epochs,
        "training.batch_size": batch_size,
        "training.seed": seed,
    }
    folder, command = Path(out) if out is not None else None, command or provenance.called_from_python("atalho.train")
    with distributed.joined() as ranks:
        asked = schema.merge(
            run_file.read(Path(config)) if config is not None else {},
            schema.nest(settings or {}),
            schema.nest({path: value for path, value in shortcuts.items() if value is not None}),
        )
        _refuse_another_recipe(run_file.read(Path(config)) if config is not None else {}, asked)
        continue_existing |= ranks.restarts > 0
        again.refuse_nowhere(folder, continue_existing, ranks)
        if not ranks.is_main:
            return follow(ranks)
        listener = tracked(progress, track)
        asked = dict(_with_spec(asked))
        before = again.begun(folder, asked) if folder is not None and continue_existing else None
        if before is not None:
            return _resume(before, before.config.data, False, listener, ranks)
        with threads(schema.validate(asked).training.threads):
            return _begin(asked, folder, command, listener, ranks)


def resume(
    path: Path | str,
    *,
    data: Path | str | None = None,
    accept_data_change: bool = False,
    track: Tracker | None = None,
    progress: Progress | None = None,
) -> Run:
    """Continue the run at `path` exactly where its newest intact checkpoint left it, and finish it.

    `data` says where the images are now, if they moved. Images whose content, names or splits changed are refused
    unless `accept_data_change`: then the epoch in progress begins again with the images as they are now, finished
    epochs stay finished, and the run's record says so. Mean and deviation stay those that the network has seen.
    What was tracked so far is tracked on; `track` begins it.
    Raises RunError where `path` is no run, or its images are not those it was started with, or have other classes.
    """
    with distributed.joined() as ranks:
        if not ranks.is_main:
            return follow(ranks)
        run = Run.open(path)
        listener = tracked(progress, track or tracker_of(run.path))
        return _resume(run, changed.at(data, run), accept_data_change, listener, ranks)


def _resume(run: Run, data: DataConfig, accept: bool, progress: Progress, ranks: Ranks) -> Run:
    with threads(run.json(files.PROVENANCE)["threads"]), locked(run.path):
        return _go_on(run, data, accept, progress, ranks)


def _go_on(run: Run, data: DataConfig, accept: bool, progress: Progress, ranks: Ranks) -> Run:
    for folder in (run.path, run.path / "figures"):
        atomic.sweep(folder)
    c, record = run.config, run.json(files.PROVENANCE)
    if record["config"] != _digest((run.path / files.CONFIG).read_bytes()):
        raise RunError(
            Text(
                "{path} is no longer the one that the run began with. Give other settings to a new run.",
                path=run.path / files.CONFIG,
            )
        )
    precision = choose(c.training.device, c.training.precision)
    refuse_crowded_gpu(ranks, precision)
    now = provenance.fingerprint(precision, ranks.world)
    before = {"ranks": 1} | record["fingerprint"]
    differing = [name for name, value in now.items() if value != before.get(name)]
    if differing:
        progress.note(
            _("This machine differs from the run's ({names}): the end will be right, but not byte-identical.").format(
                names=", ".join(differing)
            )
        )
    looked = changed.checked(run, job_data.look(replace(run.config, data=data), progress), data, accept=accept)
    progress.note(memory.check(memory.Plan(run.network[0], looked.size, c.training, precision, ranks.world)))
    pixels = job_data.open_pixels(looked, data, progress, channels=run.network[1].channels)
    run = changed.recorded(run, pixels, data, progress)
    fit(run, pixels, precision, progress, ranks)
    return run


def _begin(
    asked: Mapping[str, Any],
    out: Path | None,
    command: str,
    progress: Progress,
    ranks: Ranks,
) -> Run:
    """Check everything that can be checked before any work, decode the images, write the run's first files, train."""
    identity = again.identity(asked)
    early = schema.validate(asked)
    job_data.refuse_unnamed(early)
    _refuse_names_that_are_no_text(early)
    files.refuse_taken(out)
    start = Start.read(early.model.start) if early.model.start else None
    if start is None and early.training.recipe == "finetune":
        raise ConfigError(Text("The recipe finetune starts from a trained model. Name it: --from RUN"))
    backbone = backbone_of(early.model, start)
    asked = schema.merge({"training": {"recipe": "finetune"}} if start else {}, asked, schema.nest(again.placed(early)))
    precision = choose(early.training.device, early.training.precision)
    refuse_crowded_gpu(ranks, precision)
    looked = job_data.look(replace(early, data=start.data(early.data)) if start else early, progress)
    files.refuse_among_images(out, early.data.path, looked.manifest)
    images = len(looked.manifest.splits["train"])
    context = recipes.RecipeContext(backbone.family, backbone.plan().depth, looked.size, images, early.task)
    config, notes = recipes.resolve(asked, context)
    if config.task == "reid":
        refuse_reid(config, ranks)
    else:
        ranks.refuse_small(order.smallest(images, config.training.batch_size))
    channels = start.card.preprocessing.channels if start else looked.channels
    spec = spec_for(config, start, classes=outputs(config, looked.manifest), channels=channels, size=looked.size)
    advice = stem_advice(spec, looked.size)
    for note in (*looked.manifest.notes, *notes, *filter(None, [advice])):
        progress.note(str(note))
    progress.note(_("computing on {precision}").format(precision=precision))
    progress.note(memory.check(memory.Plan(spec, looked.size, config.training, precision, ranks.world)))
    with files.claimed(out, early.data.path) as folder:
        run = Run(folder)
        pixels = job_data.open_pixels(looked, config.data, progress, channels=channels)
        prepared = TypeAdapter(Preprocessing).dump_python(preprocessing(pixels, config.data, start), mode="json")
        atomic.write_json(folder / files.NETWORK, {"spec": specs.to_dict(spec), "preprocessing": prepared})
        atomic.write_json(folder / files.MANIFEST, pixels.record())
        text = run_file.text(schema.to_dict(config)).encode()
        record = provenance.gather(command, config.training.seed, precision)
        record |= {"fingerprint": provenance.fingerprint(precision, ranks.world), "config": _digest(text)}
        record |= {"asked": identity}
        atomic.write_json(folder / files.PROVENANCE, record)
        # The last of a run's first files, because it is what makes the folder a run.
        atomic.write_file(folder / files.CONFIG, text)
        fit(run, pixels, precision, progress, ranks)
    return run


def _refuse_names_that_are_no_text(config: schema.Config) -> None:
    """Paths stand in run.toml, and TOML is UTF-8; the names of the images themselves may be any bytes."""
    for path in filter(None, (config.data.path, config.model.start)):
        try:
            os.path.abspath(path).encode()  # noqa: PTH100 (as it will be written)
        except UnicodeEncodeError:
            shown = os.fsencode(path).decode(errors="replace")
            text = _("{path}: the name of this folder, or of one above it, is not valid UTF-8. Rename it.")
            raise ConfigError(text.format(path=shown)) from None


def _with_spec(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    """`asked` with the content of model.spec where that names a file, so that the run holds its network itself."""
    spec = schema.validate(asked).model.spec
    return schema.merge(asked, {"model": {"spec": run_file.read(Path(spec))}}) if isinstance(spec, str) else asked


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _refuse_another_recipe(file: Mapping[str, Any], asked: Mapping[str, Any]) -> None:
    """A complete file fixes every value of its recipe, so that the name of another one would change nothing else."""
    held, wanted = (values.get("training", {}).get("recipe") for values in (file, asked))
    if held is not None and held != wanted:
        raise ConfigError(
            Text(
                "The file asks for the recipe {held} with all its values; --recipe {wanted} would change only the "
                "name.",
                held=held,
                wanted=wanted,
            )
        )
