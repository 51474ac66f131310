import json
import xml.etree.ElementTree as ET

import pytest

from atalho.lab.shared import result
from atalho.lab.shared.cells import Cells
from atalho.lab.shared.drawing import Drawing, Table
from atalho.lab.shared.verdict import Comparison, Estimate, Verdict
from atalho.precision import choose
from atalho.report.canvas import panel
from atalho.text import Text, _


def _pictures(found):
    figure, axes = panel(3, 2)
    axes.plot([0, 1], [0, found["measured"]["height"]])
    axes.set_xlabel(_("epoch"))
    return {_("Accuracy"): figure}


DRAWING = Drawing(
    experiment="height",
    title="Accuracy",
    claim="test",
    method=lambda found: str(found["settings"]["how"]),
    pictures=_pictures,
    tables=lambda found: {_("Cost"): Table(["<name>", "height"], [["a & b", "1"]], "a note")},
    remarks=lambda found: ["a remark"],
)


@pytest.fixture
def found():
    verdict = Verdict(
        (Comparison(Text.verbatim("height"), Estimate.exact("a", 2), "above", Estimate.exact("b", 1), "number"),)
    )
    return result.make(
        DRAWING, "photos", {"how": "by hand"}, {"height": 2}, verdict, cells=Cells({}, ("c",), 1.25),
        command="atalho lab height", seeds=[3, 4], precision=choose("cpu", "fp32"),
    )  # fmt: skip


def test_a_result_says_what_was_claimed_asked_measured_and_where_it_comes_from(found):
    assert found["verdict"]["outcome"] == "supported"
    assert (found["experiment"], found["subject"], found["missing"]) == ("height", "photos", ["c"])
    about = found["provenance"]
    assert (about["seeds"], about["seconds"], about["command"]) == ([3, 4], 1.2, "atalho lab height")
    assert {"versions", "machine", "threads"} <= set(about)


def test_what_is_written(tmp_path, found):
    assert result.write(tmp_path, found, DRAWING) == tmp_path
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "figure.png", "figure.svg", "report.html", "result.json",
    ]  # fmt: skip
    assert json.loads((tmp_path / "result.json").read_text()) == found
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")
    assert ET.parse(tmp_path / "figure.svg").getroot().tag.endswith("svg")
