import numpy as np
import pytest

from atalho.data.sizes import choose_size, stored_side
from atalho.data.survey import Survey


def survey(*sides: tuple[int, int]) -> Survey:
    widths, heights = np.array(sides, np.int32).T
    return Survey(widths, heights, np.empty((0, 16), np.uint8), False, "")


@pytest.mark.parametrize(
    ("sides", "expected"),
    [
        ([(28, 28)] * 3, 28),
        ([(32, 32)] * 3, 32),
        ([(30, 30)] * 3, 32),
        ([(64, 64)] * 3, 64),
        ([(40, 48)] * 3, 40),
        ([(8, 8)] * 3, 16),
        ([(28, 28), (0, 0), (28, 28)], 28),
        ([(32, 32), (33, 32), (50, 40)], 32),
        ([(90, 70)] * 2, 64),
        ([(105, 105)] * 3, 128),
        ([(500, 375), (100, 100), (640, 480)], 224),
        ([(0, 0)], 32),
    ],
)
def test_the_side_follows_the_images(sides: list[tuple[int, int]], expected: int) -> None:
    assert choose_size(survey(*sides)) == expected


def test_large_images_are_kept_with_room_for_crops() -> None:
    assert [stored_side(size) for size in (28, 32, 64, 128, 224)] == [28, 32, 64, 146, 256]
