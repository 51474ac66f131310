"""Which cores a process may use, on machines written down as files."""

import os
from pathlib import Path

import pytest

from atalho import cores
from atalho.cli import prepare_process


@pytest.fixture(autouse=True)
def eight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: set(range(8)), raising=False)


def write(root: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    return root


def topology(root: Path) -> Path:
    """Four cores with two threads each, of which numbers 0 and 4 are the first."""
    place = "sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"
    return write(root, {place.format(number): f"{number % 4},{number % 4 + 4}\n" for number in range(8)})


def test_hyper_threads_count_once(tmp_path: Path) -> None:
    assert cores.usable(topology(tmp_path)) == 8
    assert cores.physical(tmp_path) == 4


def test_affinity_limits_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: {0, 4, 5})
    assert cores.usable(topology(tmp_path)) == 3
    assert cores.physical(tmp_path) == 2


@pytest.mark.parametrize(
    ("files", "granted"),
    [
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "50000 100000\n"}, 1),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "250000 100000\n"}, 3),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "max 100000\n"}, 4),
        # The group's own limit, and a stricter one above it.
        (
            {
                "proc/self/cgroup": "0::/jobs/one\n",
                "sys/fs/cgroup/jobs/one/cpu.max": "300000 100000\n",
                "sys/fs/cgroup/jobs/cpu.max": "200000 100000\n",
            },
            2,
        ),
        # A container of version 1: its path on the host is not to be seen inside, its own group is the root.
        (
            {
                "proc/self/cgroup": "3:memory:/x\n2:cpu,cpuacct:/docker/abc\n",
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "150000\n",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            },
            2,
        ),
        (
            {
                "proc/self/cgroup": "2:cpu,cpuacct:/\n",
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            },
            4,
        ),
    ],
)
def test_a_quota_is_rounded_up(files: dict[str, str], granted: int, tmp_path: Path) -> None:
    write(topology(tmp_path), files)
    assert cores.physical(tmp_path) == granted
    assert cores.usable(tmp_path) == (8 if granted == 4 else granted)


def test_elsewhere_the_logical_cores_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert (cores.usable(tmp_path), cores.physical(tmp_path)) == (6, 6)
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert (cores.usable(tmp_path), cores.physical(tmp_path)) == (1, 1)


def test_the_command_line_uses_the_physical_cores_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores, "physical", lambda: 3)
    monkeypatch.setenv("OMP_NUM_THREADS", "")
    monkeypatch.delenv("OMP_NUM_THREADS")
    prepare_process()
    assert os.environ["OMP_NUM_THREADS"] == "3"
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    prepare_process()
    assert os.environ["OMP_NUM_THREADS"] == "7"
