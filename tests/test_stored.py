"""Typed values as JSON holds them: each kind of value comes back as it was, and another shape is refused."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

from atalho.networks.catalogue import spec
from atalho.networks.spec import Spec
from atalho.stored import Flat, Unstored, filled, from_json, to_json, to_object
from atalho.text import Text


@dataclass(frozen=True)
class Point:
    x: int
    y: float


@dataclass(frozen=True)
class Bounds:
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, kw_only=True)
class Everything:
    name: str
    class_: str
    kind: Literal["one", "two"]
    point: Point
    points: tuple[Point, ...]
    pair: tuple[str, float]
    by_name: dict[str, Point]
    said: Text
    words: Text | str
    network: Spec
    anything: Any
    best: Point | None = None
    flat: Flat[Bounds]
    twice: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "twice", 2 * self.point.x)


@dataclass(frozen=True)
class MaybeMeasured:
    name: str
    measured: Flat[Point | None] = None
    folder: Unstored[Path | None] = None


WHOLE = Everything(
    name="résumé",
    class_="bag",
    kind="two",
    point=Point(1, 0.5),
    points=(Point(2, 1.0), Point(3, 2.0)),
    pair=("a", 0.25),
    by_name={"first": Point(4, 3.0)},
    said=Text("{count} images", count=Text.verbatim("3")),
    words="said as it is",
    network=spec("resnet20"),
    anything={"kept": ["as", "it", 1, "is"]},
    best=None,
    flat=Bounds(low=0.1),
)


def test_a_value_of_every_kind_comes_back_from_a_file() -> None:
    assert from_json(Everything, json.loads(json.dumps(to_json(WHOLE)))) == WHOLE


def test_what_stands_in_the_file() -> None:
    plain = to_object(WHOLE)
    assert plain["class"] == "bag"
    assert plain["points"] == [{"x": 2, "y": 1.0}, {"x": 3, "y": 2.0}]
    assert plain["said"] == {"text": "{count} images", "fields": {"count": "3"}}
    assert isinstance(plain["network"], Mapping)
    assert plain["network"]["family"] == "resnet"
    assert plain["twice"] == 2  # told, and computed again when it is read
    assert plain["low"] == 0.1  # flat: among the keys of what holds it
    assert plain.keys().isdisjoint({"class_", "best", "flat", "high"})


@pytest.mark.parametrize("measured", [Point(1, 2.0), None])
def test_a_flat_value_that_is_not_there_comes_back_as_none(measured: Point | None) -> None:
    plain = to_object(MaybeMeasured("a", measured))
    assert plain == {"name": "a"} | ({"x": 1, "y": 2.0} if measured else {})
    assert from_json(MaybeMeasured, plain) == MaybeMeasured("a", measured)


def test_what_python_alone_knows_is_not_stored_and_is_given_when_it_is_read() -> None:
    plain = to_object(MaybeMeasured("a", folder=Path("here")))
    assert plain == {"name": "a"}
    assert filled(MaybeMeasured, plain, folder=Path("there")).folder == Path("there")


def test_keys_that_are_not_known_are_left_out() -> None:
    assert from_json(Point, {"x": 1, "y": 2, "z": 3}) == Point(1, 2)


@pytest.mark.parametrize(
    ("kind", "plain"),
    [
        (int, "1"),
        (int, 1.5),
        (int, None),
        (float, "0.5"),
        (str, 3),
        (Literal["one", "two"], 1),
        (Literal["one", "two"], "three"),
        (Literal[1], True),
        (Point, [1, 2.0]),
        (Point, {"x": "1", "y": 2.0}),
        (Point | None, 3),
        (tuple[int, ...], {"0": 1}),
        (tuple[int, ...], ["a"]),
        (dict[str, Point], [{"x": 1, "y": 2.0}]),
        (dict[str, Point], {"first": 3}),
    ],
)
def test_another_shape_is_refused(kind: Any, plain: Any) -> None:
    with pytest.raises(TypeError, match="is no"):
        from_json(kind, plain)


def test_a_missing_key_is_named_and_a_tuple_has_its_length() -> None:
    with pytest.raises(KeyError, match="y"):
        from_json(Point, {"x": 1})
    with pytest.raises(KeyError, match="class"):
        from_json(Everything, {name: value for name, value in to_object(WHOLE).items() if name != "class"})
    with pytest.raises(ValueError, match="shorter"):
        from_json(tuple[str, float], ["a"])
