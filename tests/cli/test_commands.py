"""The command line as a user meets it: one process per command."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from atalho.api.train import train
from atalho.cli import run as command_line
from atalho.runs.run import Run


@pytest.fixture(scope="module")
def run(clothes: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train(clothes, model="resnet20", epochs=2, out=tmp_path_factory.mktemp("cli") / "run")


def _atalho(*arguments: str, **kwargs: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # type: ignore[call-overload, no-any-return]
        [sys.executable, "-m", "atalho", *arguments], capture_output=True, text=True, check=False, **kwargs
    )


def test_train_prints_one_json_object_with_the_promised_fields(clothes: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    found = _atalho("train", str(clothes), "--model", "resnet20", "--epochs", "1", "--out", str(out), "--json")
    assert found.returncode == 0, found.stderr
    printed = json.loads(found.stdout)
    assert printed.keys() == {"run", "top1", "seconds"}
    assert printed["run"] == str(out)
    assert "epoch   1/1" in found.stderr


def test_evaluate_prints_the_promised_fields(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line(["evaluate", str(run.path), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert {"top1", "top1_interval", "top5", "images"} <= printed.keys()
    assert command_line(["evaluate", str(run.path)]) == 0
    assert "60 images" in capsys.readouterr().out


def test_predict_prints_a_row_per_image_and_says_when_one_failed(
    run: Run, clothes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = str(clothes / "test" / "bag" / "0000.png"), tmp_path / "bad.png"
    bad.write_text("<html>")
    assert command_line(["predict", str(run.path), good, str(bad), "--json"]) == 1
    first, second = json.loads(capsys.readouterr().out)
    assert first.keys() == {"path", "label", "probability", "top"}
    assert first["top"][0] == {"label": first["label"], "probability": first["probability"]}
    assert second.keys() == {"path", "error"}
    assert command_line(["predict", str(run.path), good, "--format", "csv"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "path,label,probability,error"
    assert command_line(["predict", str(run.path), good]) == 0
    assert good in capsys.readouterr().out


def test_predict_reads_a_list_from_standard_input(run: Run, clothes: Path) -> None:
    listed = "\n".join(map(str, sorted((clothes / "test" / "bag").iterdir())[:3]))
    found = _atalho("predict", str(run.path), "-", "--json", input=listed)
    assert [row["path"] for row in json.loads(found.stdout)] == listed.split("\n")


def test_models_and_show(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line(["models", "resnet20", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert {"name", "depth", "parameters", "multiply_adds"} <= row.keys()
    assert (row["name"], row["depth"], row["parameters"]) == ("resnet20", 20, 269722)
    assert command_line(["show", "resnet34"]) == 0
    assert "21,797,672 parameters" in capsys.readouterr().out


def test_show_draws_and_takes_a_file_with_a_specification(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec, file = tmp_path / "mine.toml", tmp_path / "drawings" / "mine.svg"
    spec.write_text('family = "resnet"\ndesign = "basic"\nblocks = [2, 3]\nwidths = [8, 16]\nstem = "small"\n')
    assert command_line(["show", str(spec), "--svg", str(file), "--beside", "plain20", "--size", "40", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert (printed["depth"], printed["image_size"], printed["svg"]) == (12, [3, 40, 40], str(file))
    text = file.read_text(encoding="utf-8")
    assert all(words in text for words in (">mine</text>", ">plain20</text>", "16 × 20 × 20", "image 3 × 40 × 40"))


def test_show_takes_a_run(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line(["show", str(run.path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["image_size"] == [1, 16, 16]


def test_sample_unpacks_once_and_refuses_a_folder_in_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line(["sample", "omniglot", str(tmp_path / "o"), "--json"]) == 0
    assert Path(json.loads(capsys.readouterr().out)["path"]).is_dir()
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "mine").write_text("x")
    assert command_line(["sample", "omniglot", str(tmp_path / "used")]) == 2


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["train", "DATA", "--epohcs", "3"], "Unknown option --epohcs. Did you mean --epochs?"),
        (["train", "DATA", "--training.lrr", "3"], "Unknown option --training.lrr. Did you mean --training.lr"),
        (["train", "DATA", "--training.lr", "abc"], "--training.lr abc is not accepted: it must be a number."),
        (["train", "DATA", "--training.lr", "-1"], "training.lr = -1.0 is not accepted: it must be greater than 0"),
        (["train", "DATA", "--recipe", "fats"], "--recipe fats is not accepted. Did you mean fast?"),
        (["train", "DATA", "--model", "resnet3"], "Did you mean resnet34"),
        (["train", "nowhere"], "nowhere"),
        (["train", "DATA", "--config", "none.toml"], "none.toml: file not found"),
        (["train"], "No images given"),
        (
            ["train", "--out", "DATA", "--resume", "RUN"],
            "--resume continues a run with its own settings. Remove: --out",
        ),
        (["train", "--resume", "RUN", "--seed", "0", "--data.workers", "2"], "Remove: --seed, data."),
        (["train", "DATA", "--epochs", "2", "--training.epochs", "3"], "--epochs and --training.epochs are the same"),
        (["train", "DATA", "--recipe", "finetune"], "The recipe finetune starts from a trained model"),
        (["train", "DATA", "--augment.pad", "40"], "augment.pad = 40 is not accepted: it must be at most 16"),
        (["train", "DATA", "--batch-size", "1"], "Training needs batches of at least two images"),
        (["train", "DATA", "--model.stem", "large"], "Images of 16 pixels are too small for"),
        (["trian", "DATA"], "Unknown command trian. Did you mean train?"),
        (["evaluate"], "needs a value"),
        (["evaluate", "nowhere", "DATA"], "nowhere is not a run or model folder"),
        (["predict", "nowhere", "x.png"], "nowhere is not a run or model folder"),
        (["predict", "RUN"], "No images given"),
        (["predict", "RUN", "x.png", "--top", "0"], "--top 0 is not accepted: it must be at least 1"),
        (["predict", "RUN", "x.png", "--jsno"], "Unknown option --jsno. Did you mean --json"),
        (["show", "resnet3"], "Did you mean resnet34"),
        (["show", "resnet18", "--size", "9999999999"], "--size 9999999999 is not accepted"),
        (["show", "none.toml"], "none.toml: file not found"),
        (
            ["show", "resnet18", "--unfold", "--beside", "plain18"],
            "--beside, --unfold only works with --svg: give both or neither",
        ),
        (["show", "resnet18", "--svg", "x.svg", "--columns", "9"], "columns 9: expected 1 to 8"),
        (["show", "resnet18", "--svg", "x.svg", "--beside", "plain34", "--columns", "2"], "columns 2: expected 1"),
        (["show", "resnet18", "--svg", "x.svg", "--beside", "plian18"], "Did you mean plain18"),
        (["models", "rasnet*"], "rasnet"),
        (["sample", "fasion", "x"], "Did you mean fashion?"),
        (["import", "none.pth", "--model", "resnet18", "--out", "x", "--shortcut", "identity"], "none.pth"),
        (["import", "x.pth", "--model", "resnet18", "--out", "x", "--shortcut", "zeropad"], "Did you mean zero-pad"),
        (["import", "x.pth", "--model", "resnet18", "--out", "x", "--size", "-5"], "--size -5 is not accepted"),
        (["--lang", "fr", "models"], "--lang fr is not accepted. Accepted: en, pt."),
    ],
)
def test_a_mistake_gives_one_message_and_exit_code_2(
    run: Run,
    clothes: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    text: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    places = {"DATA": str(clothes), "RUN": str(run.path)}
    assert command_line([places.get(argument, argument) for argument in arguments]) == 2
    printed = capsys.readouterr()
    assert text in printed.err
    assert "Traceback" not in printed.err
    assert printed.out == ""
    assert list(tmp_path.iterdir()) == []


def test_debug_shows_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line(["show", "resnet3", "--debug"]) == 2
    assert "Traceback" in capsys.readouterr().err


def test_a_reader_that_goes_away_is_no_error() -> None:
    found = subprocess.run(
        f"{sys.executable} -m atalho models | head -1",
        shell=True,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ,
    )
    assert found.stderr == ""
