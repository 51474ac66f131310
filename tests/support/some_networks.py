"""Random specs of small networks of each family, and networks with norms as after some training."""

import torch
from hypothesis import strategies as st
from torch import nn

from atalho.networks.network import Network
from atalho.networks.spec import DenseNetSpec, MLPSpec, ResNetSpec, Spec


def settled(network: Network, seed: int = 1) -> Network:
    """With norms as after some training: no scale of 1, no shift of 0, statistics of their own."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for part in network.modules():
            if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d):
                for values in (part.weight, part.running_var):
                    values.uniform_(0.5, 1.5, generator=generator)  # type: ignore[union-attr]
                for values in (part.bias, part.running_mean):
                    values.uniform_(-0.5, 0.5, generator=generator)  # type: ignore[union-attr]
    return network


counts = st.lists(st.integers(1, 3), min_size=1, max_size=3)


@st.composite
def residual_specs(draw: st.DrawFn) -> Spec:
    blocks = draw(counts)
    design = draw(st.sampled_from(["basic", "bottleneck", "preactivation-basic", "preactivation-bottleneck"]))
    return ResNetSpec(
        design=design,
        blocks=tuple(blocks),
        widths=tuple(draw(st.sampled_from([8, 12, 16])) for _ in blocks),
        stem=draw(st.sampled_from(["small", "large"])),
        stem_channels=8,
        shortcut=draw(st.sampled_from(["projection", "identity"])),
        classes=3,
        embedding=draw(st.sampled_from([0, 6])),
    )


@st.composite
def linear_specs(draw: st.DrawFn) -> Spec:
    blocks = draw(counts)
    return MLPSpec(
        blocks=tuple(blocks), widths=tuple(draw(st.sampled_from([8, 12])) for _ in blocks), side=8, classes=3
    )


@st.composite
def dense_specs(draw: st.DrawFn) -> Spec:
    return DenseNetSpec(
        growth_rate=draw(st.integers(2, 5)),
        blocks=tuple(draw(counts)),
        stem_channels=draw(st.integers(2, 8)),
        stem=draw(st.sampled_from(["small", "large"])),
        compression=draw(st.sampled_from([0.3, 0.5, 1.0])),
        classes=3,
        embedding=draw(st.sampled_from([0, 6])),
        pooling=draw(st.sampled_from(["average"])),
    )
