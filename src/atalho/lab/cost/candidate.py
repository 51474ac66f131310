"""A network whose cost is measured: one of Atalho's, or one of torchvision's, such as vgg19, by its name there."""

import importlib.util
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.flop_counter import FlopCounterMode

from atalho.errors import ConfigError, install
from atalho.networks.plan import LARGE_SIDE
from atalho.networks.spec import MLPSpec, ResNetSpec
from atalho.runs.network_source import resolve
from atalho.text import Text


@dataclass(frozen=True)
class CostCandidate:
    """`kind` is "residual", "plain", "dense", or "other" for networks that Atalho does not build."""

    name: str
    kind: str
    side: int
    """Of the images that it is usually quoted for, in pixels."""
    channels: int = 3

    def network(self) -> nn.Module:
        """New weights from torch's generator; under `torch.device("meta")` nothing is allocated."""
        if self.kind != "other":
            from atalho.networks.build import build

            return build(resolve(self.name).spec)
        from torchvision.models import get_model

        return get_model(self.name, weights=None)  # type: ignore[no-any-return]


def candidate(word: str) -> CostCandidate:
    """The network that `word` names. Raises ConfigError for a name that neither Atalho nor torchvision has."""
    try:
        source = resolve(word)
    except ConfigError as error:
        if _torchvision_has(word):
            return CostCandidate(word, "other", LARGE_SIDE)
        if importlib.util.find_spec("torchvision") is None:
            hint = Text("Networks such as vgg19 need torchvision.")
            raise ConfigError(Text.joined(error.text, hint, install("lab"))) from None
        raise
    kind = "dense"
    if isinstance(source.spec, ResNetSpec | MLPSpec):
        kind = "plain" if source.spec.shortcut == "none" else "residual"
    return CostCandidate(word, kind, source.side, source.spec.in_channels)


def check_side(one: CostCandidate, side: int) -> None:
    """Let an image of `side` pixels through without computing. Raises ConfigError where the network cannot take it."""
    with torch.device("meta"), torch.no_grad():
        try:
            one.network().eval()(torch.empty(1, one.channels, side, side))
        except RuntimeError as error:
            raise ConfigError(
                "{name} does not support images of {side} pixels ({reason}). Choose a larger --size.",
                name=one.name,
                side=side,
                reason=str(error).rstrip("."),
            ) from error


@dataclass(frozen=True)
class Counts:
    """What is counted of a network, for one image."""

    parameters: int
    multiply_adds: int
    """Of the forward pass."""
    activation_bytes: int
    """Kept for the backward pass."""


def counts(one: CostCandidate, side: int) -> Counts:
    """What a network costs, without running it."""
    with torch.device("meta"):
        network, x = one.network(), torch.empty(1, one.channels, side, side)
    network.eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(x)
    parameters = sum(p.numel() for p in network.parameters())
    return Counts(parameters, counter.get_total_flops() // 2, _kept_per_image(network.train(), one, side))


def _kept_per_image(network: nn.Module, one: CostCandidate, side: int) -> int:
    """The difference that a third image makes: what does not grow with the batch is no activation."""
    two, three = (_kept(network, torch.empty(n, one.channels, side, side, device="meta")) for n in (2, 3))
    return three - two


def _kept(network: nn.Module, x: Tensor) -> int:
    """Bytes of the tensors that autograd keeps for the backward pass in fp32, each storage once."""
    storages: dict[int, tuple[torch.UntypedStorage, int]] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        # The storage is held, so that its place is given to no other.
        storages[storage._cdata] = (storage, storage.nbytes())
        return tensor

    with saved_tensors_hooks(keep, lambda tensor: tensor):
        _loss = network(x).sum()
    return sum(size for _storage, size in storages.values())


def _torchvision_has(name: str) -> bool:
    if importlib.util.find_spec("torchvision") is None:
        return False
    from torchvision import models

    # Those for images: segmentation, detection and video have other inputs and outputs.
    return name in models.list_models(module=models)
