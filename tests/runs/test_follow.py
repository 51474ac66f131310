"""Real processes under torchrun: killed, stopped, mistaken, and on two nodes."""

import importlib.util
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest
import torch

from atalho.errors import ConfigError
from atalho.precision import Precision
from atalho.runs.follow import refuse_crowded_gpu
from atalho.storage import log
from atalho.training.distributed import Ranks

GPU = Precision(torch.device("cuda"), torch.float32, "as asked")
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]


def load_benchmark() -> ModuleType:
    """The benchmark of ranks, whose trials are the slow tests here."""
    path = Path(__file__).parents[2] / "benchmarks" / "ranks.py"
    specification = importlib.util.spec_from_file_location("ranks", path)
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(path.parent)
        specification.loader.exec_module(module)
    return module


def start(*arguments: str | Path) -> subprocess.Popen[str]:
    """`atalho` by two processes."""
    command = [*TORCHRUN, "-m", "atalho", *map(str, arguments), "--lang", "en"]
    env = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env)


def test_more_ranks_than_gpus_are_refused() -> None:
    crowd = torch.cuda.device_count()
    with pytest.raises(ConfigError, match=r"More processes were started here than there are GPUs"):
        refuse_crowded_gpu(Ranks(rank=crowd, world=crowd + 2, local=crowd), GPU)
    refuse_crowded_gpu(Ranks(), GPU)


def test_ranks_that_cannot_talk_are_refused() -> None:
    apple = Precision(torch.device("mps"), torch.float32, "as asked")
    with pytest.raises(ConfigError, match=r"not on mps\. Start one, or train on the CPU"):
        refuse_crowded_gpu(Ranks(rank=0, world=2, local=0), apple)
    refuse_crowded_gpu(Ranks(), apple)


@pytest.mark.slow
def test_a_killed_rank_fewer_ranks_and_two_nodes_change_nothing_that_should_stay(tmp_path: Path) -> None:
    benchmark = load_benchmark()
    work = benchmark.Work(tmp_path)
    whole = benchmark.undisturbed(work)
    assert whole["code"] == 0
    assert whole["replicas equal"]
    for trial in (benchmark.killed(work, 0, whole["seconds"]), benchmark.two_nodes(work)):
        assert {name: trial[name] for name in benchmark.ENDING} == {name: whole[name] for name in benchmark.ENDING}
    found = benchmark.fewer_and_fewer(work)
    assert (found["missing"], found["seen more than once"], found["finished with code"]) == (0, 0, 0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "text", "count"),
    [
        (("--epochs", "many"), "--epochs", 1),
        (("--resume", "nowhere"), "Remove: --model", 1),
        (("--batch-size", "2"), "too few for 2 processes", 1),
        (("--training.lr", "1e30", "--training.warmup", "0"), "non-finite values", 1),
    ],
)
def test_a_mistake_is_told_once(
    clothes: Path, tmp_path: Path, arguments: tuple[str, ...], text: str, count: int
) -> None:
    out = () if "--resume" in arguments else ("--out", tmp_path / "x")
    told, _nothing = start("train", clothes, "--model", "resnet20", *arguments, *out).communicate()
    assert told.count(text) == count, told


@pytest.mark.slow
def test_a_signal_to_torchrun_saves_and_the_same_command_goes_on(clothes: Path, tmp_path: Path) -> None:
    command = ("train", clothes, "--model", "resnet20", "--epochs", "40", "--out", tmp_path / "x", "--continue")
    launcher = start(*command)
    steps = tmp_path / "x" / "metrics.jsonl"
    while not steps.exists() or steps.read_bytes().count(b"step") < 3:
        assert launcher.poll() is None
        time.sleep(0.02)
    launcher.send_signal(signal.SIGTERM)
    told, _nothing = launcher.communicate()
    assert told.count("Stopped and saved at step") == 1, told
    saved = sorted((tmp_path / "x" / "checkpoints").iterdir())[-1].name
    assert log.read(steps)[-1]["step"] == int(saved.removeprefix("step-"))
    again = start(*command)
    told, _nothing = again.communicate()
    assert again.returncode == 0, told
    rows = [row["step"] for row in log.read(steps) if row["kind"] == "step"]
    assert rows == list(range(1, len(rows) + 1))
