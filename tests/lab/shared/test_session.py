"""An experiment from its folder to its result, and the results that are stored."""

import json
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

import pytest
from stored_results import FILES, RESULTS, experiment

from atalho.errors import RunError
from atalho.lab.shared.cells import Grows
from atalho.lab.shared.result import Result, Table
from atalho.lab.shared.session import Session
from atalho.lab.shared.verdict import Comparison, Interval, Verdict
from atalho.networks import spec as specs
from atalho.precision import choose
from atalho.report.canvas import panel
from atalho.text import Text, _


@dataclass(frozen=True)
class HeightSettings:
    how: str
    seeds: Grows[tuple[int, ...]]


@dataclass(frozen=True)
class HeightMeasured:
    height: float


@dataclass(frozen=True, repr=False)
class HeightResult(Result):
    NAME, TITLE, CLAIM = "height", "Accuracy", "test"
    settings: HeightSettings
    measured: HeightMeasured

    def method(self):
        return self.settings.how

    def captions(self):
        return dict.fromkeys(self.pictures(), "what to see")

    def pictures(self):
        figure, axes = panel(3, 2)
        axes.plot([0, 1], [0, self.measured.height])
        axes.set_xlabel(_("epoch"))
        return {_("Accuracy"): figure}

    def tables(self):
        return {_("Cost"): Table(["<name>", "height"], [["a & b", "1"]], "a note")}

    def remarks(self):
        return ["a remark"]


def measured(session: Session[HeightResult]) -> HeightResult:
    settings = HeightSettings("by hand", (3, 4))
    left, right = Interval.exact("a", 2), Interval.exact("b", 1)
    verdict = Verdict((Comparison(Text.verbatim("height"), left, "above", right, "number"),))
    cells = session.measure(settings, {"one": lambda: {"height": 2}, "two": lambda: {"height": 2}})
    return session.finish(
        "photos", settings, HeightMeasured(cells.values["one"]["height"]), verdict, cells, [3, 4],
        choose("cpu", "fp32"),
    )  # fmt: skip


@pytest.fixture
def found(tmp_path: Path) -> HeightResult:
    return measured(Session.begin(HeightResult, "photos", out=tmp_path / "out", command="atalho lab height"))


def test_a_result_says_what_was_claimed_asked_measured_and_where_it_comes_from(found):
    assert found.verdict.outcome == "supported"
    assert (found.experiment, found.subject, found.missing, found.claim) == ("height", "photos", (), "test")
    assert (found.provenance["seeds"], found.provenance["command"]) == ([3, 4], "atalho lab height")
    assert {"versions", "machine", "threads", "seconds"} <= set(found.provenance)


def test_what_is_written_and_read_again(found):
    assert sorted(path.name for path in found.path.iterdir() if path.is_file() and path.name[0] != ".") == [
        "experiment.json", "figure.png", "figure.svg", "report.html", "result.json",
    ]  # fmt: skip
    assert json.loads((found.path / "result.json").read_text()) == found.to_dict()
    assert (found.path / "figure.png").read_bytes().startswith(b"\x89PNG")
    assert ET.parse(found.path / "figure.svg").getroot().tag.endswith("svg")
    assert HeightResult.read(found.path) == HeightResult.read(found.path / "result.json") == found


def test_a_folder_is_for_its_settings_and_what_grows_may_grow(found):
    assert json.loads((found.path / "experiment.json").read_text()) == {"experiment": "height", "how": "by hand"}


def test_what_is_no_result_is_refused(tmp_path, found):
    with pytest.raises(RunError, match=r"result\.json is not a result of `lab height`: .*No such file"):
        HeightResult.read(tmp_path)
    with pytest.raises(RunError, match="is not a result of `lab depth`: height"):
        experiment("depth").read(found.path)
    kept = found.to_dict()
    del kept["measured"]["height"]
    (found.path / "result.json").write_text(json.dumps(kept))
    with pytest.raises(RunError, match="is not a result of `lab height`: 'height'"):
        HeightResult.read(found.path)
    (found.path / "result.json").write_text(json.dumps(kept | {"measured": {"height": "2"}}))
    with pytest.raises(RunError, match="'2' is no <class 'float'>"):
        HeightResult.read(found.path)


@pytest.mark.parametrize("name", FILES)
def test_every_stored_result_is_read_and_stays_what_it_is(name):
    file = RESULTS / FILES[name]
    result = experiment(name).read(file)
    kept = json.loads(file.read_bytes())
    if name == "lesion":  # its specs are older than some of their values
        for one, spec in zip(kept["measured"]["series"], (one.spec for one in result.series), strict=True):
            one["spec"] = {**specs.to_dict(spec), **one["spec"]}
    assert result.to_dict() == kept
    if name != "lesion":
        assert json.dumps(result.to_dict()) == json.dumps(kept)
    assert result.table().rows and result.headline() and "<table>" in result._repr_html_()
