"""SVG, element by element: text and attributes escaped by `markup`, numbers as short as they can be."""

from atalho.report.markup import Child, Html, el

Value = str | float | None


def shape(tag: str, *children: Child, **attributes: Value) -> Html:
    """An element; a number becomes text with one decimal at most."""
    return el(tag, *children, **{name: _written(value) for name, value in attributes.items()})


def words(x: float, y: float, text: str, **attributes: Value) -> Html:
    """Real text, which a reader can select and search."""
    return shape("text", text, x=x, y=y, **attributes)


def path(*steps: str | float | tuple[float, float], class_: str) -> Html:
    """An open path of commands and coordinates, one after the other."""
    return shape("path", d=" ".join(map(_step, steps)), class_=class_)


def moved(children: Child, x: float, y: float) -> Html:
    """The same, elsewhere."""
    return shape("g", children, transform=f"translate({number(x)} {number(y)})")


def number(value: float) -> str:
    """One decimal at most: 12.5, 3."""
    return f"{round(value, 1):g}" if abs(value) < 100_000 else f"{value:.0f}"


def _step(step: str | float | tuple[float, float]) -> str:
    if isinstance(step, str):
        return step
    return " ".join(map(number, step)) if isinstance(step, tuple) else number(step)


def _written(value: Value) -> str | None:
    return value if value is None or isinstance(value, str) else number(value)
