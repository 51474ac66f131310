"""Public names out of a package's stub, imported when first used."""

from pathlib import Path

import pytest

from atalho import lazy


def test_names_are_imported_from_where_the_stub_says(tmp_path: Path) -> None:
    (tmp_path / "__init__.pyi").write_text("from json import loads as loads\nfrom math import pi as pi\n")
    get, listed, every = lazy.names_of("package", str(tmp_path / "__init__.py"))
    assert listed() == every == ["loads", "pi"]
    assert get("loads")("[1]") == [1]


def test_an_unknown_name_is_no_attribute(tmp_path: Path) -> None:
    (tmp_path / "__init__.pyi").write_text("")
    get, _listed, _every = lazy.names_of("package", str(tmp_path / "__init__.py"))
    with pytest.raises(AttributeError, match="module 'package' has no attribute 'pi'"):
        get("pi")


def test_a_missing_dependency_is_not_turned_into_a_missing_name(tmp_path: Path) -> None:
    (tmp_path / "__init__.pyi").write_text("from not_installed import pi as pi\n")
    get, _listed, _every = lazy.names_of("package", str(tmp_path / "__init__.py"))
    with pytest.raises(ModuleNotFoundError, match="not_installed"):
        get("pi")


def test_a_module_of_the_package_is_imported_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "house"
    folder.mkdir()
    (folder / "__init__.pyi").write_text("from house import room as room\n")
    (folder / "__init__.py").write_text(
        "from atalho import lazy\n__getattr__, __dir__, __all__ = lazy.names_of(__name__, __file__)\n"
    )
    (folder / "room.py").write_text("import not_installed\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    import house  # type: ignore[import-not-found]

    with pytest.raises(ModuleNotFoundError, match="not_installed"):
        _room = house.room
    (folder / "room.py").write_text("chairs = 4\n")
    assert house.room.chairs == 4
