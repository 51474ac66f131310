"""What may be given as an image, alone or among others, and what comes back for it."""

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from small_model import FP32, write_model

from atalho import model
from atalho.data import samples
from atalho.errors import DataError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_model(tmp_path / "model")


@pytest.fixture
def image(clothes: Path) -> Path:
    return sorted((clothes / "test" / "bag").iterdir())[0]


@pytest.fixture(scope="session")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three JPEG photographs, large enough that training would decode them at a smaller size."""
    whole = samples.unpack("trash", tmp_path_factory.mktemp("samples") / "trash")
    return sorted(whole.rglob("*.jpg"))[:3]


def test_an_image_may_be_a_path_bytes_a_file_a_picture_an_array_or_a_tensor(folder: Path, image: Path) -> None:
    loaded = model.load(folder, FP32)
    with Image.open(image) as picture, image.open("rb") as file:
        picture.load()
        pixels = np.asarray(picture)
        tensor = torch.tensor(pixels)
        same = [image, str(image), image.read_bytes(), bytearray(image.read_bytes()), file, file, picture, pixels]
        same += [pixels / 255, pixels.astype(np.float32) / 255, tensor, tensor[None], tensor / 255, tensor.half() / 255]
        first, *others = loaded.predict([*same, picture.convert("CMYK")], top=3)
        assert loaded.embed(same).shape == (14, 64)
    for other in others[:-1]:
        assert [label for label, _ in other.top] == [label for label, _ in first.top]
        assert other.probability == pytest.approx(first.probability, abs=1e-5)
    assert others[-1].label == first.label
    assert [other.image for other in others[:3]] == [str(image), None, None]


def test_colours_may_come_first_in_a_tensor_and_last_in_an_array(tmp_path: Path, photographs: list[Path]) -> None:
    loaded = model.load(write_model(tmp_path / "colour", channels=3), FP32)
    for path in photographs:
        with Image.open(path) as picture:
            pixels = np.array(picture.convert("RGB"))
        expected = loaded.pixels(pixels)
        assert torch.equal(loaded.pixels(torch.tensor(pixels).permute(2, 0, 1)), expected)
        assert torch.equal(loaded.pixels(torch.tensor(pixels).permute(2, 0, 1) / 255), expected)
        assert torch.equal(loaded.pixels(pixels / 255), expected)


def test_a_photograph_gives_the_same_numbers_from_its_file_and_open(tmp_path: Path, photographs: list[Path]) -> None:
    loaded = model.load(write_model(tmp_path / "colour", channels=3), FP32)
    for path in photographs:
        forms: list[object] = [path, path.read_bytes(), Image.open(path), Image.open(path).convert("RGB")]
        with Image.open(path) as picture:
            forms.append(np.array(picture))
        first, *others = [prediction.top for prediction in loaded.predict(forms, top=3)]  # type: ignore[arg-type]
        assert all(other == first for other in others)


def test_an_image_that_cannot_be_read_has_its_error_in_its_place(folder: Path, image: Path, tmp_path: Path) -> None:
    loaded, broken = model.load(folder, FP32), tmp_path / "broken.png"
    broken.write_bytes(image.read_bytes()[:60])
    found = loaded.predict([image, broken, b"", tmp_path / "missing.png", image])
    assert [row.error is None for row in found] == [True, False, False, False, True]
    assert "broken.png cannot be read as an image: truncated or damaged" in str(found[1].error)
    assert found[0] == found[4]
    assert found[0].probability == pytest.approx(loaded.predict(image)[0].probability, abs=1e-6)
    assert (found[1].label, found[1].top, found[1].image) == ("", (), str(broken))
    assert np.isnan(found[1].probability)
    assert found[1].to_dict() == {"error": found[1].error}
    with pytest.warns(UserWarning, match=r"broken\.png cannot be read .* Its embedding is NaN\."):
        vectors = loaded.embed([image, broken])
    assert torch.allclose(vectors[0], loaded.embed(image)[0], atol=1e-5)
    assert bool(vectors[1].isnan().all())


def test_a_photo_held_on_its_side_is_the_same_from_its_file_and_open(folder: Path, image: Path, tmp_path: Path) -> None:
    loaded, turned = model.load(folder, FP32), tmp_path / "turned.png"
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(image) as picture:
        picture.save(turned, exif=exif)
    with Image.open(turned) as picture:
        assert torch.equal(loaded.pixels(picture), loaded.pixels(turned))
    assert not torch.equal(loaded.pixels(turned), loaded.pixels(image))


def test_arrays_may_have_a_channel_axis(folder: Path, image: Path) -> None:
    loaded = model.load(folder, FP32)
    grey = np.asarray(Image.open(image))
    rgb = np.stack([grey] * 3, 2)
    clear = np.dstack([rgb, np.full_like(grey, 255)])
    for array in (grey[:, :, None], rgb, clear):
        assert torch.equal(loaded.pixels(array), loaded.pixels(grey))


@pytest.mark.parametrize(
    ("array", "text"),
    [
        (np.full((16, 16), 200.0), "from 200 to 200 are not accepted: expected 0 to 1, .* Divide values up to 255"),
        (np.full((16, 16), -0.5), "pass images before they are normalised"),
        (np.full((16, 16), np.nan), "from nan to nan are not accepted"),
        (torch.randn(3, 16, 16), "expected 0 to 1"),
        (np.zeros((16, 16), np.int64), "type int64 are not accepted: expected uint8 from 0 to 255, .* Convert them"),
        (
            np.zeros((3, 16, 16), np.uint8),
            r"shape \(3, 16, 16\) are not an image: .* Channels first\? Pass array.trans",
        ),
        (torch.zeros(16, 16, 3), r"shape \(16, 16, 3\) are not an image: .* Channels last\? Pass tensor.permute"),
        (np.zeros((1, 16, 16, 3), np.uint8), r"are not an image: .* Several images\? Pass a list of them"),
        (np.zeros((0, 16), np.uint8), "are not an image"),
        (7, "Unsupported image type int: pass a path"),
        (io.StringIO("text"), r"gives str and not bytes\. Open it in binary mode: open\(path, 'rb'\)"),
    ],
)
def test_what_is_no_image_is_refused(folder: Path, array: object, text: str) -> None:
    with pytest.raises(DataError, match=text):
        model.load(folder, FP32).predict([array])  # type: ignore[list-item]


def test_a_single_image_is_one_image(folder: Path, image: Path) -> None:
    loaded = model.load(folder, FP32)
    with Image.open(image) as picture:
        for single in (image, str(image), image.read_bytes(), picture):
            assert loaded.predict(single) == loaded.predict([image])
            assert torch.equal(loaded.embed(single), loaded.embed([image]))


def test_an_array_alone_is_one_image_and_with_four_axes_several(folder: Path) -> None:
    loaded = model.load(folder, FP32)
    for alone in (np.zeros((9, 16), np.uint8), np.zeros((9, 16, 3), np.uint8), torch.zeros(3, 9, 16)):
        assert len(loaded.predict(alone)) == len(loaded.embed(alone)) == 1
    for four in (np.zeros((2, 9, 16, 3), np.uint8), torch.zeros(2, 3, 9, 16)):
        assert len(loaded.predict(four)) == len(loaded.embed(four)) == 2
    for method in (loaded.predict, loaded.embed):
        with pytest.raises(DataError, match=r"shape \(5, 9, 16\) are not an image: .* Pass a list of them"):
            method(np.zeros((5, 9, 16), np.uint8))
        for nothing in (None, 5, {"image": 1}):
            with pytest.raises(DataError, match=r"Expected an image or a list of images, not \w+\."):
                method(nothing)  # type: ignore[arg-type]


def test_predictions_are_columns_and_a_table_with_pictures(folder: Path, image: Path, tmp_path: Path) -> None:
    loaded, odd = model.load(folder, FP32), tmp_path / "<b>&.png"
    odd.write_bytes(image.read_bytes())
    found = loaded.predict([odd, "missing.png", *[image] * 25], top=2)
    columns = found.columns()
    assert list(columns) == ["image", "label", "probability", "error"]
    assert {len(column) for column in columns.values()} == {27}
    assert columns["label"][:2] == [found[0].label, None]
    assert columns["probability"][1] is None
    assert columns["error"][0] is None and "there is no such file" in columns["error"][1]
    html = found._repr_html_()
    assert html.count("<img") == 19 and html.count("<tr>") == 21
    assert "&lt;b&gt;&amp;.png" in html and "<b>" not in html and "… and 7 more" in html
    said = repr(found).splitlines()
    assert said[0] == "27 predictions" and len(said) == 22
    assert said[1].startswith(str(odd))


def test_a_model_shows_what_it_is_and_not_its_weights(folder: Path) -> None:
    said = repr(model.load(folder, FP32))
    assert "network: resnet20, classes: 3 (bag, shoe, shirt), images: 16 × 16 × 1, precision: fp32" in said
    assert "Conv2d" not in said
    assert "<td>resnet20</td>" in model.load(folder, FP32)._repr_html_()
