import pytest

from atalho.errors import RunError
from atalho.report.run_files import read


def test_reads_every_file(run):
    assert (run.model, run.data, run.cost["parameters"]) == ("resnet20", "digits", 272474)
    assert len(run.rows) == 9
    assert [row["epoch"] for row in run.epochs] == [1, 2, 3]
    assert run.evaluation["images"] == 600


def test_a_run_that_has_just_begun_has_only_its_configuration(tmp_path):
    (tmp_path / "run.toml").write_text("")
    run = read(tmp_path)
    assert (run.rows, run.manifest, run.timing, run.evaluation, run.provenance) == ([], None, None, None, None)
    assert (run.model, run.data, run.cost) == (tmp_path.name, "", {})


def test_a_row_still_being_written_is_left_out(folder):
    with (folder / "metrics.jsonl").open("a") as file:
        file.write('{"kind": "st')
    assert len(read(folder).rows) == 9


def test_what_is_no_run_is_named(tmp_path):
    with pytest.raises(RunError, match=r"is no run: it has no run\.toml\. Give the folder that atalho train wrote"):
        read(tmp_path)


@pytest.mark.parametrize("content", ["{", "[]", "\xff"])
def test_a_damaged_file_is_named(folder, content):
    (folder / "evaluation.json").write_text(content, encoding="latin-1")
    with pytest.raises(RunError, match="cannot be read as a run"):
        read(folder)
