"""Train the network of a run from wherever its checkpoints stand to the end, and write what follows the last step."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import safetensors.torch
import torch

from atalho.config import Config, DataConfig
from atalho.data import order
from atalho.data.augment import Augment
from atalho.data.dataset import Dataset
from atalho.data.duplicates import LeftOut
from atalho.data.preprocessing import Preprocessing, channel_statistics
from atalho.networks.spec import Spec
from atalho.precision import Precision, choose
from atalho.runs import finish, memory, network, provenance, trained_images
from atalho.runs.data_change import origin_of
from atalho.runs.expected import ExpectedTime
from atalho.runs.network import Start
from atalho.runs.run import Run
from atalho.storage import checkpoint, run_folder
from atalho.storage.log import JsonLines
from atalho.storage.run_folder import RunFolder
from atalho.tasks.by_name import task_of
from atalho.tasks.task import EvaluationTarget
from atalho.text import _
from atalho.training import loop
from atalho.training.determinism import deterministic
from atalho.training.distributed import Ranks
from atalho.training.progress import Progress, ProgressList, RunReport
from atalho.training.setup import BEGINNING, EpochOrigin, Schedules, TrainingSetup
from atalho.training.state import StateRest, Tally, TrainingState
from atalho.training.timing import Timing


@dataclass(frozen=True)
class RunStart:
    """What rank 0 tells the others when a run begins or goes on: all that they need besides the images.

    `weights` is a safetensors file of the state's tensors, `rest` what is no tensor of it.
    """

    path: Path
    config: Config
    spec: Spec
    prepared: Preprocessing
    fingerprint: str
    left_out: LeftOut | None
    precision: Literal["bf16", "fp32"]
    threads: int
    step: int
    weights: bytes
    rest: StateRest
    epoch_origin: EpochOrigin
    earlier: Schedules

    def restore(self, state: TrainingState) -> None:
        """Give `state` what rank 0 holds."""
        state.run = self.rest.run
        state.restore(checkpoint.Checkpoint(self.step, safetensors.torch.load(self.weights), asdict(self.rest)))


def fit(run: Run, dataset: Dataset, precision: Precision, progress: Progress, ranks: Ranks) -> None:
    """Train from the newest intact checkpoint, or from the beginning, to the end; then evaluate and report."""
    with deterministic(precision.device, run.config.training.deterministic, progress.note):
        try:
            _fit(run, dataset, precision, progress, ranks)
            progress.finished(_report(run))
        finally:
            progress.end()


def _fit(run: Run, dataset: Dataset, precision: Precision, progress: Progress, ranks: Ranks) -> None:
    c = run.config
    images = len(dataset.manifest.splits["train"])
    spec, prepared = run.network.spec, run.network.preprocessing
    plan = memory.MemoryRequest(spec, dataset.size, images, c.training, precision, ranks.world)
    dataset = memory.on_device(dataset, plan)
    ranks.refuse_small(order.smallest(images, c.training.batch_size))
    saved = checkpoint.latest(run.path / run_folder.CHECKPOINTS)
    start = Start.read(c.model.start, c.model, progress) if saved is None and c.model.start else None
    model = network.first_weights(spec, c, start, task_of(c.task).outputs(dataset.manifest, c)).to(precision.device)
    folder = run.path / run_folder.CHECKPOINTS
    setup = training_setup(c, dataset, prepared, precision, folder, origin_of(run), run.earlier)
    state = TrainingState.start(model, c.training, setup.steps, setup.task.tensors())
    decided = (run.path / name for name in (run_folder.CONFIG, run_folder.NETWORK))
    state.run = provenance.digest(b"".join(path.read_bytes() for path in decided))
    offset = state.restore(saved) if saved is not None else 0
    if state.step == origin_of(run).step:
        state.tally = Tally()  # the epoch begins again with other images
    for damage in saved.damaged if saved is not None else ():
        progress.note(_("{damage}; using the previous checkpoint").format(damage=damage))
    timing = Timing(RunFolder(run.path), minutes=c.training.checkpoint_minutes, steps=c.training.checkpoint_steps)
    with JsonLines(run.path / run_folder.LOG, offset) as log:
        if start is not None:
            # From here on the run does not need the model that it started from, which may change or go.
            state.save(run.path / run_folder.CHECKPOINTS, log.flush(), keep=c.training.keep)
        ranks.tell(lambda: _run_start(run, dataset, precision, state))
        ranks.wait()  # those that decode for their machine are done
        ranks.wait()  # and those that find it done
        begun = ExpectedTime(progress.note, c, spec, dataset.size, resumed=saved is not None)
        progress = ProgressList(progress, begun)
        progress.begin(run.path)
        with memory.explained(plan):
            loop.fit(setup, state, ranks, log, timing, progress)
    seen = trained_images.seen_ids(run.path, dataset)
    # In fp32, so that a network has one accuracy, whatever the machine computes with in training.
    measured = choose(c.training.device, "fp32")
    trained = state.averaged.network.to(memory_format=torch.channels_last)  # as it is laid out wherever it is used
    finish.finish(run, EvaluationTarget(trained, dataset, prepared, measured, seen), progress)
    ranks.wait()


def _report(run: Run) -> RunReport:
    evaluation = run.evaluation
    if evaluation is None:
        return RunReport(run.path, "", {}, run.seconds)
    values = {name: getattr(evaluation, name) for name in task_of(run.config.task).summary}
    measured = {name: float(value) for name, value in values.items() if isinstance(value, int | float)}
    return RunReport(run.path, evaluation.split, measured, run.seconds)


def _run_start(run: Run, dataset: Dataset, precision: Precision, state: TrainingState) -> RunStart:
    spec, prepared = run.network.spec, run.network.preprocessing
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in state.tensors().items()}
    return RunStart(
        run.path,
        run.config,
        spec,
        prepared,
        dataset.fingerprint,
        dataset.duplicates.left_out if dataset.duplicates is not None else None,
        "bf16" if precision.dtype == torch.bfloat16 else "fp32",
        torch.get_num_threads(),
        state.step,
        safetensors.torch.save(tensors),
        state.rest(0),
        origin_of(run),
        run.earlier,
    )


def preprocessing(dataset: Dataset, config: DataConfig, start: Start | None) -> Preprocessing:
    """Mean and deviation are those of the training images, or those that the trained weights expect."""
    images = dataset.images
    if start is not None:
        mean, std = start.card.preprocessing.mean, start.card.preprocessing.std
    else:
        mean, std = channel_statistics(images, dataset.manifest.splits["train"])
    return Preprocessing(
        size=dataset.size,
        resize=dataset.fit.resize,
        channels=images.channels,  # type: ignore[arg-type]
        mean=mean,
        std=std,
        max_pixels=config.max_pixels,
        tiff=config.tiff,
        avif=config.avif,
        interpolation=dataset.fit.interpolation,
        whole=dataset.fit.crop is not None,
    )


def training_setup(
    c: Config,
    dataset: Dataset,
    prepared: Preprocessing,
    precision: Precision,
    checkpoints: Path,
    epoch_origin: EpochOrigin = BEGINNING,
    earlier: Schedules = (),
) -> TrainingSetup:
    """What the loop trains on; the same on every rank."""
    augment = Augment(c.augment, size=dataset.size, mean=prepared.mean, std=prepared.std, seed=c.training.seed)
    objective = task_of(c.task).objective(dataset, c, prepared, precision, augment)
    return TrainingSetup(c, objective, dataset.manifest.names, precision, checkpoints, epoch_origin, earlier)
