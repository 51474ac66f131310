"""Where a network grows: from what is asked for to a larger spec and the places of its new blocks. No torch here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from atalho.errors import ConfigError, nearest
from atalho.networks import catalogue
from atalho.networks.spec import DenseNetSpec, MLPSpec, ResNetSpec, Spec
from atalho.text import Text

At = Literal["end", "spread"] | Sequence[str]
"""Where new blocks go: behind the last of their stage, evenly among its blocks, or behind blocks given by name."""

Origins = tuple[int | None, ...]
"""For each block of a grown stage (or layer of a dense block) its place in the old one, None where it is new."""

_OWN: Final = ("classes", "in_channels", "dropout", "embedding", "pooling", "stem", "halving", "last_stride", "side")
"""What a network keeps when it becomes another of the catalogue."""


_PLACE: Final = re.compile(r"stages\.(?P<stage>\d+)\.(?P<layers>0\.layers\.)?(?P<place>\d+)\b")


@dataclass(frozen=True)
class Growth:
    """The spec of the larger network, and where each of its blocks comes from, stage by stage."""

    spec: Spec
    origins: tuple[Origins, ...]

    @property
    def added(self) -> int:
        """How many blocks, or dense layers, are new."""
        return sum(origins.count(None) for origins in self.origins)

    def old_name(self, name: str) -> str | None:
        """What a weight or block of the larger network is called in the smaller one; None where it is new."""
        found = _PLACE.match(name)
        # Behind a dense block's layers comes its transition, which is a block of its own.
        if found is None or (isinstance(self.spec, DenseNetSpec) and not found["layers"]):
            return name
        origin = self.origins[int(found["stage"])][int(found["place"])]
        return None if origin is None else f"{name[: found.start('place')]}{origin}{name[found.end('place') :]}"


def plan(
    spec: Spec,
    *,
    to: str | None = None,
    blocks: Sequence[int] | None = None,
    at: At = "end",
) -> Growth:
    """What has to be added to a network of `spec`.

    Args:
        spec: The network as it is.
        to: A name of the catalogue that differs from `spec` in its blocks alone.
        blocks: Instead, how many blocks each stage shall have, or how many layers each dense block.
        at: Where the new ones go. Blocks given by name alone get one new block each.

    Raises ConfigError where nothing would be added, where a stage would lose blocks, for a network of the catalogue
    that differs in more, and for places that do not exist or do not grow.
    """
    if to is not None and blocks is not None:
        raise ConfigError("a name and blocks are both given. Give the network to grow to, or its blocks.")
    named = [] if isinstance(at, str) else _places(spec, at)
    if to is not None:
        wanted = _blocks_of(spec, to)
    elif blocks is not None:
        wanted = _checked(spec, blocks)
    elif named:
        wanted = tuple(count + sum(stage == s for s, _ in named) for stage, count in enumerate(spec.blocks))
    else:
        raise ConfigError("nothing says how far to grow. Give a network of the catalogue, or blocks for each stage.")
    if wanted == spec.blocks:
        raise ConfigError(
            "the network has blocks {blocks} already, so that nothing would grow. Give more of them.",
            blocks=list(spec.blocks),
        )
    if isinstance(at, str) and at not in ("end", "spread"):
        raise ConfigError("place {given!r}: expected 'end', 'spread' or the names of blocks", given=at)
    origins = tuple(
        _origins(stage, count, more - count, at, [place for s, place in named if s == stage])
        for stage, (count, more) in enumerate(zip(spec.blocks, wanted, strict=True))
    )
    return Growth(replace(spec, blocks=wanted), origins)


def _origins(stage: int, count: int, new: int, at: At, named: Sequence[int]) -> Origins:
    """The blocks of one stage in their new order."""
    if named and len(named) > new:
        raise ConfigError(
            "{places} places are given in stage {stage}, which gets {new} new blocks. Give at most as many.",
            places=len(named),
            stage=stage,
            new=new,
        )
    if named:
        behind = [named[i * len(named) // new] for i in range(new)]
    elif at == "spread":
        behind = [i * count // new for i in range(new)]
    else:
        behind = [count - 1] * new
    return tuple(place for old in range(count) for place in (old, *[None] * behind.count(old)))


def _places(spec: Spec, names: Sequence[str]) -> list[tuple[int, int]]:
    """Blocks, or dense layers, by their names: stage and place in it."""
    dense = isinstance(spec, DenseNetSpec)
    known = {
        f"stages.{stage}.0.layers.{place}" if dense else f"stages.{stage}.{place}": (stage, place)
        for stage, count in enumerate(spec.blocks)
        for place in range(count)
    }
    for name in names:
        if name not in known:
            raise ConfigError(
                Text.joined(Text("no block of this network is called {given!r}.", given=name), nearest(name, known))
            )
    return sorted(known[name] for name in dict.fromkeys(names))


def _checked(spec: Spec, blocks: Sequence[int]) -> tuple[int, ...]:
    wanted = replace(spec, blocks=tuple(blocks)).blocks  # the spec refuses what is no count, and another length
    if len(wanted) != len(spec.blocks):
        raise ConfigError(
            "blocks {given}: this network has {stages} stages. Give one number for each.",
            given=list(wanted),
            stages=len(spec.blocks),
        )
    if any(more < count for more, count in zip(wanted, spec.blocks, strict=True)):
        raise ConfigError(
            "blocks {given}: growing only adds to the {blocks} of this network. The nearest that it can have: "
            "{nearest}.",
            given=list(wanted),
            blocks=list(spec.blocks),
            nearest=list(map(max, wanted, spec.blocks)),
        )
    return wanted


def _blocks_of(spec: Spec, name: str) -> tuple[int, ...]:
    """The blocks of a network of the catalogue that `spec` can become; ConfigError with those that it can."""
    target = catalogue.spec(name)
    if _can_become(spec, target):
        return target.blocks
    known = [other for other in catalogue.list_models() if _can_become(spec, catalogue.spec(other))]
    reason = Text(
        "This network, of blocks {blocks}, cannot become {name}, of blocks {theirs}: growing adds blocks and changes "
        "nothing else.",
        blocks=list(spec.blocks),
        name=name,
        theirs=list(target.blocks),
    )
    if not known:
        raise ConfigError(Text.joined(reason, Text("No network of the catalogue fits; give blocks for each stage.")))
    raise ConfigError(Text.joined(reason, Text("It can become {names}.", names=", ".join(known))))


def _can_become(spec: Spec, target: Spec) -> bool:
    if type(spec) is not type(target) or len(spec.blocks) != len(target.blocks):
        return False
    own = {name: getattr(spec, name) for name in _OWN if hasattr(spec, name)}
    if isinstance(spec, ResNetSpec | MLPSpec) and (spec.shortcut == "none") == (target.shortcut == "none"):  # type: ignore[union-attr]
        own["shortcut"] = spec.shortcut
    larger = all(more >= count for more, count in zip(target.blocks, spec.blocks, strict=True))
    return larger and target.blocks != spec.blocks and replace(target, **own) == replace(spec, blocks=target.blocks)
