"""A log of JSON lines that a resume can cut back to the step it starts from."""

import json
import os
from pathlib import Path
from types import TracebackType
from typing import Any

from atalho.errors import RunError
from atalho.locale import _
from atalho.storage.atomic import writing


class JsonLines:
    """Appends rows to `path` after its first `offset` bytes; what lies behind them is cut off.
    Raises RunError where the file is shorter than that or cannot be written.

    Every row reaches the file as soon as it is written, so that it can be read meanwhile; `flush` makes it durable.
    """

    def __init__(self, path: Path, offset: int = 0) -> None:
        with writing(path):
            self._file = path.open("ab")
        length = self._file.seek(0, os.SEEK_END)
        if length < offset:
            self._file.close()
            raise RunError(
                _("{path} ends after {length} bytes; the checkpoint was written after {offset}.").format(
                    path=path, length=length, offset=offset
                )
            )
        self._file.truncate(offset)

    def write(self, row: dict[str, Any]) -> None:
        """Append one row."""
        self._file.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
        self._file.flush()

    def flush(self) -> int:
        """Make everything durable; the offset that a checkpoint remembers, in bytes."""
        self._file.flush()
        os.fsync(self._file.fileno())
        return self._file.seek(0, os.SEEK_END)

    def __enter__(self) -> "JsonLines":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def read(path: Path) -> list[dict[str, Any]]:
    """The rows of a log; a last line that is still being written is left out."""
    lines = path.read_bytes().split(b"\n")[:-1]
    return [json.loads(line) for line in lines]
