import re
from pathlib import Path

from atalho.lab.shared import page as files
from atalho.lab.shared.drawing import Drawing, Table
from atalho.report.canvas import panel
from atalho.report.markup import Html

RESULT = {
    "experiment": "height",
    "subject": "<photos>",
    "claim": "test",
    "settings": {},
    "measured": {},
    "verdict": {"outcome": "not enough evidence", "comparisons": []},
    "missing": [],
    "provenance": {"command": "atalho lab height", "seeds": [0, 1], "seconds": 2.5},
}
SVG = Html('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path stroke="var(--ink)"/></svg>')


def drawing(*pictures):
    return Drawing(
        experiment="height",
        title="Accuracy",
        claim="test",
        method=lambda found: "by hand",
        pictures=lambda found: dict(pictures),
        tables=lambda found: {"Heights": Table(["name", "height"], [["a & b", "1"]], "a note")},
    )


def test_the_page_states_claim_verdict_table_figure_and_provenance_in_both_languages():
    text = files.page(RESULT, drawing(("first", SVG), ("second", panel(2, 2)[0])))
    english, portuguese = re.findall(r"<main.*?</main>", text, re.DOTALL)
    for part in (english, portuguese):
        for piece in ("&lt;photos&gt;", "a &amp; b", "a note", "by hand", "atalho lab height", "0, 1"):
            assert piece in part
        assert part.count("<svg") == 2
    assert 'data-outcome="not enough evidence"' in english
    assert "There is not enough evidence." in english


def test_a_picture_that_is_svg_already_has_no_png(tmp_path: Path):
    files.write_shown(tmp_path, RESULT, drawing(("first", SVG)))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["figure.svg", "report.html"]
    text = (tmp_path / "figure.svg").read_text()
    assert "--ink:#1c2430" in text and "prefers-color-scheme:dark" in text and 'stroke="var(--ink)"' in text
