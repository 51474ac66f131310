"""A model of a disk that loses power: which files a crash can leave after some of a program's system calls.

The calls of `atalho.storage.disk` are recorded while they run. What a file system has to keep is little: the bytes of
a file up to its last flush, the names in a folder up to the folder's last flush. Of the rest any part may be there:
writes lost, torn, or as zeros or old bytes of the right length (ext4 with data=writeback), names made, changed and
removed in any selection. A rename is one change, as in every journal.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from atalho.storage import disk

Tree = dict[str, "bytes | Tree"]
"""What is on the disk: names with the bytes of a file or the tree of a folder."""


class KilledError(BaseException):
    """The process is gone: whatever it still tries does not happen."""


@dataclass
class File:
    """Bytes that were flushed, and the writes (place, bytes) and cuts (length, None) that were not."""

    durable: bytes = b""
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)
    length: int = 0


@dataclass
class Folder:
    """Names as the program sees them, as they were flushed, and the changes in between."""

    names: dict[str, "File | Folder"] = field(default_factory=dict)
    durable: dict[str, "File | Folder"] = field(default_factory=dict)
    pending: list[dict[str, "File | Folder | None"]] = field(default_factory=list)

    def change(self, **changes: "File | Folder | None") -> None:
        self.names = _changed(self.names, changes)
        self.pending.append(changes)


@contextmanager
def replaced(**calls: Callable[..., Any]) -> Iterator[None]:
    """Put other functions in the place of the calls of `disk` while entered."""
    before = {name: getattr(disk, name) for name in calls}
    try:
        for name, call in calls.items():
            setattr(disk, name, call)
        yield
    finally:
        for name, call in before.items():
            setattr(disk, name, call)


class Recorder:
    """Notes every call below `root` in `journal`, after it was carried out; kills the program before call `kill_at`."""

    def __init__(self, root: Path, kill_at: int | None = None) -> None:
        self.root, self.kill_at = root, kill_at
        self.journal: list[tuple[str, Any, Any]] = []
        self._files: dict[int, str] = {}

    @contextmanager
    def recording(self) -> Iterator[None]:
        with replaced(**{name: self._noting(name, getattr(disk, name)) for name in disk.CALLS}):
            yield

    def _noting(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def noting(first: Any, second: Any = None, root: Any = None) -> Any:
            if self.kill_at is not None and len(self.journal) >= self.kill_at:
                raise KilledError
            result = call(*(given for given in (first, second, root) if given is not None))
            if name in ("create", "append_to"):
                self._files[result] = self._name(first)
            where = self._files[first] if isinstance(first, int) else self._name(first)
            detail = self._name(second) if name == "rename" else None if isinstance(second, Path) else second
            if name == "write":
                detail = bytes(second[:result])
            self.journal.append((name, where, detail))
            return result

        return noting

    def _name(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()


class Disk:
    """The model after the calls of a journal."""

    def __init__(self, journal: list[tuple[str, Any, Any]]) -> None:
        self.root = Folder()
        for name, where, detail in journal:
            getattr(self, f"_{name}")(where, detail)

    def crash(self, chance: random.Random) -> Tree:
        """One of the trees that a loss of power now can leave."""
        whole = chance.choice(("none", "all", "some", "some", "some", "some"))
        return _left(self.root, whole, chance)

    def _find(self, where: str) -> Any:
        node: Any = self.root
        for name in [] if where == "." else where.split("/"):
            node = node.names[name]
        return node

    def _place(self, where: str) -> tuple[Folder, str]:
        above, _slash, name = where.rpartition("/")
        return self._find(above or "."), name

    def _add(self, where: str, node: File | Folder | None) -> None:
        folder, name = self._place(where)
        folder.change(**{name: node})

    def _make_folder(self, where: str, _detail: None) -> None:
        self._add(where, Folder())

    def _create(self, where: str, _detail: None) -> None:
        self._add(where, File())

    def _append_to(self, where: str, _detail: None) -> None:
        folder, name = self._place(where)
        if name not in folder.names:
            self._add(where, File())

    def _write(self, where: str, content: bytes) -> None:
        file = self._find(where)
        file.pending.append((file.length, content))
        file.length += len(content)

    def _truncate(self, where: str, length: int) -> None:
        file = self._find(where)
        file.pending.append((length, None))
        file.length = length

    def _flush(self, where: str, _detail: None) -> None:
        file = self._find(where)
        for place, content in file.pending:
            file.durable = file.durable[:place] + (content or b"")
        file.pending = []

    def _close(self, where: str, _detail: None) -> None:
        pass

    def _flush_folder(self, where: str, _detail: None) -> None:
        folder = self._find(where)
        folder.durable, folder.pending = dict(folder.names), []

    def _rename(self, where: str, target: str) -> None:
        (folder, name), (_same, new) = self._place(where), self._place(target)
        folder.change(**{name: None, new: folder.names[name]})

    def _unlink(self, where: str, _detail: None) -> None:
        self._add(where, None)

    _remove_folder = _unlink


def write_tree(folder: Path, tree: Tree) -> None:
    """Make a tree real."""
    folder.mkdir()
    for name, content in tree.items():
        if isinstance(content, bytes):
            (folder / name).write_bytes(content)
        else:
            write_tree(folder / name, content)


def _changed(names: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {name: node for name, node in {**names, **changes}.items() if node is not None}


def _left(folder: Folder, whole: str, chance: random.Random) -> Tree:
    names = folder.durable
    for changes in folder.pending:
        if whole == "all" or (whole == "some" and chance.random() < 0.7):
            names = _changed(names, changes)
    return {
        name: _left(node, whole, chance) if isinstance(node, Folder) else _bytes_left(node, whole, chance)
        for name, node in names.items()
    }


def _bytes_left(file: File, whole: str, chance: random.Random) -> bytes:
    content = file.durable
    for place, written in file.pending:
        fate = chance.choice(("lost", "torn", "zeros", "old", "whole")) if whole == "some" else whole
        if fate in ("lost", "none"):
            continue
        if written is None:
            content = content[:place]
            continue
        size = len(written)
        kept = {"torn": written[: chance.randrange(size + 1)], "zeros": bytes(size), "old": chance.randbytes(size)}
        content = content[:place].ljust(place, b"\0") + kept.get(fate, written)
    return content
