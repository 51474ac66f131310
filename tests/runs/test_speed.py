"""How a CPU computes: what is measured before a run, what is kept of it, and what a run does with it."""

import re
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from atalho import precision
from atalho.api.train import resume, train
from atalho.config import Config, TrainingConfig
from atalho.networks import specify
from atalho.runs import speed
from atalho.runs.run import Run
from atalho.runs.step_speed import Measurement, Speed, Way, Workload
from atalho.settings import change
from atalho.storage.run_folder import RunFolder
from atalho.storage.run_records import Provenance

SMALL = Workload(specify("resnet20", classes=3, in_channels=1), 16, 32, 10**6)
FP32, CONTIGUOUS = Way("fp32", "channels-last", 1), Way("fp32", "contiguous", 1)
BF16 = Way("bf16", "channels-last", 1)


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A cache of its own for every test, on a CPU with bf16 and one thread."""
    monkeypatch.setenv("ATALHO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(speed, "cpu_has_bf16", lambda: True)
    monkeypatch.setattr(speed, "default_threads", lambda: 1)
    return tmp_path / "cache"


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> dict[Way, float]:
    """Images per second by way in place of a measurement, 1 if not named. While it is empty nothing may be measured."""
    found: dict[Way, float] = {}

    def measure(work: Workload, ways: Sequence[Way], *, saving: bool, more_threads: int | None) -> Measurement:
        assert found, "measured again"
        return Measurement(work.images, work.size, tuple(Speed(way, (found.get(way, 1.0),) * 3) for way in ways))

    monkeypatch.setattr(speed, "measure", measure)
    return found


def decided(work: Workload = SMALL, **settings: Any) -> TrainingConfig:
    config = change(Config(), {f"training.{name}": value for name, value in ({"device": "cpu"} | settings).items()})
    return speed.decide(config, work)[0].training


def test_the_fastest_way_is_written_down_with_its_figures(figures: dict[Way, float]) -> None:
    figures.update({FP32: 412, BF16: 890.4})
    training = decided()
    assert (training.precision, training.layout, training.threads) == ("bf16", "channels-last", 1)
    assert training.measured == (
        f"{speed.machine()}; steps of 32 images of 16 px: fp32 channels-last 1 threads 412/s, "
        "fp32 contiguous 1 threads 1/s, bf16 channels-last 1 threads 890/s, bf16 contiguous 1 threads 1/s; "
        "the fastest; chosen: bf16 channels-last 1 threads"
    )
    config, chosen = speed.decide(Config(), SMALL)
    assert str(chosen) == "cpu bf16 (fastest here, in images/s: fp32 412, bf16 890)"
    assert config.training.measured == training.measured


def test_figures_are_kept_for_the_same_question_only(
    figures: dict[Way, float], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures.update({BF16: 900})
    assert decided().precision == "bf16"
    figures.clear()
    assert decided().precision == "bf16"
    figures.update({FP32: 900})
    assert decided(replace(SMALL, images=33)).precision == "fp32"
    assert decided(memory="saving").precision == "fp32"
    with monkeypatch.context() as other:
        other.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
        assert decided().precision == "fp32"
    with monkeypatch.context() as other:
        other.setenv("ATALHO_CACHE", str(cache.parent / "elsewhere"))
        assert decided().precision == "fp32"
    assert decided().precision == "bf16"


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"images": 2}', '{"images": 2, "side": 8, "speeds": [{"way": 1}]}']
)
def test_a_damaged_file_is_measured_again(figures: dict[Way, float], cache: Path, content: str) -> None:
    figures.update({BF16: 900})
    decided()
    (kept,) = (cache / "speed").iterdir()
    whole = kept.read_text()
    kept.write_text(content)
    decided()
    assert [path.read_text() for path in (cache / "speed").iterdir()] == [whole]


def test_of_two_that_measure_at_once_the_second_chooses_as_the_first(figures: dict[Way, float], cache: Path) -> None:
    figures.update({BF16: 900})
    decided()
    (kept,) = (cache / "speed").iterdir()
    later = Measurement(32, 16, (Speed(FP32, (7.0,)),))
    assert speed._keep(kept, later).best == BF16
    assert [path.name for path in kept.parent.iterdir()] == [kept.name]


def test_without_a_cache_every_run_measures(
    figures: dict[Way, float], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures.update({BF16: 900})
    cache.write_text("in the way")
    assert decided().precision == "bf16"


def test_a_short_run_is_not_measured(figures: dict[Way, float]) -> None:
    short = replace(SMALL, passes=1000)
    training = decided(short)
    assert (training.precision, training.layout, training.threads) == ("fp32", "channels-last", 1)
    assert training.measured == (
        f"{speed.machine()}; the run is too short to measure; chosen: fp32 channels-last 1 threads"
    )
    assert str(speed.decide(Config(), short)[1]) == "cpu fp32 (the run is too short to measure)"


def test_what_is_asked_for_is_not_measured(figures: dict[Way, float]) -> None:
    training = decided(precision="bf16", layout="contiguous", threads=3)
    assert (training.precision, training.layout, training.threads) == ("bf16", "contiguous", 3)
    assert training.measured is None
    figures.update({CONTIGUOUS: 90})
    assert decided(precision="fp32").layout == "contiguous"
    assert decided(layout="contiguous", threads=1).precision == "fp32"


def test_a_gpu_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "accelerator", lambda: "mps")
    monkeypatch.delenv("ATALHO_DEVICE")
    config, chosen = speed.decide(Config(), SMALL)
    assert config == Config()
    assert chosen.device.type == "mps"


def test_all_logical_cores_are_tried_with_what_is_fastest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(speed.cores, "physical", lambda: 1)
    monkeypatch.setattr(speed.cores, "usable", lambda: 2)
    asked = re.findall(r"(\d) threads \S+/s", decided(precision="fp32").measured or "")
    assert asked == ["1", "1", "2"]
    assert torch.get_num_threads() == 1
    asked = re.findall(r"(\d) threads \S+/s", decided(precision="fp32", threads=1).measured or "")
    assert asked == ["1", "1"]


def test_what_the_timings_leave_open_is_said_and_kept(
    monkeypatch: pytest.MonkeyPatch, cache: Path, figures: dict[Way, float]
) -> None:
    """Equal commands give equal bytes also where the first one met a busy machine."""
    one, other = Speed(FP32, (100.0, 40.0, 90.0)), Speed(BF16, (60.0, 110.0, 135.0))
    only_once = iter([Measurement(32, 16, (one, other))])
    monkeypatch.setattr(speed, "measure", lambda *_work, **_asked: next(only_once))
    asked = change(Config(), {"training.device": "cpu", "training.layout": "channels-last"})
    notes: list[str] = []
    first, chosen = speed.decide(asked, SMALL, notes.append)
    second, _chosen = speed.decide(asked, SMALL, notes.append)
    assert first == second
    assert (first.training.measured or "").endswith(
        "preferred, because the rounds disagree on what is fastest; chosen: fp32 channels-last 1 threads"
    )
    assert chosen.reason == "timings disagree, in images/s: fp32 90, bf16 110"
    (kept,) = (cache / "speed").iterdir()
    told = (
        "The timings do not tell which way of computing is fastest, perhaps because other programs are running. This "
        f"run and equal ones use fp32 channels-last 1 threads. To time them again, delete {kept}"
    )
    assert notes == [told, told]
    kept.unlink()
    monkeypatch.setattr(
        speed, "measure", lambda *_work, **_asked: Measurement(32, 16, (replace(one, beaten=True), other))
    )
    assert speed.decide(asked, SMALL, notes.append)[0].training.precision == "bf16"
    assert notes == [told, told]


def test_it_is_said_where_images_are_not_those_of_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Measurement(2, 8, (Speed(FP32, (9.0,)), Speed(BF16, (4.0,), beaten=True)))
    monkeypatch.setattr(speed, "measure", lambda *_work, **_asked: found)
    _config, chosen = speed.decide(change(Config(), {"training.device": "cpu"}), SMALL)
    assert chosen.reason == "fastest here, in images/s of 8 px: fp32 9, bf16 4"
    found = replace(found, speeds=found.speeds[:1])
    _config, chosen = speed.decide(change(Config(), {"training.device": "cpu"}), replace(SMALL, images=3))
    assert chosen.reason == "no time to compare"


def test_a_run_computes_as_it_was_decided_and_a_resume_does_not_measure(
    clothes: Path, tmp_path: Path, figures: dict[Way, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Contiguous, so that also the layout is that of the run to the last byte."""
    monkeypatch.setattr(speed, "_WORTH", 0)
    figures.update({CONTIGUOUS: 900})
    settings = {"training.checkpoint_steps": 3, "training.lr": 0.1}
    run = train(clothes, model="resnet20", epochs=2, batch_size=32, settings=settings, out=tmp_path / "run")
    training = run.config.training
    assert (training.precision, training.layout, training.threads) == ("fp32", "contiguous", 1)
    assert re.search(r'^measured = ".*chosen: fp32 contiguous 1 threads"', (run.path / "run.toml").read_text(), re.M)
    figures.clear()
    shutil.rmtree(tmp_path / "cache")
    again = tmp_path / "again"
    shutil.copytree(run.path, again)
    shutil.rmtree(max((again / "checkpoints").iterdir()))
    shutil.rmtree(again / "model")
    _same(resume(again), run)
    # The file of the first run asks for the same again, without a measurement.
    repeated = train(config=run.path / "run.toml", out=tmp_path / "repeated")
    assert (repeated.path / "run.toml").read_bytes() == (run.path / "run.toml").read_bytes()
    _same(repeated, run)


