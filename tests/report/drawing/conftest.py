"""Where the marks of a drawing stand on the page, read from the SVG itself."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations

import pytest

NUMBER = r"-?\d+(?:\.\d+)?"


@dataclass(frozen=True)
class Mark:
    """An element with its place on the page; of a text the point where it begins, of a path the box around it."""

    tag: str
    classes: frozenset[str]
    left: float
    top: float
    right: float
    bottom: float
    text: str

    def overlaps(self, other: "Mark") -> bool:
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        return across > 0.2 and down > 0.2


Placed = Callable[[str], list[Mark]]


@pytest.fixture(scope="session")
def placed() -> Placed:
    """All marks of a piece of SVG."""

    def marks(svg: str) -> list[Mark]:
        return list(_walk(ET.fromstring(f"<g>{svg}</g>"), 0.0, 0.0))

    return marks


@pytest.fixture(scope="session")
def touching() -> Callable[[list[Mark]], list[tuple[Mark, Mark]]]:
    """Each two marks that overlap."""
    return lambda marks: [(one, other) for one, other in combinations(marks, 2) if one.overlaps(other)]


def _walk(element: ET.Element, x: float, y: float) -> Iterator[Mark]:
    move = re.search(rf"translate\(({NUMBER}) ({NUMBER})\)", element.get("transform", ""))
    if move:
        x, y = x + float(move[1]), y + float(move[2])
    box = _box(element)
    if box:
        left, top, right, bottom = box
        tag = element.tag.rpartition("}")[2]
        classes = frozenset(element.get("class", "").split())
        yield Mark(tag, classes, x + left, y + top, x + right, y + bottom, element.text or "")
    for child in element:
        yield from _walk(child, x, y)


def _box(element: ET.Element) -> tuple[float, float, float, float] | None:
    def number(name: str) -> float:
        return float(element.get(name, "0"))

    match element.tag.rpartition("}")[2]:
        case "rect":
            left, top = number("x"), number("y")
            return left, top, left + number("width"), top + number("height")
        case "circle":
            x, y, r = number("cx"), number("cy"), number("r")
            return x - r, y - r, x + r, y + r
        case "text":
            return number("x"), number("y"), number("x"), number("y")
        case "path":
            return _around(element.get("d", ""))
    return None


def _around(path: str) -> tuple[float, float, float, float]:
    """The box around a path of M, L, H, V, Q, h, v and z; a curve's control point counts as reached."""
    x = y = 0.0
    across, down = [], []
    for command, given in re.findall(r"([MLHVQhvz])([^MLHVQhvz]*)", path):
        numbers = [float(n) for n in re.findall(NUMBER, given)]
        if command in "MLQ":
            points = list(zip(numbers[::2], numbers[1::2], strict=True))
        elif command in "Hh":
            points = [(numbers[0] + (x if command == "h" else 0.0), y)]
        elif command in "Vv":
            points = [(x, numbers[0] + (y if command == "v" else 0.0))]
        else:
            continue
        across += [point[0] for point in points]
        down += [point[1] for point in points]
        x, y = points[-1]
    return min(across), min(down), max(across), max(down)
