"""A log of JSON lines that a resume can cut back to the step it starts from."""

import json
import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from atalho import limits
from atalho.errors import RunError
from atalho.json_values import JsonObject
from atalho.storage import disk
from atalho.storage.atomic import write_all, writing


class JsonLines:
    """Appends rows to `path` after its first `offset` bytes; what lies behind them is cut off.
    Raises RunError where the file is shorter than that or cannot be written.

    Every row reaches the file as soon as it is written, so that it can be read meanwhile; `flush` makes it durable.
    """

    def __init__(self, path: Path, offset: int = 0) -> None:
        self._path = path
        with writing(path):
            self._descriptor = disk.append_to(path, path.parent)
            length = os.fstat(self._descriptor).st_size
            if length >= offset:
                disk.truncate(self._descriptor, offset)
            # A checkpoint remembers an offset of this file: its name must be as durable as the checkpoint.
            disk.flush_folder(path.parent, path.parent)
        if length < offset:
            os.close(self._descriptor)
            raise RunError(
                "{path} ends after {length} bytes, but the checkpoint was written after {offset}.",
                path=path,
                length=length,
                offset=offset,
            )

    def write(self, row: JsonObject) -> None:
        """Append one row. Raises RunError where it cannot be written."""
        with writing(self._path):
            write_all(self._descriptor, json.dumps(row, ensure_ascii=False).encode() + b"\n")

    def flush(self) -> int:
        """Make everything durable; the offset that a checkpoint remembers, in bytes. Raises RunError."""
        with writing(self._path):
            disk.flush(self._descriptor)
            return os.fstat(self._descriptor).st_size

    def __enter__(self) -> "JsonLines":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # What matters was flushed with an error of its own.
        with suppress(OSError):
            disk.close(self._descriptor)


class NoLines:
    """A log that keeps nothing, for a process that is not the one that writes."""

    def write(self, row: JsonObject) -> None:
        """Forget a row."""

    def flush(self) -> int:
        """Nothing to make durable: 0 bytes."""
        return 0


def read(path: Path) -> list[JsonObject]:
    """The rows of a log; a last line that is still being written is left out."""
    content = limits.read(path, limits.LARGE_JSON)
    limits.check_json(content, limits.LARGE_JSON)
    return [limits.parse_json(line, limits.SMALL_JSON) for line in content.split(b"\n")[:-1]]
