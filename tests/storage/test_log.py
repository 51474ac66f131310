"""The metrics log: readable while it is written, and cut back exactly."""

import errno
import os
from pathlib import Path

import pytest
from simulated_disk import replaced

from atalho.errors import RunError
from atalho.storage.log import JsonLines, read


def test_a_resume_cuts_what_lies_behind_its_offset(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with JsonLines(path) as log:
        log.write({"step": 1})
        offset = log.flush()
        log.write({"step": 2})
    with JsonLines(path, offset) as log:
        log.write({"step": 3})
    assert read(path) == [{"step": 1}, {"step": 3}]


def test_a_row_can_be_read_before_the_log_is_closed(tmp_path: Path) -> None:
    with JsonLines(tmp_path / "log") as log:
        log.write({"class": "pêra"})
        assert read(tmp_path / "log") == [{"class": "pêra"}]


def test_a_row_that_is_half_written_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b'{"step": 1}\n{"st')
    assert read(path) == [{"step": 1}]


def test_a_log_that_is_shorter_than_the_checkpoint_says_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"{}\n")
    with pytest.raises(RunError, match="ends after 3 bytes, but the checkpoint was written after 10"):
        JsonLines(path, 10)
    assert path.read_bytes() == b"{}\n"


def test_a_row_that_does_not_fit_on_the_disk_is_an_error(tmp_path: Path) -> None:
    def full(_descriptor: int, _content: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with JsonLines(tmp_path / "log") as log:
        log.write({"step": 1})
        with replaced(write=full), pytest.raises(RunError, match=r"Cannot write .*log: No space left on device"):
            log.write({"step": 2})
    assert read(tmp_path / "log") == [{"step": 1}]


def test_error_of_a_log_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"Cannot write .*: Is a directory"):
        JsonLines(tmp_path)
