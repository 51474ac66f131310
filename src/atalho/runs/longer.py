"""Training a run longer than it was begun for: what becomes of its schedule, recorded, so that every resume agrees.

run.toml stays as it is. `provenance.json` gets the step from which on the run has more epochs, in one write, and from
there every session, also one that was killed in between, follows one and the same schedule.
"""

from dataclasses import replace

from atalho.config import Config
from atalho.data.dataset import Dataset
from atalho.errors import ConfigError
from atalho.precision import Precision
from atalho.runs import provenance
from atalho.runs.data_change import origin_of
from atalho.runs.fit import training_setup
from atalho.runs.run import Run
from atalho.settings import change
from atalho.storage import checkpoint, run_folder
from atalho.storage.run_folder import RunFolder
from atalho.storage.run_records import Lengthened, Provenance
from atalho.text import _
from atalho.text.numbers import significant, whole
from atalho.training.progress import Progress
from atalho.training.setup import EpochOrigin, TrainingSetup


def more_epochs(run: Run, epochs: int | None) -> int | None:
    """`epochs` where they make the run longer; None where it has so many anyway.

    Raises ConfigError where it has trained for them already.
    """
    training = run.config.training
    if epochs is None or (epochs == training.epochs and training.steps is None):
        return None
    done = max((row.epoch for row in RunFolder(run.path).epochs), default=0)
    if epochs <= done:
        raise _refused(run, epochs, done)
    return epochs


def planned(config: Config, epochs: int | None) -> Config:
    """The configuration of a run as it is with so many epochs."""
    if epochs is None:
        return config
    return change(config, {"training.epochs": epochs, "training.steps": None, "training.minutes": None})


def lengthen(run: Run, epochs: int, dataset: Dataset, precision: Precision, progress: Progress) -> Run:
    """Record that the run has so many epochs from its newest checkpoint on, and say what that does to its schedule.

    From there the learning rate is that of a schedule made for all `epochs`; weights, momentum, averaged weights and
    the log go on. Raises ConfigError where the checkpoint has that many epochs behind it.
    """
    folder = run.path / run_folder.CHECKPOINTS
    saved = checkpoint.newest(folder)
    step = checkpoint.step_of(saved) if saved is not None else 0
    before = _setup(run, run.config, origin_of(run), dataset, precision)
    epoch, within = before.position(step)
    # A run of minutes or steps may have ended within an epoch. The next one then begins anew.
    origin = EpochOrigin(step, epoch + 1) if within and step >= before.steps else None
    done = epoch if origin is None else origin.epoch
    if epochs <= done:
        raise _refused(run, epochs, done)
    files = RunFolder(run.path)
    record = files.read(Provenance)
    added = Lengthened(provenance.now(), step, epochs, before.steps, origin.epoch if origin is not None else None)
    files.write(replace(record, finished=None, longer=(*(record.longer or ()), added)))
    run = Run(run.path)
    after = _setup(run, run.config, origin_of(run), dataset, precision)
    text = _(
        "training longer: {epochs} epochs, {steps} steps in all. From step {step} on, the learning rate is that of a "
        "schedule made for all of them: it was {before} and is now {now}. Weights, momentum and averages go on."
    )
    rates = {"now": significant(after.rate(step)), "before": significant(before.rate(max(step - 1, 0)))}
    progress.note(text.format(epochs=whole(epochs), steps=whole(after.steps), step=whole(step), **rates))
    return run


def _setup(run: Run, config: Config, origin: EpochOrigin, dataset: Dataset, precision: Precision) -> TrainingSetup:
    prepared, folder = run.network.preprocessing, run.path / run_folder.CHECKPOINTS
    return training_setup(config, dataset, prepared, precision, folder, origin, run.earlier)


def _refused(run: Run, epochs: int, done: int) -> ConfigError:
    return ConfigError(
        "--epochs {given} is not accepted: {run} has already trained {done} epochs. Give more, or start a new run from "
        "what it has learned: --from {run}",
        given=epochs,
        done=done,
        run=run.path,
    )
