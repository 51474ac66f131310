"""The cores that this process may use: what its affinity allows and what a container's quota grants."""

import math
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Final

from atalho import system

_ROOT: Final = Path("/")


def usable(root: Path = _ROOT) -> int:
    """Logical cores, at least one: a quota of half a core is one."""
    return min([len(system.processors()), *_quotas(root)])


def physical(root: Path = _ROOT) -> int:
    """As `usable`, with the hyper-threads of one core counted once, where the system tells which those are."""
    cores = {_siblings(number, root) for number in system.processors()}
    return min([len(cores), *_quotas(root)])


def _siblings(number: int, root: Path) -> str:
    """The logical cores that share the physical core of `number`, as the system writes them."""
    try:
        return _read(root / f"sys/devices/system/cpu/cpu{number}/topology/thread_siblings_list").strip()
    except OSError:
        return str(number)


def _quotas(root: Path) -> Iterator[int]:
    """Cores' worth of time, rounded up, that each control group around this process grants; none without a limit."""
    try:
        lines = _read(root / "proc/self/cgroup").splitlines()
    except OSError:
        return
    for line in lines:
        _number, controllers, path = line.split(":", 2)
        version1 = "cpu" in controllers.split(",")
        if controllers and not version1:
            continue
        group = PurePosixPath(path)
        # In a container the groups may be visible from its own on, or from the machine's root on.
        for place in (group, *group.parents):
            folder = root / "sys/fs/cgroup" / ("cpu" if version1 else "") / place.relative_to("/")
            with suppress(OSError, ValueError):  # no such file, or "max"
                quota, period = _version1(folder) if version1 else _read(folder / "cpu.max").split()
                if int(quota) > 0:  # -1 is no limit
                    yield max(1, math.ceil(int(quota) / int(period)))


def _version1(folder: Path) -> tuple[str, str]:
    return _read(folder / "cpu.cfs_quota_us"), _read(folder / "cpu.cfs_period_us")


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")
