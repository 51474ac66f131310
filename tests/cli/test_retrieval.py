from typing import Any

import pytest

from atalho.cli import retrieval
from atalho.cli.evaluate import summary
from atalho.metrics.verification import Threshold
from atalho.tasks.reidentification.evaluation import ExpandedFigures, ReidentificationEvaluation, RerankedFigures


def figures(rank1: float) -> dict[str, Any]:
    shares = dict.fromkeys(("rank5", "rank10", "rank20", "map", "minp"), 0.75) | {"rank1": rank1}
    intervals = {f"{name}_interval": (0.5, 0.9) for name in shares}
    return {"queries": 920, "valid_queries": 900, "identities": 46} | shares | intervals


def found(rank1: float, **more: Any) -> ReidentificationEvaluation:
    about = {"split": "test", "images": 1000, "protocol": "cross-camera", "average_precision": "hits", "lists": ()}
    return ReidentificationEvaluation(**about, **figures(rank1), **more)


def test_scripts_find_the_same_figures_also_where_nothing_was_measured() -> None:
    figures = {"rank1": 0.9, "map": 0.75, "minp": 0.75, "valid_queries": 900, "precision": "fp32", "duplicates": None}
    assert summary("reid", found(0.9, precision="fp32")) == figures
    assert summary("reid", None) == dict.fromkeys(figures)
    assert summary("classification", None) == {"top1": None, "precision": None, "duplicates": None}


def test_plain_figures(capsys: pytest.CaptureFixture[str]) -> None:
    retrieval.say(found(0.9))
    first, second = capsys.readouterr().out.splitlines()
    assert first == ("test: rank-1 90.0% [50.0%, 90.0%] · 900 of 920 queries have a right answer (cross-camera)")
    assert second.split(" · ")[0] == "rank-5 75.0% [50.0%, 90.0%]"
    assert second.endswith("mAP 75.0% [50.0%, 90.0%] · mINP 75.0% [50.0%, 90.0%]")


def test_what_was_measured_beside_them_stands_in_lines_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    reranked, expanded = RerankedFigures(**figures(0.95)), ExpandedFigures(answers=3, **figures(0.8))
    at = Threshold(similarity=0.5, wanted_far=0.01, far=0.01, far_interval=(0.0, 0.02), frr=0.1,
                   frr_interval=(0.0, 0.2), genuine=10, impostor=300)  # fmt: skip
    retrieval.say(found(0.9, reranked=reranked, expanded=expanded, at_threshold=at))
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].startswith("after k-reciprocal re-ranking (k1 20, k2 6, lambda 0.3): rank-1 95.0%")
    assert lines[3].startswith("after averaging each query with its first 3 answers: rank-1 80.0%")
    assert lines[4] == "threshold: similarity 0.500"
    assert len(lines) == 7
