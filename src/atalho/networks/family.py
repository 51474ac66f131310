"""What the specs of all families share: the numbers of a network's ends, their bounds, and who checks them.

A spec is checked when it is made, however that is: by its class, by `dataclasses.replace`, or from a file. What does
not fit is a ConfigError. No torch here.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Self

from pydantic import BeforeValidator, ConfigDict, Field, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic.dataclasses import dataclass

from atalho.blocks.kinds import PoolingKind
from atalho.errors import ConfigError
from atalho.networks.plan import BlockPlan, Closing, Plan, StemPlan
from atalho.validation import explain

LARGEST: Final = 65_536
"""No width, count or side of a spec may exceed this: a damaged file must not ask for terabytes."""

MOST_BLOCKS: Final = 4_000
"""In all stages together: the time and memory to build a network grow with them, whatever their widths."""

STRICT: Final = ConfigDict(extra="forbid", allow_inf_nan=False)

Count = Annotated[int, Field(ge=1, le=LARGEST, strict=True)]
Counts = Annotated[
    tuple[Count, ...],
    Field(min_length=1, max_length=64, strict=True),
    BeforeValidator(lambda numbers: tuple(numbers) if isinstance(numbers, list) else numbers),
]
"""One number per stage; what else could be counted, such as a set, has no order."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class FamilySpec:
    """The first and last numbers of any network; a family adds those between."""

    classes: Annotated[int, Field(ge=0, le=LARGEST, strict=True)] = 1000
    """Classes that the classifier tells apart; 0 for a network that has none and gives embeddings alone."""
    in_channels: Count = 3
    """Channels of the images."""
    dropout: Annotated[float, Field(ge=0, lt=1, strict=True)] = 0.0
    """Before the classifier."""
    embedding: Annotated[int, Field(ge=0, le=LARGEST, strict=True)] = 0
    """Length of the embedding of a network that re-identifies; 0 for one that classifies."""
    pooling: PoolingKind = "average"
    """From the last features to one vector; "gem" in networks that re-identify only."""

    @model_validator(mode="wrap")
    @classmethod
    def _checked(cls, values: Any, check: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return check(values)
        except ValidationError as error:
            raise ConfigError(explain(cls, error)) from None

    def _planned(self, stem: StemPlan, blocks: Sequence[BlockPlan], closing: Closing) -> Plan:
        """The plan with the head of any family."""
        return Plan(stem, tuple(blocks), closing, self.classes, self.dropout, self.embedding, self.pooling)


def check_blocks(blocks: tuple[int, ...], widths: tuple[int, ...] | None = None) -> None:
    """Raise ConfigError for more than MOST_BLOCKS blocks in all, and for another number of widths than of blocks."""
    if widths is not None and len(blocks) != len(widths):
        raise ConfigError(
            "blocks {blocks} and widths {widths}: give both one number per stage",
            blocks=list(blocks),
            widths=list(widths),
        )
    if sum(blocks) > MOST_BLOCKS:
        raise ConfigError(
            "blocks {blocks}: {count} in all; at most {most} are accepted",
            blocks=list(blocks),
            count=sum(blocks),
            most=MOST_BLOCKS,
        )
