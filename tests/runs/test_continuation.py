"""The same command again continues its run."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest
from power_cut import PowerCut, PowerCutError

from atalho.api.train import train
from atalho.errors import ConfigError, RunError
from atalho.runs import continuation
from atalho.runs.run import Run
from atalho.settings import validate
from atalho.training.progress import Progress


def _train(data: Path, settings: dict[str, object], out: Path, progress: Progress | None = None) -> Run:
    return train(
        data,
        model="resnet20",
        epochs=3,
        batch_size=32,
        settings=settings,
        out=out,
        continue_existing=True,
        progress=progress,
    )


def test_the_same_call_continues_and_ends_the_same(
    run: Run, clothes: Path, settings: dict[str, object], tmp_path: Path
) -> None:
    with pytest.raises(PowerCutError):
        _train(clothes, settings, tmp_path / "x", PowerCut(5))
    other = _train(clothes, settings, tmp_path / "x")
    for name in ("metrics.jsonl", "model/model.safetensors", "evaluation.json"):
        assert (run.path / name).read_bytes() == (other.path / name).read_bytes(), name


def test_other_settings_are_another_run(clothes: Path, settings: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(PowerCutError):
        _train(clothes, settings, tmp_path / "x", PowerCut(5))
    with pytest.raises(RunError, match="was started with different settings, so it is not continued"):
        _train(clothes, settings | {"training.seed": 1}, tmp_path / "x")
    with pytest.raises(RunError, match="already exists"):
        train(clothes, model="resnet20", epochs=3, batch_size=32, settings=settings, out=tmp_path / "x")


def test_what_was_ended_before_the_run_began_is_begun_again(
    clothes: Path, settings: dict[str, object], tmp_path: Path
) -> None:
    with pytest.raises(PowerCutError):
        _train(clothes, settings, tmp_path / "x", PowerCut(5))
    for name in ("run.toml", "metrics.jsonl", "timing.json"):
        (tmp_path / "x" / name).unlink()
    shutil.rmtree(tmp_path / "x" / "checkpoints")
    (tmp_path / "x" / ".tmp-run.toml-0a1b2c3d").write_text("half")
    with pytest.raises(PowerCutError):
        _train(clothes, settings, tmp_path / "x", PowerCut(5))
    assert (tmp_path / "x" / "run.toml").is_file()
    assert not (tmp_path / "x" / ".tmp-run.toml-0a1b2c3d").exists()


def test_a_folder_of_something_else_is_never_taken(clothes: Path, settings: dict[str, object], tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(RunError, match="already exists"):
        _train(clothes, settings, tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_a_run_that_is_to_be_found_again_needs_a_folder(clothes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="--continue needs the run's folder"):
        train(clothes, continue_existing=True)
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "none")
    monkeypatch.setenv("TORCHELASTIC_MAX_RESTARTS", "3")
    with pytest.raises(ConfigError, match="torchrun may restart these processes"):
        train(clothes)


def test_a_restarted_process_continues_without_being_asked(
    run: Run, clothes: Path, settings: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(PowerCutError):
        _train(clothes, settings, tmp_path / "x", PowerCut(5))
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "none")
    monkeypatch.setenv("TORCHELASTIC_RESTART_COUNT", "1")
    other = train(clothes, model="resnet20", epochs=3, batch_size=32, settings=settings, out=tmp_path / "x")
    assert (run.path / "metrics.jsonl").read_bytes() == (other.path / "metrics.jsonl").read_bytes()


def test_the_identity_does_not_depend_on_the_folder_it_is_asked_from(
    clothes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def digest(values: dict[str, object]) -> str:
        return continuation.command_digest(values, validate(values))

    whole = digest({"data": {"path": str(clothes)}})
    monkeypatch.chdir(clothes.parent)
    assert digest({"data": {"path": clothes.name}}) == whole
    assert digest({"data": {"path": clothes.name}, "training": {"seed": 1}}) != whole


def test_the_digest_is_that_of_runs_that_began_with_older_versions() -> None:
    values = {"data": {"path": "/data/clothes"}, "model": {"name": "resnet20"}, "training": {"epochs": 3, "lr": 1}}
    expected = hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
    assert continuation.command_digest(values, validate(values)) == expected
