import json
from pathlib import Path

import pytest

from atalho.errors import ConfigError
from atalho.networks import catalogue
from atalho.networks.catalogue import list_models
from atalho.pretrained import table


def test_every_row_is_of_a_network_that_fits_its_images() -> None:
    known = table.read()
    assert len(known.rows) == len({row.name for row in known.rows}) == 54
    for row in known.rows:
        assert row.model in list_models()
        assert row.url.startswith("https://")
        assert row.sha256 in row.filename or not row.hash_is_prefix
        assert row.size <= row.resize
        assert catalogue.spec(row.model).plan().stride <= row.size
        assert row.bytes < 512 * 2**20
        assert row.top1 is not None


def test_the_networks_of_torchvision_are_all_there() -> None:
    named = table.read().by_name
    for model in ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "densenet121", "wide_resnet50_2"):
        assert named[f"tv:{model}"].model == model
    assert named["tv:resnet50"].name == "tv:resnet50.v2"


def test_imagenet_means_the_weights_of_the_network() -> None:
    assert table.read().imagenet("resnet34").name == "tv:resnet34.v1"
    with pytest.raises(ConfigError, match="resnet20"):
        table.read().imagenet("resnet20")


def test_an_unknown_name_offers_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"tv:resnet34"):
        table.read().find("tv:resnet43")
    with pytest.raises(ConfigError, match="no weights match"):
        table.read().matching("vgg*")


def test_rows_are_found_by_network_and_by_name() -> None:
    assert {row.model for row in table.read().matching("resnet34")} == {"resnet34"}
    assert [row.name for row in table.read().matching("tv:resnet34")] == ["tv:resnet34.v1"]


def test_a_table_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "weights.json"
    monkeypatch.setenv("ATALHO_WEIGHTS", str(path))
    with pytest.raises(ConfigError, match="ATALHO_WEIGHTS"):
        table.read()
    row = json.loads(Path(table.__file__).with_name("table.json").read_text())["rows"][0]
    path.write_text(json.dumps({"rows": [{**row, "name": "ours", "also": []}]}))
    assert table.read().find("ours").model == row["model"]
    table._read.cache_clear()
    path.write_text(json.dumps({"rows": [{**row, "sha256": "xyz"}]}))
    with pytest.raises(ConfigError, match="sha256"):
        table.read()
