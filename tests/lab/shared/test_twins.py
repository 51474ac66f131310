"""What a reader is told of two networks that are compared."""

from typing import Any

from atalho.lab.shared.twins import not_compared, remarks


def told(count: int, differences: list[str], **settings: Any) -> list[str]:
    result = {"settings": {"differences": differences, **settings}, "measured": {"series": [{}] * count}}
    return list(remarks(result))


def test_a_control_differs_in_one_thing() -> None:
    trained = "The two networks, and their trainings, differ in the shortcuts alone."
    assert told(2, ["network.shortcut"], recipe={"epochs": 1}) == [trained]
    runs = {name: {"epochs": 1, "images": 9, "top1": 0.5} for name in ("a", "b")}
    assert told(2, ["network.shortcut"], trained=runs)[0] == trained


def test_of_trainings_that_nobody_knows_nothing_is_said() -> None:
    assert told(2, ["network.shortcut"]) == ["The two networks differ in the shortcuts alone."]
    one = {"a": {"epochs": 1, "images": 9, "top1": 0.5}}
    assert told(2, ["network.shortcut"], trained=one) == [
        "The two networks differ in the shortcuts alone.",
        "a was trained for 1 epoch on 9 images; its accuracy is 50.0%.",
    ]


def test_networks_of_one_kind_are_no_control_of_each_other() -> None:
    text = "The two networks have the same kind of shortcuts; what differs is training.seed."
    assert told(2, ["training.seed"]) == [text]
    assert told(2, []) == [
        "The two networks have the same specification, and nothing known of their trainings differs."
    ]


def test_why_nothing_was_compared() -> None:
    def why(*kinds: bool, comparisons: int = 0) -> list[str]:
        series = [{"shortcuts": kind} for kind in kinds]
        result = {"measured": {"series": series}, "verdict": {"comparisons": [{}] * comparisons}}
        return list(not_compared(result))

    assert why(True) == why(True, True) == ["Nothing was compared: it takes a network with shortcuts and one without."]
    assert why(True, False) == why(True, comparisons=1) == []


def test_anything_else_is_named() -> None:
    text = "The two networks differ in more than their shortcuts: network.shortcut, training.epochs."
    assert told(2, ["network.shortcut", "training.epochs"]) == [text]


def test_of_one_network_there_is_nothing_to_say() -> None:
    assert told(1, []) == []


def test_runs_say_how_they_were_trained() -> None:
    trained = {"mine": {"epochs": 10, "lr": 0.1, "seed": 0, "images": 11500, "top1": 0.7473}}
    result = {"settings": {"differences": [], "trained": trained}, "measured": {"series": [{}]}}
    text = "mine was trained for 10 epochs on 11,500 images; its accuracy is 74.7%."
    assert list(remarks(result)) == [text]
