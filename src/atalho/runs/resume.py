"""Continue a run exactly where its newest intact checkpoint left it."""

from dataclasses import replace

from atalho import limits
from atalho.config import DataConfig, TrainingConfig
from atalho.errors import RunError
from atalho.precision import choose, cpu_has_bf16, threads
from atalho.runs import data_change, leaks, longer, memory, opening, provenance, speed
from atalho.runs.dataset import open_dataset, survey_data
from atalho.runs.fit import fit
from atalho.runs.follow import refuse_crowded_gpu
from atalho.runs.opening import Waiting, waiting
from atalho.runs.run import Run
from atalho.storage import checkpoint, run_folder
from atalho.storage.lock import locked
from atalho.storage.run_folder import RunFolder
from atalho.storage.run_records import Fingerprint, Provenance
from atalho.text import _
from atalho.text.numbers import whole
from atalho.training.distributed import Ranks
from atalho.training.progress import Progress


def continue_run(
    run: Run, data: DataConfig, accept: bool, progress: Progress, ranks: Ranks, epochs: int | None = None
) -> Run:
    """Train `run` to its end from its newest intact checkpoint. Changed images are refused unless `accept`.

    With `epochs` its end is after so many.
    """
    with threads(RunFolder(run.path).read(Provenance).threads), locked(run.path), waiting(progress) as told:
        return _go_on(run, data, accept, told, ranks, longer.more_epochs(run, epochs))


def _go_on(run: Run, data: DataConfig, accept: bool, progress: Waiting, ranks: Ranks, epochs: int | None) -> Run:
    RunFolder(run.path).sweep()
    c, record = run.config, RunFolder(run.path).read(Provenance)
    if record.config != provenance.digest(limits.read(run.path / run_folder.CONFIG, limits.SETTINGS)):
        raise RunError(
            "{path} has changed since the run started. To use other settings, start a new run.",
            path=run.path / run_folder.CONFIG,
        )
    precision = speed.of_run(_recorded(c.training, record))
    refuse_crowded_gpu(ranks, precision)
    differing = provenance.fingerprint(precision, ranks.world).differences(record.fingerprint or Fingerprint())
    if differing:
        progress.note(
            _(
                "This machine differs from the one that started the run ({names}): the result will be correct, "
                "but not byte-identical."
            ).format(names=", ".join(differing))
        )
    stored, known = run.images.fingerprint, run.images.duplicates
    surveyed = survey_data(replace(run.config, data=data), progress, stored, known.left_out if known else None)
    changed = surveyed.survey.fingerprint != stored
    surveyed = data_change.check(run, surveyed, data, accept=accept)
    prepared = run.network.preprocessing
    if changed and data.fix_leaks:
        surveyed = leaks.keep_apart(surveyed, data, progress, channels=prepared.channels, prepared=prepared)
        leaks.say_left_out(surveyed, progress)
    saved = checkpoint.newest(run.path / run_folder.CHECKPOINTS)
    after = _("continues after step {step}").format(step=whole(checkpoint.step_of(saved) if saved is not None else 0))
    c = longer.planned(c, epochs)
    progress.open(opening.line(run.network.spec, prepared.size, c, surveyed.manifest, run.path), after)
    splits = surveyed.manifest.splits
    count, measured = len(splits["train"]), memory.most_measured(splits)
    plan = memory.MemoryRequest(run.network.spec, surveyed.size, count, c.training, precision, ranks.world, measured)
    progress.note(memory.check(plan))
    dataset = open_dataset(surveyed, data, progress, channels=prepared.channels, prepared=prepared)
    dataset = leaks.looked_for(dataset, surveyed, progress) if changed else replace(dataset, duplicates=known)
    run = data_change.record(run, dataset, data, progress)
    if epochs is not None:
        run = longer.lengthen(run, epochs, dataset, precision, progress)
    fit(run, dataset, precision, progress, ranks)
    return run


def _recorded(training: TrainingConfig, record: Provenance) -> TrainingConfig:
    """`training` with the precision that the run began with, also where an earlier version left it open.

    bf16 that was chosen and not asked for stays behind on a CPU that does not multiply it.
    """
    chosen = training.precision == "auto" or training.measured is not None
    precision = training.precision
    words = (record.precision or "").split()
    if precision == "auto" and words[:1] == ["cpu"]:
        precision = "bf16" if words[1] == "bf16" else "fp32"
    if chosen and not cpu_has_bf16() and choose(training.device, "fp32").device.type == "cpu":
        precision = "fp32"
    return replace(training, precision=precision)
