"""What a reader is told of two networks that are compared."""

from atalho.report.lab.twins import remarks
from atalho.report.language import Translator

EN = Translator("en")


def told(count: int, differences: list[str]) -> list[str]:
    result = {"settings": {"differences": differences}, "measured": {"series": [{}] * count}}
    return list(remarks(result, EN))


def test_a_control_differs_in_one_thing() -> None:
    assert told(2, ["network.shortcut"]) == ["The two networks, and their trainings, differ in the shortcuts alone."]


def test_anything_else_is_named() -> None:
    text = "The two networks differ in more than their shortcuts: network.shortcut, training.epochs."
    assert told(2, ["network.shortcut", "training.epochs"]) == [text]


def test_of_one_network_there_is_nothing_to_say() -> None:
    assert told(1, []) == []


def test_runs_say_how_they_were_trained() -> None:
    trained = {"mine": {"epochs": 10, "lr": 0.1, "seed": 0, "images": 11500, "top1": 0.7473}}
    result = {"settings": {"differences": [], "trained": trained}, "measured": {"series": [{}]}}
    text = "mine was trained for 10 epochs on 11,500 images; its accuracy is 74.7%."
    assert list(remarks(result, EN)) == [text]
