"""Create a network, with new weights or with somebody's pretrained ones."""

from atalho import networks
from atalho.blocks.kinds import ShortcutChoice, StemChoice
from atalho.errors import ConfigError
from atalho.listener import Listener
from atalho.model import restore
from atalho.networks.network import Network
from atalho.networks.spec import Spec
from atalho.pretrained import located
from atalho.storage import model_folder


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
        How many classes the head tells apart.
    in_channels
        1 or 3.
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
    WeightsError
        The weights cannot be had.

    Examples
    --------
    >>> atalho.create("resnet20", classes=5)(torch.zeros(2, 3, 32, 32)).shape
    torch.Size([2, 5])
    """
    network = networks.create(
        name,
        classes=classes,
        in_channels=in_channels,
        stem=stem,
        shortcut=shortcut,
        dropout=dropout,
        image_size=image_size,
    )
    if weights is None:
        return network
    folder = model_folder.find(located.folder_of(weights, name if isinstance(name, str) else None, progress))
    trained = restore(folder, model_folder.read_card(folder)).state_dict()
    own = network.state_dict()
    fits = {key for key, values in trained.items() if key in own and own[key].shape == values.shape}
    missing = [key for key in (*trained, *own) if key not in fits and not key.startswith("head.")]
    if missing:
        raise ConfigError(
            "{weights} are weights of another network: {first} does not fit. `atalho show {weights}` says of which.",
            weights=weights,
            first=missing[0],
        )
    network.load_state_dict(own | {key: trained[key] for key in fits})
    return network
