"""Standard output and standard error of the program, where they lead to a pipe or a disk that may fail.

Telling is best effort: a training of hours does not end because nobody reads its progress any more. An answer that
cannot be written is an error, said once.
"""

import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from atalho.errors import OutputError
from atalho.text import Text

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


def prepare() -> None:
    """Make the streams of this process fit for the program.

    Streams that the caller closed lead nowhere, and a file name that is not UTF-8 is printed as it is.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 (until the end)
        elif name == "stdout" and isinstance(sys.stdout, io.TextIOWrapper):
            as_it_is = sys.stdout.encoding == "utf-8"
            sys.stdout = _through(_Answers, sys.stdout, "surrogateescape" if as_it_is else "backslashreplace")
        elif name == "stderr" and isinstance(sys.stderr, io.TextIOWrapper):
            sys.stderr = _through(_Messages, sys.stderr, sys.stderr.errors or "backslashreplace")


def _through(kind: type[io.FileIO], stream: io.TextIOWrapper, errors: str) -> io.TextIOWrapper:
    """`stream` with writes that go through `kind`; on a console of Windows, which is no file, only its `errors`."""
    if not isinstance(getattr(stream.buffer, "raw", stream.buffer), io.FileIO):
        stream.reconfigure(errors=errors)
        return stream
    stream.flush()
    raw = kind(stream.fileno(), "w", closefd=False)
    at_once = stream.line_buffering or stream.write_through
    return io.TextIOWrapper(io.BufferedWriter(raw), stream.encoding, errors, line_buffering=at_once)


class _Messages(io.FileIO):
    """What cannot be written is lost, as on a full disk or where the reader of a pipe has gone."""

    def write(self, data: "ReadableBuffer", /) -> int:
        try:
            written = super().write(data)
        except OSError:
            written = None
        return memoryview(data).nbytes if written is None else written


class _Answers(io.FileIO):
    """The first write that fails is an OutputError; later ones are the rest of it, when Python empties its buffers."""

    _failed = False

    def write(self, data: "ReadableBuffer", /) -> int:
        if self._failed:
            return memoryview(data).nbytes
        try:
            return super().write(data)
        except BrokenPipeError:
            raise  # nothing went wrong: who reads has had enough
        except OSError as error:
            self._failed = True
            reason = error.strerror or error
            raise OutputError(Text("Cannot write to standard output: {reason}.", reason=reason)) from error
