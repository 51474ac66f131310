"""Weights on their way to a machine without a network: what is taken along, and what is accepted there."""

import json
from pathlib import Path

import pytest
from published_weights import CLASSES, World
from safetensors.torch import save

import atalho
from atalho.errors import WeightsError
from atalho.pretrained import cache, carried, located, names


@pytest.fixture
def stick(world: World, tmp_path: Path) -> Path:
    """A folder that was exported: the weights of the table, and the same by their address."""
    located.folder_of("tv:tiny")
    located.folder_of(f"{world.server.url}/models/{world.filename}")
    assert len(carried.export(tmp_path / "stick")) == 2
    return tmp_path / "stick"


@pytest.fixture
def elsewhere(stick: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another machine, with an empty cache and no network."""
    monkeypatch.setenv("ATALHO_CACHE", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("ATALHO_OFFLINE", "1")


def _listed(stick: Path) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads((stick / "weights.json").read_text())["files"]
    return found


@pytest.mark.usefixtures("elsewhere")
def test_what_was_exported_is_there_by_the_same_names(world: World, stick: Path) -> None:
    url = f"{world.server.url}/models/{world.filename}"
    assert [line["name"] for line in _listed(stick)] == ["tv:tiny.v1", url]
    assert carried.add(stick) == (["tv:tiny.v1", url], [])
    asked = len(world.server.asked)
    assert atalho.load("tv:tiny").classes == CLASSES
    assert len(atalho.load(url).classes) == 10
    assert len(world.server.asked) == asked


@pytest.mark.usefixtures("elsewhere")
def test_an_address_has_the_hash_from_then_on_that_it_was_carried_with(world: World, stick: Path) -> None:
    carried.add(stick)
    source = names.source_of(f"{world.server.url}/models/{world.filename}")
    assert cache.known_hash(source) == _listed(stick)[1]["sha256"]


@pytest.mark.usefixtures("elsewhere")
def test_a_changed_file_is_left_and_nothing_of_it_stays(world: World, stick: Path, tmp_path: Path) -> None:
    (stick / world.filename).write_bytes(b"changed")
    added, (left,) = carried.add(stick)
    assert added == [_listed(stick)[1]["name"]]
    assert left.file == str(stick / world.filename)
    assert left.reason.startswith("its SHA-256 is ")
    assert not [path for path in (tmp_path / "elsewhere").rglob("*") if path.name.startswith(world.filename[:4])][1:]


@pytest.mark.usefixtures("elsewhere")
def test_a_changed_file_takes_no_good_one_away(world: World, stick: Path) -> None:
    carried.add(stick)
    (stick / world.filename).write_bytes(b"changed")
    carried.add(stick)
    assert cache.file_of(names.source_of("tv:tiny")).read_bytes() == world.content


@pytest.mark.usefixtures("elsewhere")
def test_the_table_knows_better_than_the_list_what_a_file_hashes_to(world: World, stick: Path) -> None:
    """Who carries files may write any list, but no other weights become those of a name."""
    (stick / world.filename).write_bytes(b"forged")
    lines = _listed(stick)
    lines[0]["sha256"] = "b26ea10a7ccda5c7ba2c1eb5b0cd8b0a0f65b5f1a2ccd60d1d8f4a1f0c5f8a5e"
    (stick / "weights.json").write_text(json.dumps({"files": lines[:1]}))
    added, left = carried.add(stick)
    assert (added, [line.file for line in left]) == ([], [str(stick / world.filename)])


@pytest.mark.usefixtures("elsewhere")
def test_a_file_that_is_gone_or_is_no_file_is_left_and_the_others_are_added(world: World, stick: Path) -> None:
    (stick / world.filename).unlink()
    added, (left,) = carried.add(stick)
    assert (len(added), left.file) == (1, str(stick / world.filename))
    (stick / world.filename).mkdir()
    assert carried.add(stick)[0] == added


def test_a_repository_of_the_hub_is_carried_with_what_lies_beside_it(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ATALHO_MIRROR")
    monkeypatch.setenv("HF_ENDPOINT", world.server.url)
    base = "/me/net/resolve/main"
    world.server.files[f"{base}/model.safetensors"] = save(atalho.export_weights(world.network))
    about = {"pretrained_cfg": {"mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25], "input_size": [3, 28, 28]}}
    world.server.files[f"{base}/config.json"] = json.dumps(about).encode()
    located.folder_of("hf:me/net")
    carried.export(tmp_path / "stick")
    monkeypatch.setenv("ATALHO_CACHE", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("ATALHO_OFFLINE", "1")
    assert carried.add(tmp_path / "stick") == (["hf:me/net"], [])
    assert atalho.load("hf:me/net").card.preprocessing.size == 28


def test_files_without_a_list_are_known_by_what_they_are_called(world: World, tmp_path: Path) -> None:
    (tmp_path / "stick" / "deeper").mkdir(parents=True)
    with pytest.raises(WeightsError, match=r"no weights that Atalho knows: neither weights\.json, .* such as tiny-"):
        carried.add(tmp_path / "stick")
    (tmp_path / "stick" / "deeper" / world.filename).write_bytes(world.content)
    assert carried.add(tmp_path / "stick") == (["tv:tiny.v1"], [])


def test_nothing_is_exported_where_nothing_was_fetched(world: World, tmp_path: Path) -> None:
    assert carried.export(tmp_path / "stick") == []
    assert _listed(tmp_path / "stick") == []


@pytest.mark.parametrize(
    ("listed", "reason"),
    [
        ({"files": [{"name": "tv:tiny", "file": "../secret", "sha256": "0" * 64}]}, "not below the folder"),
        ({"files": [{"name": "tv:tiny", "file": "/secret", "sha256": "0" * 64}]}, "not below the folder"),
        ({"files": [{"name": "tv:tiny"}]}, "file"),
        ([], "Cannot read"),
    ],
)
def test_a_list_that_is_none_or_leads_out_of_its_folder_is_refused(
    world: World, tmp_path: Path, listed: object, reason: str
) -> None:
    (tmp_path / "weights.json").write_text(json.dumps(listed))
    with pytest.raises(WeightsError, match=reason):
        carried.add(tmp_path)
