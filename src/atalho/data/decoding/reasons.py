"""Why a file cannot be read as an image: every reason as a text, and what a file is instead, by its first bytes."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Final

from PIL import features

from atalho.errors import DataError
from atalho.text import N_, Text


class Reason(Enum):
    """Every reason, with its words; what is done about an image (`doctor/unreadable.py`) goes by the member."""

    EMPTY = N_("the file is empty")
    TOO_MANY_BYTES = N_("the file has {size} bytes, more than any image of {limit} pixels")
    TOO_MANY_PIXELS = N_("{width} × {height} pixels, more than the limit of {limit} (data.max_pixels)")
    BOMB = N_("more pixels than any accepted image: {reason}")
    TOO_MANY_SCANS = N_("{scans} scans of {pixels} pixels would take minutes to decode")
    TOO_SLOW = N_("decoding took more than {seconds} s of processor time")
    NO_PIXELS = N_("an image without pixels")
    DAMAGED_HEADER = N_("damaged header: {reason}")
    DAMAGED = N_("truncated or damaged: {reason}")
    NO_BRIGHTNESS = N_("floating-point pixels have no agreed brightness")
    BEYOND_16_BITS = N_("grey values beyond 16 bits have no agreed brightness")
    UNKNOWN = N_("not an image of an accepted format ({formats}), or its header is damaged")
    SOMETHING_ELSE = N_("not an image: this is {what}")
    OTHER_FORMAT = N_("not an image of an accepted format ({formats}): this is {what}")
    TIFF = N_("a TIFF file; train with data.tiff to allow them")
    AVIF = N_("an AVIF file; train with data.avif to allow them")
    NO_AVIF = N_("an AVIF file, which the installed Pillow cannot read; update it, or save the file as PNG")
    FOLDER = N_("a folder, not a file")
    PIPE = N_("a named pipe, not a file")
    DEVICE = N_("a device or socket, not a file")
    MISSING = N_("there is no such file")
    BROKEN_LINK = N_("a link to a file that does not exist")
    LOOP = N_("a link that leads back to itself")
    NO_RIGHT = N_("no right to read it")
    NO_BYTES = N_("the row has no image; the bytes are null")
    TABLE = N_("its table cannot be read: {reason}")
    CANNOT_OPEN = N_("it cannot be opened: {reason}")

    def text(self, **fields: object) -> Text:
        """The reason with what belongs into its words."""
        return Text(self.value, **fields)

    @classmethod
    def of(cls, text: Text) -> Reason | None:
        """The reason whose text this is; None for one that an older Atalho worded in another way."""
        return _BY_WORDS.get(text.key)


_BY_WORDS: Final = {reason.value: reason for reason in Reason}


class ReasonError(Exception):
    """Why an image cannot be read, before its name is known."""

    def __init__(self, reason: Text) -> None:
        super().__init__(reason)
        self.reason = reason


class UnreadableImageError(DataError):
    """An image that cannot be read; `reason` says why, without its name."""

    def __init__(self, name: str | Text, reason: Text) -> None:
        super().__init__(Text("{name} cannot be read as an image: {reason}", name=name, reason=reason))
        self.reason = reason


# What Pillow says of almost every damaged file, in our words.
_SAID: Final = (
    ("image file is truncated", N_("the file ends before the image does")),
    ("broken data stream", N_("its compressed data is broken")),
    ("unrecognized data stream", N_("its compressed data is broken")),
    ("could not create decoder", N_("the file is incomplete or its header is broken")),
    ("failed to read next frame", N_("its compressed data is broken")),
)
# (place, bytes there, what it is). Only what people really find under an image's name.
_OTHER_FILES: Final = (
    (0, b"PK\x03\x04", N_("a ZIP archive")),
    (0, b"PK\x05\x06", N_("a ZIP archive")),
    (0, b"\x1f\x8b", N_("a gzip archive")),
    (0, b"Rar!", N_("a RAR archive")),
    (0, b"7z\xbc\xaf", N_("a 7z archive")),
    (0, b"%PDF", N_("a PDF document")),
    (0, b"version https://git-lfs", N_("a Git LFS pointer in place of the file")),
    (0, b"\x7fELF", N_("a program")),
    (0, b"MZ", N_("a program")),
    (4, b"ftypmp4", N_("a video")),
    (4, b"ftypisom", N_("a video")),
    (4, b"ftypqt", N_("a video")),
)
_OTHER_FORMATS: Final = (
    (4, b"ftyphei", "HEIC"),
    (4, b"ftypmif1", "HEIF"),
    (0, b"\xff\x0a", "JPEG XL"),
    (0, b"\0\0\0\x0cJXL ", "JPEG XL"),
    (0, b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (0, b"8BPS", "Photoshop"),
    (0, b"\0\0\1\0", "ICO"),
)
_ACCEPTABLE: Final = (
    (0, b"\xff\xd8\xff", "JPEG"),
    (0, b"\x89PNG\r\n", "PNG"),
    (0, b"GIF8", "GIF"),
    (8, b"WEBP", "WebP"),
    (4, b"ftypavi", "AVIF"),
    (0, b"II*\0", "TIFF"),
    (0, b"MM\0*", "TIFF"),
)
_BOM: Final = b"\xef\xbb\xbf"
_LOOKED_AT: Final = 512
_SHORTEST_TEXT: Final = 16  # shorter ones may be the beginning of anything


def what_else(data: bytes, accepted: Sequence[str]) -> Text:
    """What a file is that none of the accepted formats claims, by its first bytes."""
    if data[4:11] == b"ftypavi" and not features.check("avif"):
        return Reason.NO_AVIF.text()
    formats = ", ".join(accepted)
    for place, sign, name in _ACCEPTABLE:
        if data[place : place + len(sign)] == sign and name.upper() in accepted:
            return Reason.DAMAGED_HEADER.text(reason=Text("it begins as {format} and does not go on so", format=name))
    for place, sign, name in _OTHER_FORMATS:
        if data[place : place + len(sign)] == sign:
            return Reason.OTHER_FORMAT.text(what=name, formats=formats)
    if (other := other_file(data)) is not None:
        return Reason.SOMETHING_ELSE.text(what=other)
    if data[:4] in (b"II*\0", b"MM\0*"):
        return Reason.TIFF.text()
    if data[4:11] == b"ftypavi":
        return Reason.AVIF.text()
    text = data[:_LOOKED_AT].removeprefix(_BOM).lstrip().lower()
    if b"<svg" in text:
        return Reason.OTHER_FORMAT.text(what="SVG", formats=formats)
    if text.startswith(b"<?xml"):
        return Reason.SOMETHING_ELSE.text(what=Text("an XML document"))
    if len(text) >= _SHORTEST_TEXT and b" " in text and _is_text(data[:_LOOKED_AT]):
        return Reason.SOMETHING_ELSE.text(what=Text("a text"))
    return Reason.UNKNOWN.text(formats=formats)


def of_decoder(error: Exception) -> Text:
    """What a decoder says is wrong with a file, in the reader's language where it is one of the usual mishaps."""
    said = str(error)
    return next((Text(words) for begin, words in _SAID if said.startswith(begin)), Text.verbatim(said))


def other_file(data: bytes) -> Text | None:
    """What a file is that people find in place of the one they wanted, by its first bytes; None for any other."""
    for place, sign, what in _OTHER_FILES:
        if data[place : place + len(sign)] == sign:
            return Text(what)
    text = data[:_LOOKED_AT].removeprefix(_BOM).lstrip().lower()
    page = text.startswith((b"<!doctype html", b"<html", b"<head", b"<body"))
    return Text("a web page (HTML)") if page else None


def _is_text(data: bytes) -> bool:
    """Whether these are characters of UTF-8 and no control codes; the last character may be cut."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        return error.start >= len(data) - 3 and _is_text(data[: error.start])
    return all(character >= " " or character in "\t\n\r\f" for character in text)
