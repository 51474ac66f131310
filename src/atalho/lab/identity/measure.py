"""`lab identity`: if the first convolutions learn zero, the network is the one without them (the article's argument).

Every parameter of the first blocks becomes zero, and the outputs are compared with those of the same network from which
the blocks are taken out. Then, one at a time, what must hold for that is taken away: the norms' shift and statistics,
the identity shortcut itself, an input that is not negative, a block that keeps the shape. All in fp32 on the CPU.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Unpack, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from atalho import limits
from atalho.blocks.block import Block, zero
from atalho.blocks.head import Dropout
from atalho.blocks.shortcut import IdentityShortcut, NoShortcut
from atalho.errors import ConfigError
from atalho.lab.identity import samples
from atalho.lab.identity.page import IdentityResult, case_in_words
from atalho.lab.identity.result import Case, IdentityMeasured, IdentityRow, IdentitySettings, Kind, Mode
from atalho.lab.shared import trained
from atalho.lab.shared.session import Session, SessionOptions
from atalho.lab.shared.verdict import Comparison, Interval, Verdict
from atalho.networks.network import Network
from atalho.precision import Precision
from atalho.runs.network_source import NetworkSource, resolve
from atalho.storage import model_folder
from atalho.stored import from_json
from atalho.surgery.lesion import removable, removed
from atalho.text import Text

SHIFT: Final = 0.1
"""Deviation of the shifts that the norms of a new network are given where the experiment needs some."""

CASES: Final[tuple[Case, ...]] = ("zeroed", "convolutions", "shift", "statistics", "no-shortcut")
"""Of the whole network; of one block alone there are "not-negative", "negative" and "projection"."""

MODES: Final[tuple[Mode, ...]] = ("eval", "train")
KINDS: Final[tuple[Kind, ...]] = ("random", "real")


@dataclass(frozen=True)
class Difference:
    """What a cell holds: an `IdentityRow` without its name."""

    case: Case
    mode: Mode
    images: Kind
    difference: float
    largest_output: float


@dataclass(frozen=True)
class ZeroedNetwork:
    """The network, its first blocks with an identity shortcut, and the images."""

    network: Network
    names: Sequence[str]
    images: Mapping[str, Tensor]
    trained: bool
    precision: Precision


def run(
    model: str,
    data: Path | str | None = None,
    *,
    blocks: int = 2,
    images: int = 8,
    seed: int = 0,
    **options: Unpack[SessionOptions],
) -> IdentityResult:
    """Silence the first `blocks` blocks of `model` (a name, TOML file, run or model folder); the result.

    Compared on `images` random and as many real images, of `data` or of the sample `fashion`. Raises ConfigError for
    networks with fewer blocks that have an identity shortcut, and for numbers below 1. It is done in seconds, and its
    verdict needs every row: there is no budget.
    """
    for name, value in (("blocks", blocks), ("images", images)):
        if value < 1:
            raise ConfigError("{name} {given}: expected a whole number of at least 1.", name=name, given=value)
    source = resolve(model)
    session = Session.begin(
        IdentityResult, source.name, trained.beside(model) if source.folder else None, budget_minutes=None, **options
    )
    precision = session.precision(session.begun.get("precision"), "cpu")
    network = source.network(seed=seed)
    names = _first(source, network, blocks)
    pictures = {"random": samples.noise(source, images, seed), "real": samples.real(source, data, images, seed)}
    zeroed = ZeroedNetwork(network, names, pictures, source.folder is not None, precision)
    settings = IdentitySettings(
        model=source.name,
        weights=_digest(source),
        blocks=tuple(names),
        images=images,
        seed=seed,
        side=source.side,
        data=str(data) if data else "fashion",
        design=getattr(source.spec, "design", "linear"),
        convolutions=sum(len(_layers(network.get_submodule(name))) for name in names),
        precision="bf16" if precision.numbers == "bf16" else None,
    )
    plan = {f"{case}.{mode}.{kind}": (case, mode, kind) for case, mode, kind in _rows(zeroed)}
    cells = {name: partial(_measure, zeroed, *row) for name, row in plan.items()}
    done = session.measure(settings, cells, titles={name: case_in_words(*row) for name, row in plan.items()})
    rows = tuple(from_json(IdentityRow, {"cell": name, **value}) for name, value in done.values.items())
    largest = max(row.difference for row in rows if row.case == "zeroed")
    return session.finish(
        source.name, settings, IdentityMeasured(largest, rows), judge(largest), done, [seed], precision
    )


def judge(largest: float) -> Verdict:
    """Exactly zero, or not."""
    left = Interval.exact(Text("the network with its first blocks at zero"), largest)
    right = Interval.exact(Text("the network without them"), 0.0)
    return Verdict((Comparison(Text("largest difference of the outputs"), left, "equal", right, "number"),))


def _first(source: NetworkSource, network: Network, count: int) -> list[str]:
    names = [name for name in removable(network) if isinstance(network.get_submodule(name).shortcut, IdentityShortcut)]
    if len(names) < count:
        raise ConfigError(
            "{model} has {there} blocks with an identity shortcut, fewer than the {count} given with --blocks.",
            model=source.name,
            there=len(names),
            count=count,
        )
    return names[:count]


def _rows(zeroed: ZeroedNetwork) -> Iterator[tuple[Case, Mode, Kind]]:
    """Case, mode and images of every comparison."""
    for case in CASES:
        for mode in MODES:
            for kind in KINDS if case == "zeroed" else KINDS[1:]:
                yield case, mode, kind
    yield "not-negative", "eval", "random"
    yield "negative", "eval", "random"
    if _projection(zeroed.network) is not None:
        yield "projection", "eval", "random"


def _measure(zeroed: ZeroedNetwork, case: Case, mode: Mode, kind: Kind) -> Difference:
    with zeroed.precision.autocast():
        if case in ("negative", "not-negative", "projection"):
            changed, without = _alone(zeroed, case)
        else:
            changed, without = _whole(zeroed, case, zeroed.images[kind], training=mode == "train")
    return Difference(case, mode, kind, float((changed - without).abs().max()), float(without.abs().max()))


@torch.no_grad()
def _whole(zeroed: ZeroedNetwork, case: str, images: Tensor, *, training: bool) -> tuple[Tensor, Tensor]:
    """The outputs of the network with its blocks at zero, as `case` has them, and without these blocks."""
    whole = deepcopy(zeroed.network)
    if not zeroed.trained and case == "statistics":
        # In both networks: the only difference must be the blocks.
        whole.train()(zeroed.images["random"])
    changed = deepcopy(whole)
    generator = torch.Generator().manual_seed(1)
    for name in zeroed.names:
        _silence(cast(Block, changed.get_submodule(name)), case, zeroed.trained, generator)
    outputs = []
    with removed(whole, zeroed.names) as without:
        for network in (changed, without):
            # Chance in the head would make a difference of its own.
            for module in network.head.modules():
                if isinstance(module, Dropout):
                    module.p = 0.0
            outputs.append(network.train(training)(images))
    return outputs[0], outputs[1]


def _silence(block: Block, case: str, trained: bool, generator: torch.Generator) -> None:
    """Zero the block's parameters; in the cases that ask for it, leave the norms what they would have."""
    if case == "no-shortcut":
        block.shortcut = NoShortcut()
    if case in ("zeroed", "no-shortcut"):
        zero(block)
        return
    for layer in _layers(block):
        zero(layer)
    for norm in (part for part in block.residual if isinstance(part, _BatchNorm)):
        if case == "convolutions":
            norm.reset_parameters()
        elif case == "shift":
            norm.reset_running_stats()
            if not trained:
                norm.bias.normal_(0, SHIFT, generator=generator)
        else:
            norm.bias.zero_()


