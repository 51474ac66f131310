"""What a verb returns prints as a line, is a table in a notebook, and converts to JSON."""

import json
from pathlib import Path

import pytest

from atalho.errors import RunError
from atalho.metrics.verification import Threshold
from atalho.storage.run_folder import RunFolder
from atalho.tasks.by_name import evaluation_of
from atalho.text import speaking

RUNS = Path(__file__).parent / "fixtures" / "runs"
CHOSEN = Threshold(similarity=0.5, wanted_far=0.01, far=0.00062, far_interval=(0.0, 0.0041), frr=0.125,
                   frr_interval=(0.1, 0.1502), genuine=1710, impostor=14400)  # fmt: skip


@pytest.mark.parametrize("name", ["clothes", "characters"])
def test_a_stored_evaluation_is_read_and_written_byte_for_byte(name: str) -> None:
    stored = (RUNS / name / "evaluation.json").read_text(encoding="utf-8")
    found = evaluation_of(RunFolder.open(RUNS / name))
    assert found is not None
    assert json.dumps(found.to_dict(), ensure_ascii=False, indent=1) + "\n" == stored


def test_an_evaluation_prints_as_a_line_with_intervals_in_the_language_in_force() -> None:
    found = evaluation_of(RunFolder.open(RUNS / "clothes"))
    with speaking("en"):
        assert "top-1 accuracy: 75.0% [55.1%, 88.0%]" in repr(found)
    with speaking("pt"):
        assert "75,0% [55,1%; 88,0%]" in repr(found)
    assert repr(found).startswith("ClassificationEvaluation(")
    assert "\n" not in repr(found)


def test_a_notebook_shows_a_table_and_nothing_of_it_is_markup() -> None:
    with speaking("en"):
        assert CHOSEN._repr_html_().startswith("<table><tr><th>similarity</th><td>0.500</td></tr>")
        assert "<td>0.06% [0.00%, 0.41%]</td>" in CHOSEN._repr_html_()


def test_a_value_that_is_missing_or_of_another_kind_is_named(tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_text("")
    for content, named in (({"split": "test", "images": 600}, "top1"), ({"split": 3}, "3 is no")):
        (tmp_path / "evaluation.json").write_text(json.dumps(content))
        with pytest.raises(RunError, match=f"Cannot read .*evaluation.json: .*{named}"):
            evaluation_of(RunFolder.open(tmp_path))
