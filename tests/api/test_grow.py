"""A trained model grows: its folder, its answers, what is kept of where it came from, and how it trains on."""

from pathlib import Path

import pytest

import atalho
from atalho.errors import ConfigError, RunError
from atalho.runs.run import Run
from atalho.storage import model_folder, run_folder


def test_the_grown_model_answers_the_same(run: Run, clothes: Path, tmp_path: Path) -> None:
    grown = atalho.grow_model(run.path, out=tmp_path / "grown", blocks=(3, 4, 3))
    assert (grown.blocks_before, grown.blocks) == ((3, 3, 3), (3, 4, 3))
    assert grown.largest_difference == 0.0 < grown.largest_output
    assert grown.parameters > grown.parameters_before and grown.multiply_adds > grown.multiply_adds_before
    images = sorted((clothes / "test").rglob("*.png"))[:4]
    before, after = (atalho.load(path).predict(images) for path in (run.path, grown))
    assert before == after


def test_it_tells_of_its_descent(run: Run, tmp_path: Path) -> None:
    once = atalho.grow_model(run.path, out=tmp_path / "once", to="resnet32")
    twice = atalho.grow_model(
        once, sorted(run.manifest.path(0).parent.iterdir()), out=tmp_path / "twice", to="resnet44"
    )
    card = model_folder.read_card(twice.folder)
    first, second = card.provenance["lineage"]
    assert (first["from"], second["from"]) == ("resnet20", "resnet32")
    assert first["model"] == model_folder.fingerprint(run.path / run_folder.MODEL)
    trained_on = (run.path / run_folder.MODEL / run_folder.TRAINED_ON).read_bytes()
    assert (twice.folder / run_folder.TRAINED_ON).read_bytes() == trained_on


def test_it_trains_further(run: Run, clothes: Path, settings: dict[str, object], tmp_path: Path) -> None:
    grown = atalho.grow_model(run.path, out=tmp_path / "grown", to="resnet32", kind="copy")
    start = {"model.start": str(grown.folder)}
    further = atalho.train(clothes, epochs=1, settings=settings | start, out=tmp_path / "further")
    assert further.network.spec.blocks == (5, 5, 5)
    assert further.top1 is not None


def test_what_changes_the_function_says_by_how_much_and_drops_old_figures(run: Run, tmp_path: Path) -> None:
    grown = atalho.grow_model(run.path, out=tmp_path / "grown", to="resnet32", kind="random")
    assert grown.largest_difference > 1e-2
    assert model_folder.read_card(grown.folder).metrics == {}


def test_nothing_is_written_where_it_cannot_grow(run: Run, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot become resnet50"):
        atalho.grow_model(run.path, out=tmp_path / "grown", to="resnet50")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(RunError, match="already exists"):
        atalho.grow_model(run.path, out=tmp_path, to="resnet32")
    with pytest.raises(ConfigError, match="Give images"):
        alone = tmp_path / "alone"
        atalho.grow_model(run.path, out=alone, to="resnet32")
        atalho.grow_model(alone, out=tmp_path / "again", to="resnet44")
