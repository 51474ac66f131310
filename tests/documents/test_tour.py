"""What the tour stored is of its present commands, says nothing of a machine's folders, and stays small."""

import json
import re
import runpy
from pathlib import Path

import pytest

from atalho.text import speaking
from atalho.text.numbers import interval, number, percent

ROOT = Path(__file__).parents[2]
STORED = ROOT / "docs" / "tour"
TOUR = runpy.run_path(str(ROOT / "tools" / "tour.py"))
STORIES = [(language, user) for language in TOUR["LANGUAGES"] for user in TOUR["USERS"]]


@pytest.mark.parametrize(("language", "user"), STORIES)
def test_every_command_of_the_tour_has_its_output(language: str, user: str) -> None:
    output = (STORED / language / f"{user}.txt").read_text(encoding="utf-8")
    commands = [step.typed.format(**TOUR["NAMES"][language]) for step in TOUR["USERS"][user] if not step.change]
    assert re.findall(r"^\$ (.*)$", output, re.MULTILINE) == commands
    measured = json.loads(TOUR["MINUTES"].read_text(encoding="utf-8"))[language][user]
    assert [row["command"] for row in measured] == commands
    assert re.findall(r"/(?:home|root|tmp|work|Users|var)/\S*|Traceback.*", output) == []


def test_what_is_stored_is_small_and_every_page_has_its_looks() -> None:
    files = [path for path in STORED.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 1_200_000
    shown = {
        f"{language}/{user}-{step.shows[0]}-{width}-{colours}.webp"
        for language, user in STORIES
        for step in TOUR["USERS"][user]
        if step.shows
        for width in TOUR["HEIGHTS"]
        for colours in TOUR["COLOURS"]
    }
    assert {path.relative_to(STORED).as_posix() for path in files if path.suffix == ".webp"} == shown


@pytest.mark.parametrize(("page", "spoken"), [("tour.md", "en"), ("tour.pt-BR.md", "pt")])
def test_the_minutes_to_the_first_accuracy_are_those_measured(page: str, spoken: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    for measured in json.loads(TOUR["MINUTES"].read_text(encoding="utf-8")).values():
        first = measured["first_accuracy"]
        with speaking(spoken):
            accuracy = f"{percent(first['accuracy'])} {interval(first['interval'])}"
            row = [number(first["minutes"], 1), str(first["commands"]), accuracy, first["processor"]]
        assert f"| {' | '.join(row)}" in text
