"""A residual network and its plain twin, trained for a moment on real images; and experiments that are cut short."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from power_cut import PowerCutError
from stored_results import experiment

from atalho.api.train import train
from atalho.lab.shared.result import Result
from atalho.training.progress import Progress

SPEC = {
    "family": "resnet",
    "design": "basic",
    "blocks": [2, 3],
    "widths": [8, 16],
    "stem": "small",
    "stem_channels": 8,
    "shortcut": "zero-pad",
}

Experiment = Callable[..., Result]


@pytest.fixture(scope="session")
def twins(clothes: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The run folders `residual` and `plain`; they differ in the shortcuts alone.

    Only the residual network was trained. The plain one has its weights, which fit: it needs to be none that learned.
    """
    folder = tmp_path_factory.mktemp("twins")
    residual, plain = folder / "residual", folder / "plain"
    settings = {"model.spec": SPEC, "training.lr": 0.1, "training.precision": "fp32"}
    train(clothes, epochs=3, batch_size=24, settings=settings, out=residual)
    shutil.copytree(residual, plain)
    (plain / "model" / "checksums.json").unlink()
    for name in ("run.toml", "network.json", "model/config.json"):
        text = (plain / name).read_text(encoding="utf-8")
        (plain / name).write_text(text.replace('"zero-pad"', '"none"'), encoding="utf-8")
    return residual, plain


class _After(Progress):
    """Ends an experiment when so many cells are finished."""

    def __init__(self, cells: int) -> None:
        self.left = cells

    def note(self, text: str) -> None:
        if ": done in " in text:
            self.left -= 1
            if self.left == 0:
                raise PowerCutError


def stored(result: Result) -> dict[str, Any]:
    """What an experiment wrote, which is what it gave back, and what is read again."""
    kept: dict[str, Any] = json.loads((result.path / "result.json").read_bytes())
    assert kept == result.to_dict()
    assert experiment(result.experiment).read(result.path) == result
    return kept


@pytest.fixture
def cut_short(tmp_path: Path) -> Callable[[Experiment, int], dict[str, Any]]:
    """Runs an experiment in one session, and cut short after so many cells and begun again; gives the result.

    Both sessions must agree, and nothing be measured twice. The experiment takes `out` and `progress`.
    """

    def both(run: Experiment, cells: int) -> dict[str, Any]:
        whole = stored(run(out=tmp_path / "whole", progress=None))
        folder = tmp_path / "cut"
        with pytest.raises(PowerCutError):
            run(out=folder, progress=_After(cells))
        kept = {path.name: path.stat().st_mtime_ns for path in (folder / "cells").iterdir()}
        assert len(kept) == cells
        again = stored(run(out=folder, progress=None))
        now = {path.name: path.stat().st_mtime_ns for path in (folder / "cells").iterdir()}
        assert {name: now[name] for name in kept} == kept and len(now) > cells
        for part in ("measured", "verdict", "settings", "missing"):
            assert again[part] == whole[part], part
        return whole

    return both
