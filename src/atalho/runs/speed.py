"""How a CPU trains a network fastest: fp32 or bf16, which memory layout, how many threads. Measured once, then kept.

A CPU's flags do not say whether it gains by bf16: PyTorch's bf16 convolutions may take many times as long as those in
fp32. So steps of the network itself are timed before a run (`step_speed.py`), in two to five seconds. Results depend on
the choice; so it is kept in the user's cache, per machine, network and shape, and the same command computes the same,
also where it was made on a busy machine.
"""

import itertools
import json
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final, get_args

import torch

from atalho import cores, limits
from atalho.config import Config, TrainingConfig
from atalho.data.decoding.cache import cache_folder, caching, temporary
from atalho.errors import DataError
from atalho.json_values import JsonObject
from atalho.networks import spec as specs
from atalho.precision import LayoutName, Numbers, Precision, choose, cpu_has_bf16
from atalho.runs import provenance
from atalho.runs.step_speed import Measurement, Way, Workload, measure
from atalho.settings import change
from atalho.text import _
from atalho.validation import checked

_FORMAT: Final = 2
"""Of the kept figures and the way they are measured: another number measures again."""
_WORTH: Final = 1e12
"""Multiply-adds of a run's forward passes, 10 to 100 seconds of training, from which on measuring is worth its time."""
DECIDED: Final = ("precision", "layout", "threads", "measured")
"""The settings of training that `decide` fills in."""
_INSTRUCTION_LIMITS: Final = ("ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA")


def decide(
    config: Config, work: Workload, note: Callable[[str], None] = lambda _text: None
) -> tuple[Config, Precision]:
    """`config` with precision, layout and threads, where a CPU computes and they were left open; and the precision.

    `note` hears where the timings did not tell which way is fastest. Raises ConfigError for a device that is not there.
    """
    training = config.training
    chosen = choose(training.device, training.precision)
    if chosen.device.type != "cpu":
        return config, chosen
    ways = _ways(training)
    record, reason = training.measured, chosen.reason
    if len(ways) == 1:
        way = ways[0]
        if record is not None and not record.endswith(_chosen(way)):
            record = None  # of a file whose choice was overruled
    elif _short(work):
        way, record = ways[0], f"{machine()}; the run is too short to measure; {_chosen(ways[0])}"
        reason = reason if training.precision != "auto" else _("the run is too short to measure")
    else:
        place = _place(work, training, ways)
        found = _kept_or_measured(place, work, training, ways)
        way, record = found.best, f"{machine()}; {found}; {found.reason}; {_chosen(found.best)}"
        reason = _told(found, work)
        if place is not None and (found.disputed or len(found.speeds) == 1):
            told = _(
                "The timings do not tell which way of computing is fastest, perhaps because other programs are "
                "running. This run and equal ones use {way}. To time them again, delete {file}"
            )
            note(told.format(way=way, file=place))
    decided: JsonObject = {"training": {**asdict(way), "measured": record}}
    config = change(config, decided)
    return config, replace(of_run(config.training), reason=reason)


def for_experiment(config: Config, work: Workload) -> Precision:
    """What networks of the kind and shape of `work` are trained with in an experiment, with the threads in force."""
    as_ever: JsonObject = {"training.layout": "channels-last", "training.threads": torch.get_num_threads()}
    return decide(change(config, as_ever), work)[1]


def of_run(training: TrainingConfig) -> Precision:
    """The precision of a run whose settings are decided. Raises ConfigError for a device that is not there."""
    found = choose(training.device, training.precision)
    return found if training.layout == "auto" else replace(found, layout=training.layout)


def machine() -> str:
    """This machine, as far as speeds depend on it; the first words of a record."""
    limited = [f"{name}={os.environ[name]}" for name in _INSTRUCTION_LIMITS if name in os.environ]
    found = provenance.fingerprint(choose("cpu", "fp32"))
    cpu = [found.processor, found.instructions, *limited, f"{cores.physical()} cores", f"{cores.usable()} threads"]
    return f"{', '.join(map(str, cpu))}, torch {torch.__version__}"


