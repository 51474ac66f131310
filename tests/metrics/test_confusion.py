"""How often each class was taken for each, of few classes and of many."""

import json
import tracemalloc

import numpy as np
import pytest
import torch

from atalho.metrics import classification
from atalho.metrics.confusion import WHOLE_UP_TO, Confusion
from atalho.stored import from_json, to_json

ROWS = ((3, 0, 1), (0, 0, 0), (0, 2, 5))


def test_it_reads_as_the_rows_that_it_is_made_of() -> None:
    confusion = Confusion.of_rows(ROWS)
    assert tuple(confusion) == ROWS
    assert confusion[2][1] == 2
    assert confusion[-1] == ROWS[-1]
    assert confusion[:2] == ROWS[:2]
    assert len(confusion) == 3
    assert list(confusion.cells()) == [(0, 0, 3), (0, 2, 1), (2, 1, 2), (2, 2, 5)]
    assert confusion == ROWS
    assert confusion == Confusion(3, confusion.cells())
    np.testing.assert_array_equal(confusion.counts(3), ROWS)
    np.testing.assert_array_equal(confusion.counts(2), [[3, 1], [2, 5]])


def test_few_classes_are_stored_in_rows_as_ever_and_many_by_what_occurs() -> None:
    few, many = Confusion.of_rows(ROWS), Confusion(WHOLE_UP_TO + 1, [(7, 1000, 2)])
    assert to_json(few) == [[3, 0, 1], [0, 0, 0], [0, 2, 5]]
    assert to_json(many) == {"classes": 1001, "cells": [[7, 1000, 2]]}
    for confusion in (few, many):
        assert from_json(Confusion, json.loads(json.dumps(to_json(confusion)))) == confusion
    dense = [[0] * 1001 for _row in range(1001)]
    dense[7][1000] = 2
    assert from_json(Confusion, dense) == many  # of an older version


@pytest.mark.parametrize("plain", [5, [5], {"classes": 2, "cells": [[0, 5, 1]]}, {"classes": "x", "cells": []}])
def test_what_is_none_is_a_type_error(plain: object) -> None:
    with pytest.raises(TypeError):
        from_json(Confusion, plain)


def test_many_classes_take_memory_by_the_images_and_not_by_pairs_of_classes() -> None:
    classes, images = 8000, 200
    logits = torch.randn(images, classes)
    labels = torch.arange(images)
    names = tuple(map(str, range(classes)))
    tracemalloc.start()
    found = classification.evaluate(logits, labels, names)
    stored = json.dumps(to_json(found))
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 50_000_000  # of Python's objects; 64 million counts took 1.5 GB
    assert len(stored) < 2_000_000
    assert from_json(type(found), json.loads(stored)) == found


def test_it_prints_its_counts_and_numpy_takes_it() -> None:
    confusion = Confusion.of_rows(ROWS)
    assert np.array_equal(np.array(confusion), np.array(ROWS))
    assert np.asarray(confusion, dtype=np.float32).dtype == np.float32
    assert repr(confusion) == "Confusion([[3, 0, 1], [0, 0, 0], [0, 2, 5]])"
    assert confusion._repr_html_().count("<td>") == 9
    assert repr(Confusion(1000, [(0, 1, 1)])) == "Confusion(1000 × 1000)"
