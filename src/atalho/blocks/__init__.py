"""What a block is: one file per design, each reading like the picture in its paper. Names are resolved when first used.

The kinds of parts (`blocks.kinds`) need no torch; blocks do.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from atalho.blocks.block import Block
    from atalho.blocks.dense import DenseBlock, DenseLayer
    from atalho.blocks.embedding_head import EmbeddingHead, GeneralizedMean
    from atalho.blocks.head import ClassifierHead, Dropout
    from atalho.blocks.linear import LinearBlock
    from atalho.blocks.preactivation import PreactivationBasicBlock, PreactivationBottleneckBlock
    from atalho.blocks.residual import BasicBlock, BottleneckBlock
    from atalho.blocks.shortcut import (
        IdentityShortcut,
        LinearProjectionShortcut,
        NoShortcut,
        ProjectionShortcut,
        ZeroPadShortcut,
        make_shortcut,
    )
    from atalho.blocks.stem import BareStem, LargeStem, PixelStem, SmallStem
    from atalho.blocks.transition import Transition

__all__ = [
    "BareStem",
    "BasicBlock",
    "Block",
    "BottleneckBlock",
    "ClassifierHead",
    "DenseBlock",
    "DenseLayer",
    "Dropout",
    "EmbeddingHead",
    "GeneralizedMean",
    "IdentityShortcut",
    "LargeStem",
    "LinearBlock",
    "LinearProjectionShortcut",
    "NoShortcut",
    "PixelStem",
    "PreactivationBasicBlock",
    "PreactivationBottleneckBlock",
    "ProjectionShortcut",
    "SmallStem",
    "Transition",
    "ZeroPadShortcut",
    "make_shortcut",
]

_HOMES = {
    "BareStem": "stem",
    "BasicBlock": "residual",
    "Block": "block",
    "BottleneckBlock": "residual",
    "ClassifierHead": "head",
    "DenseBlock": "dense",
    "DenseLayer": "dense",
    "Dropout": "head",
    "EmbeddingHead": "embedding_head",
    "GeneralizedMean": "embedding_head",
    "IdentityShortcut": "shortcut",
    "LargeStem": "stem",
    "LinearBlock": "linear",
    "LinearProjectionShortcut": "shortcut",
    "NoShortcut": "shortcut",
    "PixelStem": "stem",
    "PreactivationBasicBlock": "preactivation",
    "PreactivationBottleneckBlock": "preactivation",
    "ProjectionShortcut": "shortcut",
    "SmallStem": "stem",
    "Transition": "transition",
    "ZeroPadShortcut": "shortcut",
    "make_shortcut": "shortcut",
}


def __getattr__(name: str) -> Any:
    import importlib

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
