"""Every experiment has its row: a name, a claim and a title in both languages, and what a page needs."""

import pytest
from stored_results import FILES, experiment

from atalho.lab.shared.result import Table
from atalho.text import _, speaking


@pytest.mark.parametrize("name", FILES)
def test_an_experiment_is_called_as_its_command_and_speaks_both_languages(name: str) -> None:
    one = experiment(name)
    assert name == one.NAME
    for text in (one.TITLE, one.CLAIM):
        assert speaking("pt")(_)(text) != text


def test_no_two_experiments_make_the_same_claim() -> None:
    assert len({experiment(name).CLAIM for name in FILES}) == len(FILES)


def test_of_a_table_all_but_the_first_column_are_numbers_unless_said() -> None:
    table = Table(["network", "error"], [["resnet20", "8%"]])
    assert (table.numbers_from, table.note) == (1, "")
