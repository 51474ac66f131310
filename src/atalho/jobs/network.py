"""The network that a run trains: new from the catalogue, or a trained one with a new head."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import torch

from atalho import networks
from atalho.config import Config, DataConfig
from atalho.errors import ConfigError
from atalho.locale import _
from atalho.networks import catalogue
from atalho.networks.build import Network, build, initialise
from atalho.networks.spec import Spec
from atalho.storage import model_folder
from atalho.storage.model_folder import Card
from atalho.tasks import model as trained


@dataclass(frozen=True)
class Start:
    """A trained model that a run starts from: its network and how its images were prepared."""

    network: Network
    card: Card

    @classmethod
    def read(cls, path: str) -> "Start":
        """The model at `path`, a run or model folder. Raises WeightsError for anything else."""
        folder = model_folder.find(Path(path))
        card = model_folder.read_card(folder)
        return cls(trained.restore(folder, card), card)

    def data(self, asked: DataConfig) -> DataConfig:
        """The side of the images stays the one the network knows, unless another is asked for."""
        return dataclasses.replace(asked, size=asked.size or self.card.preprocessing.size)


def specification(config: Config, start: Start | None, *, named: bool, classes: int, channels: int, size: int) -> Spec:
    """What will be built. `named` says that the user gave model.name, which must then agree with `start`."""
    if start is None:
        m = config.model
        return networks.specify(
            m.name,
            classes=classes,
            in_channels=channels,
            stem=m.stem,
            shortcut=m.shortcut,
            dropout=m.dropout,
            image_size=size,
        )
    found = dataclasses.replace(start.network.spec, classes=classes, dropout=config.model.dropout)
    if named and catalogue.depth(catalogue.spec(config.model.name)) != catalogue.depth(found):
        raise ConfigError(
            _("model.name = {name!r}, but {start} holds another network. Leave model.name out to use that one.").format(
                name=config.model.name, start=config.model.start
            )
        )
    return found


def make(spec: Spec, config: Config, start: Start | None) -> Network:
    """The network of `spec` with its first weights: drawn from the run's seed, or those of `start` but for the head."""
    network = build(spec)
    initialise(network, seed=config.training.seed, zero_residual=config.training.zero_residual)
    if start is not None:
        head = tuple(f"head.{name}" for name in network.head.state_dict())
        same_head = network.head.state_dict().keys() == start.network.head.state_dict().keys()
        kept = {k: v for k, v in start.network.state_dict().items() if same_head and k not in head}
        network.load_state_dict(kept, strict=False)
    return network.to(memory_format=torch.channels_last)
