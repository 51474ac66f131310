"""What is no regular file of a plausible size is an error at once, and never waited for."""

import os
from pathlib import Path

import pytest

from atalho.data.decoding.decode import decode
from atalho.data.decoding.reading import read_bytes
from atalho.data.decoding.reasons import UnreadableImageError


def reason(path: Path) -> str:
    with pytest.raises(UnreadableImageError) as caught:
        decode(path, channels=3)
    return str(caught.value.reason)


def test_what_is_not_a_file_is_an_error_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "folder.jpg").mkdir()
    (tmp_path / "link.jpg").symlink_to(tmp_path / "nowhere")
    (tmp_path / "empty.jpg").write_bytes(b"")
    assert reason(tmp_path / "pipe.jpg") == "a named pipe, not a file"
    assert reason(tmp_path / "folder.jpg") == "a folder, not a file"
    assert reason(tmp_path / "link.jpg") == "a link to a file that does not exist"
    assert reason(tmp_path / "empty.jpg") == "the file is empty"
    assert reason(tmp_path / "nowhere.jpg") == "there is no such file"
    assert reason(Path("/dev/zero")) == "a device or socket, not a file"


def test_a_file_larger_than_any_image_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "huge.png"
    with file.open("wb") as handle:
        handle.truncate(1 << 40)
    with pytest.raises(UnreadableImageError, match="more than any image of 50000000 pixels"):
        read_bytes(file)
