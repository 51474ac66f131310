"""Training on real images: what a run leaves, and that an interrupted one ends as if it had not been."""

import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from power_cut import PowerCut, PowerCutError

from atalho.api.train import resume, train
from atalho.errors import AtalhoError, ConfigError, DataError, RunError, StoppedError, WeightsError
from atalho.networks import create
from atalho.runs.run import Run
from atalho.settings import validate
from atalho.storage import log, run_file
from atalho.training.progress import Progress, StepReport


class SignalAt(Progress):
    """Sends this process a signal when a step is reached."""

    def __init__(self, step: int, number: signal.Signals) -> None:
        self.wanted, self.number = step, number

    def step(self, report: StepReport) -> None:
        if report.step == self.wanted:
            os.kill(os.getpid(), self.number)


def _interrupted(clothes: Path, settings: dict[str, object], out: Path, progress: Progress) -> None:
    train(clothes, model="resnet20", epochs=3, batch_size=32, settings=settings, out=out, progress=progress)


def _same_end(run: Run, other: Run) -> None:
    for name in ("metrics.jsonl", "model/model.safetensors", "evaluation.json"):
        assert (run.path / name).read_bytes() == (other.path / name).read_bytes(), name
    last = sorted((run.path / "checkpoints").iterdir())[-1].name
    state = f"checkpoints/{last}/state.safetensors"
    assert (run.path / state).read_bytes() == (other.path / state).read_bytes()


