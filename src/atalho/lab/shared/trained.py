"""The trained networks that an experiment looks at, one or a network and its control, and in what they differ."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from atalho import limits, model
from atalho.errors import ConfigError
from atalho.lab.shared.cells import Grows
from atalho.lab.shared.verdict import Verdict
from atalho.model import Model
from atalho.networks import spec as specs
from atalho.networks.network import Network
from atalho.precision import Precision
from atalho.pretrained.located import folder_of
from atalho.runs.run import run_at
from atalho.settings import flatten, to_dict
from atalho.storage import model_folder
from atalho.text import _
from atalho.text.numbers import nwhole, percent, whole

_WHERE = ("data.cache_gb", "data.workers", "training.checkpoint_minutes", "training.checkpoint_steps", "training.keep")
"""Values of a run that do not decide what comes out."""


@dataclass(frozen=True)
class TrainedFor:
    """How a run trained its network, in short."""

    epochs: int
    """Passes over the training images."""
    lr: float
    """Highest learning rate."""
    seed: int
    """Seed of the run."""
    images: int
    """Training images."""
    top1: float | None
    """Accuracy on the test images."""


@dataclass(frozen=True)
class TrainedNetwork:
    """A trained network under the name of its folder. `digest` tells its weights from any others."""

    name: str
    model: Model
    digest: str
    settings: Mapping[str, Any]
    """What the run was trained with, flat, the network's specification included; of a model folder that alone."""
    training: TrainedFor | None = None
    """Of a run."""

    @property
    def network(self) -> Network:
        """The network, in eval mode."""
        return self.model.network


def read(paths: Sequence[Path | str], precision: Precision) -> list[TrainedNetwork]:
    """The trained networks at `paths`: run or model folders, or names of weights.

    Two of the same name get that of the folder above too. Raises WeightsError for anything else, ConfigError
    where they do not look at the same images.
    """
    networks = [_read(folder_of(path), name, precision) for path, name in zip(paths, names(paths), strict=True)]
    _check_same_images(networks)
    return networks


def names(paths: Sequence[Path | str]) -> list[str]:
    """What the networks at `paths` are called. Raises ConfigError where one is given twice."""
    folders = [folder_of(path) for path in paths]
    called = [model_folder.name_of(folder) for folder in folders]
    if len(set(called)) < len(called):
        called = [f"{folder.resolve().parent.name}-{name}" for folder, name in zip(folders, called, strict=True)]
    if len(set(called)) < len(called):
        raise ConfigError("{path} was given twice. Give two different runs.", path=folders[0])
    return called


def beside(path: Path | str) -> Path | None:
    """The run or model folder at `path`, where it is one that the user has; None for weights that have a name."""
    return Path(path) if Path(path).is_dir() else None


def differences_of(networks: Sequence[TrainedNetwork]) -> list[str]:
    """The settings in which networks differ from the first: of a network and its control, the shortcuts alone."""
    names = dict.fromkeys(name for one in networks for name in one.settings)
    first = networks[0].settings
    return [name for name in names if any(one.settings.get(name) != first.get(name) for one in networks)]


@dataclass(frozen=True)
class Compared:
    """In what the networks differ, beside what is measured."""

    differences: Grows[tuple[str, ...]]
    """The settings in which the networks differ."""
    trained: Grows[dict[str, TrainedFor]]
    """How each run was trained, by name."""

    @classmethod
    def of(cls, networks: Sequence[TrainedNetwork], differences: Sequence[str] | None = None) -> Compared:
        """Of trained networks; `differences` are found from what they were trained with unless given."""
        differences = differences_of(networks) if differences is None else differences
        return cls(tuple(differences), {one.name: one.training for one in networks if one.training is not None})

    def remarks(self, count: int, *, alike: bool = False) -> Iterator[str]:
        """In what `count` networks differ, where there are two, and how those that are runs were trained.

        `alike` says that they were trained in the same way here.
        """
        if count > 1:
            yield self._difference(alike or len(self.trained) == count)
        for name, training in self.trained.items():
            yield _("{name} was trained for {epochs} on {images} images; its accuracy is {top1}.").format(
                name=name,
                epochs=nwhole("{n} epoch", "{n} epochs", training.epochs),
                images=whole(training.images),
                top1=percent(training.top1),
            )

    def _difference(self, alike: bool) -> str:
        names = ", ".join(self.differences)
        if names == "network.shortcut":
            if alike:
                return _("The two networks and their training differ only in the shortcuts.")
            return _("The two networks differ only in the shortcuts.")
        if "network.shortcut" in self.differences:
            return _("The two networks differ in more than their shortcuts: {names}.").format(names=names)
        if names:
            return _("The two networks have the same kind of shortcut; they differ in {names}.").format(names=names)
        return _("The two networks have the same spec, and no known difference in training.")


def not_compared(verdict: Verdict, shortcuts: Iterable[bool]) -> Iterator[str]:
    """Why nothing was compared, where the networks are not of both kinds: with `shortcuts` and without."""
    if not verdict.comparisons and len(set(shortcuts)) < 2:
        yield _("Nothing was compared: the comparison needs a network with shortcuts and one without.")


def _read(folder: Path, name: str, precision: Precision) -> TrainedNetwork:
    loaded = model.load(folder, precision)
    weights = limits.read(loaded.folder / model_folder.WEIGHTS, limits.TENSORS)
    settings = {f"network.{key}": value for key, value in specs.to_dict(loaded.card.spec).items()}
    run, training = run_at(folder), None
    if run is not None:
        asked = run.config.training
        training = TrainedFor(asked.epochs, asked.lr, asked.seed, len(run.manifest.splits["train"]), run.top1)
        given = flatten(to_dict(run.config))
        settings |= {
            path: value for path, value in given.items() if path.startswith(("data.", "augment.", "training."))
        }
    kept = {key: value for key, value in settings.items() if key not in _WHERE}
    return TrainedNetwork(name, loaded, hashlib.sha256(weights).hexdigest(), kept, training)


def _check_same_images(networks: Sequence[TrainedNetwork]) -> None:
    first = networks[0]
    for other in networks[1:]:
        seen = [(s.model.classes, s.model.card.preprocessing) for s in (first, other)]
        if seen[0] != seen[1]:
            raise ConfigError(
                "{first} and {other} have different classes or preprocessing. Give two runs that share both.",
                first=first.name,
                other=other.name,
            )
