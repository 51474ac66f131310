"""Create a network, with new weights or with somebody's pretrained ones."""

from dataclasses import replace
from typing import Final

from atalho import networks
from atalho.blocks.kinds import ShortcutChoice, StemChoice
from atalho.errors import ConfigError, OutOfMemoryError
from atalho.listener import Listener
from atalho.model import restore
from atalho.networks.network import Network
from atalho.networks.spec import Spec
from atalho.pretrained import located
from atalho.runs import memory
from atalho.storage import model_folder

_HEAD: Final = ("classes", "dropout", "embedding", "pooling")
_STRIDES: Final = ("last_stride", "halving")


def create(
    name: str | Spec,
    *,
    weights: str | None = None,
    classes: int | None = None,
    in_channels: int | None = None,
    stem: StemChoice = "auto",
    shortcut: ShortcutChoice = "auto",
    dropout: float | None = None,
    image_size: int | None = None,
    progress: Listener | None = None,
) -> Network:
    """A network by its name in the catalogue or by a spec.

    What is not given is as the catalogue or the spec has it: 3 channels, and 1,000 classes in the networks for
    large images, 10 in those for CIFAR.

    Parameters
    ----------
    name
        A name that `list_models` shows, or a spec.
    weights
        None: new weights. A run or model folder, or a name of pretrained weights: imagenet, tv:resnet34, hf:OWNER/NAME,
        an https address. Everything but the head is theirs; the head too, where it tells as many classes apart.
    classes
        How many classes the head tells apart, up to 65,536. With 0 the network has no classifier: its logits are
        (N,0), and `embedding` gives what it is for.
    in_channels
        Channels of the images, from 1 to 65,536. Training and model folders know 1, grey, and 3, RGB; a network for
        others, such as 4 for RGB with depth, is for your own loop.
    stem, shortcut, dropout
        Where the network shall differ from the catalogue's.
    image_size
        In pixels; it chooses the stem where that is "auto".
    progress
        Who is told how far fetching is.

    Returns
    -------
    Network
        Maps images (N,C,S,S) to logits (N,K).

    Raises
    ------
    ConfigError
        The name is unknown (with the nearest), values do not go together, or the weights are of another network.
    OutOfMemoryError
        So many weights do not fit into memory.
    WeightsError
        The weights cannot be had.

    Examples
    --------
    >>> atalho.create("resnet20", classes=5)(torch.zeros(2, 3, 32, 32)).shape
    torch.Size([2, 5])
    """
    asked = networks.specify(
        name,
        classes=classes,
        in_channels=in_channels,
        stem=stem,
        shortcut=shortcut,
        dropout=dropout,
        image_size=image_size,
    )
    if weights is None:
        return _built(asked)
    folder = model_folder.find(located.folder_of(weights, name if isinstance(name, str) else None, progress))
    trained = restore(folder, model_folder.read_card(folder))
    spec = _with_what_no_name_says(asked, trained.spec, stem) if isinstance(name, str) else asked
    _refuse_another(weights, spec, trained.spec)
    network = _built(spec)
    own, theirs = network.state_dict(), trained.state_dict()
    fitting = {key: theirs[key] for key in own.keys() & theirs.keys() if theirs[key].shape == own[key].shape}
    network.load_state_dict(own | fitting)
    return network


def _built(spec: Spec) -> Network:
    try:
        return networks.create(spec)
    except (MemoryError, RuntimeError) as error:
        if not memory.ran_out(error):
            raise
        raise OutOfMemoryError(
            "The weights of a network with {channels} input channels and {classes} classes do not fit into memory. "
            "Give smaller numbers, also for the widths of a spec.",
            channels=spec.in_channels,
            classes=spec.classes,
        ) from error


def _with_what_no_name_says(spec: Spec, trained: Spec, stem: StemChoice) -> Spec:
    """`spec` with the strides of the weights that go by its name, and with their stem where none was chosen."""
    if type(spec) is not type(trained):
        return spec
    unsaid = (*_STRIDES, "stem") if stem == "auto" else _STRIDES
    return replace(spec, **{name: value for name, value in vars(trained).items() if name in unsaid})


def _refuse_another(weights: str, spec: Spec, trained: Spec) -> None:
    """Shapes do not tell: a plain network has the weights of one whose shortcuts have none."""
    theirs = vars(trained)
    for name, wanted in vars(spec).items():
        if name not in _HEAD and theirs.get(name) != wanted:
            raise ConfigError(
                "{weights} are weights of another network: its {name} is {found}, not {wanted}. "
                "`atalho show {weights}` shows it.",
                weights=weights,
                name=name,
                found=theirs.get(name),
                wanted=wanted,
            )
