"""Plan → network, and the one function that most people need: `create`."""

from collections import OrderedDict

import torch
from torch import nn

from atalho.blocks.dense import DenseBlock
from atalho.blocks.embedding_head import EmbeddingHead
from atalho.blocks.head import ClassifierHead
from atalho.blocks.kinds import ShortcutChoice, StemChoice
from atalho.blocks.linear import LinearBlock
from atalho.blocks.preactivation import PreactivationBasicBlock, PreactivationBottleneckBlock
from atalho.blocks.residual import BasicBlock, BottleneckBlock
from atalho.blocks.stem import BareStem, DoubleStem, LargeStem, PixelStem, SmallStem
from atalho.blocks.transition import Transition
from atalho.networks.initialise import initialise
from atalho.networks.network import Network
from atalho.networks.plan import BlockPlan, Closing, DensePlan, LinearPlan, Plan, ResidualPlan, StemPlan, TransitionPlan
from atalho.networks.select import specify
from atalho.networks.spec import Spec

__all__ = ["Network", "build", "create", "initialise", "make_block", "make_closing", "make_head", "make_stem"]


def create(
    name: str | Spec,
    *,
    classes: int | None = None,
    in_channels: int | None = None,
    stem: StemChoice = "auto",
    shortcut: ShortcutChoice = "auto",
    dropout: float | None = None,
    image_size: int | None = None,
) -> Network:
    """A network with new weights, by its name in the catalogue or by a spec.

    What is not given is as the catalogue or the spec has it: 3 channels, and 1,000 classes in the networks for
    large images, 10 in those for CIFAR. `image_size` (pixels) chooses the stem where that is "auto".
    Raises ConfigError for an unknown name (with the nearest) and for values that do not go together.
    """
    return build(
        specify(
            name,
            classes=classes,
            in_channels=in_channels,
            stem=stem,
            shortcut=shortcut,
            dropout=dropout,
            image_size=image_size,
        )
    )


def build(spec: Spec) -> Network:
    """The network of a spec, with new weights (`initialise`, He fan-out).

    They depend on torch's generator only (`torch.manual_seed`), and are the same for layers of the same name.
    Under `torch.device("meta")` nothing is allocated.
    """
    device = torch.get_default_device()
    # On the meta device layers are made without torch's own, slow, initialisation.
    with torch.device("meta"):
        planned = spec.plan()
        stages = [nn.Sequential(*map(make_block, stage)) for stage in planned.stages()]
        network = Network(
            spec,
            make_stem(planned.stem),
            nn.Sequential(*stages),
            make_closing(planned.closing, planned.out_channels),
            make_head(planned),
        )
    if device.type != "meta":
        network.to_empty(device=device)
        initialise(network)
    return network


def make_head(planned: Plan) -> ClassifierHead | EmbeddingHead:
    """The head of a plan: a classifier, or one with an embedding for re-identification."""
    if planned.embedding:
        return EmbeddingHead(planned.out_channels, planned.embedding, planned.classes, planned.pooling)
    return ClassifierHead(planned.out_channels, planned.classes, planned.dropout)


def make_stem(stem: StemPlan) -> nn.Module:
    """The stem of a plan."""
    match stem.design:
        case "small":
            return SmallStem(stem.in_channels, stem.out_channels)
        case "small-pool":
            return SmallStem(stem.in_channels, stem.out_channels, pool=True)
        case "small-double":
            return DoubleStem(stem.in_channels, stem.out_channels)
        case "bare-double":
            return DoubleStem(stem.in_channels, stem.out_channels, bare=True)
        case "bare":
            return BareStem(stem.in_channels, stem.out_channels)
        case "large":
            return LargeStem(stem.in_channels, stem.out_channels, stem.halving)
        case "large-linear":
            return LargeStem(stem.in_channels, stem.out_channels, stem.halving, relu=False)
        case "pixels":
            return PixelStem(stem.in_channels, stem.side, stem.out_channels)


def make_block(block: BlockPlan) -> nn.Module:
    """The block of a plan, of any family. A block with a shortcut decides which one."""
    match block:
        case ResidualPlan():
            return _residual_block(block)
        case LinearPlan():
            return LinearBlock(block.in_channels, block.out_channels, block.shortcut)
        case DensePlan():
            return DenseBlock(block.in_channels, block.layers, block.growth_rate, block.bottleneck)
        case TransitionPlan():
            return Transition(block.in_channels, block.out_channels)


def _residual_block(block: ResidualPlan) -> nn.Module:
    before, middle, after = block.in_channels, block.middle_channels, block.out_channels
    match block.design:
        case "basic":
            return BasicBlock(before, after, block.stride, block.shortcut, block.halving)
        case "preactivation-basic":
            return PreactivationBasicBlock(before, after, block.stride, block.shortcut)
        case "bottleneck":
            return BottleneckBlock(before, middle, after, block.stride, block.shortcut, block.halving)
        case "preactivation-bottleneck":
            return PreactivationBottleneckBlock(before, middle, after, block.stride, block.shortcut)


def make_closing(closing: Closing, channels: int) -> nn.Module:
    """What stands between the last block and the head."""
    match closing:
        case "norm":
            return nn.Sequential(OrderedDict(norm=nn.BatchNorm2d(channels), relu=nn.ReLU()))
        case "vector":
            return nn.Unflatten(1, (channels, 1, 1))
        case "none":
            return nn.Identity()
