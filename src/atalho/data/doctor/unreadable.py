"""From the reason why an image cannot be read to a problem with a remedy."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from atalho.data import reasons
from atalho.data.doctor.problem import Problem
from atalho.data.survey import BadImage
from atalho.locale import N_, _

_AGAIN: Final = N_("Copy it again from its source, or remove it.")
_REMOVE: Final = N_("Remove it, or put the image that it stands for in its place.")
_CONVERT: Final = N_("Save it as JPEG or PNG, or remove it.")
_KINDS: Final = {
    reasons.EMPTY: ("empty", _AGAIN),
    reasons.NO_PIXELS: ("damaged", _AGAIN),
    reasons.DAMAGED_HEADER: ("damaged", _AGAIN),
    reasons.DAMAGED: ("damaged", _AGAIN),
    reasons.UNKNOWN: ("not-an-image", _REMOVE),
    reasons.SOMETHING_ELSE: ("not-an-image", _REMOVE),
    reasons.OTHER_FORMAT: ("format", _CONVERT),
    reasons.NO_BRIGHTNESS: ("format", _CONVERT),
    reasons.BEYOND_16_BITS: ("format", _CONVERT),
    reasons.TIFF: ("format", N_("Allow TIFF files with --data.tiff, or save it as PNG.")),
    reasons.TOO_MANY_BYTES: ("too-large", _AGAIN),
    reasons.TOO_MANY_PIXELS: ("too-large", N_("Make it smaller, or allow more with --data.max-pixels.")),
    reasons.BOMB: ("too-large", N_("Remove it: it would fill the memory.")),
    reasons.FOLDER: ("no-file", N_("Rename the folder, so that its name does not end as an image's does.")),
    reasons.PIPE: ("no-file", _REMOVE),
    reasons.DEVICE: ("no-file", _REMOVE),
    reasons.MISSING: ("link", N_("Put the file there, or take it off the list.")),
    reasons.BROKEN_LINK: ("link", N_("Put the file where the link leads, or remove the link.")),
    reasons.LOOP: ("link", _REMOVE),
    reasons.NO_RIGHT: ("permission", N_("Give yourself the right: chmod u+r FILE, and u+x on its folders.")),
    reasons.CANNOT_OPEN: ("unreadable", _AGAIN),
}
KINDS: Final = frozenset({"unreadable", *(kind for kind, _remedy in _KINDS.values())})
"""The kinds of problems of an image that cannot be read; a run can leave such an image out."""


def problems(bad: Iterable[BadImage]) -> list[Problem]:
    """One problem for each image that cannot be read."""
    found = []
    for image in bad:
        origin = getattr(image.reason, "origin", {})  # of a `locale.Message`: the text in English
        kind, remedy = _KINDS.get(origin.get("text", ""), ("unreadable", _AGAIN))
        found.append(Problem(image.name, kind, image.reason, _(remedy)))
    return found
