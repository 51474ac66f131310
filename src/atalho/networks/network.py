"""The network that every family becomes: stem, stages of blocks, closing, head."""

from collections.abc import Iterator, Mapping

from torch import Tensor, nn

from atalho.blocks.embedding_head import EmbeddingHead
from atalho.blocks.head import ClassifierHead
from atalho.errors import ConfigError
from atalho.networks.spec import Spec


def unsound(weights: Mapping[str, Tensor]) -> list[str]:
    """The names of weights and statistics that cannot give a finite output: not finite, or a negative variance."""
    return [
        name
        for name, values in weights.items()
        if not values.isfinite().all() or (name.endswith("running_var") and bool((values < 0).any()))
    ]


class Network(nn.Module):
    """A network of any family, as `create` and `build` make it. N images, C channels, H and W sides, K classes.

    Args:
        spec: The network in numbers, which rebuilds it.
        stem: Images (N,C,H,W) → what the first block takes.
        stages: One sequence of blocks per stage.
        closing: The last block's output → features (N,D,H',W'), which no later layer but the head sees.
        head: Features → logits (N,K).
    """

    def __init__(
        self,
        spec: Spec,
        stem: nn.Module,
        stages: nn.Sequential,
        closing: nn.Module,
        head: ClassifierHead | EmbeddingHead,
    ) -> None:
        super().__init__()
        self.spec = spec
        self.stem = stem
        self.stages = stages
        self.closing = closing
        self.head = head

    def features(self, x: Tensor) -> Tensor:
        """Images (N,C,H,W) → the last features (N,D,H',W'). Raises ConfigError for images of other channels."""
        self._check(x)
        return self.closing(self.stages(self.stem(x)))  # type: ignore[no-any-return]

    def embedding(self, x: Tensor) -> Tensor:
        """Images (N,C,H,W) → one vector each (N,D)."""
        return self.head.embedding(self.features(x))

    def forward(self, x: Tensor) -> Tensor:
        """Images (N,C,H,W) → logits (N,K)."""
        return self.head(self.features(x))  # type: ignore[no-any-return]

    def blocks(self) -> Iterator[tuple[str, nn.Module]]:
        """Every block with its qualified name, from the image to the classifier."""
        for i, stage in self.stages.named_children():
            for j, block in stage.named_children():
                yield f"stages.{i}.{j}", block

    def _check(self, x: Tensor) -> None:
        """Raise ConfigError for images of another shape or other channels."""
        if x.ndim != 4 or x.shape[1] != self.spec.in_channels:
            raise ConfigError(
                "images of shape {given}: expected (N, {channels}, H, W)",
                given=tuple(x.shape),
                channels=self.spec.in_channels,
            )
