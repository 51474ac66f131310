"""What a run has written, read back; what it has not, and what is damaged."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from atalho.data.manifest_record import ManifestRecord
from atalho.errors import RunError
from atalho.networks.select import specify
from atalho.networks.spec import to_dict
from atalho.storage import run_folder
from atalho.storage.run_folder import RunFolder
from atalho.storage.run_records import (
    Cost,
    EpochRow,
    Fingerprint,
    Provenance,
    RunNetwork,
    StepRow,
    TrainingTime,
)

FIXTURES = Path(__file__).parent.parent / "fixtures" / "runs"
STEPS = [StepRow("step", step=step, epoch=1, lr=0.1, loss=2.0) for step in (1, 2)]
EPOCHS = [EpochRow("epoch", epoch=epoch, step=epoch, val_rank1=0.5) for epoch in (1, 2)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What a page needs of a run."""
    (tmp_path / run_folder.CONFIG).write_text('[model]\nname = "resnet20"\n[data]\npath = "/photos/digits"\n')
    (tmp_path / run_folder.LOG).write_text("".join(json.dumps(asdict(row)) + "\n" for row in STEPS + EPOCHS))
    (tmp_path / run_folder.PROVENANCE).write_text(json.dumps({"cost": {"parameters": 272474}}))
    (tmp_path / run_folder.EVALUATION).write_text(json.dumps({"images": 600}))
    return tmp_path


def test_reads_every_file(folder: Path) -> None:
    run = RunFolder.open(folder)
    assert (run.model, run.data, run.cost.parameters) == ("resnet20", "digits", 272474)
    assert (run.steps, run.epochs) == (STEPS, EPOCHS)
    assert run.evaluation == {"images": 600}


def test_a_run_that_has_just_begun_has_only_its_configuration(tmp_path: Path) -> None:
    (tmp_path / run_folder.CONFIG).write_text("")
    run = RunFolder.open(tmp_path)
    assert (run.steps, run.epochs, run.manifest, run.timing) == ([], [], None, None)
    assert (run.evaluation, run.provenance, run.network) == (None, None, None)
    assert (run.model, run.data, run.cost) == (tmp_path.name, "", Cost())


def test_a_row_still_being_written_is_left_out(folder: Path) -> None:
    with (folder / run_folder.LOG).open("a") as file:
        file.write('{"kind": "st')
    assert RunFolder.open(folder).epochs == EPOCHS


def test_what_is_no_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        RunError, match=r"is not a run folder: run\.toml is missing\. Give a folder written by atalho train"
    ):
        RunFolder.open(tmp_path)


@pytest.mark.parametrize("content", ["{", "[]", "\xff"])
def test_a_damaged_file_is_named(folder: Path, content: str) -> None:
    (folder / run_folder.EVALUATION).write_text(content, encoding="latin-1")
    with pytest.raises(
        RunError, match=r"(Cannot read .*evaluation\.json: |evaluation\.json does not contain a JSON object)"
    ):
        _ = RunFolder.open(folder).evaluation


def test_a_damaged_configuration_is_named(folder: Path) -> None:
    (folder / run_folder.CONFIG).write_text("[model")
    with pytest.raises(RunError, match=r"Cannot read .* as a run"):
        _ = RunFolder.open(folder).model


@pytest.mark.parametrize(("blocks", "title"), [([3, 3, 3], "resnet20"), ([1, 1, 1], "resnet-8")])
def test_a_network_by_its_numbers_is_called_by_them(folder: Path, blocks: list[int], title: str) -> None:
    (folder / run_folder.CONFIG).write_text('[model]\nname = "auto"\n')
    spec = to_dict(specify("resnet20", classes=3, in_channels=1)) | {"blocks": blocks, "embedding": 8, "last_stride": 1}
    prepared = {"size": 28, "resize": 32, "channels": 1, "mean": [0.5], "std": [0.25]}
    (folder / run_folder.NETWORK).write_text(json.dumps({"spec": spec, "preprocessing": prepared}))
    assert RunFolder.open(folder).model == title


@pytest.mark.parametrize("name", ["clothes", "characters", "killed"])
def test_what_a_stored_run_says_of_itself_is_read_and_written_the_same(name: str, tmp_path: Path) -> None:
    stored = RunFolder(FIXTURES / name)
    copy = RunFolder(tmp_path)
    for kind in (Provenance, TrainingTime, RunNetwork, ManifestRecord):
        copy.write(stored.read(kind))
        assert (tmp_path / kind.FILE).read_bytes() == (stored.path / kind.FILE).read_bytes()
    rows = [json.loads(line) for line in (stored.path / run_folder.LOG).read_text().splitlines()]
    read = [{key: value for key, value in asdict(row).items() if value is not None} for row in stored.epochs]
    assert read == [row for row in rows if row["kind"] == "epoch"] and read
    assert [asdict(row) for row in stored.steps] == [row for row in rows if row["kind"] == "step"]


def test_a_fingerprint_of_an_older_version_is_that_of_one_process() -> None:
    older = Provenance.from_dict({"fingerprint": {"torch": "2.9"}, "later": 1}).fingerprint
    assert older == Fingerprint(torch="2.9", ranks=1)
    assert older.differences(Fingerprint(torch="2.10", ranks=1, threads=2)) == ["torch", "threads"]
