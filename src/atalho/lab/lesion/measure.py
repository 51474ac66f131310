"""`lab lesion`: how much a trained network misses each of its blocks (Veit et al. 2016, section 4).

Each block in turn is removed: what came to it goes to the next one. That is defined, and the same cut, in a residual
network and in its plain twin, wherever the shape stays. Blocks that change the shape cannot be removed; where they have
a shortcut they are silenced, and so are dense layers. Then several blocks at once, at random, and neighbours swapped.
Nothing is trained again, and norms keep their statistics.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import Final, Unpack

import numpy as np
from numpy.typing import NDArray

from atalho.errors import ConfigError
from atalho.lab.lesion.page import LesionResult
from atalho.lab.lesion.result import Kind, Lesion, LesionMeasured, LesionSeries, LesionSettings, RandomLesions
from atalho.lab.shared import subset, trained
from atalho.lab.shared.session import BudgetedOptions, Session
from atalho.lab.shared.subset import Subset
from atalho.lab.shared.trained import Compared, TrainedNetwork
from atalho.lab.shared.verdict import Comparison, Interval, Verdict
from atalho.metrics.intervals import over_images, t_interval, wilson
from atalho.networks.network import Network
from atalho.stored import from_json
from atalho.surgery import lesion
from atalho.tasks.forward import forward
from atalho.text import Text, _

COUNTS: Final = (2, 4, 8, 16)


@dataclass(frozen=True)
class Cut:
    """One lesion of one network; `kind` is whole, remove, silence, random or swap."""

    network: TrainedNetwork
    kind: Kind
    names: tuple[str, ...]
    draw: int = 0

    @property
    def cell(self) -> str:
        """The name of its cell."""
        what = f"{len(self.names)}.{self.draw}" if self.kind == "random" else ".".join(self.names[:1])
        return f"{self.network.name}.{self.kind}.{what}".rstrip(".")

    @property
    def title(self) -> str:
        """What it does to which network, in words."""
        said = {
            "whole": _("{network}, intact"),
            "remove": _("{network} without {blocks}"),
            "silence": _("{network} with {blocks} silenced"),
            "random": _("{network} without {blocks}"),
            "swap": _("{network} with {blocks} swapped"),
        }[self.kind]
        return said.format(network=self.network.name, blocks=", ".join(self.names))

    def applied(self) -> AbstractContextManager[Network]:
        """The network with it, while entered."""
        network = self.network.network
        match self.kind:
            case "whole":
                return nullcontext(network)
            case "silence":
                return lesion.silenced(network, self.names)
            case "swap":
                return lesion.swapped(network, self.names[0], self.names[1])
            case _:
                return lesion.removed(network, self.names)

    def measure(self, chosen: Subset) -> Right:
        """Which images the network gets right with it."""
        precision = self.network.model.precision
        with self.applied() as network:
            logits = forward(network, chosen.images, chosen.ids, chosen.preprocessing, precision)
        right = (logits.argmax(1) == chosen.labels).numpy()
        return Right(np.packbits(right).tobytes().hex())


@dataclass(frozen=True)
class Right:
    """What a cell holds: which images the network gets right."""

    right: str
    """A bit for each image, in hexadecimal digits."""

    def images(self, count: int) -> NDArray[np.bool_]:
        """(N,) for the `count` images that were measured on."""
        packed = np.frombuffer(bytes.fromhex(self.right), np.uint8)
        return np.unpackbits(packed, count=count).astype(bool)


def run(
    network: Path | str,
    data: Path | str | None = None,
    *,
    beside: Path | str | None = None,
    images: int = 2000,
    counts: Sequence[int] = COUNTS,
    draws: int = 5,
    seed: int = 0,
    **options: Unpack[BudgetedOptions],
) -> LesionResult:
    """Measure the accuracy of `network` (a run or model folder) without each of its blocks; the result.

    It is measured on `images` test images of `data`, by default those of the run. `beside` is a second network, the
    plain twin, which loses the same blocks. `counts` are how many blocks are removed at random, `draws` times each.
    The folder (default `lab/lesion-<name of network>`) keeps what is finished: the same call goes on.
    Raises ConfigError, DataError and WeightsError before any work is done.
    """
    if draws < 2 or not all(count > 0 for count in counts):
        raise ConfigError("Blocks at random: give counts of at least 1, and at least 2 draws.")
    runs = [network] if beside is None else [network, beside]
    session = Session.begin(LesionResult, trained.names(runs)[0], trained.beside(runs[0]), **options)
    precision = session.precision(session.begun.get("precision"))
    networks, chosen = subset.of_runs(
        runs, data, "test", count=images, seed=seed, precision=precision, progress=session.progress
    )
    settings = LesionSettings(
        "lesion",
        subset.describe(networks, chosen),
        draws,
        seed,
        Compared.of(networks),
    )
    cuts = {cut.cell: cut for one in networks for cut in cuts_of(one, counts, draws, seed)}
    plan = {cell: partial(cut.measure, chosen) for cell, cut in cuts.items()}
    done = session.measure(settings, plan, titles={cell: cut.title for cell, cut in cuts.items()})
    right = {cell: value.images(len(chosen.ids)) for cell, value in from_json(dict[str, Right], done.values).items()}
    series = tuple(_series(one, cuts, right, chosen) for one in networks)
    measured = LesionMeasured(series, chosen.chance_level(), chosen.preprocessing.size)
    return session.finish(networks[0].name, settings, measured, judge(series), done, [seed], precision)


def judge(series: Sequence[LesionSeries]) -> Verdict:
    """The verdict on what one block is worth: the median share of the accuracy above chance that goes with it.

    A residual network must lose less than a plain one. Where there is but one kind, a residual network must lose less
    than half of what it has, and a plain one more.
    """
    lost: dict[bool, list[Interval]] = {True: [], False: []}
    for one in series:
        if one.median_lost is None:
            return Verdict(())
        lost[one.shortcuts].append(one.median_lost.named(one.name))
    quantity = Text("accuracy above chance that is lost with one block, median over the blocks")
    pairs = list(product(lost[True], lost[False]))
    if pairs:
        return Verdict(tuple(Comparison(quantity, residual, "below", plain) for residual, plain in pairs))
    half = Interval.exact(Text("half of it"), 0.5)
    alone = [Comparison(quantity, one, "below" if kind else "above", half) for kind in lost for one in lost[kind]]
    return Verdict(tuple(alone))


def cuts_of(one: TrainedNetwork, counts: Sequence[int], draws: int, seed: int) -> list[Cut]:
    """Every lesion of one network. The same blocks at random for networks whose blocks have the same names."""
    network = one.network
    removable = lesion.removable(network)
    silent = [name for name in lesion.silenceable(network) if name not in removable]
    return [
        Cut(one, "whole", ()),
        *(Cut(one, "remove", (name,)) for name in removable),
        *(Cut(one, "silence", (name,)) for name in silent),
        *(
            Cut(one, "random", lesion.at_random(removable, count, seed=seed, draw=draw), draw)
            for count in sorted(set(counts))
            for draw in range(draws)
            if count <= len(removable)
        ),
        *(Cut(one, "swap", pair) for pair in lesion.swappable(network)),
    ]


def _series(
    one: TrainedNetwork, cuts: Mapping[str, Cut], right: Mapping[str, NDArray[np.bool_]], chosen: Subset
) -> LesionSeries:
    """What is known of one network: accuracy whole and with each lesion, and the medians with their intervals."""
    count, chance = len(chosen.ids), chosen.chance_level()
    rows, kinds = [], defaultdict(list)
    for cut in cuts.values():
        if cut.network is one and cut.cell in right:
            answers = right[cut.cell]
            kinds[cut.kind].append(answers)
            rows.append(Lesion(cut.kind, cut.names, float(answers.mean()), wilson(int(answers.sum()), count)))
    whole = next((row for row in rows if row.kind == "whole"), None)
    medians: dict[str, Interval] = {}
    if whole is not None:
        singles = kinds["remove"] or kinds["silence"]
        if singles:
            medians["median_drop"] = _interval([*kinds["whole"], *singles], 0.0)
        if kinds["swap"]:
            medians["median_swap"] = _interval([*kinds["whole"], *kinds["swap"]], 0.0)
        # A network that knows nothing has nothing to lose.
        if singles and whole.interval[0] > chance:
            medians["median_lost"] = _interval([*kinds["whole"], *singles], chance)
    return LesionSeries(
        name=one.name,
        spec=one.model.card.spec,
        blocks=tuple(name for name, _part in lesion.parts(one.network)),
        shortcuts=bool(lesion.silenceable(one.network)),
        whole=whole,
        rows=tuple(row for row in rows if row.kind in ("remove", "silence", "swap")),
        random=_at_random(rows),
        **medians,
    )


def _interval(right: Sequence[NDArray[np.bool_]], chance_level: float) -> Interval:
    """The median of what is lost, of the first network's accuracy, by the others; relative where above chance."""

    def median(accuracies: NDArray[np.float64]) -> NDArray[np.float64]:
        drop = accuracies[:, :1] - accuracies[:, 1:]
        scale = accuracies[:, :1] - chance_level if chance_level else 1.0
        return np.median(drop / scale, axis=1)

    mean, low, high = over_images(np.stack(right), median)
    return Interval(mean=mean, low=low, high=high)


def _at_random(rows: Sequence[Lesion]) -> tuple[RandomLesions, ...]:
    """Of each number of blocks removed at random, the accuracies and Student's interval over the draws."""
    by_count: dict[int, list[float]] = {}
    for row in rows:
        if row.kind == "random":
            by_count.setdefault(len(row.names), []).append(row.accuracy)
    return tuple(
        RandomLesions(count, tuple(values), t_interval(values)[1:] if len(values) > 1 else None)
        for count, values in sorted(by_count.items())
    )
