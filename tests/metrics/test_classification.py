import json
import math
from dataclasses import replace

import pytest
import sklearn.metrics
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchmetrics.functional.classification import multiclass_accuracy

from atalho.errors import DataError, NotFiniteError
from atalho.metrics.classification import ClassFigures, ClassificationFigures, check_inputs, evaluate
from atalho.metrics.intervals import wilson
from atalho.stored import filled, to_object


@st.composite
def outputs(draw, least_classes=1):
    """Logits (N, K) and labels (N,) of a network that is right more or less often."""
    images, classes = draw(st.integers(1, 60)), draw(st.integers(least_classes, 15))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**31)))
    labels = torch.randint(classes, (images,), generator=generator)
    logits = torch.randn(images, classes, generator=generator)
    logits[torch.arange(images), labels] += draw(st.floats(0, 4))
    return logits, labels, tuple(f"class {k}" for k in range(classes))


@given(outputs())
@settings(deadline=None, max_examples=60)
def test_every_figure_equals_its_definition(case):
    """The slow oracle: loops in plain Python, written from the definitions."""
    logits, labels, classes = case
    got = evaluate(logits, labels, classes)
    rows, truth = logits.tolist(), labels.tolist()
    guesses = [max(range(len(row)), key=row.__getitem__) for row in rows]
    pairs = list(zip(truth, guesses, strict=True))
    hits = sum(t == g for t, g in pairs)
    assert got.top1 == hits / len(pairs)
    assert got.top1_interval == wilson(hits, len(pairs))
    for t in range(len(classes)):
        assert list(got.confusion[t]) == [pairs.count((t, g)) for g in range(len(classes))]
        one = got.per_class[t]
        right, seen, guessed = pairs.count((t, t)), truth.count(t), guesses.count(t)
        assert (one.class_, one.images) == (classes[t], seen)
        assert one.recall == (right / seen if seen else None)
        assert one.recall_interval == (wilson(right, seen) if seen else None)
        assert one.precision == (right / guessed if guessed else None)
    losses = [math.log(sum(math.exp(x) for x in row)) - row[t] for row, t in zip(rows, truth, strict=True)]
    assert got.loss == pytest.approx(sum(losses) / len(losses), abs=1e-5)


@given(outputs(least_classes=2))
@settings(deadline=None, max_examples=60)
def test_agrees_with_scikit_learn(case):
    logits, labels, classes = case
    got = evaluate(logits, labels, classes)
    predicted = logits.argmax(1)
    assert got.top1 == pytest.approx(sklearn.metrics.accuracy_score(labels, predicted))
    assert got.macro_f1 == pytest.approx(sklearn.metrics.f1_score(labels, predicted, average="macro"))
    every = list(range(len(classes)))
    assert [list(row) for row in got.confusion] == sklearn.metrics.confusion_matrix(
        labels, predicted, labels=every
    ).tolist()
    assert got.loss == pytest.approx(
        sklearn.metrics.log_loss(labels, logits.double().softmax(1), labels=every), abs=1e-5
    )
    if len(classes) > 10:
        theirs = sklearn.metrics.top_k_accuracy_score(labels, logits, k=5, labels=every)
        assert got.top5 == pytest.approx(theirs)
        ours = multiclass_accuracy(logits, labels, num_classes=len(classes), top_k=5, average="micro")
        assert got.top5 == pytest.approx(float(ours))
    else:
        assert got.top5 is None
        assert got.top5_interval is None


@given(outputs(), st.randoms())
@settings(deadline=None, max_examples=30)
def test_the_order_of_the_images_changes_no_figure(case, random):
    logits, labels, classes = case
    order = list(range(len(labels)))
    random.shuffle(order)
    straight, shuffled = evaluate(logits, labels, classes), evaluate(logits[order], labels[order], classes)
    assert shuffled.loss == pytest.approx(straight.loss)
    assert replace(shuffled, loss=0.0, mistakes=()) == replace(straight, loss=0.0, mistakes=())


@given(outputs())
@settings(deadline=None, max_examples=30)
def test_mistakes_are_the_wrong_answers_most_confident_first(case):
    logits, labels, classes = case
    got = evaluate(logits, labels, classes).mistakes
    wrong = int((logits.argmax(1) != labels).sum())
    assert len(got) == min(wrong, 24)
    probabilities = [row.probability for row in got]
    assert probabilities == sorted(probabilities, reverse=True)
    for row in got:
        assert row.label == classes[int(labels[row.index])]
        assert row.predicted == classes[int(logits[row.index].argmax())] != row.label
        assert row.probability == pytest.approx(float(logits[row.index].softmax(0).max()))