def _same(one: Run, other: Run) -> None:
    last = max(path.name for path in (other.path / "checkpoints").iterdir())
    for name in ("metrics.jsonl", "model/model.safetensors", f"checkpoints/{last}/state.safetensors"):
        assert (one.path / name).read_bytes() == (other.path / name).read_bytes(), name


def test_the_file_of_another_machine_leaves_the_choice_open(
    clothes: Path, tmp_path: Path, figures: dict[Way, float]
) -> None:
    run = train(clothes, model="resnet20", epochs=1, settings={"training.precision": "bf16"}, out=tmp_path / "run")
    text = (run.path / "run.toml").read_text()
    elsewhere = tmp_path / "elsewhere.toml"
    elsewhere.write_text(text.replace(speed.machine(), "a Z80, 1 core"))
    assert train(config=run.path / "run.toml", out=tmp_path / "a").config.training.precision == "bf16"
    assert train(config=elsewhere, out=tmp_path / "b").config.training.precision == "fp32"


def test_a_record_goes_where_the_choice_is_overruled(figures: dict[Way, float]) -> None:
    chosen = decided(replace(SMALL, passes=1))
    values = {name: getattr(chosen, name) for name in speed.DECIDED}
    assert decided(**values).measured == chosen.measured
    assert decided(**values | {"precision": "bf16"}).measured is None


def test_bf16_that_was_chosen_stays_behind_on_a_cpu_without_it(
    clothes: Path, tmp_path: Path, figures: dict[Way, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    from atalho.runs import resume as resuming

    monkeypatch.setattr(speed, "_WORTH", 0)
    figures.update({BF16: 900})
    run = train(clothes, model="resnet20", epochs=1, out=tmp_path / "run")
    record = RunFolder(run.path).read(Provenance)
    assert record.precision == "cpu bf16 (fastest here, in images/s: fp32 1, bf16 900)"
    for has, expected in ((True, "bf16"), (False, "fp32")):
        monkeypatch.setattr(resuming, "cpu_has_bf16", lambda has=has: has)
        assert resuming._recorded(run.config.training, record).precision == expected
