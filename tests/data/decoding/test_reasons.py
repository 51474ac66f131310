import errno
import io
import os
import zipfile
from pathlib import Path

import pytest

from atalho.data.decoding.decode import read_header
from atalho.data.decoding.reading import read_bytes
from atalho.data.decoding.reasons import UnreadableImageError, what_else


def archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        # At a fixed date, because its bytes are in a test's name, which every process that runs tests must agree on.
        packed.writestr(zipfile.ZipInfo("a.txt"), "a")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (archive(), "not an image: this is a ZIP archive"),
        (b"%PDF-1.7 and so on", "not an image: this is a PDF document"),
        (b"\xef\xbb\xbf\n <!DOCTYPE HTML><title>Not found</title>", "not an image: this is a web page (HTML)"),
        (b"<?xml version='1.0'?><a/>", "not an image: this is an XML document"),
        (b"version https://git-lfs.github.com/spec/v1\n", "not an image: this is a Git LFS pointer"),
        ("O servidor não encontrou a página. ".encode() * 20, "not an image: this is a text"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "not an image of an accepted format (JPEG, GIF): this is HEIC"),
        (b"\0\0\0\x20ftypavif\0\0\0\0", "an AVIF file; train with data.avif to allow them"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not an image of an accepted format (JPEG, GIF): this is SVG"),
        (
            b"\0\1\2 some bytes of whatever kind",
            "not an image of an accepted format (JPEG, GIF), or its header is damaged",
        ),
        (b"GIF89a", "damaged header: it begins as GIF and does not go on so"),
        (b"MM\0*\0\0\0\x08", "a TIFF file"),
    ],
)
def test_what_a_file_is_instead(data: bytes, what: str) -> None:
    assert str(what_else(data, ("JPEG", "GIF"))).startswith(what)


@pytest.mark.parametrize("cut", range(4))
def test_a_text_is_one_wherever_its_beginning_ends(cut: int) -> None:
    assert "a text" in str(what_else(b" " * cut + "ação ".encode() * 200, ()))


def test_zip_named_png_is_told_by_content() -> None:
    with pytest.raises(UnreadableImageError, match="ZIP archive"):
        read_header(archive(), name="x.png")


def refusal(path: Path) -> str:
    with pytest.raises(UnreadableImageError) as caught:
        read_bytes(path)
    return str(caught.value.reason)


def test_links_that_lead_nowhere(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").symlink_to("b.jpg")
    assert refusal(tmp_path / "a.jpg") == "a link to a file that does not exist"
    (tmp_path / "b.jpg").symlink_to("a.jpg")
    assert refusal(tmp_path / "a.jpg") == "a link that leads back to itself"


@pytest.mark.parametrize(
    ("code", "text"), [(errno.EACCES, "no right to read it"), (errno.EIO, "it cannot be opened: Input/output error")]
)
def test_what_the_system_refuses(code: int, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The superuser may read everything, so the system's answer is given for it."""

    def refuse(*_given: object) -> int:
        raise OSError(code, os.strerror(code)) if code != errno.EACCES else PermissionError(code, "no")

    (tmp_path / "a.jpg").write_bytes(b"x")
    monkeypatch.setattr(os, "open", refuse)
    assert refusal(tmp_path / "a.jpg") == text
