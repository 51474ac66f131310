"""From the reason why an image cannot be read to a problem with a remedy."""

from collections.abc import Iterable
from typing import Final

from atalho.data.decoding.reasons import Reason
from atalho.data.doctor.problem import Problem
from atalho.data.manifest import BadImage
from atalho.text import N_, Text

_COPY: Final = N_("Copy it again from its source, or remove it.")
_REMOVE: Final = N_("Remove it, or replace it with the intended image.")
_AGAIN: Final = N_("Open it in an image program and save it again, or remove it.")
_CONVERT: Final = N_("Save it as JPEG or PNG, or remove it.")
_KINDS: Final = {
    Reason.EMPTY: ("empty", _COPY),
    Reason.NO_PIXELS: ("damaged", _COPY),
    Reason.DAMAGED_HEADER: ("damaged", _COPY),
    Reason.DAMAGED: ("damaged", _COPY),
    Reason.UNKNOWN: ("not-an-image", _REMOVE),
    Reason.SOMETHING_ELSE: ("not-an-image", _REMOVE),
    Reason.OTHER_FORMAT: ("format", _CONVERT),
    Reason.NO_BRIGHTNESS: ("format", _CONVERT),
    Reason.BEYOND_16_BITS: ("format", _CONVERT),
    Reason.TIFF: ("format", N_("Allow TIFF files with --data.tiff, or save it as PNG.")),
    Reason.AVIF: ("format", N_("Allow AVIF files with --data.avif, or save it as PNG.")),
    Reason.NO_AVIF: ("format", N_("Install Pillow with AVIF (pip install --upgrade pillow), or save it as PNG.")),
    Reason.TOO_MANY_BYTES: ("too-large", _COPY),
    Reason.TOO_MANY_PIXELS: ("too-large", N_("Reduce its size, or raise the limit with --data.max-pixels.")),
    Reason.BOMB: ("too-large", N_("Remove it: decoding it would exhaust memory.")),
    Reason.TOO_MANY_SCANS: ("too-large", _AGAIN),
    Reason.TOO_SLOW: ("too-large", _AGAIN),
    Reason.FOLDER: ("no-file", N_("Rename the folder so that its name does not end with an image suffix.")),
    Reason.PIPE: ("no-file", _REMOVE),
    Reason.DEVICE: ("no-file", _REMOVE),
    Reason.MISSING: ("link", N_("Put the file there, or remove it from the list.")),
    Reason.BROKEN_LINK: ("link", N_("Restore the link's target, or remove the link.")),
    Reason.LOOP: ("link", _REMOVE),
    Reason.NO_RIGHT: ("permission", N_("Give yourself read permission: chmod u+r FILE, and u+x on its folders.")),
    Reason.NO_BYTES: ("empty", N_("Write the table with the image's bytes in it, or remove the row.")),
    Reason.TABLE: ("unreadable", N_("Copy or write the table again.")),
    Reason.CANNOT_OPEN: ("unreadable", _COPY),
}
KINDS: Final = frozenset({"unreadable", *(kind for kind, _remedy in _KINDS.values())})
"""The kinds of problems of an image that cannot be read; a run can leave such an image out."""


def problems(bad: Iterable[BadImage]) -> list[Problem]:
    """One problem for each image that cannot be read."""
    unreadable = []
    said = {remedy: Text(remedy) for remedy in (_COPY, *(remedy for _kind, remedy in _KINDS.values()))}
    for image in bad:
        reason = Reason.of(image.reason)
        kind, remedy = _KINDS[reason] if reason is not None else ("unreadable", _COPY)
        unreadable.append(Problem(kind, image.reason, said[remedy], image.name))
    return unreadable
