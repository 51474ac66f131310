"""Every experiment has its row: a name, a claim and a title in both languages, and what a page needs."""

import importlib

import pytest

from atalho.lab.shared.drawing import Drawing, Table
from atalho.text import _, speaking

EXPERIMENTS = ["compare", "cost", "depth", "gradients", "identity", "landscape", "lesion"]


def drawing(name: str) -> Drawing:
    found = importlib.import_module(f"atalho.lab.{name}.page").DRAWING
    assert isinstance(found, Drawing)
    return found


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_an_experiment_is_called_as_its_command_and_speaks_both_languages(name: str) -> None:
    one = drawing(name)
    assert one.experiment == name
    for text in (one.title, one.claim):
        assert speaking("pt")(_)(text) != text


def test_no_two_experiments_make_the_same_claim() -> None:
    assert len({drawing(name).claim for name in EXPERIMENTS}) == len(EXPERIMENTS)


def test_of_a_table_all_but_the_first_column_are_numbers_unless_said() -> None:
    table = Table(["network", "error"], [["resnet20", "8%"]])
    assert (table.numbers_from, table.note) == (1, "")