def test_settings_are_read_and_checked_once(clothes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def counted(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            calls.append(function.__name__)
            return function(*arguments)

        return call

    for function in (validate, run_file.read):
        for module in [module for name, module in sys.modules.items() if name.startswith("atalho")]:
            if getattr(module, function.__name__, None) is function:
                monkeypatch.setattr(module, function.__name__, counted(function))
    network, file = tmp_path / "network.toml", tmp_path / "settings.toml"
    network.write_text('family = "mlp"\nblocks = [1]\nwidths = [8]\nside = 16\n')
    file.write_text(f'[model]\nspec = "{network}"\n[training]\nbatch_size = 32\n')
    run = train(clothes, epochs=1, config=file, out=tmp_path / "run")
    assert run.config.training.batch_size == 32
    assert sorted(calls) == ["read", "read", "validate"]  # two files, each once


def test_a_run_leaves_everything_that_is_promised(run: Run) -> None:
    for name in ("run.toml", "manifest.json", "metrics.jsonl", "evaluation.json", "provenance.json", "timing.json"):
        assert (run.path / name).is_file(), name
    assert (run.path / "model" / "model.safetensors").is_file()
    assert (run.path / "model" / "config.json").is_file()
    assert "<html" in (run.path / "report.html").read_text()
    assert any((run.path / "figures").glob("*.png"))
    assert len(list((run.path / "checkpoints").iterdir())) == 2


def test_the_log_has_a_row_for_every_step_and_epoch(run: Run) -> None:
    rows = log.read(run.path / "metrics.jsonl")
    assert [row["step"] for row in rows if row["kind"] == "step"] == list(range(1, 13))
    assert [row["epoch"] for row in rows if row["kind"] == "epoch"] == [1, 2, 3]


def test_accuracy_is_that_of_the_test_split_with_an_interval(run: Run) -> None:
    assert run.evaluation.split == "test"
    assert run.evaluation.images == 60
    low, high = run.evaluation.top1_interval
    assert run.top1 is not None
    assert low <= run.top1 <= high


def test_validation_images_come_out_of_training_and_are_never_trained_on(run: Run) -> None:
    splits = {name: set(ids.tolist()) for name, ids in run.manifest.splits.items()}
    assert len(splits["train"]) + len(splits["val"]) == 120
    assert not splits["train"] & splits["val"]
    assert not splits["train"] & splits["test"]


@pytest.mark.parametrize("step", [1, 3, 5, 8, 11])
def test_a_power_cut_changes_nothing_in_the_end(
    run: Run, clothes: Path, settings: dict[str, object], tmp_path: Path, step: int
) -> None:
    with pytest.raises(PowerCutError):
        _interrupted(clothes, settings, tmp_path / "x", PowerCut(step))
    _same_end(run, resume(tmp_path / "x"))


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_saves_and_a_resume_ends_the_same(
    run: Run, clothes: Path, settings: dict[str, object], tmp_path: Path, number: signal.Signals, code: int
) -> None:
    with pytest.raises(StoppedError, match="Stopped and saved at step 5 of 12") as caught:
        _interrupted(clothes, settings, tmp_path / "x", SignalAt(5, number))
    assert caught.value.exit_code == code
    assert (tmp_path / "x" / "checkpoints" / "step-000000005").is_dir()
    assert signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler)
    _same_end(run, resume(tmp_path / "x"))


def test_a_chain_of_interruptions_ends_the_same(
    run: Run, clothes: Path, settings: dict[str, object], tmp_path: Path
) -> None:
    with pytest.raises(PowerCutError):
        _interrupted(clothes, settings, tmp_path / "x", PowerCut(4))
    for step in (6, 9, 12):
        with pytest.raises(PowerCutError):
            resume(tmp_path / "x", progress=PowerCut(step))
    _same_end(run, resume(tmp_path / "x"))


def test_images_decoded_by_workers_give_the_same_weights(
    run: Run, clothes: Path, settings: dict[str, object], tmp_path: Path
) -> None:
    streamed = settings | {"data.cache_gb": 0, "data.workers": 1}
    other = train(clothes, model="resnet20", epochs=3, batch_size=32, settings=streamed, out=tmp_path / "x")
    _same_end(run, other)


def test_evaluation_and_checkpoints_do_not_change_the_weights(
    run: Run, clothes: Path, settings: dict[str, object], tmp_path: Path
) -> None:
    other = train(
        clothes,
        model="resnet20",
        epochs=3,
        batch_size=32,
        settings=settings | {"training.checkpoint_steps": 100},
        out=tmp_path / "x",
    )
    _same_end(run, other)


def test_another_seed_gives_other_weights(run: Run, clothes: Path, settings: dict[str, object], tmp_path: Path) -> None:
    other = train(clothes, model="resnet20", epochs=1, batch_size=32, seed=1, settings=settings, out=tmp_path / "x")
    first, others = (log.read(each.path / "metrics.jsonl")[0]["loss"] for each in (run, other))
    assert first != others


def test_a_few_images_are_learnt_by_heart(clothes: Path, tmp_path: Path) -> None:
    settings = {
        "augment.crop": "none",
        "augment.flip": False,
        "data.val_fraction": 0,
        "training.averaging": 0,
        "training.label_smoothing": 0,
        "training.lr": 0.1,
    }
    run = train(clothes, model="resnet20", epochs=25, batch_size=60, settings=settings, out=tmp_path / "x")
    epochs = [row for row in log.read(run.path / "metrics.jsonl") if row["kind"] == "epoch"]
    assert epochs[-1]["train_top1"] > 0.98
    assert epochs[-1]["val_top1"] is None


def test_changed_images_are_refused_at_a_resume(fashion: Path, settings: dict[str, object], tmp_path: Path) -> None:
    data = tmp_path / "data"
    for split in ("train", "test"):
        for name in ("bag", "coat"):
            (data / split / name).mkdir(parents=True)
            for image in sorted((fashion / split / name).iterdir())[:12]:
                (data / split / name / image.name).write_bytes(image.read_bytes())
    with pytest.raises(PowerCutError):
        train(data, model="resnet20", epochs=3, settings=settings, out=tmp_path / "x", progress=PowerCut(3))
    with Image.open(data / "train" / "bag" / image.name) as picture:
        picture.transpose(Image.Transpose.ROTATE_180).save(data / "train" / "bag" / image.name)
    with pytest.raises(RunError, match=r"differ from those that .* was started with"):
        resume(tmp_path / "x")


def test_a_start_from_a_trained_run_keeps_its_backbone_and_the_head_of_equal_classes(
    run: Run, clothes: Path, tmp_path: Path
) -> None:
    other = train(
        clothes,
        recipe="finetune",
        epochs=1,
        settings={"model.start": str(run.path), "training.lr": 1e-12, "training.averaging": 0},
        out=tmp_path / "x",
    )
    before, after = run.model.network.state_dict(), other.model.network.state_dict()
    weights = [name for name in before if name.endswith("weight")]
    assert all((before[name] - after[name]).abs().max() < 1e-6 for name in weights)
    assert other.model.card.preprocessing == run.model.card.preprocessing


@pytest.mark.parametrize(
    ("arguments", "kind", "text"),
    [
        ({"data": "nowhere"}, DataError, "nowhere"),
        ({"data": None}, ConfigError, "No images given"),
        ({"model": "resnet3"}, ConfigError, "Did you mean resnet34"),
        ({"settings": {"training.lrr": 1}}, ConfigError, "Did you mean training.lr"),
        ({"settings": {"model.start": "nowhere"}}, WeightsError, "nowhere is not a run or model folder"),
        ({"config": "none.toml"}, ConfigError, "none.toml: file not found"),
        ({"model": "none.toml"}, ConfigError, "none.toml: file not found"),
        ({"model": Path("none.toml")}, ConfigError, "none.toml: file not found"),
        ({"settings": {"reid.margin": 0.3}}, ConfigError, "reid.margin only works with the task reid"),
        ({"settings": {"reid": {"protocol": "auto"}}}, ConfigError, "reid.protocol only works with the task reid"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_written(
    clothes: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: dict[str, object],
    kind: type[AtalhoError],
    text: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(kind) as caught:
        train(**{"data": clothes, "model": "resnet20", **arguments})  # type: ignore[arg-type]
    assert text in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_an_image_that_cannot_be_read_is_refused_or_left_out(clothes: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    for folder in ("train/bag", "train/sneaker"):
        (data / folder).mkdir(parents=True)
        for image in sorted((clothes / folder).iterdir())[:8]:
            (data / folder / image.name).write_bytes(image.read_bytes())
    bad = data / "train" / "bag" / "zz.png"
    bad.write_bytes(image.read_bytes()[:60])
    with pytest.raises(DataError, match=r"zz\.png"):
        train(data, model="resnet20", epochs=1, out=tmp_path / "x")
    assert not (tmp_path / "x").exists()
    run = train(data, model="resnet20", epochs=1, settings={"data.skip_bad": True}, out=tmp_path / "x")
    assert run.json("manifest.json")["skipped"][0]["path"].endswith("zz.png")


def test_a_resume_names_what_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"run\.toml is missing"):
        resume(tmp_path)


def test_two_trainings_cannot_share_a_folder(run: Run, clothes: Path, tmp_path: Path) -> None:
    class Second(Progress):
        def step(self, report: StepReport) -> None:
            if report.step == 1:
                with pytest.raises(RunError, match="in use by another Atalho process"):
                    train(clothes, model="resnet20", epochs=1, out=tmp_path / "x")
                with pytest.raises(RunError, match="in use by another Atalho process"):
                    resume(tmp_path / "x")

    train(clothes, model="resnet20", epochs=1, out=tmp_path / "x", progress=Second())
    with pytest.raises(RunError, match="already exists"):
        train(clothes, model="resnet20", epochs=1, out=tmp_path / "x")


def test_a_configuration_that_was_edited_is_refused_at_a_resume(
    clothes: Path, settings: dict[str, object], tmp_path: Path
) -> None:
    with pytest.raises(PowerCutError):
        _interrupted(clothes, settings, tmp_path / "x", PowerCut(4))
    path = tmp_path / "x" / "run.toml"
    path.write_text(path.read_text().replace("batch_size = 32", "batch_size = 16"))
    with pytest.raises(RunError, match="has changed since the run started"):
        resume(tmp_path / "x")


def test_a_run_does_not_need_the_model_that_it_started_from(run: Run, clothes: Path, tmp_path: Path) -> None:
    shutil.copytree(run.path / "model", tmp_path / "start")
    values = {"model.start": str(tmp_path / "start")}
    whole = train(clothes, epochs=2, batch_size=32, settings=values, out=tmp_path / "whole")
    with pytest.raises(PowerCutError):
        train(clothes, epochs=2, batch_size=32, settings=values, out=tmp_path / "x", progress=PowerCut(3))
    shutil.rmtree(tmp_path / "start")
    _same_end(whole, resume(tmp_path / "x"))


def test_a_network_in_place_of_its_name_is_refused_in_few_words(clothes: Path) -> None:
    with pytest.raises(ConfigError, match="name of a network or the path of a spec, not Network") as refused:
        train(clothes, model=create("resnet20", classes=3))  # type: ignore[arg-type]
    assert len(str(refused.value)) < 100


def test_any_network_can_be_specified_in_toml(clothes: Path, tmp_path: Path) -> None:
    spec = tmp_path / "net.toml"
    spec.write_text(
        'family = "resnet"\ndesign = "basic"\nblocks = [1, 2]\nwidths = [8, 16]\nstem = "small"\nstem_channels = 8\n'
    )
    first = train(clothes, model=spec, epochs=1, out=tmp_path / "x")
    assert [len(stage) for stage in first.model.network.stages] == [1, 2]  # type: ignore[arg-type]
    spec.unlink()
    # Every run's file has the settings of re-identification, and older versions let a classifier be given others.
    older = tmp_path / "older.toml"
    older.write_text((first.path / "run.toml").read_text().replace("margin = 0.3", "margin = 0.5"))
    again = train(config=older, out=tmp_path / "y")
    assert again.config.reid.margin == 0.5
    with pytest.raises(ConfigError, match="Did you mean resnet34"):  # a name wins over the spec of the file
        train(config=older, model="resnet3", out=tmp_path / "z")
    assert (first.path / "model" / "model.safetensors").read_bytes() == (
        again.path / "model" / "model.safetensors"
    ).read_bytes()


def test_a_signal_at_the_last_step_stops_too(
    run: Run, clothes: Path, settings: dict[str, object], tmp_path: Path
) -> None:
    with pytest.raises(StoppedError, match="at step 12 of 12"):
        _interrupted(clothes, settings, tmp_path / "x", SignalAt(12, signal.SIGTERM))
    _same_end(run, resume(tmp_path / "x"))


@pytest.mark.parametrize("section", ["model", "training"])
def test_a_file_with_a_value_where_a_table_belongs_is_refused(section: str, clothes: Path, tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text(f"{section} = 3\n")
    with pytest.raises(ConfigError, match=f"{section} = 3 is not accepted: it must be a table of settings"):
        train(clothes, config=tmp_path / "settings.toml", out=tmp_path / "x")


def test_the_recipe_of_a_complete_file_is_not_renamed(run: Run) -> None:
    with pytest.raises(ConfigError, match="would only change the name"):
        train(config=run.path / "run.toml", recipe="paper")
