"""How identities are shown: exact zeros apart from all others, headed by their case, and why some are none."""

from typing import Any

from stored_results import like

from atalho.report.canvas import AMBER, BLUE, style


def row(case: str, difference: float, mode: str = "eval", images: str = "real") -> dict[str, Any]:
    return {"case": case, "mode": mode, "images": images, "difference": difference, "largest_output": 44.27}


def result(*rows: dict[str, Any], blocks: int = 2, design: str = "basic") -> Any:
    names = [f"stages.0.{place}" for place in range(blocks)]
    settings = {"blocks": names, "convolutions": 2 * blocks, "images": 8, "design": design}
    return like("identity", settings=settings, measured={"rows": list(rows)})


FOUND = result(
    row("zeroed", 0.0), row("zeroed", 0.0, "train"), row("shift", 10.84), row("shift", 0.238, "train"),
    row("negative", 4.58, images="random"),
)  # fmt: skip


def test_zeros_stand_at_the_left_and_others_where_they_are() -> None:
    with style():
        (figure,) = FOUND.pictures().values()
    (axes,) = figure.axes  # type: ignore[union-attr]
    points = [line for line in axes.lines if line.get_marker() == "o"]
    assert [line.get_xdata()[0] for line in points] == [1e-9, 1e-9, 10.84, 0.238, 4.58]
    assert [line.get_color() for line in points] == [BLUE, BLUE, AMBER, AMBER, AMBER]
    heights = [line.get_ydata()[0] for line in points]
    assert heights == sorted(heights, reverse=True) and len(set(heights)) == 5


def test_every_case_is_headed_once_above_its_rows_and_nothing_is_on_top_of_another() -> None:
    with style():
        (figure,) = FOUND.pictures().values()
        figure.draw_without_rendering()  # type: ignore[union-attr]
    (axes,) = figure.axes  # type: ignore[union-attr]
    texts = [text.get_text() for text in axes.texts]
    assert texts.count("all parameters of the blocks zeroed") == 1
    assert len(texts) == 3 + 5
    boxes = [text.get_window_extent() for text in axes.texts]
    assert not [1 for place, box in enumerate(boxes) for other in boxes[:place] if box.overlaps(other)]
    low, high = axes.get_ylim()
    assert all(low < text.xy[1] < high for text in axes.texts)


def test_the_method_counts_right() -> None:
    assert "All parameters of 2 blocks with an identity shortcut at the beginning" in FOUND.method()
    assert "(stages.0.0, stages.0.1; 4 convolutions)" in FOUND.method()
    one = result(row("zeroed", 0.0), blocks=1, design="linear")
    assert "1 block with" in one.method() and "2 linear layers" in one.method()


def test_reasons_are_given_for_what_differs_and_for_nothing_else() -> None:
    shift, negative = FOUND.remarks()
    assert shift.startswith("Not exact (10.8): convolutions zeroed, batch norm with a shift") and "its shift β" in shift
    assert negative.startswith("Not exact (4.58): single block, input with negative values.")
    assert result(row("zeroed", 0.0), row("negative", 0.0)).remarks() == []
