"""Several processes that train together."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from atalho.errors import ConfigError, ReportedElsewhereError
from atalho.storage import log
from atalho.training.distributed import Ranks, from_environment, joined

Found = tuple[Path, list[dict[str, Any]]]
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
    with pytest.raises(ConfigError, match=r"WORLD_SIZE is 2 .* RANK, MASTER_PORT is missing"):
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


def test_a_rank_with_a_single_image_is_refused() -> None:
    Ranks(world=4).refuse_small(8)
    Ranks().refuse_small(1)
    with pytest.raises(ConfigError, match="smallest batch has 7 images, too few for 4 processes"):
        Ranks(world=4).refuse_small(7)


def test_what_one_process_does_is_not_done_by_several() -> None:
    Ranks().refuse_company()
    with pytest.raises(ConfigError, match="without torchrun"):
        Ranks(world=2).refuse_company()


def test_an_error_that_is_told_elsewhere_keeps_the_exit_code() -> None:
    assert ReportedElsewhereError(143).exit_code == 143


def test_ranks_agree_on_a_signal_and_on_who_speaks(found: Found) -> None:
    for rank in found[1]:
        assert (rank["signal"], rank["no signal"]) == (15, None)
        assert rank["lowest"] == [1, 0]
    assert [rank["speaks"] for rank in found[1]] == ["ReportedElsewhereError 2", "DataError 2"]


def test_both_ranks_end_with_the_same_tensors_and_one_run(
    found: Found,
) -> None:
    out, (first, second) = found
    assert first["tensors"] == second["tensors"]
    assert first["top1"] == second["top1"] is not None
    rows = log.read(out / "run" / "metrics.jsonl")
    assert [row["step"] for row in rows if row["kind"] == "step"] == [1, 2, 3, 4]
    record = json.loads((out / "run" / "provenance.json").read_text())
    assert record["fingerprint"]["ranks"] == 2
