import io
import struct
import subprocess
import sys
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from image_files import stored
from PIL import AvifImagePlugin, Image, ImageFilter

from atalho.data.decoding.decode import decode, decode_square, read_header, square_of
from atalho.data.decoding.fit import Fit
from atalho.data.decoding.reasons import UnreadableImageError
from atalho.data.decoding.traits import Trait
from atalho.text import speaking

RED, BLUE = (250, 10, 20), (10, 20, 240)


def picture() -> Image.Image:
    """6 × 4 pixels, red with a blue top left corner of 2 × 2."""
    image = Image.new("RGB", (6, 4), RED)
    image.paste(BLUE, (0, 0, 2, 2))
    return image


def photograph(width: int = 640, height: int = 480) -> Image.Image:
    """Smooth noise, which a JPEG keeps well."""
    noise = np.random.default_rng(0).integers(0, 256, (height // 16, width // 16, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC)


def seen(data: bytes, channels: int = 3, **options: object) -> np.ndarray:
    return decode(data, channels=channels, **options)  # type: ignore[arg-type]


def png(width: int, height: int, depth: int, kind: int, rows: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG written by hand, for kinds that Pillow does not write."""
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    parts = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    body = b"".join(
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        for name, content in parts
    )
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize("kind", ["PNG", "BMP", "GIF", "WEBP", "TIFF"])
def test_lossless_formats_give_the_pixels(kind: str) -> None:
    options = {"lossless": True} if kind == "WEBP" else {}
    np.testing.assert_array_equal(seen(stored(picture(), kind, **options), tiff=True), np.asarray(picture()))


def test_jpeg_gives_the_pixels_nearly() -> None:
    image = photograph()
    found = seen(stored(image, "JPEG", quality=95)).astype(int)
    assert np.abs(found - np.asarray(image)).mean() < 3


def test_the_suffix_says_nothing(tmp_path: Path) -> None:
    file = tmp_path / "picture.jpg"
    file.write_bytes(stored(picture(), "PNG"))
    np.testing.assert_array_equal(decode(file, channels=3), np.asarray(picture()))


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA"])
@pytest.mark.parametrize("channels", [1, 3])
def test_every_mode_gives_the_channels_asked_for(mode: str, channels: int) -> None:
    image = picture().convert(mode)
    found = seen(stored(image), channels)
    assert found.shape == (4, 6, channels)
    assert found.dtype == np.uint8
    expected = image.convert("RGB").convert("L" if channels == 1 else "RGB")
    np.testing.assert_array_equal(found, np.asarray(expected).reshape(4, 6, channels))


def test_grey_levels_stay_what_they_are_in_both_numbers_of_channels() -> None:
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16)
    data = stored(Image.fromarray(ramp))
    np.testing.assert_array_equal(seen(data, 1)[:, :, 0], ramp)
    np.testing.assert_array_equal(seen(data, 3), np.repeat(ramp[:, :, None], 3, axis=2))


def test_one_bit_is_black_and_white() -> None:
    image = Image.fromarray(np.array([[0, 255], [255, 0]], np.uint8)).convert("1")
    assert seen(stored(image), 1)[:, :, 0].tolist() == [[0, 255], [255, 0]]


def test_16_bit_grey_is_scaled_and_not_cut() -> None:
    values = np.array([[0, 128, 257], [32768, 65407, 65535]], np.uint16)
    expected = [[0, 0, 1], [128, 255, 255]]
    assert seen(stored(Image.fromarray(values)), 1)[:, :, 0].tolist() == expected
    assert seen(stored(Image.fromarray(values), "TIFF"), 1, tiff=True)[:, :, 0].tolist() == expected
    assert seen(stored(Image.fromarray(values)), 3)[:, :, 2].tolist() == expected


def test_16_bit_colour_is_scaled() -> None:
    rows = b"\0" + struct.pack(">6H", 0, 65535, 32896, 257, 2570, 65535)
    assert seen(png(2, 1, 16, 2, rows)).tolist() == [[[0, 255, 128], [1, 10, 255]]]


def test_transparency_shows_white() -> None:
    image = picture().convert("RGBA")
    image.putalpha(Image.fromarray(np.array([[0] * 3 + [255] * 3] * 4, np.uint8)))
    found = seen(stored(image))
    assert (found[:, :3] == 255).all()
    assert (found[:, 3:] == RED).all()


def test_half_transparency_is_blended_with_white() -> None:
    image = Image.new("RGBA", (2, 2), (0, 100, 200, 128))
    assert np.abs(seen(stored(image))[0, 0].astype(int) - [127, 177, 227]).max() <= 1
    assert abs(int(seen(stored(Image.new("LA", (2, 2), (0, 128))), 1)[0, 0, 0]) - 127) <= 1


def test_a_transparent_palette_entry_and_colour_show_white() -> None:
    palette = picture().quantize(4)
    blue = palette.getpixel((0, 0))
    found = seen(stored(palette, "PNG", transparency=blue))
    assert (found[:2, :2] == 255).all()
    assert np.abs(found[3, 5].astype(int) - RED).max() < 10
    assert (seen(stored(picture(), "PNG", transparency=BLUE))[:2, :2] == 255).all()
    grey = Image.fromarray(np.array([[7, 9]], np.uint8))
    assert seen(stored(grey, "PNG", transparency=7), 1)[0, :, 0].tolist() == [255, 9]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_exif_rotation_is_undone(orientation: int, kind: str) -> None:
    upright = photograph(96, 64)
    back = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    lying = upright.transpose(back[orientation]) if orientation in back else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    found = seen(stored(lying, kind, exif=exif, **({"quality": 95} if kind == "JPEG" else {})), tiff=True)
    assert found.shape == (64, 96, 3)
    assert np.abs(found.astype(int) - np.asarray(upright)).mean() < 8


def test_a_damaged_exif_block_does_not_hide_the_image() -> None:
    data = stored(picture(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff" + b"\x99" * 8)
    assert seen(data).shape == (4, 6, 3)


def test_cmyk_of_adobe_and_plain_cmyk_look_the_same() -> None:
    """Adobe's JPEGs hold inverted ink and say so in a marker; without the marker the ink is as it is."""
    red = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    adobe = stored(red, "JPEG", quality=100)
    assert b"Adobe" in adobe
    assert np.abs(seen(adobe)[8, 8].astype(int) - [255, 0, 0]).max() < 6
    inverted = stored(Image.eval(red, lambda value: 255 - value), "JPEG", quality=100)
    start = inverted.index(b"\xff\xee")
    length = struct.unpack(">H", inverted[start + 2 : start + 4])[0]
    plain = inverted[:start] + inverted[start + 2 + length :]
    assert b"Adobe" not in plain
    assert np.abs(seen(plain)[8, 8].astype(int) - [255, 0, 0]).max() < 6


def test_the_first_frame_of_an_animation() -> None:
    frames = [Image.new("RGB", (4, 4), colour) for colour in (RED, BLUE)]
    data = stored(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert np.abs(seen(data)[0, 0].astype(int) - RED).max() < 10
    data = stored(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    assert (seen(data)[0, 0] == RED).all()


def reason(data: bytes | Path, **options: object) -> str:
    with pytest.raises(UnreadableImageError) as caught:
        decode(data, channels=3, **options)  # type: ignore[arg-type]
    return str(caught.value.reason)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "TIFF"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.95])
def test_truncated_images_are_errors(kind: str, share: float) -> None:
    data = stored(photograph(160, 120), kind)
    assert reason(data[: int(len(data) * share)], tiff=True)


def test_a_truncated_jpeg_says_so() -> None:
    data = stored(photograph(), "JPEG")
    assert reason(data[: len(data) // 2]).startswith("truncated or damaged: the file ends before")
    assert reason(data[: len(data) // 2], reduce_to=32).startswith("truncated or damaged")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "PPM"])
def test_portuguese_has_no_words_of_the_decoder(kind: str) -> None:
    data = stored(photograph(160, 120), kind)
    with speaking("pt"):
        said = reason(data[: int(len(data) * 0.8)], tiff=True)
    assert "truncad" in said or "danificado" in said
    assert not {"file", "image", "decoder", "object", "reading"} & {*said.split()}


def test_a_damaged_png_is_an_error() -> None:
    data = bytearray(stored(photograph(64, 64)))
    data[len(data) // 2] ^= 0xFF
    assert reason(bytes(data)).startswith("truncated or damaged")


@pytest.mark.parametrize("data", [b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\0" * 100, b"GIF89a", b"%PDF-1.7"])
def test_other_content_is_an_error(data: bytes) -> None:
    assert "not an image" in reason(data) or "damaged" in reason(data)


def test_formats_off_the_list_are_errors() -> None:
    assert "not an image of an accepted format" in reason(stored(picture(), "TGA"))
    assert "not an image of an accepted format" in reason(stored(picture(), "ICO"))
    assert reason(stored(picture(), "TIFF")) == "a TIFF file; train with data.tiff to allow them"
    assert reason(stored(picture(), "AVIF")) == "an AVIF file; train with data.avif to allow them"


def test_avif_is_read_where_it_is_allowed() -> None:
    near = seen(stored(picture(), "AVIF", quality=100, subsampling="4:4:4"), avif=True).astype(int) - picture()
    assert np.abs(near).max() <= 3
    lying = photograph().transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6
    upright = seen(stored(lying, "AVIF", exif=exif, quality=95), avif=True)
    assert upright.shape == (480, 640, 3)
    assert np.abs(upright.astype(int) - np.asarray(photograph())).mean() < 8
    assert reason(stored(picture(), "AVIF")[:60], avif=True).startswith("damaged header: it begins as AVIF")


def test_a_pillow_without_avif_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    file = stored(picture(), "AVIF")
    monkeypatch.setattr(AvifImagePlugin, "SUPPORTED", False)  # what both find where Pillow was built without it
    monkeypatch.setitem(sys.modules, "PIL._avif", None)
    for asked in (True, False):
        assert "which the installed Pillow cannot read" in reason(file, avif=asked)


def test_the_pixel_limit_is_checked_on_the_header() -> None:
    bomb = png(30_000, 30_000, 8, 0, b"")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "pixels" in reason(bomb)
        assert reason(png(10_000, 10_000, 8, 0, b"")) == (
            "10000 × 10000 pixels, more than the limit of 50000000 (data.max_pixels)"
        )
    assert "6 × 4 pixels, more than the limit of 23" in reason(stored(picture()), max_pixels=23)
    assert seen(stored(picture()), max_pixels=24).shape == (4, 6, 3)


def test_floating_point_pixels_are_an_error() -> None:
    data = stored(Image.fromarray(np.ones((2, 2), np.float32)), "TIFF")
    assert "no agreed brightness" in reason(data, tiff=True)


def test_the_error_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(UnreadableImageError, match=r"x\.jpg cannot be read as an image: there is no such file"):
        decode(tmp_path / "x.jpg", channels=3)


def test_the_header_alone_tells_size_and_kind() -> None:
    assert read_header(stored(picture()))[:3] == (6, 4, False)
    assert read_header(stored(picture().convert("L")))[:3] == (6, 4, True)
    data = stored(photograph(), "JPEG")
    assert read_header(data[: len(data) // 2])[:3] == (640, 480, False)
    with pytest.raises(UnreadableImageError, match=r"x\.jpg cannot be read as an image: not an image"):
        read_header(b"nothing", name="x.jpg")


@pytest.mark.parametrize("size", [(100, 100), (160, 100), (100, 180), (20, 32)])
def test_shorter_side_to_size_then_the_middle(size: tuple[int, int]) -> None:
    image = photograph(640, 480).resize(size)
    found = decode_square(stored(image), fit=Fit(50), channels=3)
    width, height = (side * 50 // min(size) for side in size)
    left, top = (width - 50) // 2, (height - 50) // 2
    whole = image.resize((width, height), Image.Resampling.BILINEAR)
    expected = np.asarray(whole.crop((left, top, left + 50, top + 50))).astype(int)
    assert np.abs(found.astype(int) - expected).max() <= 1


def test_large_jpegs_are_decoded_smaller_and_look_the_same() -> None:
    image = photograph(1600, 1200).filter(ImageFilter.GaussianBlur(2))
    data = stored(image, "JPEG", quality=95)
    assert seen(data, reduce_to=100).shape == (300, 400, 3)
    assert seen(data, reduce_to=500).shape == (1200, 1600, 3)
    found = decode_square(data, fit=Fit(100), channels=3).astype(int)
    expected = decode_square(stored(image), fit=Fit(100), channels=3).astype(int)
    assert np.abs(found - expected).mean() < 2


def test_decoding_leaves_no_warning_and_no_setting_behind() -> None:
    limit = Image.MAX_IMAGE_PIXELS
    seen(stored(picture().quantize(4), "PNG", transparency=bytes([0, 128, 255, 255])))
    assert limit == Image.MAX_IMAGE_PIXELS


FILES = {
    "jpeg": stored(photograph(64, 48), "JPEG"),
    "progressive": stored(photograph(64, 48), "JPEG", progressive=True),
    "png": stored(photograph(64, 48)),
    "palette": stored(photograph(64, 48).quantize(16)),
    "webp": stored(photograph(64, 48), "WEBP"),
    "bmp": stored(photograph(64, 48), "BMP"),
    "gif": stored(photograph(64, 48), "GIF"),
    "tiff": stored(photograph(64, 48), "TIFF", compression="tiff_lzw"),
}


@pytest.mark.parametrize("kind", FILES)
@given(changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=6), cut=st.floats(0, 1))
@settings(max_examples=40, deadline=None)
def test_a_damaged_file_gives_an_image_or_our_error(kind: str, changes: list[tuple[float, int]], cut: float) -> None:
    data = bytearray(FILES[kind])
    for place, value in changes:
        # Half of the changes in the header, where they do most harm.
        data[int(place * (len(data) - 1)) if value % 2 else int(place * 60)] = value
    if cut < 0.3:
        del data[int(cut * 3 * len(data)) :]
    try:
        found = decode_square(bytes(data), fit=Fit(16), channels=3, max_pixels=100_000, tiff=True)
    except UnreadableImageError as error:
        assert error.reason
    else:
        assert found.shape == (16, 16, 3)


def test_the_limit_may_be_raised_above_pillows_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    assert seen(stored(picture()), max_pixels=24).shape == (4, 6, 3)
    assert read_header(stored(picture()), max_pixels=24)[:3] == (6, 4, False)


DAMAGED_EXIF = stored(picture(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff" + b"\x99" * 8)


def test_pillows_warnings_do_not_reach_the_user_while_images_are_decoded() -> None:
    with pytest.warns(UserWarning, match="EXIF"):  # Pillow does warn of this file
        image = Image.open(io.BytesIO(DAMAGED_EXIF))
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        before = list(warnings.filters)
        seen(DAMAGED_EXIF)
        read_header(DAMAGED_EXIF)
        square_of(image, fit=Fit(2), channels=3)
        assert heard == []
        assert warnings.filters == before
        warnings.warn_explicit("the user's own", UserWarning, "x.py", 1, module="PIL.TiffImagePlugin")
        assert [str(warning.message) for warning in heard] == ["the user's own"]


def test_importing_and_decoding_leave_the_filters_of_a_process_as_they_were() -> None:
    script = (
        "import sys, warnings, numpy, PIL.Image; before = list(warnings.filters)\n"
        "from atalho.data.decoding.decode import decode\n"
        "decode(sys.stdin.buffer.read(), channels=3)\n"
        "assert warnings.filters == before, warnings.filters"
    )
    found = subprocess.run([sys.executable, "-c", script], input=DAMAGED_EXIF, capture_output=True, check=True)
    assert found.stderr == b""


def test_threads_that_decode_side_by_side_hear_nothing_either() -> None:
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        before = list(warnings.filters)
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(seen, [DAMAGED_EXIF] * 400))
        assert heard == []
        assert warnings.filters == before


@pytest.mark.parametrize(
    ("image", "kind", "options"),
    [
        (
            photograph(48, 32),
            "JPEG",
            {"exif": b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"},
        ),
        (photograph(48, 32).convert("CMYK"), "JPEG", {}),
        (photograph(48, 32).quantize(16), "PNG", {"transparency": 3}),
        (photograph(48, 32).convert("L"), "PNG", {"transparency": 120}),
        (photograph(48, 32).convert("I;16"), "PNG", {}),
    ],
    ids=["turned", "cmyk", "palette", "grey", "16 bits"],
)
@pytest.mark.parametrize("channels", [1, 3])
def test_an_open_image_is_seen_as_its_file_is(
    image: Image.Image, kind: str, options: dict[str, object], channels: int
) -> None:
    data = stored(image, kind, **options)
    expected = decode_square(data, fit=Fit(20), channels=channels)
    with Image.open(io.BytesIO(data)) as opened:
        np.testing.assert_array_equal(square_of(opened, fit=Fit(20), channels=channels), expected)
        assert opened.size == (48, 32)


def test_an_open_image_of_any_mode_or_none_at_all() -> None:
    plain = square_of(photograph(48, 32), fit=Fit(20), channels=3).astype(int)
    assert np.abs(square_of(photograph(48, 32).convert("HSV"), fit=Fit(20), channels=3) - plain).mean() < 3
    with pytest.raises(UnreadableImageError, match="an image without pixels"):
        square_of(Image.new("RGB", (0, 3)), fit=Fit(20), channels=3)


@pytest.mark.parametrize("mode", ["1", "L", "RGB"])
def test_the_portable_formats_are_accepted(mode: str) -> None:
    image = picture().convert(mode)
    np.testing.assert_array_equal(seen(stored(image, "PPM")), np.asarray(image.convert("RGB")))


def test_a_portable_grey_map_of_16_bits() -> None:
    data = b"P5 2 1 65535\n" + bytes([0x80, 0x00, 0xFF, 0xFF])
    assert seen(data)[0, :, 0].tolist() == [128, 255]
    assert Trait.SIXTEEN_BIT in Trait(read_header(data).traits & 7)


def test_the_transparent_grey_of_16_bits_is_white() -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 1, 16, 0, 0, 0, 0))
    row = b"\0" + b"\x12\x34" + b"\x12\x35" + b"\x80\x00" + b"\0\0"
    rest = chunk(b"tRNS", b"\x12\x34") + chunk(b"IDAT", zlib.compress(row)) + chunk(b"IEND", b"")
    data = b"\x89PNG\r\n\x1a\n" + header + rest
    # 0x1234 alone is transparent; 0x1235 is the same in 8 bits, and is not.
    assert seen(data)[0, :, 0].tolist() == [255, 18, 128, 0]
    assert decode(data, channels=1)[0, :, 0].tolist() == [255, 18, 128, 0]
