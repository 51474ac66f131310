"""What every rank but 0 does in a run: hear how it began, open the same images, train in step, write nothing."""

import dataclasses

import torch

from atalho.data.dataset import Dataset
from atalho.data.manifest import NO_IDS
from atalho.errors import ConfigError, DataError
from atalho.precision import Precision, threads
from atalho.runs import memory, network, speed
from atalho.runs.dataset import open_dataset, survey_data
from atalho.runs.fit import RunStart, training_setup
from atalho.runs.run import Run
from atalho.storage.log import NoLines
from atalho.training import loop
from atalho.training.determinism import deterministic
from atalho.training.distributed import Ranks
from atalho.training.progress import Progress
from atalho.training.state import TrainingState
from atalho.training.timing import Timing


def follow(ranks: Ranks) -> Run:
    """Train with rank 0 until it is done, and return the run that it wrote.

    Raises DataError where this machine has other images than rank 0.
    """
    start: RunStart = ranks.hear()
    with threads(start.threads):
        precision = speed.of_run(dataclasses.replace(start.config.training, precision=start.precision))
        refuse_crowded_gpu(ranks, precision)
        with deterministic(precision.device, start.config.training.deterministic, Progress().note):
            _train(start, precision, ranks)
    return Run(start.path)


def _train(start: RunStart, precision: Precision, ranks: Ranks) -> None:
    dataset = _in_turn(start, ranks)
    count = len(dataset.manifest.splits["train"])
    plan = memory.MemoryRequest(start.spec, dataset.size, count, start.config.training, precision, ranks.world)
    dataset = memory.on_device(dataset, plan)
    setup = training_setup(
        start.config, dataset, start.prepared, precision, start.path, start.epoch_origin, start.earlier
    )
    # Rank 0 alone measures.
    setup = dataclasses.replace(setup, task=dataclasses.replace(setup.task, val=NO_IDS))
    model = network.first_weights(start.spec, start.config, None).to(precision.device)
    state = TrainingState.start(model, start.config.training, setup.steps, setup.task.tensors())
    start.restore(state)
    ranks.wait()
    nothing = Timing(None, minutes=start.config.training.checkpoint_minutes, steps=None)
    with memory.explained(plan):
        loop.fit(setup, state, ranks, NoLines(), nothing, Progress())
    ranks.wait()  # until rank 0 has evaluated: then the run is whole


def refuse_crowded_gpu(ranks: Ranks, precision: Precision) -> None:
    """Raises ConfigError where this rank would share a GPU with another, or where ranks cannot talk."""
    kind = precision.device.type
    if kind == "cpu" or ranks.world == 1:
        return
    if kind != "cuda":
        raise ConfigError(
            "Several processes can train together on CPUs and CUDA GPUs, but not on {device}. "
            "Start one, or train on the CPU with --training.device cpu.",
            device=kind,
        )
    if ranks.local >= torch.cuda.device_count():
        raise ConfigError(
            "More processes were started here than there are GPUs ({count}). Start at most {count} with "
            "--nproc-per-node, or train on the CPU with --training.device cpu.",
            count=torch.cuda.device_count(),
        )


def _in_turn(start: RunStart, ranks: Ranks) -> Dataset:
    """The images of the run: on each machine one rank decodes them, and the others find them decoded."""
    if ranks.local == 0:
        dataset = _open(start, ranks)
    ranks.wait()
    return dataset if ranks.local == 0 else _open(start, ranks)


def _open(start: RunStart, ranks: Ranks) -> Dataset:
    silent = Progress()
    surveyed = survey_data(start.config, silent, start.fingerprint, start.left_out)
    surveyed = dataclasses.replace(surveyed, size=start.prepared.size)
    if surveyed.survey.fingerprint != start.fingerprint:
        raise DataError(
            "The images at {data} differ between machines: those of rank {rank} are not those of rank 0.",
            data=start.config.data.path,
            rank=ranks.rank,
        )
    prepared = start.prepared
    return open_dataset(surveyed, start.config.data, silent, channels=prepared.channels, prepared=prepared)
