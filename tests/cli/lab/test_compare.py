import json

from atalho.cli import run


def test_a_small_comparison(clothes, tmp_path, capsys):
    out = tmp_path / "compare"
    command = ["lab", "compare", str(clothes), "--models", "resnet20,plain20", "--seeds", "1", "--images", "60"]
    command += ["--epochs", "1", "--batch-size", "20", "--out", str(out)]
    assert run([*command, "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert [row["kind"] for row in printed["measured"]["series"]] == ["residual", "plain"]
    assert run(command) == 0
    assert "plain20" in capsys.readouterr().out


def test_mistakes_end_with_code_2(capsys):
    assert run(["lab", "compare", "nowhere", "--equal", "memory"]) == 2
    assert "memory" in capsys.readouterr().err
