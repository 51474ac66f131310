"""A task, whole: how its images are read, what its network ends in, what is minimised, measured and shown.

`Task` answers for all of it, and a run asks it without knowing which task it is; `Objective` is what the training loop
sees of it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from atalho.config import Config, DataConfig
from atalho.data.augment import Augment
from atalho.data.dataset import Dataset
from atalho.data.duplicates import DuplicateFigures
from atalho.data.images import Images
from atalho.data.layouts.patterns import PathPatterns
from atalho.data.manifest import NO_IDS, Ids, Manifest
from atalho.data.preprocessing import Preprocessing
from atalho.findings import Finding
from atalho.gallery.rerank import Rerank
from atalho.json_values import JsonObject
from atalho.listener import Listener
from atalho.metrics.intervals import Ends
from atalho.metrics.retrieval import PrecisionRule
from atalho.metrics.verification import Threshold
from atalho.networks.network import Network
from atalho.networks.spec import Spec
from atalho.precision import Numbers, Precision
from atalho.tasks.forward import forward
from atalho.text import _
from atalho.text.numbers import whole


@dataclass(frozen=True)
class EvaluationTarget:
    """A network and the images that it is measured on, with what turns these into its input."""

    network: Network
    dataset: Dataset
    preprocessing: Preprocessing
    precision: Precision
    seen: Ids = field(default_factory=lambda: NO_IDS)
    """Those that the network has trained on, as far as that is known."""

    @property
    def copies(self) -> Ids:
        """Those of which another split has a copy, exact or almost, as far as that is known."""
        found = self.dataset.duplicates
        return np.array(found.copies if found is not None else (), dtype=np.int64)

    def forward(self, ids: Ids, listener: Listener, *, ask: Callable[[Tensor], Tensor] | None = None) -> Tensor:
        """What `forward` gives for the images `ids`; the listener is told how many are done."""
        tell = partial(listener.work, _("evaluating"))
        return forward(self.network, self.dataset.images, ids, self.preprocessing, self.precision, tell, ask=ask)


@dataclass(frozen=True)
class EvaluationOptions:
    """How a network is measured.

    `protocol` by its name (None: auto), `average_precision`, the ranking after `rerank` and after `expand` first
    answers, and the `threshold` whose errors are told, are for retrieval; `temperature` is for probabilities.
    """

    protocol: str | None = None
    average_precision: PrecisionRule = "hits"
    rerank: Rerank | None = None
    expand: int = 0
    threshold: Threshold | None = None
    temperature: float = 1.0


@dataclass(frozen=True)
class Calibration:
    """What is fitted on the validation images once training is over, and kept with the model."""

    temperature: float = 1.0
    threshold: Threshold | None = None


@dataclass(frozen=True)
class Headline:
    """The figure of a task that stands first on the page of a run: a share, its interval, and what it is of."""

    value: float | None
    interval: Ends | None
    name: str
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, repr=False)
class Evaluation(Finding):
    """What was measured of a network on the images of one split; `evaluation.json` holds it."""

    split: str
    """`test`, or `val` where there are no test images."""
    trained_on: int | None = None
    """How many of the images the network, or the one it started from, has trained on; None where none is known."""
    precision: Numbers | None = None
    """What the network computed in; None where an older version measured, or vectors were."""
    duplicates: DuplicateFigures | None = None
    """Copies across splits and classes among the images of the run; None for others, or by an older version."""

    @property
    @abstractmethod
    def headline(self) -> Headline:
        """The figure that stands first, in the language in force."""

    def key_numbers(self) -> Iterator[tuple[str, str]]:
        """What a page's head says beside the headline: the name of a value, and the value as it is written."""
        yield from ()

    def not_new(self) -> Iterator[str]:
        """What must be said beside the figure where the network has trained on some of the images."""
        if self.trained_on:
            yield _(
                "The network has trained on {count} of these images, so the figure is better than on new ones."
            ).format(count=whole(self.trained_on))
        copies = self.duplicates
        if copies is not None:
            yield from copies.measured_told()
        yield from self.of_others()
        if copies is not None:
            yield from copies.others_told()

    def of_others(self) -> Iterator[str]:
        """What is known of the images that are new to the network."""
        yield from ()

    def computed(self) -> Iterator[str]:
        """What the network computed in, where that is known."""
        if self.precision is not None:
            yield _("computed in {precision}").format(precision=self.precision)

    @abstractmethod
    def pictures(self) -> list[str]:
        """The names of the images that a page shows, in its order."""


@dataclass(frozen=True)
class Page:
    """What the page of a run shows of a task: what the classes are called, and its parts in their order.

    A report draws the `parts` by their names. `balance` says whether the sizes of the classes matter.
    """

    one: str
    several: str
    parts: tuple[str, ...]
    balance: bool = True


