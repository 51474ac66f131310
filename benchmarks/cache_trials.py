"""Builders of the packed cache in processes of their own: killed at any instant, several at once, on a full disk."""

import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
from real_runs import Place

from atalho.data import layouts
from atalho.data.decoding.decode import decode_square
from atalho.data.decoding.fit import Fit
from atalho.data.decoding.packed import open_images
from atalho.data.decoding.reading import ReadingOptions
from atalho.data.decoding.survey import survey
from atalho.data.manifest import Manifest
from atalho.errors import DataError

SIDE = 48


def check_all(place: Place, folder: Path, count: int, seed: int) -> dict[str, int]:
    """Kill `count` builders, let `count` // 4 pairs build at once, fill the disk; AssertionError on a wrong pixel."""
    shutil.rmtree(folder, ignore_errors=True)
    manifest = layouts.read(place.images, val_fraction=0, test_fraction=0.2, split_seed=0)
    paths = [manifest.path(number) for number in range(len(manifest))]
    expected = np.stack([decode_square(path, fit=Fit(SIDE), channels=1) for path in paths])
    since = time.monotonic()
    _check(manifest, folder / "whole", expected)
    life = time.monotonic() - since
    counts = {"killed": 0, "killed too late": 0, "at once": 0}
    for number in range(count):
        chance = random.Random(f"{seed} {number}")
        cache = folder / f"killed-{number}"
        builder = _fork(manifest, cache, expected)
        time.sleep(chance.uniform(0, life * 1.2))
        os.kill(builder, signal.SIGKILL)
        ended = os.waitstatus_to_exitcode(os.waitpid(builder, 0)[1])
        counts["killed" if ended == -signal.SIGKILL else "killed too late"] += 1
        _check(manifest, cache, expected)
        shutil.rmtree(cache)
    for number in range(count // 4):
        cache = folder / f"pair-{number}"
        pair = [_fork(manifest, cache, expected) for _builder in range(2)]
        assert [os.waitpid(builder, 0)[1] for builder in pair] == [0, 0], "a builder that had company failed"
        _check(manifest, cache, expected)
        assert len(list((cache / "packed").iterdir())) == 1
        counts["at once"] += 1
        shutil.rmtree(cache)
    return {kind: found for kind, found in counts.items() if found} | _full(manifest, folder / "full")


def _check(manifest: Manifest, cache: Path, expected: np.ndarray) -> None:
    found = survey(manifest, ReadingOptions(workers=0), cache_dir=cache)
    images = open_images(manifest, found, ReadingOptions(workers=0), fit=Fit(SIDE), channels=1, cache_dir=cache)
    np.testing.assert_array_equal(images[np.arange(len(manifest))].permute(0, 2, 3, 1).numpy(), expected)


def _fork(manifest: Manifest, cache: Path, expected: np.ndarray) -> int:
    builder = os.fork()
    if builder == 0:
        try:
            _check(manifest, cache, expected)
            os._exit(0)
        finally:
            os._exit(1)
    return builder


def _full(manifest: Manifest, disk: Path) -> dict[str, int]:
    """A real disk in memory that is too small by more and more, where this machine lets one be mounted."""
    disk.mkdir()
    refused = 0
    for kilobytes in range(16, 512, 32):
        mount = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "none", str(disk)]
        if subprocess.run(mount, capture_output=True, check=False).returncode:
            return {}
        try:
            refused += _refused(manifest, disk)
            assert not list(disk.glob("cache/*/*.tmp")), "something half done was left"
        finally:
            subprocess.run(["umount", str(disk)], check=True)
    return {"full disk": refused}


def _refused(manifest: Manifest, disk: Path) -> bool:
    try:
        found = survey(manifest, ReadingOptions(workers=0), cache_dir=disk / "cache")
        # What the system says of the room left is not asked, as if the disk had filled up in between.
        usage, shutil.disk_usage = shutil.disk_usage, lambda _path: _Much()
        try:
            open_images(manifest, found, ReadingOptions(workers=0), fit=Fit(SIDE), channels=1, cache_dir=disk / "cache")
        finally:
            shutil.disk_usage = usage
    except DataError as error:
        assert "No space left on device" in str(error), error
        return True
    return False


class _Much:
    free = 2**40