@torch.no_grad()
def _alone(zeroed: ZeroedNetwork, case: str) -> tuple[Tensor, Tensor]:
    """What one silent block gives, and what came to it."""
    projection = _projection(zeroed.network)
    first = cast(Block, zeroed.network.get_submodule(zeroed.names[0]))
    block = deepcopy(projection if case == "projection" and projection else first)
    zero(block.residual)
    linear = isinstance(_layers(block)[0], nn.Linear)
    shape = (64, block.in_channels) if linear else (8, block.in_channels, 16, 16)
    x = torch.randn(shape, generator=torch.Generator().manual_seed(2))
    x = x if case == "negative" else F.relu(x)
    y = block.eval()(x)
    if case == "projection":
        # There is no network without this block. The nearest to "nothing" that fits: pixels left out, zeros put in.
        x = x if linear else x[:, :, :: block.stride, :: block.stride]
        missing = block.out_channels - block.in_channels
        x = F.pad(x, (0, missing) if linear else (0, 0, 0, 0, missing // 2, missing - missing // 2))
    return y, x


def _projection(network: Network) -> Block | None:
    """The first block whose shortcut is not the identity."""
    parts = (block for _name, block in network.blocks() if isinstance(block, Block))
    return next((block for block in parts if block.out_channels > block.in_channels or block.stride > 1), None)


def _layers(block: nn.Module) -> list[nn.Module]:
    """The convolutions or linear layers of the residual branch."""
    return [part for part in block.residual if isinstance(part, nn.Conv2d | nn.Linear)]  # type: ignore[union-attr]


def _digest(source: NetworkSource) -> str:
    if source.folder is None:
        return "new"
    return hashlib.sha256(limits.read(source.folder / model_folder.WEIGHTS, limits.TENSORS)).hexdigest()
