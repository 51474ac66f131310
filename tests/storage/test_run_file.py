"""run.toml: complete, commented, and read back to the same configuration."""

from pathlib import Path

import pytest

from atalho import config as schema
from atalho.entries import entries
from atalho.errors import ConfigError
from atalho.settings import nest, to_dict, validate
from atalho.storage import run_file
from atalho.text import speaking


def test_the_file_gives_the_same_configuration(tmp_path: Path) -> None:
    config = validate(nest({"training.lr": 0.3, "data.size": 48, "training.milestones": (0.1, 0.9)}))
    path = tmp_path / "run.toml"
    path.write_text(run_file.text(to_dict(config)))
    assert validate(run_file.read(path)) == config


def test_every_value_has_its_meaning_beside_it() -> None:
    text = run_file.text(to_dict(schema.Config()))
    for entry in entries():
        assert f"# {entry.meaning}" in text


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml: file not found"):
        run_file.read(tmp_path / "none.toml")


@pytest.mark.parametrize("content", [b"a = ", b"\xff\xfe", b"[x\n"])
def test_what_is_no_toml_is_said(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"Cannot read .* as TOML"):
        run_file.read(path)


def test_a_byte_order_mark_is_no_part_of_the_settings(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("\ufeff[training]\nepochs = 3\n", encoding="utf-8")
    assert run_file.read(file) == {"training": {"epochs": 3}}


def test_the_place_of_a_mistake_is_told_in_the_readers_language(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text("[model]\nname resnet20\n")
    with pytest.raises(ConfigError) as caught:
        run_file.read(path)
    assert "line 2, column 6" in str(caught.value)
    with speaking("pt"):
        assert "linha 2, coluna 6" in str(caught.value)