def test_the_temperature_changes_how_sure_mistakes_are_and_nothing_else():
    logits, labels, classes = torch.tensor([[3.0, 1], [0, 2]]), torch.tensor([1, 1]), ("a", "b")
    sharp, soft = evaluate(logits, labels, classes), evaluate(logits, labels, classes, temperature=2.0)
    assert soft.mistakes[0].probability == pytest.approx(1 / (1 + math.exp(-1)))
    assert sharp.mistakes[0].probability == pytest.approx(1 / (1 + math.exp(-2)))
    assert replace(soft, mistakes=()) == replace(sharp, mistakes=())


@given(outputs())
@settings(deadline=None, max_examples=30)
def test_the_result_is_strict_json_and_comes_back(case):
    result = evaluate(*case)
    plain = json.loads(json.dumps(to_object(result), allow_nan=False))
    assert filled(ClassificationFigures, plain) == result


def test_a_class_without_images_has_no_recall():
    logits = torch.tensor([[3.0, 0, 0], [0, 0, 3.0]])
    got = evaluate(logits, torch.tensor([0, 0]), ("a", "b", "c"))
    a, b, c = got.per_class
    assert (a.recall, a.precision) == (0.5, 1.0)
    assert b == ClassFigures("b", images=0, recall=None, recall_interval=None, precision=None, f1=None)
    assert (c.recall, c.precision, c.f1) == (None, 0.0, 0.0)
    assert got.macro_f1 == pytest.approx((2 / 3 + 0) / 2)


def test_a_split_of_one_class_and_a_network_of_one_class():
    assert evaluate(torch.eye(3)[[1, 1]], torch.tensor([1, 1]), ("a", "b", "c")).macro_f1 == 1.0
    alone = evaluate(torch.zeros(4, 1), torch.zeros(4).long(), ("only",))
    assert (alone.top1, alone.confusion, alone.loss) == (1.0, ((4,),), 0.0)


def test_equal_logits_do_not_flatter_the_network():
    """A network that always answers the same is right in its first classes only."""
    labels = torch.arange(20)
    got = evaluate(torch.zeros(20, 20), labels, tuple(map(str, range(20))))
    assert got.top1 == 1 / 20
    assert got.top5 == 5 / 20


def test_half_precision_logits_are_measured():
    got = evaluate(torch.eye(3).bfloat16(), torch.tensor([0, 1, 0]), ("a", "b", "c"))
    assert got.top1 == pytest.approx(2 / 3)


def test_outputs_and_classes_must_be_as_many():
    with pytest.raises(DataError, match="has 3 outputs but 2 class names"):
        evaluate(torch.eye(3), torch.tensor([0, 1, 2]), ("a", "b"))


def test_half_precision_is_widened_and_double_is_kept():
    labels = torch.tensor([0, 1], dtype=torch.uint8)
    for dtype, expected in [
        (torch.bfloat16, torch.float32),
        (torch.float32, torch.float32),
        (torch.float64, torch.float64),
    ]:
        logits, widened = check_inputs(torch.eye(2, dtype=dtype), labels)
        assert logits.dtype == expected
        assert widened.dtype == torch.int64


def test_a_gradient_is_not_kept():
    assert not check_inputs(torch.eye(2, requires_grad=True), torch.tensor([0, 1]))[0].requires_grad


@pytest.mark.parametrize(
    ("logits", "labels", "text"),
    [
        (torch.zeros(3), torch.zeros(3).long(), r"shape \(3,\) and labels of shape \(3,\): expected \(N, K\)"),
        (torch.zeros(3, 2), torch.zeros(2).long(), r"labels of shape \(2,\)"),
        (torch.zeros(0, 2), torch.zeros(0).long(), "Nothing to measure: 0 images, 2 classes"),
        (torch.zeros(2, 2), torch.zeros(2), "type torch.float32: expected whole numbers"),
        (torch.zeros(2, 2), torch.tensor([0, 2]), "Labels from 0 to 2: expected 0 to 1, one per logit"),
        (torch.zeros(2, 2), torch.tensor([-1, 1]), "Labels from -1 to 1"),
    ],
)
def test_what_does_not_fit_is_named(logits, labels, text):
    with pytest.raises(DataError, match=text):
        check_inputs(logits, labels)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_a_logit_that_is_no_number_is_named(bad):
    logits = torch.zeros(5, 3)
    logits[3, 1] = bad
    with pytest.raises(NotFiniteError, match=r"for 1 of 5 images \(first: number 3\).*earlier checkpoint"):
        check_inputs(logits, torch.zeros(5).long())
