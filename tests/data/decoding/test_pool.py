import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from atalho import cores
from atalho.data.decoding.fit import Fit
from atalho.data.decoding.pool import DecoderPool, ImageFiles, workers_for
from atalho.errors import DataError


def pool(workers: int) -> DecoderPool:
    return DecoderPool(workers, max_pixels=10**6, tiff=False)


def some(fashion: Path, count: int) -> list[str]:
    return [str(path) for path in sorted((fashion / "test" / "bag").iterdir())[:count]]


@pytest.mark.parametrize("workers", [0, 1, 2, 3])
def test_results_come_in_order_and_do_not_depend_on_the_workers(fashion: Path, workers: int) -> None:
    paths = some(fashion, 30)
    parts = [paths[first : first + 4] for first in range(0, 30, 4)]
    with pool(0) as alone, pool(workers) as several:
        expected = [pixels.copy() for pixels, _bad in alone.decode(map(ImageFiles, parts), Fit(20), 3)]
        found = list(several.decode(map(ImageFiles, parts), Fit(20), 3))
    assert [len(pixels) for pixels, _bad in found] == [4] * 7 + [2]
    for (pixels, bad), wanted in zip(found, expected, strict=True):
        np.testing.assert_array_equal(pixels, wanted)
        assert bad == []


@pytest.mark.parametrize("workers", [0, 2])
def test_bad_images_are_told_by_their_place(fashion: Path, tmp_path: Path, workers: int) -> None:
    (tmp_path / "x.png").write_bytes(b"x")
    paths = some(fashion, 2)
    with pool(workers) as both:
        (pixels, bad) = next(both.decode([ImageFiles([paths[0], str(tmp_path / "x.png"), paths[1]])], Fit(8), 1))
        rows = next(both.survey([[str(tmp_path / "x.png"), paths[0]]]))
    assert pixels.shape == (3, 8, 8, 1)
    assert pixels[1].max() == 0 < pixels[2].max()
    assert [place for place, _reason in bad] == [1]
    assert rows[0] == bad[0][1]
    assert rows[1][1:4] == [28, 28, True]


def test_paths_that_are_no_text_reach_the_workers(fashion: Path, tmp_path: Path) -> None:
    name = os.fsdecode(bytes(tmp_path) + b"/\xff.png")
    Path(name).write_bytes(Path(some(fashion, 1)[0]).read_bytes())
    with pool(1) as one:
        assert next(one.decode([ImageFiles([name])], Fit(8), 1)).bad == []


def test_only_a_few_parts_are_decoded_ahead(fashion: Path) -> None:
    taken: list[int] = []
    paths = some(fashion, 1)

    def parts() -> object:
        for number in range(50):
            taken.append(number)
            yield ImageFiles(paths)

    with pool(2) as two:
        next(two.decode(parts(), Fit(8), 1))  # type: ignore[arg-type]
    assert len(taken) < 10


def test_a_worker_that_dies_is_an_error_that_names_its_images(fashion: Path) -> None:
    paths = some(fashion, 3)
    with pool(1) as one:
        results = one.decode([ImageFiles(paths)] * 20, Fit(8), 1)
        next(results)
        os.kill(one._processes[0].pid, signal.SIGKILL)
        with pytest.raises(
            DataError, match=r"ended with code -9 while it read 3 images from .*0000\.png to .*0002\.png"
        ):
            list(results)


def test_workers_ignore_the_signals_that_their_parent_handles(fashion: Path) -> None:
    paths = some(fashion, 3)
    with pool(1) as one:
        results = one.decode([ImageFiles(paths)] * 10, Fit(8), 1)
        next(results)
        for number in (signal.SIGINT, signal.SIGTERM):
            os.kill(one._processes[0].pid, number)
        assert len(list(results)) == 9


def test_a_signal_that_comes_while_a_worker_starts_does_not_end_it(fashion: Path) -> None:
    paths = some(fashion, 3)
    with pool(1) as one:
        results = one._threads.submit(one._in_process, {"kind": "survey", "paths": paths, **one._limits})
        while not one._processes:
            pass
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(one._processes[0].pid, number)
        assert len(results.result()[0]["rows"]) == 3


def test_closing_ends_the_workers(fashion: Path) -> None:
    two = pool(2)
    list(two.decode([ImageFiles(some(fashion, 1))] * 6, Fit(8), 1))
    processes = list(two._processes)
    two.close()
    assert [process.poll() for process in processes] == [0] * len(processes)


def test_workers_end_when_their_parent_is_killed(fashion: Path) -> None:
    program = (
        "import sys, time; from atalho.data.decoding.pool import DecoderPool, ImageFiles\n"
        "from atalho.data.decoding.fit import Fit; pool = DecoderPool(1, max_pixels=10**6, tiff=False)\n"
        "next(pool.decode([ImageFiles([sys.argv[1]])], Fit(8), 1))\n"
        "print(pool._processes[0].pid, flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", program, some(fashion, 1)[0]]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        parent.kill()
    end = time.monotonic() + 20
    while running(worker) and time.monotonic() < end:
        time.sleep(0.01)
    assert not running(worker)


def running(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_a_worker_does_not_import_torch() -> None:
    program = "import sys, atalho.data.decoding.process; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_module_in_the_current_folder_is_not_imported(
    fashion: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "numpy.py").write_text("raise SystemExit(7)")
    monkeypatch.chdir(tmp_path)
    with pool(1) as one:
        assert next(one.decode([ImageFiles(some(fashion, 1))], Fit(8), 1)).bad == []


def test_the_global_generator_is_left_alone(fashion: Path) -> None:
    before = torch.get_rng_state()
    with pool(2) as two:
        list(two.decode([ImageFiles(some(fashion, 2))] * 3, Fit(8), 1))
    assert torch.equal(before, torch.get_rng_state())


def test_how_many_workers() -> None:
    assert workers_for(10, None) == 0
    assert workers_for(10, 3) == 3
    assert workers_for(10**6, None) == min(16, cores.usable())
    assert workers_for(10**6, 0) == 0


@pytest.mark.parametrize("workers", [0, 1])
def test_a_part_without_files(workers: int) -> None:
    with DecoderPool(workers, max_pixels=100, tiff=False) as pool:
        (found,) = pool.decode([ImageFiles([])], Fit(8), 3)
    assert found.pixels.shape == (0, 8, 8, 3)
    assert found.bad == []
