from typing import Any

import pytest

from atalho.cli import retrieval


def found(rank1: float, **more: Any) -> dict[str, Any]:
    figures = dict.fromkeys(("rank5", "rank10", "rank20", "map", "minp"), 0.75) | {"rank1": rank1}
    intervals = {f"{name}_interval": [0.5, 0.9] for name in figures}
    about = {"split": "test", "queries": 920, "valid_queries": 900, "protocol": "cross-camera"}
    return about | figures | intervals | more


def test_scripts_find_the_same_four_figures_also_where_nothing_was_measured() -> None:
    assert retrieval.summary(found(0.9)) == {"rank1": 0.9, "map": 0.75, "minp": 0.75, "valid_queries": 900}
    assert retrieval.summary({}) == {"rank1": None, "map": None, "minp": None, "valid_queries": None}


def test_plain_figures(capsys: pytest.CaptureFixture[str]) -> None:
    retrieval.say(found(0.9))
    first, second = capsys.readouterr().out.splitlines()
    assert first == ("test: rank-1 90.0% [50.0%, 90.0%] · 900 of 920 queries have a right answer (cross-camera)")
    assert second.split(" · ")[0] == "rank-5 75.0% [50.0%, 90.0%]"
    assert second.endswith("mAP 75.0% [50.0%, 90.0%] · mINP 75.0% [50.0%, 90.0%]")


def test_what_was_measured_beside_them_stands_in_lines_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    reranked = found(0.95) | {"k1": 20, "k2": 6, "share": 0.3}
    at = {"similarity": 0.5, "far": 0.01, "far_interval": [0.0, 0.02], "frr": 0.1, "frr_interval": [0.0, 0.2],
          "genuine": 10, "impostor": 300}  # fmt: skip
    retrieval.say(found(0.9, reranked=reranked, expanded=found(0.8) | {"answers": 3}, at_threshold=at))
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].startswith("after k-reciprocal re-ranking (k1 20, k2 6, share 0.3): rank-1 95.0%")
    assert lines[3].startswith("each query averaged with its first 3 answers: rank-1 80.0%")
    assert lines[4] == "threshold: similarity 0.500"
    assert len(lines) == 7
