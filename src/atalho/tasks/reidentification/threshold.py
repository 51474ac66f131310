"""The threshold of a model: chosen from what was measured, kept beside its weights, its curve in the run's folder."""

import dataclasses
from pathlib import Path
from typing import Final

import numpy as np

from atalho.config import ReidConfig
from atalho.errors import DataError
from atalho.listener import Listener
from atalho.metrics import verification
from atalho.metrics.verification import ErrorCurve, ErrorRates, Shares, Threshold, Verification
from atalho.storage import atomic, run_folder
from atalho.stored import to_object
from atalho.tasks.reidentification import evaluation
from atalho.tasks.task import EvaluationTarget
from atalho.text import Text, _, ngettext

_POINTS: Final = 200
_DIGITS: Final = 6
_FEW: Final = 30


def choose_at_the_end(run: Path, target: EvaluationTarget, config: ReidConfig, listener: Listener) -> Threshold | None:
    """Choose the threshold on the validation identities of a run that has just been trained, and record its curve.

    Where they are too few for the wanted rate there is none: a promise that the images cannot support is not given.
    Why, and what to do, is told and recorded.
    """
    atomic.discard(run / run_folder.VERIFICATION)
    ids = target.dataset.manifest.splits.get("val", ())
    if not len(ids):
        listener.note(_without(Text("there are no validation images."), run))
        return None
    wanted = config.false_accept
    try:
        rates = evaluation.rates(target, "val", config.protocol, listener)
    except DataError as error:
        listener.note(_without(error.text, run))
        return None
    chosen, reason = None, None
    try:
        chosen = choose(target, rates, wanted)
        tell_few(target, "val", run, listener)
    except DataError as error:
        reason = error.text
        listener.note(_without(reason, run))
    record(run, rates, wanted, chosen, reason=reason)
    return chosen


def choose(target: EvaluationTarget, rates: ErrorRates, wanted: float) -> Threshold:
    """The threshold of a network whose `rates` these are. Raises DataError where the pairs are too few for it."""
    return dataclasses.replace(verification.choose(rates, wanted), precision=target.precision.numbers)


def tell_few(target: EvaluationTarget, split: str, run: Path | str, listener: Listener) -> None:
    """Say so where the identities are so few that drawing them again cannot show how much others would differ."""
    manifest = target.dataset.manifest
    count = len(np.unique(manifest.labels[manifest.splits[split]]))
    if count < _FEW:
        text = ngettext(
            "The threshold comes from {count} identity, too few to generalise. Choose it on more: atalho "
            "threshold {run} DATA",
            "The threshold comes from {count} identities, too few to generalise. Choose it on more: atalho "
            "threshold {run} DATA",
            count,
        )
        listener.note(text.format(count=count, run=run))


def record(
    run: Path,
    rates: ErrorRates,
    wanted: float,
    chosen: Threshold | None,
    *,
    data: str | None = None,
    reason: Text | None = None,
) -> None:
    """Write `verification.json`: the curve of the validation images, or of those at `data`, and the threshold.

    Where there is none, `reason` says why.
    """
    kept = Verification("val" if data is None else None, data, wanted, chosen, reason, curve(rates))
    atomic.write_json(run / run_folder.VERIFICATION, to_object(kept))


def curve(rates: ErrorRates) -> ErrorCurve:
    """FAR and FRR with their intervals where they change, at 200 thresholds or fewer."""
    moving = np.flatnonzero((rates.far < 1) & (rates.frr < 1) & ((rates.far > 0) | (rates.frr > 0)))
    first, last = (moving[0], moving[-1]) if len(moving) else (0, len(rates.far) - 1)
    places = np.unique(np.linspace(max(first - 1, 0), min(last + 1, len(rates.far) - 1), _POINTS).astype(int))

    def drawn(line: Shares) -> tuple[float, ...]:
        return tuple(line[places].round(_DIGITS).tolist())

    far, far_low, far_high = map(drawn, (rates.far, *rates.far_interval))
    frr, frr_low, frr_high = map(drawn, (rates.frr, *rates.frr_interval))
    pairs = (rates.genuine, rates.impostor)
    return ErrorCurve(drawn(rates.thresholds), far, far_low, far_high, frr, frr_low, frr_high, *pairs)


def _without(reason: Text, run: Path) -> str:
    text = _("No threshold was chosen: {reason} See: atalho threshold {run} --help")
    return text.format(reason=reason, run=run)
