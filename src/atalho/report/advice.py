"""What to do next after a run, in words: each piece of advice from what the run measured, with its reason."""

from __future__ import annotations

import math
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from atalho.config import SMALL_IMAGE
from atalho.data.doctor.few_images import FEW
from atalho.data.manifest import Manifest
from atalho.report.markup import Html, el
from atalho.report.parts import bullets, section
from atalho.storage.run_folder import RunFolder
from atalho.storage.run_records import EpochRow
from atalho.tasks.by_name import task_of
from atalho.text import _
from atalho.text.numbers import number, percent, whole

if TYPE_CHECKING:
    from atalho.metrics.classification import ClassificationFigures

_WEAKEST: Final = 5
_FEW_VALIDATION: Final = 200
"""Validation images below which an accuracy on them is off by several points."""
_WIDE: Final = 0.04
"""Half the interval of the accuracy from which more test images are worth their work."""
_GAP: Final = 0.1
"""Training accuracy above validation accuracy: more of it is memory."""


@dataclass(frozen=True)
class Advice:
    """What to do, why, perhaps in detail, and the command for it."""

    what: str
    why: str
    details: tuple[str, ...] = ()
    command: str | None = None


def next_steps(run: RunFolder, evaluation: Any) -> Html | None:
    """The part of the page; None of a run that has not been evaluated."""
    if evaluation is None:
        return None
    items = [
        el("li", el("p", el("strong", one.what), " ", one.why), bullets(one.details, "details"),
           el("pre", el("code", one.command)) if one.command else None)
        for one in advise(run, evaluation)
    ]  # fmt: skip
    return section("next", _("What to do next"), el("ol", items, class_="next"))


def advise(run: RunFolder, evaluation: Any) -> list[Advice]:
    """Every piece of advice, in the language in force: data first, then training, then what the model is for."""
    manifest = run.manifest.manifest if run.manifest is not None else None
    classifies = "classes" in task_of(run.task).page.parts
    found = [*weakest(evaluation)] if classifies else []
    found += few_test_images(evaluation.images, evaluation.headline.interval) if classifies else []
    if manifest is not None:
        found += few_validation_images(manifest)
        found += trained_weights(run, manifest) if classifies else []
        found += more_or_fewer_epochs(run, len(manifest.splits.get("val", ())))
    return [*found, _use(run, classifies=classifies)]


def weakest(evaluation: ClassificationFigures) -> Iterator[Advice]:
    """The classes that are weaker than the whole beyond chance, and what they are taken for."""
    rows = evaluation.per_class
    known = [(row.recall, place) for place, row in enumerate(rows) if row.recall is not None]
    weak = [
        (recall, place)
        for recall, place in sorted(known)
        if (ends := rows[place].recall_interval) is not None and ends[1] < evaluation.top1
    ]
    if weak:
        wrong: dict[int, Counter[int]] = {place: Counter() for _recall, place in weak[:_WEAKEST]}
        for true, taken, count in evaluation.confusion.cells():
            if true in wrong and true != taken:
                wrong[true][taken] = count
        details = []
        for place, others in wrong.items():
            row = rows[place]
            text = _("{name}: {recall} of {images} images are recognised")
            told = text.format(name=row.class_, recall=percent(row.recall), images=whole(row.images))
            for other, count in others.most_common(1):
                text = _("; most often taken for {other} ({count})")
                told += text.format(other=rows[other].class_, count=whole(count))
            details.append(told)
        why = _(
            "Their recall is below the overall accuracy by more than chance. Look through their images for wrong "
            "labels, then add training images of them and of what they are taken for."
        )
        yield Advice(_("Improve the weakest classes."), why, tuple(details))
    elif evaluation.top1 < 1 and len(rows) > 1:
        why = _(
            "No class is weaker than the others by more than chance: the intervals of all classes reach the overall "
            "accuracy."
        )
        yield Advice(_("Treat all classes alike."), why)


def few_test_images(images: int, ends: tuple[float, float] | None) -> Iterator[Advice]:
    """How well the accuracy is known, where that is not well."""
    if ends is None or (half := (ends[1] - ends[0]) / 2) < _WIDE:
        return
    why = _("On {images} images, the accuracy is known to about ±{half} points. Four times as many would halve that.")
    yield Advice(_("Test on more images."), why.format(images=whole(images), half=number(100 * half, 1)))


