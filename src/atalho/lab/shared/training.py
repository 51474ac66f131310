"""What experiments that train networks share: images that are opened once, and one recipe for every network.

The networks of an experiment differ in their spec alone: the same images in the same order, the same variation of each
image, the same learning rate at each step; and layers of the same name begin with the same weights.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from torch import nn

from atalho.blocks.kinds import ShortcutChoice
from atalho.config import Config
from atalho.data.dataset import Dataset
from atalho.data.manifest import Ids, Manifest
from atalho.data.preprocessing import Preprocessing
from atalho.data.splits import hold_out
from atalho.errors import ConfigError, DataError, StoppedError
from atalho.json_values import JsonObject
from atalho.networks.network import Network
from atalho.networks.select import specify
from atalho.networks.spec import Spec
from atalho.precision import Precision
from atalho.runs import speed
from atalho.runs.dataset import open_dataset, survey_data
from atalho.runs.fit import preprocessing, training_setup
from atalho.runs.network import first_weights
from atalho.runs.step_speed import Workload
from atalho.settings import ask, merge, validate
from atalho.storage import atomic, run_folder
from atalho.storage.log import JsonLines
from atalho.storage.run_folder import RunFolder
from atalho.tasks.forward import forward
from atalho.text import _
from atalho.text.numbers import number, whole
from atalho.training import loop
from atalho.training.determinism import deterministic
from atalho.training.distributed import Ranks
from atalho.training.progress import EpochReport, Progress, StepReport
from atalho.training.recipe import RecipeContext, resolve
from atalho.training.state import TrainingState
from atalho.training.timing import Timing

_USUAL: Final = "resnet20"
_RECIPE: Final = {"averaging": 0.0, "label_smoothing": 0.0, "shift_lr": 1.0, "zero_residual": False}
"""As published rather than as fast as possible: one rate for all weights, no averaging, and branches as they are drawn
(branches that start at zero would change a residual network and not its plain twin)."""


@dataclass(frozen=True)
class Recipe:
    """How every network of an experiment is trained. SGD with momentum; the rate rises, then falls to zero."""

    epochs: int = 6
    images: int | None = None
    """Training images, chosen class by class; all where None."""
    lr: float = 0.1
    """Highest learning rate."""
    batch_size: int = 128
    size: int | None = None
    """Side in pixels; by the images where None."""
    skip_bad: bool = False

    def __post_init__(self) -> None:
        for name, value in (("epochs", self.epochs), ("images", self.images), ("batch_size", self.batch_size)):
            if value is not None and value < (1 if name == "epochs" else 2):
                raise ConfigError("{name} {given}: too few to train with.", name=name, given=value)
        if not self.lr > 0:
            raise ConfigError("lr {given}: the learning rate must be greater than 0.", given=self.lr)


@dataclass(frozen=True)
class Trained:
    """What decides a training beside the network and the seed: images, recipe, and how this machine computes."""

    epochs: int
    """Passes over the training images."""
    images: int
    """Training images."""
    lr: float
    """Highest learning rate."""
    batch_size: int
    """Images per step."""
    size: int
    """Side of the images in pixels."""
    skip_bad: bool
    """Whether images that cannot be read were left out."""
    data: str
    """Fingerprint of the images."""
    device: str
    """`cpu`, `cuda`, `mps` or `xpu`."""
    precision: str
    """Number type of the layers in training."""
    threads: int
    """Threads of PyTorch."""
    torch: str
    """Version of PyTorch."""
    errors_in: str | None = None
    """Number type of the layers where errors are measured; absent in an experiment that measures none, or that an older
    version began: there it is that of training."""

    def words(self) -> dict[str, str]:
        """Images, their size, batches and learning rate, as a page says them."""
        rate = number(self.lr, 4).rstrip("0")
        return {"images": whole(self.images), "size": str(self.size), "batch": str(self.batch_size), "lr": rate}


@dataclass(frozen=True)
class TrainingBench:
    """Images that every network of an experiment is trained and tested on."""

    pixels: Dataset
    """Its manifest's split `train` is the chosen part."""
    prepared: Preprocessing
    precision: Precision
    recipe: Recipe
    errors_in: Precision | None = None
    """In which errors are measured; None: as the networks are trained."""

    @property
    def measured_in(self) -> Precision:
        """In which errors are measured."""
        return self.errors_in or self.precision

    @property
    def manifest(self) -> Manifest:
        """Names, labels and splits."""
        return self.pixels.manifest

    @property
    def image(self) -> tuple[int, int, int]:
        """The shape of one: channels, height, width."""
        return self.pixels.images.channels, self.pixels.size, self.pixels.size

    def describe(self) -> Trained:
        """How networks are trained here."""
        return Trained(
            **dataclasses.asdict(self.recipe)
            | {"images": len(self.manifest.splits["train"]), "size": self.pixels.size},
            data=self.pixels.fingerprint,
            device=self.precision.device.type,
            precision=str(self.precision.dtype).removeprefix("torch."),
            threads=torch.get_num_threads(),
            torch=torch.__version__,
            errors_in=None if self.errors_in is None else str(self.errors_in.dtype).removeprefix("torch."),
        )

    def fitted(self, named: str | Spec, *, shortcut: ShortcutChoice = "auto", image_size: int | None = None) -> Spec:
        """A network for these images' classes and channels, and perhaps for their size."""
        classes, channels = len(self.manifest.classes), self.pixels.images.channels
        return specify(named, classes=classes, in_channels=channels, shortcut=shortcut, image_size=image_size)

    def error(self, network: nn.Module, ids: Ids) -> float:
        """The share of the images `ids` that `network`, in eval mode, gets wrong."""
        logits = forward(network, self.pixels.images, ids, self.prepared, self.measured_in)
        return (logits.argmax(1) != torch.from_numpy(self.manifest.labels[ids])).float().mean().item()

    def some(self, split: str, most: int) -> Ids:
        """At most about `most` images of a split, class by class, always the same ones."""
        ids = self.manifest.splits[split]
        return ids if len(ids) <= most else subset(self.manifest, ids, most)


