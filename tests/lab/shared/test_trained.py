"""The trained networks that experiments look at: names, weights, and what two of them differ in."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from atalho.errors import ConfigError, WeightsError
from atalho.lab.shared import trained
from atalho.lab.shared.twins import Compared
from atalho.precision import choose
from atalho.runs.run import run_at

Twins = tuple[Path, Path]
CPU = choose("cpu", "fp32")


def test_twins_differ_in_their_shortcuts_alone(twins: Twins) -> None:
    residual, plain = trained.read(twins, CPU)
    assert (residual.name, plain.name) == ("residual", "plain")
    assert len(residual.digest) == 64
    assert trained.differences([residual, plain]) == ["network.shortcut"]
    assert trained.differences([residual]) == []
    assert residual.training is not None and residual.training.epochs == 3
    compared = Compared.of([residual, replace(plain, training=None)])
    assert compared == Compared(("network.shortcut",), {"residual": residual.training})
    longer = replace(plain, settings={**plain.settings, "training.epochs": 9})
    assert trained.differences([residual, longer]) == ["network.shortcut", "training.epochs"]


def test_a_run_is_found_from_its_model_folder(twins: Twins, tmp_path: Path) -> None:
    for path in (twins[0], twins[0] / "model"):
        run = run_at(path)
        assert run is not None and run.path == twins[0]
    assert trained.read([twins[0] / "model"], CPU)[0].name == "residual"
    shutil.copytree(twins[0] / "model", tmp_path / "alone")
    assert run_at(tmp_path / "alone") is None


def test_runs_of_one_name_are_called_by_the_folder_above_too(twins: Twins, tmp_path: Path) -> None:
    for place in ("one", "two"):
        shutil.copytree(twins[0], tmp_path / place / "run")
    paths = [tmp_path / "one" / "run", tmp_path / "two" / "run"]
    assert [one.name for one in trained.read(paths, CPU)] == ["one-run", "two-run"]
    with pytest.raises(ConfigError, match="was given twice"):
        trained.read([twins[0], twins[0]], CPU)


def test_they_must_see_the_same_images(twins: Twins, tmp_path: Path) -> None:
    other = shutil.copytree(twins[1], tmp_path / "other")
    card = other / "model" / "config.json"
    card.write_text(card.read_text().replace('"bag"', '"box"'))
    (other / "model" / "checksums.json").unlink(missing_ok=True)
    with pytest.raises(ConfigError, match="residual and other have different classes"):
        trained.read([twins[0], other], CPU)


def test_anything_else_is_no_network(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="is not a run or model folder"):
        trained.read([tmp_path], CPU)
