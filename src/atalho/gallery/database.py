"""One SQLite file as a database: opened to be written, or only to be read, and its errors in our words.

A file on media that cannot be written has no place for the files that WAL needs. It is opened as one that does not
change, which holds where no changes wait beside it.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from atalho.errors import GalleryError
from atalho.gallery.store import damaged
from atalho.text import N_, Text

_WAIT_SECONDS = 10.0
_FAILED: Final = {
    sqlite3.SQLITE_FULL: N_("the disk is full"),
    sqlite3.SQLITE_IOERR: N_("the disk could not be read or written"),
    sqlite3.SQLITE_CANTOPEN: N_("the file cannot be opened, or its folder is not there"),
}
"""What SQLite says in English alone, in the reader's language."""


def connect(path: Path, *, create: bool) -> sqlite3.Connection:
    """The database at `path`. What is deleted from it is overwritten, also where SQLite was built without that."""
    if create or _writable(path):
        database = sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None)
        database.execute("pragma secure_delete = on")
    else:
        waiting = path.with_name(f"{path.name}-wal")
        how = "mode=ro" if waiting.is_file() and waiting.stat().st_size else "mode=ro&immutable=1"
        address = f"{path.absolute().as_uri()}?{how}"
        database = sqlite3.connect(address, timeout=_WAIT_SECONDS, isolation_level=None, uri=True)
    # Damaged text is read as it is, and found by the one who looks.
    database.text_factory = lambda content: content.decode(errors="surrogateescape")
    return database


@contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[None]:
    """All that is written inside, or nothing of it."""
    database.execute("begin immediate")
    try:
        yield
    except BaseException:
        database.execute("rollback")
        raise
    database.execute("commit")


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """What fails with the database at `path` is a GalleryError."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise GalleryError(_reason(path, error)) from error
    except UnicodeEncodeError as error:
        raise damaged(path) from error
    except OSError as error:
        raise GalleryError("Cannot use {path}: {reason}", path=path, reason=error.strerror or error) from error


def busy(error: sqlite3.DatabaseError) -> bool:
    """Whether another process is in the way, and nothing is wrong."""
    return _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _reason(path: Path, error: sqlite3.DatabaseError) -> Text:
    if busy(error):
        return Text("{path} is being written by another process. Try again once it has finished.", path=path)
    code = _code(error)
    if code == sqlite3.SQLITE_READONLY or (code == sqlite3.SQLITE_CANTOPEN and path.is_file() and not _writable(path)):
        return Text("{path} can only be read here. Make the file and its folder writable.", path=path)
    if isinstance(error, sqlite3.OperationalError):
        reason = Text(_FAILED[code]) if code in _FAILED else Text("SQLite says: {words}", words=str(error))
        return Text("Cannot use {path}: {reason}", path=path, reason=reason)
    if code == sqlite3.SQLITE_NOTADB:
        return Text(
            "{path} is not an Atalho gallery, or is damaged. Give a file that atalho index wrote, before the images.",
            path=path,
        )
    return Text("{path} is not an Atalho gallery, or is damaged: {reason}", path=path, reason=error)


def _code(error: sqlite3.DatabaseError) -> int:
    """SQLite's number of the error; 0 for one of Python's module, which has none."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _writable(path: Path) -> bool:
    return os.access(path, os.W_OK) and os.access(path.absolute().parent, os.W_OK)
