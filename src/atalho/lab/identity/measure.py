"""`lab identity`: if the first convolutions learn zero, the network is the one without them (the article's argument).

Every parameter of the first blocks becomes zero, and the outputs are compared with those of the same network from which
the blocks are taken out. Then, one at a time, what must hold for that is taken away: the norms' shift and statistics,
the identity shortcut itself, an input that is not negative, a block that keeps the shape. All in fp32 on the CPU.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from atalho.blocks.block import Block, zero
from atalho.blocks.head import Dropout
from atalho.blocks.shortcut import IdentityShortcut, NoShortcut
from atalho.errors import ConfigError
from atalho.jobs.named import Named, named
from atalho.lab.identity import samples
from atalho.lab.identity.page import DRAWING
from atalho.lab.shared import cells, result
from atalho.lab.shared.verdict import Comparison, Estimate, Verdict
from atalho.networks.network import Network
from atalho.precision import choose
from atalho.storage import model_folder
from atalho.surgery.lesion import removable, removed
from atalho.text import Text
from atalho.training.progress import Progress

SHIFT: Final = 0.1
"""Deviation of the shifts that the norms of a new network are given where the experiment needs some."""

CASES: Final = ("zeroed", "convolutions", "shift", "statistics", "no-shortcut")
"""Of the whole network; of one block alone there are "not-negative", "negative" and "projection"."""

MODES: Final = ("eval", "train")


@dataclass(frozen=True)
class Bench:
    """The network, its first blocks with an identity shortcut, and the images."""

    network: Network
    names: Sequence[str]
    images: Mapping[str, Tensor]
    trained: bool


def run(
    model: str,
    data: Path | str | None = None,
    *,
    blocks: int = 2,
    images: int = 8,
    seed: int = 0,
    out: Path | str | None = None,
    command: str | None = None,
    progress: Progress | None = None,
) -> Path:
    """Silence the first `blocks` blocks of `model` (a name, TOML file, run or model folder); the folder of the result.

    Compared on `images` random and as many real images, of `data` or of the sample `fashion`. Raises ConfigError for
    networks with fewer blocks that have an identity shortcut, and for numbers below 1.
    """
    for name, value in (("blocks", blocks), ("images", images)):
        if value < 1:
            raise ConfigError(Text("{name} {given}: accepted are whole numbers from 1.", name=name, given=value))
    found = resolve(model)
    network = found.network(seed=seed)
    names = _first(found, network, blocks)
    pictures = {"random": samples.noise(found, images, seed), "real": samples.real(found, data, images, seed)}
    bench = Bench(network, names, pictures, found.folder is not None)
    settings = {
        "model": found.name, "weights": _digest(found), "blocks": list(names), "images": images, "seed": seed,
        "side": found.side, "data": str(data) if data else "fashion", "design": getattr(found.spec, "design", "linear"),
        "convolutions": sum(len(_layers(network.get_submodule(name))) for name in names),
    }  # fmt: skip
    folder = cells.place(out, f"identity-{found.name}")
    rows = _rows(bench)
    cells_found = cells.run(folder, {"experiment": "identity", **settings}, list(rows), _measure(bench, rows),
                            progress=progress)  # fmt: skip
    table = [{"cell": name, **value} for name, value in cells_found.values.items()]
    largest = max(row["difference"] for row in table if row["case"] == "zeroed")
    made = result.make(
        DRAWING, found.name, settings, {"largest_difference": largest, "rows": table}, judge(largest),
        cells=cells_found, command=command,
        seeds=[seed], precision=choose("cpu", "fp32"),
    )  # fmt: skip
    return result.write(folder, made, DRAWING)


def judge(largest: float) -> Verdict:
    """Exactly zero, or not."""
    left = Estimate.exact(Text("the network with its first blocks at zero"), largest)
    right = Estimate.exact(Text("the network without them"), 0.0)
    return Verdict((Comparison(Text("largest difference of the outputs"), left, "equal", right, "number"),))


def _first(found: NetworkSource, network: Network, count: int) -> list[str]:
    names = [name for name in removable(network) if isinstance(network.get_submodule(name).shortcut, IdentityShortcut)]
    if len(names) < count:
        raise ConfigError(
            Text(
                "{model} has {there} blocks with an identity shortcut, and {count} were asked for (--blocks).",
                model=found.name,
                there=len(names),
                count=count,
            )
        )
    return names[:count]


def _rows(bench: Bench) -> dict[str, tuple[str, str, str]]:
    """Cell name → case, mode, images."""
    rows = {
        f"{case}.{mode}.{kind}": (case, mode, kind)
        for case in CASES
        for mode in MODES
        for kind in (bench.images if case == "zeroed" else ("real",))
    }
    rows |= {f"{case}.eval.random": (case, "eval", "random") for case in ("not-negative", "negative")}
    if _projection(bench.network) is not None:
        rows["projection.eval.random"] = ("projection", "eval", "random")
    return rows


def _measure(bench: Bench, rows: Mapping[str, tuple[str, str, str]]) -> Callable[[str], dict[str, Any]]:
    def measure(cell: str) -> dict[str, Any]:
        case, mode, kind = rows[cell]
        if case in ("negative", "not-negative", "projection"):
            pair = _alone(bench, case)
        else:
            pair = _whole(bench, case, bench.images[kind], training=mode == "train")
        one, other = pair
        return {
            "case": case, "mode": mode, "images": kind,
            "difference": float((one - other).abs().max()), "largest_output": float(other.abs().max()),
        }  # fmt: skip

    return measure


@torch.no_grad()
def _whole(bench: Bench, case: str, images: Tensor, *, training: bool) -> tuple[Tensor, Tensor]:
    """The outputs of the network with its blocks at zero, as `case` has them, and without these blocks."""
    whole = deepcopy(bench.network)
    if not bench.trained and case == "statistics":
        # In both networks: the only difference must be the blocks.
        whole.train()(bench.images["random"])
    changed = deepcopy(whole)
    generator = torch.Generator().manual_seed(1)
    for name in bench.names:
        _silence(cast(Block, changed.get_submodule(name)), case, bench.trained, generator)
    outputs = []
    with removed(whole, bench.names) as without:
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
def _alone(bench: Bench, case: str) -> tuple[Tensor, Tensor]:
    """What one silent block gives, and what came to it."""
    projection = _projection(bench.network)
    first = cast(Block, bench.network.get_submodule(bench.names[0]))
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


def _digest(found: NetworkSource) -> str:
    if found.folder is None:
        return "new"
    return hashlib.sha256((found.folder / model_folder.WEIGHTS).read_bytes()).hexdigest()
