"""What every rank but 0 does in a run: hear how it began, open the same images, train in step, write nothing."""

import dataclasses

import torch

from atalho.data.manifest import NO_IDS
from atalho.errors import ConfigError, DataError
from atalho.jobs import data as job_data
from atalho.jobs import memory, network
from atalho.jobs.data import Pixels
from atalho.jobs.fit import Begun, training_setup
from atalho.jobs.run import Run
from atalho.precision import Precision, choose, threads
from atalho.storage.log import NoLines
from atalho.text import Text
from atalho.training import loop
from atalho.training.distributed import Ranks
from atalho.training.progress import Progress
from atalho.training.state import TrainingState
from atalho.training.timing import Timing


def follow(ranks: Ranks) -> Run:
    """Train with rank 0 until it is done, and return the run that it wrote.

    Raises DataError where this machine has other images than rank 0.
    """
    begun: Begun = ranks.hear()
    with threads(begun.threads):
        precision = choose(begun.config.training.device, begun.precision)
        refuse_crowded_gpu(ranks, precision)
        pixels = _in_turn(begun, ranks)
        setup = training_setup(begun.config, pixels, begun.prepared, precision, begun.path, begun.epoch_origin)
        # Rank 0 alone measures.
        setup = dataclasses.replace(setup, task=dataclasses.replace(setup.task, val=NO_IDS))
        model = network.first_weights(begun.spec, begun.config, None).to(precision.device)
        state = TrainingState.start(model, begun.config.training, setup.steps, setup.task.tensors())
        begun.restore(state)
        ranks.wait()
        nothing = Timing(None, None, minutes=begun.config.training.checkpoint_minutes, steps=None)
        plan = memory.Plan(begun.spec, pixels.size, begun.config.training, precision, ranks.world)
        with memory.explained(plan):
            loop.fit(setup, state, ranks, NoLines(), nothing, Progress())
        ranks.wait()  # until rank 0 has evaluated: then the run is whole
    return Run(begun.path)


def refuse_crowded_gpu(ranks: Ranks, precision: Precision) -> None:
    """Raises ConfigError where this rank would share a GPU with another."""
    if precision.device.type == "cuda" and ranks.world > 1 and ranks.local >= torch.cuda.device_count():
        raise ConfigError(
            Text(
                "More processes were started here than there are GPUs ({count}). "
                "Start at most {count} with --nproc-per-node, or train with --training.device cpu.",
                count=torch.cuda.device_count(),
            )
        )


def _in_turn(begun: Begun, ranks: Ranks) -> Pixels:
    """The images of the run: on each machine one rank decodes them, and the others find them decoded."""
    if ranks.local == 0:
        pixels = _open(begun, ranks)
    ranks.wait()
    return pixels if ranks.local == 0 else _open(begun, ranks)


def _open(begun: Begun, ranks: Ranks) -> Pixels:
    silent = Progress()
    looked = dataclasses.replace(job_data.look(begun.config, silent), size=begun.prepared.size)
    if looked.survey.fingerprint != begun.fingerprint:
        raise DataError(
            Text(
                "The images at {data} differ between the machines: rank {rank} has others than rank 0.",
                data=begun.config.data.path,
                rank=ranks.rank,
            )
        )
    return job_data.open_pixels(looked, begun.config.data, silent, channels=begun.prepared.channels)
