"""Advice follows from what a run measured: each sentence has its cause, and goes with it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from atalho.metrics.classification import ClassFigures
from atalho.metrics.confusion import Confusion
from atalho.metrics.intervals import wilson
from atalho.report import advice
from atalho.storage.run_folder import RunFolder
from atalho.storage.run_records import EpochRow
from atalho.text import speaking
from atalho.text.numbers import percent


def with_classes(evaluation, counts):
    """The same with this confusion matrix."""
    rows = []
    for place, row in enumerate(counts):
        seen, right = sum(row), row[place]
        rows.append(ClassFigures("abc"[place], seen, right / seen, wilson(right, seen), 0.5, 0.5))
    top1 = sum(row[place] for place, row in enumerate(counts)) / sum(map(sum, counts))
    return replace(evaluation, top1=top1, per_class=tuple(rows), confusion=Confusion.of_rows(counts))


def test_weak_classes_are_named_with_what_they_are_taken_for(evaluation):
    (found,) = advice.weakest(with_classes(evaluation, [(90, 5, 5), (5, 95, 0), (10, 30, 60)]))
    assert found.details == ("c: 60.0% of 100 images are recognised; most often taken for b (30)",)


def test_where_no_class_is_weaker_beyond_chance_none_is_blamed(evaluation):
    (found,) = advice.weakest(with_classes(evaluation, [(9, 1, 0), (0, 8, 2), (0, 0, 10)]))
    assert "more than chance" in found.why and not found.details


def test_of_many_weak_classes_the_weakest_are_named(evaluation):
    many = tuple(ClassFigures(f"k{k}", 100, k / 1000, (0.0, 0.3), 0.5, 0.5) for k in range(50))
    (found,) = advice.weakest(replace(evaluation, top1=0.6, per_class=many, confusion=Confusion(50, ())))
    assert [detail.split(":")[0] for detail in found.details] == ["k0", "k1", "k2", "k3", "k4"]


def test_a_wide_interval_asks_for_test_images_and_a_narrow_one_does_not():
    (found,) = advice.few_test_images(50, (0.8, 0.96))
    assert "±8.0 points" in found.why
    assert list(advice.few_test_images(5000, (0.90, 0.92))) == []


@pytest.mark.parametrize(("held", "words"), [(0, "Hold out"), (50, "Use more"), (1000, None)])
def test_validation_images(run, held, words):
    manifest = replace(run.manifest.manifest, splits={"train": np.arange(10), "val": np.arange(held)})
    assert [one.what.startswith(str(words)) for one in advice.few_validation_images(manifest)] == ([True] * bool(words))


@pytest.mark.parametrize(
    ("trained", "held", "what", "option"),
    [
        ((0.5, 0.7, 0.8), (0.5, 0.7, 0.8), "Train for longer.", "--epochs 6"),
        ((0.6, 0.9, 0.99), (0.6, 0.9, 0.7), "Train for fewer epochs.", "--epochs 2"),
        ((0.6, 0.9, 0.99), (0.6, 0.7, 0.72), "Do not train for longer.", None),
        ((0.9, 0.98, 0.99), (0.9, 0.98, 0.99), "Keep the length of training.", None),
    ],
)
def test_the_curves_say_whether_more_epochs_help(run, trained, held, what, option):
    rows = [
        EpochRow("epoch", epoch=k + 1, step=10 * k, train_top1=one, val_top1=other)
        for k, (one, other) in enumerate(zip(trained, held, strict=True))
    ]
    run = RunFolder.open(run.path)
    run.__dict__["_rows"] = rows
    (found,) = advice.more_or_fewer_epochs(run, 1000)
    assert found.what == what
    assert (found.command or "").endswith(option or "")


@pytest.mark.parametrize("trained", [0.01, 0.99])
def test_rank_1_is_not_compared_with_accuracy_among_the_identities(run, trained):
    run = RunFolder.open(run.path)
    run.__dict__["_rows"] = [EpochRow("epoch", epoch=1, step=10, train_top1=trained, val_rank1=0.6)]
    (found,) = advice.more_or_fewer_epochs(run, 1000)
    assert found.what == "Train for longer." and "60.0%" in found.why and percent(trained) not in found.why


def test_without_validation_nothing_is_said_of_epochs(run):
    assert list(advice.more_or_fewer_epochs(run, 0)) == []


def test_small_images_are_not_sent_to_published_weights(run):
    assert list(advice.trained_weights(run, run.manifest.manifest)) == []
    large = replace(run.network, preprocessing=replace(run.network.preprocessing, size=224, resize=256))
    other = RunFolder.open(run.path)
    other.__dict__["network"] = large
    (found,) = advice.trained_weights(other, run.manifest.manifest)
    assert found.command == "atalho train /photos/digits --model resnet18 --from imagenet"


def test_the_last_advice_is_to_use_the_network(run, evaluation):
    last = advice.advise(run, evaluation)[-1]
    assert last.command is not None and last.command.startswith("atalho predict ")
    assert "O que fazer a seguir" in str(speaking("pt")(advice.next_steps)(run, evaluation))
    assert advice.next_steps(run, None) is None