def open_bench(data: Path | str, recipe: Recipe, progress: Progress) -> TrainingBench:
    """Find, check and decode the images at `data`. Raises DataError where they are unfit or none are for testing."""
    asked: JsonObject = {"path": str(data), "val_fraction": 0.0, "size": recipe.size, "skip_bad": recipe.skip_bad}
    whole = validate({"data": asked})
    config = whole.data
    surveyed = survey_data(whole, progress)
    pixels = open_dataset(surveyed, config, progress, channels=surveyed.channels)
    splits = dict(pixels.manifest.splits)
    if not len(splits.get("test", ())):
        raise DataError("{path}: no test images to measure on.", path=data)
    train = splits["train"]
    if recipe.images is not None and recipe.images > len(train):
        raise ConfigError(
            "images {given}: there are only {count} training images.", given=recipe.images, count=len(train)
        )
    if recipe.images is not None and recipe.images < len(train):
        splits["train"] = subset(pixels.manifest, train, recipe.images)
    splits.pop("val", None)  # nothing is chosen here, so nothing is validated
    pixels = dataclasses.replace(pixels, manifest=dataclasses.replace(pixels.manifest, splits=splits))
    # One precision for all networks of an experiment: that of one of them, as it is the fastest for it.
    spec = specify(_USUAL, in_channels=surveyed.channels, image_size=pixels.size)
    passes = recipe.epochs * len(splits["train"])
    precision = speed.for_experiment(Config(), Workload(spec, pixels.size, recipe.batch_size, passes))
    return TrainingBench(pixels, preprocessing(pixels, config, None), precision, recipe)


def subset(manifest: Manifest, ids: Ids, count: int) -> Ids:
    """About `count` of `ids`, each class by its share; a function of the images' names alone."""
    _rest, chosen = hold_out(ids, manifest.labels, manifest.names, count / len(ids), seed=0, stream="lab")
    return chosen


def train(
    bench: TrainingBench,
    spec: Spec,
    seed: int,
    work: Path,
    *,
    on_epoch: Callable[[Network, int], None] = lambda _network, _epoch: None,
    progress: Progress | None = None,
) -> Network:
    """The network of `spec` after the bench's recipe. `on_epoch(network, epoch)` looks on after each epoch, from 1.

    `work` holds what the loop writes and is removed at the end. Raises StoppedError at a signal.
    """
    atomic.discard(work)
    with atomic.writing(work):
        atomic.make_folder(work)
    config = configuration(bench, seed)
    network = first_weights(spec, config, None).to(bench.precision.device)
    setup = training_setup(config, bench.pixels, bench.prepared, bench.precision, work / run_folder.CHECKPOINTS)
    timing = Timing(RunFolder(work), minutes=config.training.checkpoint_minutes, steps=None)
    state = TrainingState.start(network, config.training, setup.steps)
    watching = _Watching(progress or Progress(), lambda epoch: on_epoch(network, epoch))
    try:
        equal = deterministic(bench.precision.device, config.training.deterministic, watching.note)
        with JsonLines(work / run_folder.LOG) as log, equal:
            loop.fit(setup, state, Ranks(), log, timing, watching)
    except StoppedError as stopped:
        text = _("Stopped. Finished measurements are kept; run the same command again to continue.")
        raise StoppedError(text, stopped.exit_code - 128) from None
    finally:
        atomic.discard(work)
    return network


def configuration(bench: TrainingBench, seed: int) -> Config:
    """The complete configuration of one training."""
    r = bench.recipe
    asked = {"training": _RECIPE | {"epochs": r.epochs, "lr": r.lr, "batch_size": r.batch_size, "seed": seed}}
    context = RecipeContext("resnet", 0, bench.pixels.size, len(bench.manifest.splits["train"]))
    config, _notes = resolve(ask(merge(asked, {"data": {"size": bench.pixels.size}})), context)
    return config


class _Watching(Progress):
    """Of a training inside an experiment, only the steps are shown; after each epoch the experiment looks on."""

    def __init__(self, shown: Progress, look: Callable[[int], None]) -> None:
        self._shown, self._look = shown, look

    def step(self, report: StepReport) -> None:
        self._shown.step(report)

    def epoch(self, report: EpochReport) -> None:
        self._look(report.epoch)
