"""What is refused or silenced before and while an image is opened."""

import pytest
from image_files import stored
from PIL import Image

from atalho.data.decoding import opening
from atalho.data.decoding.decode import decode, read_header
from atalho.data.decoding.reasons import UnreadableImageError


def scans(side: int, repeats: int) -> bytes:
    """A progressive JPEG whose last scan is repeated."""
    plain = stored(Image.new("L", (side, side)), "JPEG", progressive=True)
    scan, end = plain.rindex(b"\xff\xda"), plain.rindex(b"\xff\xd9")
    return plain[:end] + plain[scan:end] * repeats + plain[end:]


def test_scans_of_a_large_jpeg_are_bounded_before_it_is_decoded() -> None:
    for read in (read_header, lambda data: decode(data, channels=1)):
        with pytest.raises(UnreadableImageError, match=r"\d+ scans of 16,000,000 pixels would take minutes to decode"):
            read(scans(4000, 150))
    assert decode(scans(200, 150), channels=1).shape == (200, 200, 1)
    assert read_header(scans(4000, 15)).width == 4000


def test_an_image_that_takes_too_much_processor_time_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "_SECONDS", 0.05)
    monkeypatch.setattr(opening, "_PIXELS_PER_SECOND", 10**9)
    monkeypatch.setattr(opening, "_SCANNED", 10**18)
    with pytest.raises(UnreadableImageError, match="decoding took more than"):
        decode(scans(1000, 1500), channels=1)
    assert decode(scans(100, 2), channels=1).shape == (100, 100, 1)


def test_libtiff_writes_no_lines_of_its_own(capfd: pytest.CaptureFixture[str]) -> None:
    whole = stored(Image.effect_noise((64, 64), 100), "TIFF", compression="tiff_lzw")
    with pytest.raises(UnreadableImageError):
        decode(whole[:8] + b"\xff" * 900 + whole[908:], channels=1, tiff=True)
    assert capfd.readouterr().err == ""
