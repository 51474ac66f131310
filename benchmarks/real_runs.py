"""Real trainings in processes of their own, to be killed and signalled, on real images at tiny size.

A process is forked from this one, which has imported everything and started no thread, and runs the program's own
entry point. So a trial costs the training and not the imports; what is killed is a process like any other.
"""

import contextlib
import importlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from PIL import Image

from atalho import cli
from atalho.data import samples
from atalho.report import figures, html
from atalho.runs import finish
from atalho.storage import run_folder
from atalho.text import use_language

SIDE, IMAGES, EPOCHS, BATCH = 12, 40, 5, 12
NETWORK = """
family = "resnet"
design = "basic"
blocks = [1, 1]
widths = [8, 16]
stem = "small"
stem_channels = 8
"""
SETTINGS = (
    *("--batch-size", str(BATCH), "--training.threads", "1", "--training.precision", "fp32"),
    *("--training.lr", "0.05", "--augment.pad", "1"),
)
STREAMED = ("--data.cache-gb", "0", "--data.workers", "2")


NEEDED = ("torch._dynamo", "atalho.cli.app", "atalho.cli.train", "atalho.api.train", "atalho.data.samples")
"""What a training imports, most of it only when it is needed."""


class Place:
    """A folder with images, a network and a cache, where runs are made."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.images, self.network = folder / "images", folder / "network.toml"

    def prepare(self) -> None:
        """Make what is not there yet: three classes of Fashion-MNIST, a network of two blocks."""
        os.environ["ATALHO_CACHE"] = str(self.folder / "cache")
        self.folder.mkdir(parents=True, exist_ok=True)
        self.network.write_text(NETWORK)
        if not self.images.exists():
            whole = samples.unpack("fashion", self.folder / "fashion")
            for name in ("bag", "sneaker", "trouser"):
                for split, count in (("train", IMAGES), ("test", IMAGES // 2)):
                    target = self.images / split / name
                    target.mkdir(parents=True)
                    for image in sorted((whole / split / name).iterdir())[:count]:
                        with Image.open(image) as picture:
                            picture.resize((SIDE, SIDE), Image.Resampling.BILINEAR).save(target / image.name)

    def command(self, run: Path, *, streamed: bool, epochs: int = EPOCHS, save_every: int = 2) -> list[str]:
        """What brings `run` to its end, whatever is there of it; steps lie between two checkpoints."""
        if (run / run_folder.CONFIG).is_file():
            return ["train", "--resume", str(run)]
        options = ["--epochs", str(epochs), "--training.checkpoint-steps", str(save_every)]
        options += STREAMED if streamed else ()
        return ["train", str(self.images), "--model", str(self.network), *SETTINGS, *options, "--out", str(run)]


def get_ready(run: Path) -> None:
    """Import what a training imports, and draw the figures of a finished run, which imports more. Starts no thread."""
    for name in NEEDED:
        importlib.import_module(name)
    if run.is_dir():
        figures.write_all(run)
        html.write(run, pictures={})
    assert len(list(Path("/proc/self/task").iterdir())) == 1, "a process with threads must not be forked"


class Training:
    """A process that trains `run`, in a group of its own; what it prints goes to a file beside the run.

    Its report is left out unless it is to be `drawn`: figures take nine tenths of the time of so small a run.
    """

    def __init__(self, place: Place, run: Path, *, streamed: bool = False, drawn: bool = False, **options: int) -> None:
        self.run = run
        command = place.command(run, streamed=streamed, **options)
        self.number = os.fork()
        if self.number == 0:
            _become(command, run.with_suffix(".txt"), drawn)

    @property
    def code(self) -> int | None:
        """The exit code, minus the signal's number where a signal ended it; None while it runs."""
        done, status = os.waitpid(self.number, os.WNOHANG)
        return os.waitstatus_to_exitcode(status) if done else None

    def wait(self, seconds: float = 300) -> int:
        """The exit code at its end. Raises TimeoutError."""
        found = self.until(lambda: False, seconds)
        if found is None:
            self.kill()
            raise TimeoutError(f"{self.run} did not end")
        return found

    def until(self, reached: Callable[[], bool], seconds: float) -> int | None:
        """Wait until something is so or the time is over: None. Where the process ends first: its exit code."""
        end = time.monotonic() + seconds
        while not reached() and time.monotonic() < end:
            code = self.code
            if code is not None:
                return code
            time.sleep(0.0003)
        return None

    def worked(self) -> float:
        """Seconds that the process has computed: unlike the clock, the same however busy the machine is."""
        with contextlib.suppress(OSError):
            return int(Path(f"/proc/{self.number}/schedstat").read_text().split()[0]) / 1e9
        return 0.0

    def kill(self) -> int:
        """SIGKILL; the exit code."""
        os.kill(self.number, signal.SIGKILL)
        return os.waitstatus_to_exitcode(os.waitpid(self.number, 0)[1])

    def workers(self) -> list[int]:
        """The processes that decode for it."""
        with contextlib.suppress(OSError):
            return [int(n) for n in Path(f"/proc/{self.number}/task/{self.number}/children").read_text().split()] + [
                int(child)
                for task in Path(f"/proc/{self.number}/task").iterdir()
                if task.name != str(self.number)
                for child in (task / "children").read_text().split()
            ]
        return []

    def signal_all(self, number: int) -> int:
        """Send a signal to the process, its group and its workers, as a scheduler does; how many workers there were."""
        workers = self.workers()
        os.killpg(self.number, number)
        for worker in workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker, number)
        return len(workers)