class Task(ABC):
    """What a network can be trained to do."""

    evaluation: ClassVar[type[Evaluation]]
    """What it measures."""
    summary: ClassVar[tuple[str, ...]]
    """The names of the few values of an evaluation that a model's `config.json` repeats."""
    verifies = False
    """Whether its networks say from which similarity on two images are the same."""

    @property
    @abstractmethod
    def page(self) -> Page:
        """What the page of a run shows, in the language in force."""

    @abstractmethod
    def read(self, config: DataConfig, unreadable: Collection[int] = ()) -> Manifest:
        """The images at `config.path`; none is opened. The ids `unreadable` do not count where splits are made."""

    @abstractmethod
    def read_test(self, data: Path, classes: tuple[str, ...], patterns: PathPatterns) -> Manifest:
        """The images at `data` as split test, for a model that was trained on `classes`."""

    @abstractmethod
    def head(self, spec: Spec, config: Config) -> Spec:
        """The same backbone with the head that the task needs."""

    @abstractmethod
    def outputs(self, manifest: Manifest, config: Config) -> tuple[str, ...]:
        """The names of what the network tells apart in training."""

    @abstractmethod
    def objective(
        self, dataset: Dataset, config: Config, preprocessing: Preprocessing, precision: Precision, augment: Augment
    ) -> Objective:
        """What training minimises."""

    @abstractmethod
    def calibrate(self, target: EvaluationTarget, config: Config, run: Path, listener: Listener) -> Calibration:
        """Fit on the validation images what the model needs beside its weights; what is of the run goes to `run`."""

    @abstractmethod
    def evaluate(
        self, target: EvaluationTarget, split: str, options: EvaluationOptions, listener: Listener
    ) -> Evaluation:
        """What is measured on a split."""

    def recipe(self, name: str) -> JsonObject | None:
        """The values of a recipe that is the task's own, nested as in run.toml; None where the general one serves."""
        return None

    def protocol(self, config: Config) -> str | None:
        """The protocol by which images are examined and measured; None where they are not retrieved."""
        return None

    def check(self, config: Config, world: int) -> None:  # noqa: B027 (most tasks accept everything)
        """Raises ConfigError for what the task cannot be trained with, in `world` processes."""

    def check_images(self, manifest: Manifest, config: Config, digests: NDArray[np.uint8]) -> None:  # noqa: B027 (most tasks accept everything)
        """Raises DataError where the task cannot be learnt or measured with the images."""

    def check_change(self, data: str, run: Path) -> None:  # noqa: B027 (most tasks accept everything)
        """Raises RunError where a run cannot go on with images that changed."""


@dataclass(frozen=True)
class Outputs:
    """What a network gives in training: logits (N,K) and, where the loss compares images, `features` (N,D)."""

    logits: Tensor
    features: Tensor | None = None


@dataclass(frozen=True)
class Objective(ABC):
    """What training on one set of images minimises.

    `labels` (N,) belong to the ids of `images`; K `classes` are told apart; `train` are the ids that are learned,
    `val` those that `validate` measures on. Nothing here changes during training but what `tensors` returns.
    """

    images: Images
    labels: Tensor
    classes: int
    augment: Augment
    train: Ids
    val: Ids
    seed: int
    prepared: Preprocessing
    precision: Precision
    recordable: ClassVar[bool] = True
    """Whether a step does the same operations whatever is in its batch, so that a GPU may record and replay it."""

    @property
    @abstractmethod
    def steps_per_epoch(self) -> int:
        """How many batches an epoch has."""

    @abstractmethod
    def batches(self, epoch: int) -> Sequence[Ids]:
        """The batches of an epoch, a pure function of the seed and the epoch."""

    @abstractmethod
    def loss(self, outputs: Outputs, targets: Tensor) -> Tensor:
        """The scalar that a step makes smaller."""

    def part(self, targets: Tensor, ids: Ids, batch: Ids) -> float:
        """What the loss of the part `ids` of `batch`, with its `targets`, counts in the loss of the whole batch."""
        return len(ids) / len(batch)

    @abstractmethod
    def validate(self, network: Network) -> dict[str, float | None]:
        """What is measured after an epoch, by the names of the metrics log."""

    def vary(self, pixels: Tensor, ids: Ids, epoch: int) -> tuple[Tensor, Tensor]:
        """Pixels (N,C,P,P) uint8 of a batch → images (N,C,S,S) and targets, varied by (seed, epoch, id)."""
        return self.augment(pixels, ids, epoch, self.labels[ids], self.classes)

    def outputs(self, network: Network, images: Tensor) -> Outputs:
        """What the loss needs of the network for images (N,C,S,S)."""
        return Outputs(network(images))

    def tensors(self) -> Mapping[str, Tensor]:
        """What the objective itself learns, changed in place; a checkpoint holds it."""
        return {}
