"""Continue a run exactly where its newest intact checkpoint left it."""

from dataclasses import replace

from atalho import limits
from atalho.config import DataConfig
from atalho.errors import RunError
from atalho.precision import choose, threads
from atalho.runs import data_change, memory, provenance
from atalho.runs.dataset import open_dataset, survey_data
from atalho.runs.fit import fit
from atalho.runs.follow import refuse_crowded_gpu
from atalho.runs.run import Run
from atalho.storage import run_folder
from atalho.storage.lock import locked
from atalho.storage.run_folder import RunFolder
from atalho.storage.run_records import Fingerprint, Provenance
from atalho.text import _
from atalho.training.distributed import Ranks
from atalho.training.progress import Progress


def continue_run(run: Run, data: DataConfig, accept: bool, progress: Progress, ranks: Ranks) -> Run:
    """Train `run` to its end from its newest intact checkpoint. Changed images are refused unless `accept`."""
    with threads(RunFolder(run.path).read(Provenance).threads), locked(run.path):
        return _go_on(run, data, accept, progress, ranks)


def _go_on(run: Run, data: DataConfig, accept: bool, progress: Progress, ranks: Ranks) -> Run:
    RunFolder(run.path).sweep()
    c, record = run.config, RunFolder(run.path).read(Provenance)
    if record.config != provenance.digest(limits.read(run.path / run_folder.CONFIG, limits.SETTINGS)):
        raise RunError(
            "{path} has changed since the run started. To use other settings, start a new run.",
            path=run.path / run_folder.CONFIG,
        )
    precision = choose(c.training.device, c.training.precision)
    refuse_crowded_gpu(ranks, precision)
    differing = provenance.fingerprint(precision, ranks.world).differences(record.fingerprint or Fingerprint())
    if differing:
        progress.note(
            _(
                "This machine differs from the one that started the run ({names}): the result will be correct, "
                "but not byte-identical."
            ).format(names=", ".join(differing))
        )
    stored = run.images.fingerprint
    surveyed = survey_data(replace(run.config, data=data), progress, stored)
    surveyed = data_change.check(run, surveyed, data, accept=accept)
    count = len(surveyed.manifest.splits["train"])
    plan = memory.MemoryRequest(run.network.spec, surveyed.size, count, c.training, precision, ranks.world)
    progress.note(memory.check(plan))
    dataset = open_dataset(surveyed, data, progress, channels=run.network.preprocessing.channels)
    run = data_change.record(run, dataset, data, progress)
    fit(run, dataset, precision, progress, ranks)
    return run
