import re
from collections.abc import Mapping
from pathlib import Path

from atalho.lab.shared import files
from atalho.lab.shared.result import Picture, Result, Table
from atalho.lab.shared.verdict import Verdict
from atalho.report.canvas import panel
from atalho.report.markup import Html

SVG = Html('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path stroke="var(--ink)"/></svg>')


class HeightResult(Result):
    """What a page needs of an experiment."""

    NAME, TITLE, CLAIM = "height", "Accuracy", "test"

    def method(self) -> str:
        return "by hand"

    def pictures(self) -> Mapping[str, Picture]:
        return dict(self.measured)

    def captions(self) -> Mapping[str, str]:
        return dict.fromkeys(self.pictures(), "what to see")

    def tables(self) -> Mapping[str, Table]:
        return {"Heights": Table(["name", "height"], [["a & b", "1"]], "a note")}


def result(folder: Path, *pictures: tuple[str, Picture]) -> Result:
    return HeightResult(
        format=1,
        experiment="height",
        subject="<photos>",
        claim="test",
        settings=None,
        measured=pictures,
        verdict=Verdict(()),
        missing=(),
        provenance={"command": "atalho lab height", "seeds": [0, 1], "seconds": 2.5},
        path=folder,
    )


def test_the_page_states_claim_verdict_table_figure_and_provenance_in_both_languages(tmp_path):
    text = files.page(result(tmp_path, ("first", SVG), ("second", panel(2, 2)[0])))
    english, portuguese = re.findall(r"<main.*?</main>", text, re.DOTALL)
    for part in (english, portuguese):
        for piece in ("&lt;photos&gt;", "a &amp; b", "a note", "by hand", "atalho lab height", "0, 1", "what to see"):
            assert piece in part
        assert part.count("<svg") == 2
    assert 'data-outcome="not enough evidence"' in english
    assert "There is not enough evidence." in english


def test_a_picture_that_is_svg_already_has_no_png(tmp_path: Path):
    files.write_shown(result(tmp_path, ("first", SVG)))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["figure.svg", "report.html"]
    text = (tmp_path / "figure.svg").read_text()
    assert "--ink:#1c2430" in text and "prefers-color-scheme:dark" in text and 'stroke="var(--ink)"' in text


def test_a_notebook_shows_the_verdict_and_the_first_table(tmp_path):
    shown = result(tmp_path)._repr_html_()
    assert "There is not enough evidence." in shown and "<td>a &amp; b</td>" in shown
    assert repr(result(tmp_path)) == f"HeightResult('<photos>', 'not enough evidence', path={str(tmp_path)!r})"
