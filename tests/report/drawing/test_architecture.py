"""The drawing as a file: well-formed, told in words, the same as the documents show, hostile names and all."""

import re
import xml.etree.ElementTree as ET
from typing import Any

import pytest

from atalho.networks import catalogue
from atalho.report.drawing import NetworkToDraw, Scale, draw
from atalho.text import speaking

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = '<script>alert(1)</script> & "x" \'\x07 ]]>'


def drawn(name: str, *, legend: Scale | None = None, unfold: bool = False, columns: int = 1, **of: Any) -> ET.Element:
    network = NetworkToDraw(catalogue.spec(name).plan(), name, **of)
    return ET.fromstring(draw([network], legend=legend, unfold=unfold, columns=columns))


def of_class(tree: ET.Element, *classes: str) -> list[ET.Element]:
    return [e for e in tree.iter() if set(classes) <= set(e.get("class", "").split())]


@pytest.mark.parametrize("name", catalogue.list_models())
def test_every_network_can_be_drawn(name: str) -> None:
    tree = drawn(name)
    width, height = (float(tree.get(side, "")) for side in ("width", "height"))
    assert tree.tag == f"{SVG}svg" and 250 < width < 500 and 400 < height < 4000


def test_arcs_are_solid_dashed_dotted_or_not_there() -> None:
    # One more of each kind stands in the legend.
    assert len(of_class(drawn("resnet34"), "shortcut", "identity")) == 13 + 1
    assert len(of_class(drawn("resnet34"), "shortcut", "projection")) == 3 + 1
    assert len(of_class(drawn("resnet20"), "shortcut", "zero-pad")) == 2 + 1
    assert of_class(drawn("plain34"), "shortcut") == []
    assert of_class(drawn("plain34"), "node") == []
    style = drawn("resnet34").findtext(f"{SVG}style") or ""
    assert re.search(r"\.projection \{ stroke-dasharray", style)
    assert not re.search(r"\.identity \{[^}]*dash", style)


def test_a_dense_block_broadens_by_what_each_layer_adds() -> None:
    tree = drawn("densenet121", unfold=True)
    stripes = of_class(tree, "new")
    assert len(stripes) == 6 + 12 + 24 + 16 + 1
    assert len({e.get("width") for e in stripes[:-1]}) == 1


def test_the_text_is_text_and_the_drawing_is_told_in_words() -> None:
    tree = drawn("resnet34", note="21,797,672 parameters")
    texts = [e.text for e in tree.iter(f"{SVG}text")]
    assert {"resnet34", "34 weighted layers · 21,797,672 parameters", "image 3 × 224 × 224"} <= set(texts)
    assert {"7×7 conv, 64, /2", "3×3 conv, 512, /2", "average pooling", "classifier, 1000"} <= set(texts)
    ids = (tree.get("aria-labelledby") or "").split()
    told = {e.get("id"): e.text for e in tree if e.tag in (f"{SVG}title", f"{SVG}desc")}
    assert tree.get("role") == "img" and tree.get("lang") == "en" and list(told) == ids
    assert told[ids[0]] == "Architecture of resnet34"
    assert "Identity shortcuts (solid lines): 13. Projections (dashed lines): 3." in (told[ids[1]] or "")


def test_plain_and_residual_stand_row_by_row() -> None:
    both = [NetworkToDraw(catalogue.spec(name).plan(), name) for name in ("plain34", "resnet34")]
    tree = ET.fromstring(draw(both))
    groups = [g for g in tree if g.tag == f"{SVG}g"][:12]
    heights = [(g.get("transform", "").split()[1], [r.get("y") for r in of_class(g, "box")]) for g in groups]
    assert heights[:6] == heights[6:]


def test_the_ids_of_two_languages_differ_so_that_a_page_can_hold_both() -> None:
    ids = {
        e.get("id") for language in ("en", "pt") for e in speaking(language)(drawn)("resnet18").iter() if e.get("id")
    }
    assert len(ids) == 4


def test_names_are_escaped() -> None:
    text = draw([NetworkToDraw(catalogue.spec("mlp6").plan(), HOSTILE, note=HOSTILE)])
    assert "<script" not in text
    assert ET.fromstring(text).findtext(f"{SVG}title", "").startswith("Architecture of <script>alert(1)")


def test_columns_break_between_stages_only_and_keep_everything() -> None:
    one, three = drawn("resnet34"), drawn("resnet34", columns=3)
    assert [e.text for e in one.iter(f"{SVG}text")] == [e.text for e in three.iter(f"{SVG}text")]
    assert float(three.get("width", "")) == 3 * float(one.get("width", ""))
    assert float(three.get("height", "")) < 0.6 * float(one.get("height", ""))


def test_light_and_dark_and_paper() -> None:
    style = drawn("resnet18").findtext(f"{SVG}style") or ""
    assert "@media screen and (prefers-color-scheme: dark)" in style
    light, dark = style.split("@media")
    for name in re.findall(r"\.architecture[^,{]*(?=\{ fill: #)", light):
        assert name in dark


def test_values_are_painted_block_by_block_and_explained() -> None:
    values = {f"stages.0.{i}": 10.0**-i for i in range(3)}
    scale = Scale.over(values, "gradient norm", logarithmic=True)
    tree = drawn("resnet34", values=values, legend=scale)
    painted = [e.get("style") for e in of_class(tree, "box") if e.get("style")]
    assert len(painted) == 6 and len(set(painted)) == 3
    texts = [e.text for e in tree.iter(f"{SVG}text")]
    assert {"gradient norm", "0.01", "0.1", "1"} <= set(texts)
    folded = drawn("resnet152", values={f"stages.2.{i}": float(i) for i in range(36)})
    assert len([e for e in folded.iter(f"{SVG}rect") if e.get("style") and e.get("class") is None]) == 33 + 24


@pytest.mark.parametrize("language", ["en", "pt"])
def test_the_lines_below_two_names_do_not_run_into_each_other(language: str) -> None:
    note = "21,797,672 parameters"
    networks = [NetworkToDraw(catalogue.spec(name).plan(), name, note=note) for name in ("plain34", "resnet34")]
    tree = ET.fromstring(speaking(language)(draw)(networks))
    first, second = (e for e in of_class(tree, "soft") if note in (e.text or ""))
    # 11 pixels high; a letter is about half as wide.
    assert float(second.get("x", "")) - float(first.get("x", "")) > 5.8 * len(first.text or "") + 8
