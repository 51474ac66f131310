"""The schema as options."""

from pathlib import Path

import pytest

from atalho.cli import run


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (["0.3", "2"], "training.milestones.1 = 2.0 is not accepted: it must be less than 1"),
        (["0.3", "0.6"], "nowhere does not exist"),
    ],
)
def test_a_list_takes_several_values_and_its_error_is_in_our_words(
    values: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["train", "nowhere", "--training.milestones", *values]) == 2
    error = capsys.readouterr().err
    assert error.startswith(text)
    assert "pydantic" not in error


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data.size", "2048"], "data.size = 2048 is not accepted: it must be at most 1024."),
        (["--data.workers", "-1"], "data.workers = -1 is not accepted: it must be at least 0."),
        (["--training.lr", "inf"], "training.lr = inf is not accepted: it must be a finite number."),
        (["--augment.mixup", "nan"], "augment.mixup = nan is not accepted: it must be a finite number."),
    ],
)
def test_bounds_are_told_in_our_own_words(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["train", str(tmp_path), *arguments]) == 2
    assert capsys.readouterr().err == message + "\n"


@pytest.mark.parametrize(
    ("short", "path"),
    [
        (["--epochs", "0"], ["--training.epochs", "0"]),
        (["--model", "resnet3"], ["--model.name", "resnet3"]),
        (["--from", "nowhere"], ["--model.start", "nowhere"]),
        (["--seed", "-1"], ["--training.seed", "-1"]),
        (["--batch-size", "0"], ["--training.batch-size", "0"]),
    ],
)
def test_a_short_name_and_a_path_set_the_same_value(
    short: list[str], path: list[str], clothes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    errors = []
    for arguments in (short, path):
        assert run(["train", str(clothes), *arguments]) == 2
        errors.append(capsys.readouterr().err)
    assert errors[0] == errors[1]
    assert errors[0].split("\n")[0].split()[0] not in ("There", "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--skip-bad", "--data.no-skip-bad"], "--skip-bad and --data.skip-bad are the same setting. Give only one."),
        (["--training.seed=1", "--seed", "1"], "--seed and --training.seed are the same setting. Give only one."),
        (["--model", "a", "--model.name", "b"], "--model and --model.name are the same setting. Give only one."),
        (["--seed", "1", "--seed", "2"], "--seed was given twice. Give it once."),
        (["--task", "red"], "--task red is not accepted. Did you mean reid?"),
        (["--training.recipe", "papper"], "--training.recipe papper is not accepted. Did you mean paper?"),
    ],
)
def test_a_value_is_given_once_and_is_one_of_its_choices(
    arguments: list[str], message: str, clothes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["train", str(clothes), *arguments]) == 2
    assert capsys.readouterr().err == message + "\n"


@pytest.mark.parametrize(
    ("arguments", "given"),
    [
        (["train", "none", "--epochs", "1.5"], "--epochs 1.5"),
        (["train", "none", "--epochs", "0.6"], "--epochs 0.6"),
        (["train", "none", "--data.split-seed", "0.7"], "--data.split-seed 0.7"),
        (["train", "none", "--training.checkpoint-steps", "2.5"], "--training.checkpoint-steps 2.5"),
        (["search", "none.db", "none.png", "-k", "1.5"], "-k 1.5"),
        (["predict", "none", "none.png", "--top", "1.5"], "--top 1.5"),
        (["lab", "depth", "none", "--seeds", "1.5"], "--seeds 1.5"),
        (["show", "resnet20", "--size", "12.5"], "--size 12.5"),
    ],
)
def test_a_whole_number_is_not_rounded(arguments: list[str], given: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 2
    assert f"{given} is not accepted: it must be a whole number." in capsys.readouterr().err


@pytest.mark.parametrize("written", ["32", "32.0", "0x20"])
def test_a_whole_number_may_be_written_in_several_ways(written: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["show", "resnet20", "--size", written, "--json"]) == 0
    assert '"image_size": [3, 32, 32]' in capsys.readouterr().out


@pytest.mark.parametrize("line", ["training.epochs = 1.5", "data.split_seed = 0.7", "training.seed = 0.5"])
def test_a_file_of_settings_rounds_nothing_either(
    line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run.toml").write_text(line)
    assert run(["train", "none", "--config", str(tmp_path / "run.toml")]) == 2
    assert "it must be a whole number" in capsys.readouterr().err
