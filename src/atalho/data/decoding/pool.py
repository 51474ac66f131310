"""A pool of decoder processes, each fed by a thread of this process. With no workers the jobs are done here.

Plain subprocesses, not `multiprocessing`: a fork would copy torch's threads, and a spawn would run the user's own
script again.
"""

import json
import os
import subprocess
import sys
import threading
import weakref
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from atalho import cores, system
from atalho.data.decoding.fit import Fit
from atalho.data.decoding.process import Answer, work
from atalho.data.decoding.reading import ReadingOptions
from atalho.errors import DataError
from atalho.text import Text, language

_MOST: Final = 16
_WORTH_A_PROCESS: Final = 500
_PROGRAM: Final = "import sys; sys.path.append(sys.argv[1]); from atalho.data.decoding.process import main; main()"


class ImageFiles(NamedTuple):
    """Paths of images and, where they are known, the digests of their contents in hex ("" for one that is not).

    `whole` says of each whether it is decoded at its own size, and no large JPEG at a smaller one; none if not given.
    """

    paths: Sequence[str]
    digests: Sequence[str] = ()
    whole: Sequence[bool] = ()


class DecodedImages(NamedTuple):
    """Decoded images (N, P, P, C) uint8 and, for each that cannot be read, its place and the reason."""

    pixels: NDArray[np.uint8]
    bad: list[tuple[int, Text]]


def workers_for(images: int, given: int | None) -> int:
    """Decoder processes to use: as given, else one per core, none for a few images."""
    if given is not None:
        return given
    return min(_MOST, cores.usable()) if images >= _WORTH_A_PROCESS else 0


class DecoderPool:
    """Decoder processes, started when first needed; ended by `close`, a with block, or when nobody has the pool."""

    def __init__(self, workers: int, *, max_pixels: int, tiff: bool, avif: bool = False) -> None:
        self.workers = workers
        self._limits: dict[str, Any] = {"max_pixels": max_pixels, "tiff": tiff, "avif": avif}
        self._threads = ThreadPoolExecutor(
            max(1, workers), thread_name_prefix="atalho-decode", initializer=system.leave_signals
        )
        self._local = threading.local()
        self._processes: list[subprocess.Popen[bytes]] = []
        self._end = weakref.finalize(self, _end, self._threads, self._processes)

    @classmethod
    def over(cls, images: int, options: ReadingOptions) -> Self:
        """As many processes as so many images are worth."""
        workers = workers_for(images, options.workers)
        return cls(workers, max_pixels=options.max_pixels, tiff=options.tiff, avif=options.avif)

    def survey(self, parts: Iterable[Sequence[str]]) -> Iterator[list[Any]]:
        """For each part of the paths, in order, the rows of `survey_files`."""
        for answer, _payload in self._ordered({"kind": "survey", "paths": part} for part in parts):
            yield answer["rows"]

    def decode(self, parts: Iterable[ImageFiles], fit: Fit, channels: int) -> Iterator[DecodedImages]:
        """For each part of the files, in order, its pixels. A few parts are decoded ahead.

        Raises DataError where the content of a file is not the one that its digest says.
        """
        jobs = ({"kind": "decode", **part._asdict(), "fit": asdict(fit), "channels": channels} for part in parts)
        for answer, payload in self._ordered(jobs):
            shape = (-1, fit.side, fit.side, channels)
            yield DecodedImages(np.frombuffer(payload, dtype=np.uint8).reshape(shape), answer["bad"])

    def close(self) -> None:
        """End the processes; jobs not yet begun are dropped."""
        self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ordered(self, jobs: Iterable[dict[str, Any]]) -> Iterator[Answer]:
        waiting: deque[Future[Answer]] = deque()
        try:
            for job in jobs:
                waiting.append(self._threads.submit(self._done, {**job, **self._limits}))
                if len(waiting) > 2 * max(1, self.workers):
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()

    def _done(self, job: dict[str, Any]) -> Answer:
        answer, payload = self._in_process(job) if self.workers else work(job)
        if changed := answer.get("changed"):
            raise DataError(
                "{path} changed after it was first read. Start again when nothing is changing the images.",
                path=job["paths"][changed[0]],
            )
        rows = [row if isinstance(row, list) else Text.from_json(row) for row in answer.get("rows", [])]
        bad = [(int(place), Text.from_json(reason)) for place, reason in answer.get("bad", [])]
        return {"rows": rows, "bad": bad}, payload

    def _in_process(self, job: dict[str, Any]) -> Answer:
        process = self._process()
        assert process.stdin is not None and process.stdout is not None  # both are pipes
        try:
            process.stdin.write(json.dumps(job).encode() + b"\n")
            process.stdin.flush()
            answer = json.loads(process.stdout.readline())
            payload = bytearray(answer["bytes"])
            if process.stdout.readinto(payload) != len(payload):  # type: ignore[attr-defined]
                raise EOFError
        except (OSError, ValueError, EOFError) as error:
            process.kill()
            code = process.wait()
            paths = job["paths"]
            raise DataError(
                "a decoding process ended with code {code} while it read {count} images from {first} to {last}",
                code=code,
                count=len(paths),
                first=paths[0] if paths else "",
                last=paths[-1] if paths else "",
            ) from error
        return answer, payload

    def _process(self) -> subprocess.Popen[bytes]:
        process: subprocess.Popen[bytes] | None = getattr(self._local, "process", None)
        if process is None:
            package = Path(__file__).parents[3]
            process = subprocess.Popen(
                # -P: nothing is imported from the current folder, which may be the user's data.
                [sys.executable, "-P", "-c", _PROGRAM, str(package)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                **system.OWN_GROUP,
                env={**os.environ, "LANGUAGE": language(), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
            )
            self._local.process = process
            self._processes.append(process)
        return process


def _end(threads: ThreadPoolExecutor, processes: list[subprocess.Popen[bytes]]) -> None:
    threads.shutdown(wait=True, cancel_futures=True)
    for process in processes:
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):  # of a process that died, with a job still in the pipe
                    pipe.close()
        process.wait()
