"""A value for each block: painted on the drawing of the network, and along an axis whose places are the blocks."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes

from atalho.networks.spec import Spec
from atalho.report.canvas import INK, MUTED
from atalho.report.drawing import NetworkToDraw, Scale, draw_beside
from atalho.report.markup import Html
from atalho.text import _


def painted(networks: Sequence[tuple[str, Spec, Mapping[str, float]]], side: int | None, scale: Scale) -> Html:
    """Networks beside each other, given as (name, specification, values by block), all on one scale, every block."""
    subjects = [NetworkToDraw(spec.plan(), name, side, values) for name, spec, values in networks]
    return draw_beside(subjects, legend=scale, unfold=True)


def block_axis(axes: Axes, names: Sequence[str]) -> None:
    """Number the blocks from 1 and mark where a stage begins. `names` are the blocks' at the places 0, 1, …"""
    stages = [name.split(".")[1] for name in names]
    for place in range(1, len(names)):
        if stages[place] != stages[place - 1]:
            axes.axvline(place - 0.5, color=MUTED, linewidth=0.8, linestyle=(0, (2, 2)), zorder=0.5)
    for stage in dict.fromkeys(stages):
        first, last = stages.index(stage), len(stages) - 1 - stages[::-1].index(stage)
        axes.annotate(
            _("stage {n}").format(n=int(stage) + 1), ((first + last) / 2, 1), xycoords=("data", "axes fraction"),
            xytext=(0, 3), textcoords="offset points", ha="center", fontsize=8, color=MUTED,
        )  # fmt: skip
    step = max(1, -(-len(names) // 14))
    places = range(0, len(names), step)
    axes.set_xticks(places, [str(place + 1) for place in places])
    axes.set_xlim(-0.7, len(names) - 0.3)
    axes.set_xlabel(_("block"), color=INK)
    axes.grid(visible=False, axis="x")
