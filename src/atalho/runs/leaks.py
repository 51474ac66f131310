"""Copies of one image in two splits or classes: looked for before a run trains, told, and kept in one split if asked.

They are found as doctor finds them, by the digests of the survey and by the pixels that the run trains on.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from atalho.config import DataConfig
from atalho.data.dataset import Dataset
from atalho.data.decoding.survey import image_digests
from atalho.data.doctor import small, twins
from atalho.data.doctor.twins import Alike
from atalho.data.duplicates import Duplicates, LeftOut
from atalho.data.images import Images
from atalho.data.manifest import SPLITS, Ids, Manifest
from atalho.data.order import in_order
from atalho.data.preprocessing import Preprocessing
from atalho.errors import DataError
from atalho.report.background import left_out_told
from atalho.runs.dataset import SurveyedData, decoded
from atalho.text import _
from atalho.text.numbers import whole
from atalho.training.progress import Progress

_MOST_IMAGES: Final = 100_000
_MOST_BYTES: Final = 4e9
"""Of decoded pixels: up to here a run looks for what is almost the same without being asked, wherever the pixels lie.

Doctor does for any number, and so does `data.fix_leaks`.
"""
_PART: Final = 500
_EXAMPLES: Final = 3
_SAME: Final = ("same-in-splits", "same-in-classes")
_SIMILAR: Final = ("similar-in-splits", "similar-in-classes")


def keep_apart(
    surveyed: SurveyedData, config: DataConfig, progress: Progress, *, channels: int, prepared: Preprocessing | None
) -> SurveyedData:
    """`surveyed` with each group of copies in one split: in test if one of them is there, otherwise in val.

    The others leave their split, and nothing takes their place. Decodes the images, into the cache. Raises DataError
    where a class would have no training image left.
    """
    _fit, images = decoded(surveyed, config, progress, channels=channels, prepared=prepared)
    kept = surveyed.manifest.without(image.number for image in images.bad)
    digests = image_digests(surveyed.manifest, surveyed.survey)
    alike = twins.find(kept, digests, _grey(images, progress), _good(images))
    images.close()
    left_out = LeftOut(surveyed.survey.fingerprint, _leaving(kept, alike))
    if not left_out.count:
        return replace(surveyed, alike=alike)
    apart = replace(surveyed.without(left_out), alike=alike)
    lost = np.flatnonzero((apart.manifest.counts("train") == 0) & (surveyed.manifest.counts("train") > 0))
    if len(lost):
        raise DataError(
            "--fix-leaks would leave {names} without training images: val or test has copies of all of them. Remove "
            "the copies there, or train without --fix-leaks.",
            names=", ".join(surveyed.manifest.classes[label] for label in lost),
        )
    return apart


def say_left_out(surveyed: SurveyedData, progress: Progress) -> None:
    """Say what `keep_apart` left out."""
    if surveyed.left_out is None:
        progress.note(_("--fix-leaks: no image is in two splits, so none is left out"))
    else:
        progress.note(left_out_told(surveyed.left_out))


def looked_for(dataset: Dataset, surveyed: SurveyedData, progress: Progress) -> Dataset:
    """`dataset` with the duplicates among its images, which are told; those left out are counted no more."""
    alike = surveyed.alike
    if alike is None:
        images = dataset.images
        size = len(images) * images.side**2 * images.channels
        few = len(images) <= _MOST_IMAGES and size <= _MOST_BYTES
        alike = twins.find(dataset.manifest, dataset.digests, _grey(images, progress) if few else None, _good(images))
    problems = [one for one in twins.problems(dataset.manifest, alike) if one.kind in (*_SAME, *_SIMILAR)]
    problems.sort(key=lambda one: (one.kind not in ("same-in-splits", "similar-in-splits"), one.kind))
    counts = Counter(one.kind for one in problems)
    kinds = _SAME if alike.pairs is None else (*_SAME, *_SIMILAR)
    found = Duplicates(
        counts={kind: counts[kind] for kind in kinds},
        copies=_copies(dataset.manifest, alike),
        examples=tuple((one.path or "", one.others[0]) for one in problems[:_EXAMPLES]),
        left_out=surveyed.left_out,
    )
    for line in _told(found):
        progress.note(line)
    return replace(dataset, duplicates=found)


def _told(found: Duplicates) -> Iterator[str]:
    counts = found.counts
    splits, classes = (
        [counts.get(f"{how}-in-{what}", 0) for how in ("same", "similar")] for what in ("splits", "classes")
    )
    if sum(splits):
        text = _(
            "duplicates: {same} identical and {similar} almost identical images in two splits, such as {one} and "
            "{other}. Accuracy on them is inflated: --fix-leaks keeps them out of training"
        )
        one, other = found.examples[0]
        yield text.format(same=whole(splits[0]), similar=whole(splits[1]), one=one, other=other)
    if sum(classes):
        text = _(
            "duplicates: {same} identical and {similar} almost identical images in two classes. One label of each is "
            "wrong, or the image shows both: atalho doctor lists them"
        )
        yield text.format(same=whole(classes[0]), similar=whole(classes[1]))
    if not sum(splits) + sum(classes):
        yield _("duplicates: none in two splits or two classes")
    if "similar-in-splits" not in counts:
        yield _("Only identical images were looked for, because there are many: atalho doctor finds similar ones too.")


def _leaving(manifest: Manifest, alike: Alike) -> dict[str, tuple[int, ...]]:
    """The images of which a later split has a copy, by their split: the order of `SPLITS` decides which one stays."""
    groups, places = alike.groups(), twins.split_places(manifest)
    last = np.full(groups.max(initial=0) + 1, -1)
    np.maximum.at(last, groups, places)
    leaving = (places >= 0) & (places < last[groups])
    by_split = {name: np.flatnonzero(leaving & (places == place)) for place, name in enumerate(SPLITS)}
    return {name: tuple(ids.tolist()) for name, ids in by_split.items() if len(ids)}


def _copies(manifest: Manifest, alike: Alike) -> tuple[int, ...]:
    """The images of val and test of which an earlier split has a copy."""
    groups, places = alike.groups(), twins.split_places(manifest)
    first = np.full(groups.max(initial=0) + 1, len(SPLITS))
    there = places >= 0
    np.minimum.at(first, groups[there], places[there])
    return tuple(np.flatnonzero(there & (places > first[groups])).tolist())


def _good(images: Images) -> Ids:
    bad = np.array([image.number for image in images.bad], dtype=np.int64)
    return np.setdiff1d(np.arange(len(images)), bad)


def _grey(images: Images, progress: Progress) -> NDArray[np.uint8]:
    """All images small and grey (N, S, S), from the pixels that were decoded for training."""
    grey, good, done = np.zeros((len(images), small.SIDE, small.SIDE), np.uint8), _good(images), 0
    weights = torch.tensor(small.WEIGHTS if images.channels == 3 else (256,)).reshape(1, -1, 1, 1) / 256
    for ids, pixels in images.iterate(in_order(good, _PART)):
        shades = (pixels.float() * weights).sum(dim=1, keepdim=True)
        grey[ids] = F.interpolate(shades, (small.SIDE, small.SIDE), mode="area")[:, 0].round().byte().numpy()
        done += len(ids)
        progress.work(_("comparing images"), done, len(good))
    return grey
