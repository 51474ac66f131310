"""The schema: its defaults, and what is said of each value."""

import dataclasses

import pytest

from atalho.config import Config
from atalho.entries import entries
from atalho.settings import to_dict


def test_nothing_can_be_changed_afterwards() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Config().training.lr = 1.0  # type: ignore[misc]


def test_every_entry_has_a_meaning_and_the_default_of_the_schema() -> None:
    values = to_dict(Config())
    for entry in entries():
        section, _dot, name = entry.path.rpartition(".")
        held = values[section] if section else values
        assert held[name] == entry.default
        assert len(entry.meaning) > 10
