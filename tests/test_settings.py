"""Settings: what is accepted, how they merge, and the text of each refusal."""

import pytest

from atalho.config import Config
from atalho.entries import entries
from atalho.errors import ConfigError
from atalho.settings import by_path, merge, nest, to_dict, validate


def test_the_defaults_are_valid() -> None:
    assert validate({}) == Config()
    assert validate(to_dict(Config())) == Config()


@pytest.mark.parametrize(
    ("path", "value", "text"),
    [
        ("training.lrr", 1, "training.lrr: unknown setting. Did you mean training.lr"),
        ("trainin.lr", 1, "trainin: unknown setting. Did you mean training"),
        ("training.lr", "abc", "training.lr = 'abc' is not accepted: it must be a number."),
        ("training.lr", -1, "training.lr = -1 is not accepted: it must be greater than 0.0."),
        ("training.epochs", 1.5, "training.epochs = 1.5 is not accepted: it must be a whole number."),
        ("training.recipe", "fats", "training.recipe = 'fats' is not accepted. Did you mean fast?"),
        ("augment.flip", "maybe", "augment.flip = 'maybe' is not accepted: it must be true or false."),
        ("data.size", 4, "data.size = 4 is not accepted: it must be at least 8."),
        ("training.milestones", [0.5, 2], "training.milestones.1 = 2 is not accepted: it must be less than 1.0."),
        ("training", 3, "training = 3 is not accepted: it must be a table of settings."),
        ("model.name", 7, "model.name = 7 is not accepted: it must be a text."),
    ],
)
def test_what_is_not_accepted_is_named_with_what_is(path: str, value: object, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        validate(nest({path: value}))
    assert text in str(caught.value)


def test_every_mistake_is_named_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        validate(nest({"training.lr": "abc", "data.sise": 3}))
    assert "training.lr" in str(caught.value)
    assert "data.sise" in str(caught.value)


def test_a_later_layer_wins_value_by_value() -> None:
    low, high = {"training": {"lr": 1.0, "epochs": 3}}, {"training": {"lr": 2.0}}
    assert merge(low, high) == {"training": {"lr": 2.0, "epochs": 3}}
    assert low == {"training": {"lr": 1.0, "epochs": 3}}


def test_dashes_in_paths_are_underscores() -> None:
    assert nest({"training.batch-size": 8, "data.size": 32}) == {
        "training": {"batch_size": 8},
        "data": {"size": 32},
    }


def test_every_setting_has_a_name_of_its_own() -> None:
    for entry in entries():
        name = entry.path.rpartition(".")[2]
        assert by_path({name: 1}) == {entry.path: 1}, "two sections have a setting of this name"
    assert by_path({"label-smoothing": 0.2, "class_": "*", "training": {"lr": 1}, "data.size": 16}) == {
        "training.label_smoothing": 0.2,
        "data.class": "*",
        "training": {"lr": 1},
        "data.size": 16,
    }


def test_a_misspelt_name_is_answered_with_the_nearest() -> None:
    for name, text in (("lable_smoothing", "Did you mean label_smoothing"), ("trainin", "Did you mean training")):
        with pytest.raises(ConfigError, match=f"{name}: unknown setting. {text}"):
            by_path({name: 1})
    with pytest.raises(ConfigError, match=r"5: the name of a setting is expected, such as training\.lr\."):
        by_path({5: 1})  # type: ignore[dict-item]
