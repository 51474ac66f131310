"""What a reader is told of two networks that are compared."""

from atalho.lab.shared.trained import TrainedFor
from atalho.lab.shared.twins import Compared, not_compared
from atalho.lab.shared.verdict import Comparison, Interval, Verdict
from atalho.text import Text


def told(count: int, differences: list[str], *, alike: bool = False, **trained: TrainedFor) -> list[str]:
    return list(Compared(tuple(differences), trained).remarks(count, alike=alike))


SHORT = TrainedFor(epochs=1, lr=0.1, seed=0, images=9, top1=0.5)


def test_a_control_differs_in_one_thing() -> None:
    trained = "The two networks and their training differ only in the shortcuts."
    assert told(2, ["network.shortcut"], alike=True) == [trained]
    assert told(2, ["network.shortcut"], a=SHORT, b=SHORT)[0] == trained


def test_of_trainings_that_nobody_knows_nothing_is_said() -> None:
    assert told(2, ["network.shortcut"]) == ["The two networks differ only in the shortcuts."]
    assert told(2, ["network.shortcut"], a=SHORT) == [
        "The two networks differ only in the shortcuts.",
        "a was trained for 1 epoch on 9 images; its accuracy is 50.0%.",
    ]


def test_networks_of_one_kind_are_no_control_of_each_other() -> None:
    text = "The two networks have the same kind of shortcut; they differ in training.seed."
    assert told(2, ["training.seed"]) == [text]
    assert told(2, []) == ["The two networks have the same spec, and no known difference in training."]


def test_why_nothing_was_compared() -> None:
    one = Interval.exact("a", 1.0)
    verdict = Verdict((Comparison(Text.verbatim("error"), one, "equal", one),))
    text = "Nothing was compared: the comparison needs a network with shortcuts and one without."
    assert list(not_compared(Verdict(()), [True])) == list(not_compared(Verdict(()), [True, True])) == [text]
    assert list(not_compared(Verdict(()), [True, False])) == list(not_compared(verdict, [True])) == []


def test_anything_else_is_named() -> None:
    text = "The two networks differ in more than their shortcuts: network.shortcut, training.epochs."
    assert told(2, ["network.shortcut", "training.epochs"]) == [text]


def test_of_one_network_there_is_nothing_to_say() -> None:
    assert told(1, []) == []


def test_runs_say_how_they_were_trained() -> None:
    mine = TrainedFor(epochs=10, lr=0.1, seed=0, images=11500, top1=0.7473)
    assert told(1, [], mine=mine) == ["mine was trained for 10 epochs on 11,500 images; its accuracy is 74.7%."]
