"""The trained networks that experiments look at: names, weights, and what two of them differ in."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from atalho.errors import ConfigError, WeightsError
from atalho.lab.shared import trained
from atalho.lab.shared.trained import Compared, TrainedFor, not_compared
from atalho.lab.shared.verdict import Comparison, Interval, Verdict
from atalho.precision import choose
from atalho.runs.run import run_at
from atalho.text import Text

Twins = tuple[Path, Path]
CPU = choose("cpu", "fp32")


def test_twins_differ_in_their_shortcuts_alone(twins: Twins) -> None:
    residual, plain = trained.read(twins, CPU)
    assert (residual.name, plain.name) == ("residual", "plain")
    assert len(residual.digest) == 64
    assert trained.differences_of([residual, plain]) == ["network.shortcut"]
    assert trained.differences_of([residual]) == []
    assert residual.training is not None and residual.training.epochs == 3
    compared = Compared.of([residual, replace(plain, training=None)])
    assert compared == Compared(("network.shortcut",), {"residual": residual.training})
    longer = replace(plain, settings={**plain.settings, "training.epochs": 9})
    assert trained.differences_of([residual, longer]) == ["network.shortcut", "training.epochs"]


def test_a_run_is_found_from_its_model_folder(twins: Twins, tmp_path: Path) -> None:
    for path in (twins[0], twins[0] / "model"):
        run = run_at(path)
        assert run is not None and run.path == twins[0]
    assert trained.read([twins[0] / "model"], CPU)[0].name == "residual"
    shutil.copytree(twins[0] / "model", tmp_path / "alone")
    assert run_at(tmp_path / "alone") is None


def test_runs_of_one_name_are_called_by_the_folder_above_too(twins: Twins, tmp_path: Path) -> None:
    for place in ("one", "two"):
        shutil.copytree(twins[0], tmp_path / place / "run")
    paths = [tmp_path / "one" / "run", tmp_path / "two" / "run"]
    assert [one.name for one in trained.read(paths, CPU)] == ["one-run", "two-run"]
    with pytest.raises(ConfigError, match="was given twice"):
        trained.read([twins[0], twins[0]], CPU)


def test_they_must_see_the_same_images(twins: Twins, tmp_path: Path) -> None:
    other = shutil.copytree(twins[1], tmp_path / "other")
    card = other / "model" / "config.json"
    card.write_text(card.read_text().replace('"bag"', '"box"'))
    (other / "model" / "checksums.json").unlink(missing_ok=True)
    with pytest.raises(ConfigError, match="residual and other have different classes"):
        trained.read([twins[0], other], CPU)


def test_anything_else_is_no_network(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="is not a run or model folder"):
        trained.read([tmp_path], CPU)


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