def default_threads() -> int:
    """Threads to compute with where nobody said how many: the physical cores, or as few as this process was given."""
    told = os.environ.get("OMP_NUM_THREADS")
    return torch.get_num_threads() if told else min(torch.get_num_threads(), cores.physical())


def _short(work: Workload) -> bool:
    """Whether measuring would take a noticeable part of the run."""
    return work.passes is not None and work.passes * work.multiply_adds < _WORTH


def _told(found: Measurement, work: Workload) -> str:
    """Why the precision is taken, in the user's language."""
    if len(found.speeds) == 1:
        return _("no time to compare")
    if found.disputed:
        told = _("timings disagree, in images/s: {speeds}")
    elif found.side != work.size:
        told = _("fastest here, in images/s of {side} px: {speeds}")
    else:
        told = _("fastest here, in images/s: {speeds}")
    return told.format(speeds=found.in_short(), side=found.side)


def _ways(training: TrainingConfig) -> list[Way]:
    """The ways of computing that are open, in the order of preference."""
    precisions = _precisions() if training.precision == "auto" else [training.precision]
    layouts: Sequence[LayoutName] = get_args(LayoutName) if training.layout == "auto" else [training.layout]
    count = training.threads or default_threads()
    return [Way(precision, layout, count) for precision, layout in itertools.product(precisions, layouts)]


def _precisions() -> list[Numbers]:
    return ["fp32", "bf16"] if cpu_has_bf16() else ["fp32"]


def _all_threads(training: TrainingConfig) -> int | None:
    """The number of all logical cores, where it may be used and is not that of the physical ones."""
    # The command line sets the variable to the physical cores itself.
    limited = os.environ.get("OMP_NUM_THREADS", str(cores.physical())) != str(cores.physical())
    most = cores.usable()
    return most if training.threads is None and not limited and default_threads() == cores.physical() < most else None


def _chosen(way: Way) -> str:
    return f"chosen: {way}"


def _place(work: Workload, training: TrainingConfig, ways: Sequence[Way]) -> Path | None:
    """Where the figures of this question are kept; None without a folder for caches."""
    asked = {
        "format": _FORMAT,
        "atalho": provenance.VERSION,
        "machine": machine(),
        "flags": dict(torch.cpu.get_capabilities()),
        "spec": specs.to_dict(work.spec),
        "shape": [work.images, work.size],
        "memory": training.memory,
        "ways": [*map(str, ways), _all_threads(training)],
    }
    digest = provenance.digest(json.dumps(asked, sort_keys=True).encode())
    with suppress(DataError):
        return cache_folder() / "speed" / f"{digest}.json"
    return None


def _kept_or_measured(place: Path | None, work: Workload, training: TrainingConfig, ways: Sequence[Way]) -> Measurement:
    if place is not None and (kept := _kept(place)) is not None:
        return kept
    found = measure(work, ways, saving=training.memory == "saving", more_threads=_all_threads(training))
    return found if place is None else _keep(place, found)


def _kept(place: Path) -> Measurement | None:
    """The figures that an earlier run left; None where there are none, or a damaged file."""
    with suppress(OSError, ValueError):
        return checked(Measurement, limits.read_json(place, limits.SMALL_JSON))
    return None


def _keep(place: Path, found: Measurement) -> Measurement:
    """`found`, kept for later runs; or what another run has kept meanwhile, because both must choose alike."""
    with suppress(DataError):  # without a cache every run measures
        unfinished = temporary(place)
        with caching(place):
            unfinished.write_text(json.dumps(asdict(found), indent=1))
            if (earlier := _kept(place)) is None:
                unfinished.replace(place)
            else:
                unfinished.unlink()
                return earlier
    return found