def endings(run: Path) -> dict[str, bytes]:
    """What must be equal to the byte: the last checkpoint (weights, averages, momentum, sums), log, model, result.

    Not which run the checkpoint belongs to: a run with streamed images has other settings.
    """
    last = max((run / run_folder.CHECKPOINTS).glob("step-*"))
    names = [run_folder.LOG, f"{run_folder.MODEL}/model.safetensors", run_folder.EVALUATION]
    names.append(f"{run_folder.CHECKPOINTS}/{last.name}/state.safetensors")
    sums = {name: value for name, value in json.loads((last / "state.json").read_text()).items() if name != "run"}
    return {name: (run / name).read_bytes() for name in names} | {"sums": json.dumps(sums).encode()}


def steps(run: Path) -> int:
    """Steps in the metrics log."""
    with contextlib.suppress(FileNotFoundError):
        return (run / run_folder.LOG).read_bytes().count(b'"kind": "step"')
    return 0


def unfinished(run: Path) -> list[str]:
    """Files and folders of a run that were being written."""
    return sorted(str(path.relative_to(run)) for path in run.rglob(".tmp-*"))


def phase(run: Path, total: int) -> str:
    """Where in its life a run was killed."""
    left = unfinished(run)
    if any(name.startswith(f"{run_folder.CHECKPOINTS}/.tmp-step") for name in left):
        return "inside a save"
    if left:
        return "inside another write"
    if not (run / run_folder.CONFIG).is_file():
        return "before the run began"
    if not (run / run_folder.CHECKPOINTS).is_dir():
        return "before the first checkpoint"
    return "between steps or within one" if steps(run) < total else "after the last step"


@contextlib.contextmanager
def quiet(path: Path) -> Iterator[None]:
    """Send everything that this process prints to a file, from here on."""
    with path.open("ab") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    yield


def _become(command: list[str], printed: Path, drawn: bool) -> Any:
    """The forked process: the program itself."""
    code: Any = 1
    try:
        os.setsid()
        # Whoever started the campaign in the background has made it ignore this.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        use_language("en")
        if not drawn:
            finish.report = lambda *_given: None  # type: ignore[assignment]
        sys.argv = ["atalho", *command]
        with quiet(printed):
            try:
                cli.main()
            except SystemExit as end:
                code = end.code
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 1)
