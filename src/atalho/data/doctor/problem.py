"""What an examination finds: each problem names a file, says what is wrong and what to do, and has a known kind."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from atalho.json_values import JsonObject
from atalho.text import N_, Text


class Severity(StrEnum):
    """How much a problem matters, worst first."""

    STOPS = "stops"
    SKEWS = "bends"
    """The value is what --json has always written."""
    NOTE = "note"


TITLES: Final[Mapping[Severity, str]] = {
    Severity.STOPS: N_("blocks training"),
    Severity.SKEWS: N_("skews results"),
    Severity.NOTE: N_("good to know"),
}


class Kind(NamedTuple):
    """A kind of problem: how much it matters, and what a table calls it (English; translated where it is shown)."""

    severity: Severity
    title: str


_STOPS, _SKEWS, _NOTE = Severity
KINDS: Final[Mapping[str, Kind]] = {
    "layout": Kind(_STOPS, N_("unusable folder")),
    "empty": Kind(_STOPS, N_("empty file")),
    "damaged": Kind(_STOPS, N_("damaged or truncated")),
    "not-an-image": Kind(_STOPS, N_("not an image")),
    "format": Kind(_STOPS, N_("unsupported format")),
    "too-large": Kind(_STOPS, N_("too large")),
    "no-file": Kind(_STOPS, N_("not a file")),
    "link": Kind(_STOPS, N_("broken link")),
    "permission": Kind(_STOPS, N_("no read permission")),
    "unreadable": Kind(_STOPS, N_("unreadable")),
    "class-unreadable": Kind(_STOPS, N_("class without training images")),
    "reid-training": Kind(_STOPS, N_("no pairs to learn similarity from")),
    "reid-overlap": Kind(_STOPS, N_("identity in both training and test")),
    "reid-cameras": Kind(_STOPS, N_("missing cameras")),
    "reid-answers": Kind(_STOPS, N_("queries without a right answer")),
    "reid-copies": Kind(_STOPS, N_("same image in query and gallery")),
    "reid-uncounted": Kind(_SKEWS, N_("some queries without a right answer")),
    "same-in-splits": Kind(_SKEWS, N_("same image in two splits")),
    "similar-in-splits": Kind(_SKEWS, N_("almost the same image in two splits")),
    "same-in-classes": Kind(_SKEWS, N_("same image in two classes")),
    "similar-in-classes": Kind(_SKEWS, N_("almost the same image in two classes")),
    "single-image": Kind(_SKEWS, N_("class with one image")),
    "few-images": Kind(_SKEWS, N_("class with few images")),
    "few-training": Kind(_SKEWS, N_("class with few training images")),
    "few-test": Kind(_SKEWS, N_("class with few test images")),
    "alike-classes": Kind(_SKEWS, N_("classes that look alike")),
    "empty-class": Kind(_SKEWS, N_("class without images")),
    "missing-in-split": Kind(_SKEWS, N_("class missing in a split")),
    "grey-class": Kind(_SKEWS, N_("class given away by colour alone")),
    "left-out": Kind(_SKEWS, N_("skipped image")),
    "blank": Kind(_SKEWS, N_("image of a single colour")),
    "few-to-start": Kind(_NOTE, N_("few images to learn from")),
    "few-validation": Kind(_NOTE, N_("few images to calibrate on")),
    "imbalance": Kind(_NOTE, N_("class imbalance")),
    "same-in-class": Kind(_NOTE, N_("same image twice in a class")),
    "similar-in-class": Kind(_NOTE, N_("almost the same image twice in a class")),
    "other-files": Kind(_NOTE, N_("other files in a class folder")),
    "mixed-sizes": Kind(_NOTE, N_("images of different sizes")),
    "size": Kind(_NOTE, N_("unusual size")),
    "aspect": Kind(_NOTE, N_("unusual aspect ratio")),
    "grey": Kind(_NOTE, N_("greyscale among colour images")),
    "cmyk": Kind(_NOTE, N_("CMYK")),
    "16-bit": Kind(_NOTE, N_("16 bits per channel")),
    "animated": Kind(_NOTE, N_("more than one image in the file")),
    "suffix": Kind(_NOTE, N_("wrong suffix")),
}
"""Every kind of problem, in the order in which they are shown."""


@dataclass(frozen=True)
class Problem:
    """Something wrong with one image (`path`, as the manifest names it), or with the set (None).

    `kind` is one of `KINDS`; `message` says what is wrong, `remedy` what to do; `others` are the further images that
    it concerns.
    """

    kind: str
    message: Text
    remedy: Text
    path: str | None = None
    others: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"{self.kind!r} is no kind of problem; add it to KINDS")

    @property
    def severity(self) -> Severity:
        """How much it matters."""
        return KINDS[self.kind].severity

    def to_json(self) -> JsonObject:
        """The object that `--json` prints, in the language in force."""
        return {
            "path": self.path,
            "kind": self.kind,
            "severity": str(self.severity),
            "message": str(self.message),
            "remedy": str(self.remedy),
            "others": list(self.others),
        }
