import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from atalho.data.images import PackedImages

PIXELS = np.arange(6 * 4 * 4 * 3, dtype=np.uint16).astype(np.uint8).reshape(6, 4, 4, 3)


@given(ids=st.lists(st.integers(0, 5), min_size=1, max_size=9))
def test_packed_images_by_id(ids: list[int]) -> None:
    images = PackedImages(PIXELS, ())
    found = images[np.array(ids)]
    np.testing.assert_array_equal(found.numpy(), PIXELS[ids].transpose(0, 3, 1, 2))
    assert torch.equal(found, images[torch.tensor(ids)])


def test_what_is_given_out_is_a_copy() -> None:
    pixels = PIXELS.copy()
    pixels.flags.writeable = False
    images = PackedImages(pixels, ())
    images[np.array([0])].zero_()
    np.testing.assert_array_equal(pixels, PIXELS)
