import json

import pytest

from atalho.data.doctor import KINDS, Problem, Severity
from atalho.data.doctor.problem import TITLES
from atalho.text import Text


def test_a_problem_is_one_json_object() -> None:
    problem = Problem("empty", Text("the file is empty"), Text("Remove it."), "cat/1.png", ("cat/2.png",))
    assert json.loads(json.dumps(problem.to_json())) == {
        "path": "cat/1.png",
        "kind": "empty",
        "severity": "stops",
        "message": "the file is empty",
        "remedy": "Remove it.",
        "others": ["cat/2.png"],
    }


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="'typo' is no kind of problem"):
        Problem("typo", Text(""), Text(""))


def test_kinds_stand_in_the_order_of_their_severity() -> None:
    order = list(Severity)
    places = [order.index(kind.severity) for kind in KINDS.values()]
    assert places == sorted(places)
    assert set(TITLES) == set(order)


def test_every_kind_has_a_title_of_its_own() -> None:
    titles = [kind.title for kind in KINDS.values()]
    assert len(set(titles)) == len(titles)
