"""The network that a run trains: new from the catalogue, or a trained one, with its head where the classes stay."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from atalho import model, networks
from atalho.config import Config, DataConfig, ModelConfig, RecipeName, TaskName
from atalho.errors import ConfigError
from atalho.listener import Listener
from atalho.networks import spec as specs
from atalho.networks.build import build, initialise
from atalho.networks.network import Network
from atalho.networks.spec import MLPSpec, ResNetSpec, Spec
from atalho.precision import format_of
from atalho.pretrained import located
from atalho.storage import model_folder
from atalho.storage.model_folder import Card
from atalho.tasks.by_name import task_of
from atalho.text import Text

_DEFAULT = "resnet18"
_ORIGIN = ("imported_from", "layout")


@dataclass(frozen=True)
class Start:
    """A trained model that a run starts from: its network and how its images were prepared."""

    network: Network
    card: Card
    folder: Path

    @classmethod
    def read(cls, word: str, asked: ModelConfig | None = None, listener: Listener | None = None) -> "Start":
        """The model that `word` means, a run or model folder or weights by name, for the network that is asked for.

        Raises WeightsError for anything else.
        """
        named = None if asked is None or asked.name == "auto" else asked.name
        folder = model_folder.find(located.folder_of(word, named, listener))
        card = model_folder.read_card(folder)
        return cls(model.restore(folder, card), card, folder)

    def recipe(self, task: TaskName) -> RecipeName:
        """How it is trained further: weights from elsewhere with care, those of a run of one's own as a new network.

        A run of an hour leaves less to lose than the weeks behind published weights, and more to learn.
        """
        return "fast" if task == "classification" and "imported_from" not in self.card.provenance else "finetune"

    def record(self, *, kept: bool) -> dict[str, str]:
        """What a run's provenance says of it; `kept` says whether its head is trained further."""
        named = {name: str(self.card.provenance[name]) for name in _ORIGIN if name in self.card.provenance}
        return {"model": str(self.folder), **named, "head": "kept" if kept else "new"}

    def data(self, asked: DataConfig) -> DataConfig:
        """The side of the images stays the one the network knows, unless another is asked for."""
        return dataclasses.replace(asked, size=asked.size or self.card.preprocessing.size)


def backbone_of(config: ModelConfig, start: Start | None) -> Spec:
    """The network as asked, before its images are known: of the catalogue, or that of `start`.

    Raises ConfigError where `start` holds another network than name, stem and shortcut ask for.
    """
    if start is None:
        named = _DEFAULT if config.name == "auto" else config.name
        asked = specs.from_dict(config.spec) if isinstance(config.spec, dict) else named
        return networks.specify(asked, stem=config.stem, shortcut=config.shortcut, dropout=config.dropout)
    spec = _as_catalogue(start.network.spec)
    meant = networks.specify(
        spec if config.name == "auto" else config.name,
        classes=spec.classes,
        in_channels=spec.in_channels,
        stem=spec.stem if config.stem == "auto" and not isinstance(spec, MLPSpec) else config.stem,
        shortcut=config.shortcut,
        dropout=spec.dropout,
    )
    if meant != spec:
        raise ConfigError(
            "{start} has a different network from model.name = {name!r}, stem {stem!r}, shortcut "
            "{shortcut!r}. To use the network it has, remove these settings.",
            start=config.start,
            name=config.name,
            stem=config.stem,
            shortcut=config.shortcut,
        )
    return networks.specify(start.network.spec, dropout=config.dropout)


def _as_catalogue(spec: Spec) -> Spec:
    """The same backbone as the catalogue has it: with a classifier, and strides as published."""
    plain = task_of(Config().task).head(spec, Config())
    return dataclasses.replace(plain, last_stride=2, halving="convolution") if isinstance(plain, ResNetSpec) else plain


def spec_for(config: Config, start: Start | None, *, classes: int, channels: int, size: int) -> Spec:
    """The network for these images. Raises ConfigError where they are too small for it."""
    spec = networks.specify(
        backbone_of(config.model, start), classes=classes, in_channels=channels, dropout=config.model.dropout
    )
    spec = task_of(config.task).head(spec, config)
    # A trained stem stays; a new one follows the size of the images where it was not chosen.
    if start is None and config.model.stem == "auto":
        spec = networks.specify(spec, image_size=size)
    if size < spec.plan().stride:
        raise ConfigError(
            "Images of {size} pixels are too small for {name} with this stem, which needs at least "
            "{smallest}. Choose --model.stem small, another network or a larger --data.size.",
            size=size,
            name=config.model.name,
            smallest=spec.plan().stride,
        )
    return spec


def keeps_head(spec: Spec, config: Config, start: Start, classes: Sequence[str]) -> bool:
    """Whether the head of `start` is trained further: of the same task and kind, for classes of the same names."""
    trained = start.network.spec
    return (
        start.card.task == config.task
        and set(start.card.classes) == set(classes) != set()
        and (trained.embedding, trained.pooling) == (spec.embedding, spec.pooling)
    )


def told_of_head(kept: bool) -> Text:
    """What is said of the head of a start."""
    if kept:
        return Text("the classes have the same names as those of the start, so its classifier is trained further")
    return Text("the classes are not those of the start, so the classifier is new")


def first_weights(spec: Spec, config: Config, start: Start | None, classes: Sequence[str] = ()) -> Network:
    """The network of `spec` as training begins: drawn from the seed, or the weights of `start`.

    Those of its head too where the `classes`, in the order of the new one's outputs, have the same names.
    """
    with torch.device("meta"):
        network = build(spec)
    network.to_empty(device="cpu")
    initialise(network, seed=config.training.seed, zero_residual=config.training.zero_residual)
    if start is not None:
        trained = start.network.state_dict()
        if keeps_head(spec, config, start, classes):
            order = torch.tensor([start.card.classes.index(name) for name in classes])
            for name in trained.keys() & {"head.classifier.weight", "head.classifier.bias"}:
                trained[name] = trained[name][order]
        else:  # new, also where it is of another kind than the one that was trained
            trained = {name: tensor for name, tensor in trained.items() if not name.startswith("head.")}
        network.load_state_dict(network.state_dict() | trained)
    return network.to(memory_format=format_of(config.training.layout))
