"""Several processes that train together."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from atalho.errors import ConfigError, ElsewhereError
from atalho.storage import log
from atalho.training.distributed import Ranks, from_environment, joined

PROGRAM = Path(__file__).with_name("ranks_program.py")
TORCHRUN = {
    "RANK": "3",
    "WORLD_SIZE": "4",
    "LOCAL_RANK": "1",
    "MASTER_ADDR": "localhost",
    "MASTER_PORT": "1",
    "TORCHELASTIC_RUN_ID": "none",
    "TORCHELASTIC_RESTART_COUNT": "2",
    "TORCHELASTIC_MAX_RESTARTS": "3",
}


def test_a_process_that_nobody_started_is_alone() -> None:
    assert from_environment({}) == Ranks()
    with joined() as ranks:
        assert ranks == Ranks()


def test_torchrun_says_who_a_process_is() -> None:
    ranks = from_environment(TORCHRUN)
    assert (ranks.rank, ranks.world, ranks.local) == (3, 4, 1)
    assert (ranks.restarts, ranks.most_restarts) == (2, 3)
    assert ranks.echo > 0
    assert not ranks.is_main


def test_one_process_of_torchrun_is_alone_but_may_be_restarted() -> None:
    ranks = from_environment(TORCHRUN | {"RANK": "0", "WORLD_SIZE": "1"})
    assert (ranks.rank, ranks.world, ranks.restarts) == (0, 1, 2)


def test_half_an_environment_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"WORLD_SIZE is 2 .* RANK, MASTER_PORT is not there"):
        from_environment({"WORLD_SIZE": "2", "MASTER_ADDR": "localhost"})


def test_alone_everything_returns_at_once() -> None:
    ids = np.arange(5)
    alone = Ranks()
    assert alone.share(ids) is ids
    assert alone.agree(None) is None
    assert alone.agree(15) == 15
    assert alone.lowest(True) == alone.lowest(False) == 0
    alone.wait()
    alone.tell(lambda: pytest.fail("there is nobody to tell"))


def test_a_rank_without_an_image_is_refused() -> None:
    Ranks(world=4).refuse_empty(4)
    with pytest.raises(ConfigError, match="smallest batch has 3 images, too few for 4 processes"):
        Ranks(world=4).refuse_empty(3)


def test_an_error_that_is_told_elsewhere_keeps_the_exit_code() -> None:
    assert ElsewhereError(143).exit_code == 143


@pytest.fixture(scope="module")
def found(clothes: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]]]:
    """What two ranks found."""
    out = tmp_path_factory.mktemp("ranks")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    told = subprocess.run(
        [*command, str(PROGRAM), str(out), str(clothes)],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    return out, [json.loads((out / f"{rank}.json").read_text()) for rank in (0, 1)]


@pytest.mark.parametrize("loss", ["plain", "weighted"])
def test_the_gradient_over_ranks_is_that_of_one_process(found: tuple[Path, list[dict[str, Any]]], loss: str) -> None:
    for rank in found[1]:
        assert rank[loss]["gradient"] < 1e-6
        assert rank[loss]["loss"] < 1e-6
        assert rank[loss]["right"] == 0


def test_statistics_of_norms_are_averaged_by_the_shares(found: tuple[Path, list[dict[str, Any]]]) -> None:
    assert [rank["statistics"] for rank in found[1]] == [[pytest.approx(50 / 3)]] * 2
    assert found[1][0]["statistics"] == found[1][1]["statistics"]


def test_ranks_agree_on_a_signal_and_on_who_speaks(found: tuple[Path, list[dict[str, Any]]]) -> None:
    for rank in found[1]:
        assert (rank["signal"], rank["no signal"]) == (15, None)
        assert rank["lowest"] == [1, 0]
    assert [rank["speaks"] for rank in found[1]] == ["ElsewhereError 2", "DataError 2"]


def test_both_ranks_end_with_the_same_tensors_and_one_run(
    found: tuple[Path, list[dict[str, Any]]],
) -> None:
    out, (first, second) = found
    assert first["tensors"] == second["tensors"]
    assert first["top1"] == second["top1"] is not None
    rows = log.read(out / "run" / "metrics.jsonl")
    assert [row["step"] for row in rows if row["kind"] == "step"] == [1, 2, 3, 4]
    record = json.loads((out / "run" / "provenance.json").read_text())
    assert record["fingerprint"]["ranks"] == 2
