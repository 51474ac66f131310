"""What two statements about one image make together, and what the gallery then keeps of it."""

from dataclasses import replace
from pathlib import Path

import pytest

from atalho.api.labels import Labelled, LabelledImages
from atalho.data.layouts.patterns import PathPatterns
from atalho.errors import ConfigError
from atalho.gallery.store import Entry
from atalho.training.progress import Progress

UNKNOWN = Labelled("a.png")
ANA = Labelled("a.png", "ana")
BEA = Labelled("a.png", "bea")
GUESSED = Labelled("a.png", "photos", certain=False)


@pytest.mark.parametrize(
    ("first", "second", "together"),
    [
        (UNKNOWN, UNKNOWN, UNKNOWN),
        (ANA, UNKNOWN, ANA),
        (UNKNOWN, ANA, ANA),
        (ANA, ANA, ANA),
        (ANA, GUESSED, ANA),
        (GUESSED, ANA, ANA),
        (UNKNOWN, GUESSED, GUESSED),
        (ANA, BEA, None),
        (GUESSED, replace(GUESSED, label="holiday"), None),
    ],
)
def test_a_known_label_wins_over_a_guess_and_a_guess_over_nothing(
    first: Labelled, second: Labelled, together: Labelled | None
) -> None:
    assert first.joined(second) == together


def test_a_camera_that_one_statement_knows_is_kept() -> None:
    seen = replace(UNKNOWN, camera="c1")
    assert UNKNOWN.joined(seen) == seen
    assert seen.joined(ANA) == replace(ANA, camera="c1")


def test_a_new_image_is_kept_as_it_is_named() -> None:
    assert ANA.entry("d", None) == Entry("d", str(Path("a.png").absolute()), "ana", None)


def test_a_gallery_keeps_what_is_not_known_here(tmp_path: Path) -> None:
    there, here = tmp_path / "there.png", tmp_path / "here.png"
    there.touch()
    here.touch()
    known = Entry("d", str(there), "ana", "c1")
    assert Labelled(str(here)).entry("d", known) == known
    assert Labelled(str(here), "photos", certain=False).entry("d", known) == known
    assert Labelled(str(here), "bea", "c2").entry("d", known) == Entry("d", str(here), "bea", "c2")
    there.unlink()
    assert Labelled(str(here)).entry("d", known) == replace(known, path=str(here))


def test_a_label_and_a_prefix_exclude_each_other() -> None:
    with pytest.raises(ConfigError, match="--label sets the whole label and --prefix only its beginning"):
        LabelledImages([], PathPatterns(), Progress(), label="ana", prefix="people")
