"""What a run has written, read back; what it has not, and what is damaged."""

import json
from pathlib import Path

import pytest

from atalho.errors import RunError
from atalho.networks.select import specify
from atalho.networks.spec import to_dict
from atalho.storage import run_folder
from atalho.storage.run_folder import RunFolder

ROWS = [{"kind": kind, "step": step, "epoch": 1} for step in (1, 2) for kind in ("step", "epoch")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What a page needs of a run."""
    (tmp_path / run_folder.CONFIG).write_text('[model]\nname = "resnet20"\n[data]\npath = "/photos/digits"\n')
    (tmp_path / run_folder.LOG).write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    (tmp_path / run_folder.PROVENANCE).write_text(json.dumps({"cost": {"parameters": 272474}}))
    (tmp_path / run_folder.EVALUATION).write_text(json.dumps({"images": 600}))
    return tmp_path


def test_reads_every_file(folder: Path) -> None:
    run = RunFolder.open(folder)
    assert (run.model, run.data, run.cost["parameters"]) == ("resnet20", "digits", 272474)
    assert run.rows == ROWS
    assert [row["step"] for row in run.epochs] == [1, 2]
    assert run.evaluation == {"images": 600}


def test_a_run_that_has_just_begun_has_only_its_configuration(tmp_path: Path) -> None:
    (tmp_path / run_folder.CONFIG).write_text("")
    run = RunFolder.open(tmp_path)
    assert (run.rows, run.manifest, run.timing, run.evaluation, run.provenance) == ([], None, None, None, None)
    assert (run.model, run.data, run.cost) == (tmp_path.name, "", {})


def test_a_row_still_being_written_is_left_out(folder: Path) -> None:
    with (folder / run_folder.LOG).open("a") as file:
        file.write('{"kind": "st')
    assert RunFolder.open(folder).rows == ROWS


def test_what_is_no_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        RunError, match=r"is no run folder: it has no run\.toml\. Give a folder that atalho train wrote"
    ):
        RunFolder.open(tmp_path)


@pytest.mark.parametrize("content", ["{", "[]", "\xff"])
def test_a_damaged_file_is_named(folder: Path, content: str) -> None:
    (folder / run_folder.EVALUATION).write_text(content, encoding="latin-1")
    with pytest.raises(RunError, match=r"evaluation\.json (cannot be read: |does not hold an object)"):
        _ = RunFolder.open(folder).evaluation


def test_a_damaged_configuration_is_named(folder: Path) -> None:
    (folder / run_folder.CONFIG).write_text("[model")
    with pytest.raises(RunError, match="cannot be read as a run"):
        _ = RunFolder.open(folder).model


@pytest.mark.parametrize(("blocks", "title"), [([3, 3, 3], "resnet20"), ([1, 1, 1], "resnet-8")])
def test_a_network_by_its_numbers_is_called_by_them(folder: Path, blocks: list[int], title: str) -> None:
    (folder / run_folder.CONFIG).write_text('[model]\nname = "auto"\n')
    spec = to_dict(specify("resnet20", classes=3, in_channels=1)) | {"blocks": blocks, "embedding": 8, "last_stride": 1}
    (folder / run_folder.NETWORK).write_text(json.dumps({"spec": spec}))
    assert RunFolder.open(folder).model == title