def few_validation_images(manifest: Manifest) -> Iterator[Advice]:
    """What too few images for validation mean."""
    held = len(manifest.splits.get("val", ()))
    if held == 0:
        why = _(
            "Without them, nothing shows when to stop training, and the probabilities are not calibrated. Add a "
            "folder val, or let Atalho hold some out: --data.val-fraction 0.1"
        )
        yield Advice(_("Hold out validation images."), why)
    elif held < _FEW_VALIDATION:
        off = 1.96 * math.sqrt(0.25 / held)  # at its widest, for a share of one half
        why = _(
            "On {images} images, the accuracy after each epoch may be off by up to {off} points, and what is fitted on "
            "them is as rough. Do not choose between settings by such differences."
        )
        text = why.format(images=whole(held), off=number(100 * off, 0))
        yield Advice(_("Use more validation images."), text)


def trained_weights(run: RunFolder, manifest: Manifest) -> Iterator[Advice]:
    """To start from weights, where images are few and large enough for published ones."""
    side = run.network.preprocessing.size if run.network is not None else 0
    started = run.provenance is not None and run.provenance.start is not None
    classes = len(manifest.classes)
    each = len(manifest.splits.get("train", ())) / max(classes, 1)
    if started or side <= SMALL_IMAGE or not 0 < each < FEW:
        return
    why = _("About {each} training images a class are few to learn from without trained weights.")
    text = why.format(each=whole(round(each)))
    yield Advice(_("Start from trained weights."), text, command=_train(run, "--model resnet18 --from imagenet"))


def more_or_fewer_epochs(run: RunFolder, validation: int) -> Iterator[Advice]:
    """What the curves say about the length of training; nothing where there is no validation."""
    rows: Sequence[EpochRow] = run.epochs
    held = [row.val_rank1 if row.val_top1 is None else row.val_top1 for row in rows]
    values = [value for value in held if value is not None and math.isfinite(value)]
    if not rows or len(values) < len(rows) or not validation:
        return
    last, best = values[-1], max(values)
    chance = 1.96 * math.sqrt(max(last * (1 - last), 0.25 / validation) / validation)
    trained = rows[-1].train_top1
    if best - last > chance:
        why = _("Validation accuracy was {best} after epoch {epoch} and fell to {last} by the end.").format(
            best=percent(best), epoch=whole(values.index(best) + 1), last=percent(last)
        )
        yield Advice(_("Train for fewer epochs."), why, command=_train(run, f"--epochs {values.index(best) + 1}"))
    elif last < 0.98 and rows[-1].val_top1 is None:  # rank-1, with which accuracy among the identities does not compare
        why = _("Rank-1 on the validation images is {last} at the end, and has not fallen.").format(last=percent(last))
        yield Advice(_("Train for longer."), why, command=_longer(run))
    elif trained is not None and trained - last > max(_GAP, chance):
        why = _(
            "At the end, training accuracy is {trained} and validation accuracy {last}. More epochs would widen this "
            "gap rather than close it; more training images or trained weights close it."
        )
        text = why.format(trained=percent(trained), last=percent(last))
        yield Advice(_("Do not train for longer."), text)
    elif last < 0.98:
        why = _(
            "At the end, validation accuracy ({last}) keeps up with training accuracy ({trained}), so the network "
            "does not memorise yet."
        )
        text = why.format(last=percent(last), trained=percent(trained))
        yield Advice(_("Train for longer."), text, command=_longer(run))
    else:
        yield Advice(_("Keep the length of training."), _("The curves leave little to gain from more epochs."))


def _longer(run: RunFolder) -> str:
    """The command for twice the minutes, or for going on to twice the epochs."""
    training = run.settings.get("training")
    minutes = training.get("minutes") if isinstance(training, Mapping) else None
    if isinstance(minutes, (int, float)) and minutes:
        return _train(run, f"--minutes {2 * minutes:g}")
    return f"atalho train --resume {shlex.quote(str(run.path))} --epochs {2 * len(run.epochs)}"


def _train(run: RunFolder, options: str) -> str:
    values = run.settings.get("data")
    data = str(values.get("path", run.data)) if isinstance(values, Mapping) else run.data
    if run.task == "reid":
        options = f"--task reid {options}"
    if "--model" not in options:
        options = f"--model {shlex.quote(run.model)} {options}"
    return f"atalho train {shlex.quote(data or 'DATA')} {options}"


def _use(run: RunFolder, *, classifies: bool) -> Advice:
    folder = shlex.quote(str(run.path))
    if classifies:
        why = _("The best test is images that were taken later or elsewhere.")
        return Advice(_("Use the network on new images."), why, command=f"atalho predict {folder} {_('IMAGES')}")
    why = _("Put images into a gallery, then search it for the same individual or object.")
    images, one = _("IMAGES"), _("IMAGE")
    commands = f"atalho index {folder} {images} --gallery gallery.db\natalho search gallery.db {one}"
    return Advice(_("Use the network on new images."), why, command=commands)
