"""The verdict in words: built from the figures, in one language."""

from collections.abc import Sequence
from typing import Final

from atalho.lab.shared.verdict import Comparison, Interval, Unit, Verdict
from atalho.text import N_, _
from atalho.text.numbers import between, number, percent, significant, whole

OUTCOMES: Final = {
    "supported": N_("The claim is supported."),
    "not supported": N_("The claim is not supported."),
    "not enough evidence": N_("There is not enough evidence."),
}
_SENTENCES: Final = {
    "above": N_("{quantity}: {left}, {left_value}, is above {right}, {right_value}"),
    "below": N_("{quantity}: {left}, {left_value}, is below {right}, {right_value}"),
    "open": N_("{quantity}: {left}, {left_value}, and {right}, {right_value}"),
}
_EQUAL: Final = N_("{left} exactly equals {right} ({quantity}: {value}).")
_UNEQUAL: Final = N_("{left} does not equal {right} ({quantity}: {value}).")
_BECAUSE: Final = {
    "supported": N_("the intervals do not overlap."),
    "not supported": N_("the intervals do not overlap, but the claim says the opposite."),
    "not enough evidence": N_("the intervals overlap, so the order may be due to chance."),
    "no interval": N_("there are too few measurements for an interval, so the order may be due to chance."),
    "exact": N_("both numbers are exact."),
    "exact, otherwise": N_("both numbers are exact, but the claim says the opposite."),
}


def headline(verdict: Verdict, missing: Sequence[str]) -> str:
    """The outcome in a sentence; of an experiment that is not finished, that too."""
    outcome = OUTCOMES[verdict.outcome]
    words = _(outcome)
    if missing:
        words += " " + _("The experiment is unfinished; measurements left: {n}.").format(n=whole(len(missing)))
    return words


def sentences(verdict: Verdict) -> list[str]:
    """One sentence for each comparison that the verdict rests on."""
    return [_sentence(comparison) for comparison in verdict.comparisons]


def _sentence(comparison: Comparison) -> str:
    left, right, outcome = comparison.left, comparison.right, comparison.outcome
    if comparison.order == "equal" and outcome != "not enough evidence":
        # What is compared is a difference: that of the right side from itself is not worth a word.
        words = _EQUAL if outcome == "supported" else _UNEQUAL
        said = _(words).format(
            left=left.name, right=right.name, quantity=comparison.quantity, value=estimate(left, comparison.unit)
        )
        return said[0].upper() + said[1:]
    order = "open" if outcome == "not enough evidence" else comparison.order
    if outcome == "not supported":
        order = "above" if left.mean > right.mean else "below"
    because: str = outcome
    if left.ends is None or right.ends is None:
        because = "no interval"
    elif order in ("above", "below") and left.low == left.high and right.low == right.high:
        because = "exact" if outcome == "supported" else "exact, otherwise"
    compared = _(_SENTENCES[order]).format(
        quantity=comparison.quantity,
        left=left.name,
        right=right.name,
        left_value=estimate(left, comparison.unit),
        right_value=estimate(right, comparison.unit),
    )
    return f"{compared}: {_(_BECAUSE[because])}"


def estimate(value: Interval | None, unit: Unit) -> str:
    """A mean with its interval: 35.4% [34.1%, 36.7%]; of an exact quantity, the number alone; of nothing, a dash."""
    if value is None:
        return "–"
    mean = amount(value.mean, unit)
    if value.ends is None:
        return _("{value} (no interval)").format(value=mean)
    return mean if value.low == value.high else f"{mean} {between(*(amount(end, unit) for end in value.ends))}"


def of_seed(network: str, seed: int) -> str:
    """What is measured of a network from one seed."""
    return _("{network}, seed {seed}").format(network=network, seed=seed)


def amount(value: float, unit: Unit) -> str:
    """A number in its unit; numbers below 100 with three significant digits."""
    if unit == "percent":
        return percent(value)
    if value == 0:
        return whole(value)
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2 if abs(value) >= 0.1 else 4
    return number(value, digits) if abs(value) >= 1e-3 else significant(value, 2)


def millions(count: int) -> str:
    """A count of operations: 41.3 M."""
    return f"{number(count / 1e6, 1)} M"
