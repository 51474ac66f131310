"""The network that a word means: a name of the catalogue, a TOML file with a specification, or a trained run."""

from dataclasses import dataclass
from pathlib import Path

import torch

from atalho import model as trained
from atalho.data.preprocessing import Preprocessing
from atalho.networks import catalogue
from atalho.networks import spec as specs
from atalho.networks.build import build
from atalho.networks.network import Network
from atalho.networks.spec import Spec
from atalho.pretrained.located import folder_of
from atalho.pretrained.names import is_name
from atalho.storage import model_folder, run_file
from atalho.text import Text


@dataclass(frozen=True)
class NetworkSource:
    """A network by what a person called it. `folder` is that of its weights, where it is trained."""

    name: str
    spec: Spec
    side: int
    """Of the images that it is for, in pixels."""
    folder: Path | None = None
    preprocessing: Preprocessing | None = None
    """How a trained network's images are made ready."""
    note: Text | None = None
    """What the word could have meant too."""

    def network(self, *, seed: int = 0) -> Network:
        """The network on the CPU: with its trained weights, or with new ones by `seed`."""
        if self.folder is not None:
            return trained.restore(self.folder, model_folder.read_card(self.folder))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return build(self.spec)


def resolve(word: str) -> NetworkSource:
    """What `word` means: a name of the catalogue or of pretrained weights, a run or model folder, or a file NAME.toml.

    A folder that is called like a network is named by a path, such as ./resnet20.
    Raises ConfigError for an unknown name or an unfit specification, WeightsError for another folder.
    """
    path = Path(word)
    if means_folder(word):
        folder = model_folder.find(folder_of(word))
        card = model_folder.read_card(folder)
        name = word if is_name(word) else model_folder.name_of(folder)
        return NetworkSource(name, card.spec, card.preprocessing.size, folder, card.preprocessing)
    if path.suffix == ".toml":
        spec = specs.from_dict(run_file.read(path))
        return NetworkSource(path.stem, spec, spec.plan().usual_side)
    spec = catalogue.spec(word)
    note = Text("{name} means the network of that name; for the folder, give ./{name}.", name=word)
    return NetworkSource(word, spec, spec.plan().usual_side, note=note if path.is_dir() else None)


def means_folder(word: Path | str) -> bool:
    """Whether `word` means trained weights: a name of some, or a folder that is there and called like no network."""
    return is_name(word) or (Path(word).is_dir() and (isinstance(word, Path) or word not in catalogue.list_models()))
