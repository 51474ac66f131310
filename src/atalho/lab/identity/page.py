"""What `lab identity` found: every difference on one axis, exact zeros apart from all others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from atalho.lab.identity.result import Case, IdentityMeasured, IdentityRow, IdentitySettings, Kind, Mode
from atalho.lab.shared.result import Picture, Result, Table
from atalho.report.canvas import AMBER, BLUE, INK, MUTED, panel
from atalho.text import N_, _
from atalho.text.numbers import nwhole, significant

_CASES: Final = {
    "zeroed": N_("all parameters of the blocks zeroed"),
    "convolutions": N_("convolutions zeroed, freshly initialised batch norm"),
    "shift": N_("convolutions zeroed, batch norm with a shift (β ≠ 0)"),
    "statistics": N_("convolutions zeroed, batch norm with image statistics"),
    "no-shortcut": N_("everything zeroed and no shortcut (plain network)"),
    "not-negative": N_("single block, non-negative input"),
    "negative": N_("single block, input with negative values"),
    "projection": N_("block that changes the shape"),
}
_WHY: Final = {
    "shift": N_("Batch norm turns a zero into its shift β."),
    "statistics": N_(
        "In eval mode, batch norm subtracts the mean stored from other images, so a zero does not stay "
        "zero; in train mode, it subtracts the batch's own mean."
    ),
    "no-shortcut": N_("Without a shortcut, only zeros are passed on."),
    "negative": N_("The ReLU after the sum cuts negative values, so the block is the identity only for the others."),
    "projection": N_(
        "If the shape changes, x cannot pass unchanged, and there is no network without this block; its "
        "output is compared with every second pixel of x and zeros in the new channels."
    ),
}
_MODES: Final = {"eval": N_("eval mode"), "train": N_("train mode")}
_IMAGES: Final = {"random": N_("random images"), "real": N_("real images")}
_HEADING: Final = 1.15
"""The height of a case's heading, where a row is 1 high."""

_LEAST: Final = 1e-9
"""Where an exact zero stands on the logarithmic axis."""


@dataclass(frozen=True, repr=False)
class IdentityResult(Result):
    """What `lab identity` found."""

    NAME = "identity"
    TITLE = N_("A silenced block is the identity")
    CLAIM = N_(
        "If the first convolutions learn zero, each of their blocks returns its input, as if it did not "
        "exist: the network equals a shallower one."
    )
    settings: IdentitySettings
    measured: IdentityMeasured

    @property
    def rows(self) -> tuple[IdentityRow, ...]:
        """The comparisons."""
        return self.measured.rows

    @property
    def largest_difference(self) -> float:
        """With all parameters of the blocks at zero; 0.0 where the claim holds."""
        return self.measured.largest_difference

    def pictures(self) -> Mapping[str, Picture]:
        rows = self.rows
        headings: dict[str, float] = {}
        places: list[float] = []
        top = 0.0
        for row in rows:
            if row.case not in headings:
                headings[row.case] = top
                top -= _HEADING
            places.append(top)
            top -= 1
        figure, axes = panel(8.4, 0.24 * -top + 0.8)
        for case, place in headings.items():
            axes.annotate(_(_CASES[case]), (0, place), (6, 0), xycoords=("axes fraction", "data"),
                          textcoords="offset points", va="center", color=INK)  # fmt: skip
        for place, row in zip(places, rows, strict=True):
            exact = row.difference == 0
            x, colour = max(row.difference, _LEAST), BLUE if exact else AMBER
            axes.plot([_LEAST, x], [place, place], color=colour, linewidth=1.4)
            axes.plot([x], [place], "o", color=colour, markersize=6, clip_on=False, label=f"_{_name(row)}")
            axes.annotate(_difference(row), (x, place), (8, 0), textcoords="offset points", va="center", color=colour)
        axes.set_yticks(places, [", ".join(_conditions(row)) for row in rows])
        axes.set_ylim(top + 0.3, 0.7)
        axes.set_xscale("log")
        axes.set_xlim(_LEAST * 0.6, 1e4)
        axes.set_xticks([_LEAST, 1e-6, 1e-3, 1.0], ["0", "10⁻⁶", "10⁻³", "1"])
        axes.tick_params(axis="y", labelcolor=MUTED)
        axes.grid(visible=False, axis="y")
        axes.set_xlabel(_("largest difference (logarithmic; exact zeros on the left)"))
        return {_("When a silenced block is the identity, and when not"): figure}

    def captions(self) -> Mapping[str, str]:
        return {
            _("When a silenced block is the identity, and when not"): _(
                "Blue points at the left edge: not one bit differs from the network without the blocks. Amber points: "
                "one condition is dropped, and the outputs differ; the farther right, the more."
            )
        }

    def tables(self) -> Mapping[str, Table]:
        head = [_("case"), _("mode"), _("images"), _("largest difference"), _("largest output")]
        rows = [(_name(row), *_conditions(row), _difference(row), significant(row.largest_output)) for row in self.rows]
        return {_("Every comparison"): Table(head, rows, numbers_from=3)}

    def method(self) -> str:
        s = self.settings
        count = s.convolutions
        layers = (
            nwhole("{n} linear layer", "{n} linear layers", count)
            if s.design == "linear"
            else nwhole("{n} convolution", "{n} convolutions", count)
        )
        return _(
            "All parameters of {blocks} at the beginning of the network ({names}; {layers}) were zeroed. Its "
            "outputs for {images} and as many real ones were compared with those of the same network without "
            "these blocks, in fp32 on the CPU. Each further row drops one condition."
        ).format(
            blocks=nwhole("{n} block with an identity shortcut", "{n} blocks with an identity shortcut", len(s.blocks)),
            names=", ".join(s.blocks),
            layers=layers,
            images=nwhole("{n} random image", "{n} random images", s.images),
        )

    def remarks(self) -> Sequence[str]:
        """Why the cases that were found to differ do, each with its largest difference."""
        rows = sorted(self.rows, key=lambda row: row.difference)
        differing = {row.case: row for row in rows if row.difference > 0}
        return [
            _("Not exact ({difference}): {case}. {why}").format(
                difference=_difference(differing[case]), case=_name(differing[case]), why=_(why)
            )
            for case, why in _WHY.items()
            if case in differing
        ]


def case_in_words(case: Case, mode: Mode, images: Kind) -> str:
    """What one comparison is, such as "all parameters of the blocks zeroed, eval mode, real images"."""
    return ", ".join((_(_CASES[case]), _(_MODES[mode]), _(_IMAGES[images])))


def _name(row: IdentityRow) -> str:
    return _(_CASES[row.case])


def _conditions(row: IdentityRow) -> tuple[str, str]:
    mode, images = _MODES[row.mode], _IMAGES[row.images]
    return _(mode), _(images)


def _difference(row: IdentityRow) -> str:
    return "0" if row.difference == 0 else significant(row.difference)
