"""The drawing of a network by its name, its file or its run."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

import atalho
from atalho.api.draw import draw
from atalho.errors import ConfigError
from atalho.runs.run import Run
from atalho.text import use_language


def words(svg: str) -> list[str]:
    return [part for element in ElementTree.fromstring(svg).iter() if (part := (element.text or "").strip())]


def test_a_network_of_the_catalogue_with_its_parameters() -> None:
    found = words(draw("resnet34"))
    assert "resnet34" in found
    assert any("21,797,672 parameters" in word for word in found)


def test_the_language_in_force_is_spoken() -> None:
    use_language("pt")
    assert any("21.797.672 parâmetros" in word for word in words(draw("resnet34")))


def test_a_run_is_drawn_with_its_own_images(run: Run) -> None:
    found = words(draw(str(run.path)))
    assert any("1 × 16 × 16" in word for word in found)


def test_another_side_changes_the_shapes_alone() -> None:
    assert any("3 × 96 × 96" in word for word in words(draw("resnet18", size=96)))


def test_networks_beside_each_other() -> None:
    found = words(draw("plain20", beside=["resnet20"]))
    assert draw("plain20", beside="resnet20") == draw("plain20", beside=["resnet20"])
    assert {"plain20", "resnet20"} <= set(found)


@pytest.mark.parametrize(("columns", "beside"), [(0, []), (9, []), (2, ["resnet20"])])
def test_columns_that_cannot_be_are_refused(columns: int, beside: list[str]) -> None:
    with pytest.raises(ConfigError, match=f"columns {columns}: expected 1 to 8"):
        draw("plain20", beside=beside, columns=columns)


def test_what_is_no_network_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        draw("resnet35")


def test_a_network_and_a_model_are_drawn_and_a_drawing_shows_and_saves_itself(run: Run, tmp_path: Path) -> None:
    assert draw(atalho.create("resnet20")) == draw("resnet20")
    assert words(draw(run.model)) == words(draw(str(run.path)))
    drawing = draw("resnet20", beside=[atalho.create("plain20")])
    assert drawing._repr_svg_() == drawing
    assert repr(drawing).startswith("Drawing(SVG, ")
    drawing.save(tmp_path / "drawing.svg")
    assert (tmp_path / "drawing.svg").read_text(encoding="utf-8") == drawing
    with pytest.raises(ConfigError, match=r"Expected the name of a network, a path, a network or a model, not int\."):
        draw(20)  # type: ignore[arg-type]
