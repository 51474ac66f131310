"""Which square is kept of a picture: the one that the authors of pretrained weights take, to the pixel."""

from io import BytesIO
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_sample_images
from torchvision import transforms
from torchvision.transforms import InterpolationMode

from atalho.data.decoding.decode import decode_square
from atalho.data.decoding.fit import Fit, Interpolation
from atalho.data.preprocessing import Preprocessing

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
SIZES = [(256, 224), (235, 224), (232, 224), (248, 224), (303, 288), (224, 224), (73, 60)]


def photographs() -> list[bytes]:
    """Two photographs as JPEGs, each also in shapes whose margins are odd and even."""
    found = []
    for pixels in load_sample_images().images:
        picture = Image.fromarray(pixels)
        for shape in [(640, 427), (427, 640), (333, 500), (341, 256), (300, 301), (400, 400)]:
            file = BytesIO()
            picture.resize(shape).save(file, "JPEG", quality=92)
            found.append(file.getvalue())
    return found


@pytest.mark.parametrize(("resize", "size"), SIZES)
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_what_the_network_sees_is_what_torchvision_and_timm_show_it(
    resize: int, size: int, interpolation: Interpolation
) -> None:
    theirs = transforms.Compose(
        [
            transforms.Resize(resize, InterpolationMode(interpolation)),
            transforms.CenterCrop(size),
            transforms.ToTensor(),
            transforms.Normalize(MEAN, STD),
        ]
    )
    ours = Preprocessing(size, resize, 3, MEAN, STD, interpolation=interpolation, whole=True)
    for data in photographs():
        with Image.open(BytesIO(data)) as picture:
            expected = theirs(picture)
        square = decode_square(data, fit=ours.fit, channels=3)
        assert square.shape[:2] == (ours.fit.side, ours.fit.side)
        found = ours.apply(torch.tensor(square).permute(2, 0, 1)[None])[0]
        assert (found - expected).abs().max() < 1e-5


@pytest.mark.parametrize("interpolation", get_args(Interpolation))
def test_every_filter_is_pillows(interpolation: Interpolation) -> None:
    picture = Image.fromarray(load_sample_images().images[0]).crop((0, 0, 400, 400))
    expected = np.asarray(picture.resize((64, 64), Image.Resampling[interpolation.upper()]))
    for crop in (None, 64):
        np.testing.assert_array_equal(np.asarray(Fit(64, interpolation, crop).square_of(picture)), expected)


@pytest.mark.parametrize("size", [(1, 400_000), (400_000, 1), (3, 100_001)])
def test_a_strip_is_not_resized_as_a_whole(size: tuple[int, int]) -> None:
    picture = Image.new("L", size)
    picture.paste(255, (max(0, size[0] // 2 - 20), max(0, size[1] // 2 - 20), size[0] // 2 + 20, size[1] // 2 + 20))
    square = Fit(256, "bicubic", 224).square_of(picture)
    assert square.size == (256, 256)
    assert square.getextrema() == (255, 255)


def test_a_picture_of_the_right_size_stays_as_it_is(clothes: Path) -> None:
    data = next((clothes / "test" / "bag").iterdir()).read_bytes()
    kept = decode_square(data, fit=Fit(16), channels=1)
    for fit in (Fit(16, "bicubic"), Fit(16, "bicubic", 16), Fit(16, crop=12)):
        np.testing.assert_array_equal(decode_square(data, fit=fit, channels=1), kept)
