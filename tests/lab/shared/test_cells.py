import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pytest

from atalho.errors import RunError
from atalho.lab.shared import cells
from atalho.training.progress import Progress

DESCRIPTION = {"experiment": "squares", "power": 2}
NAMES = ["one", "two", "three"]


class Squares:
    """Measures, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, name: str) -> cells.Value:
        self.asked.append(name)
        return {"square": len(name) ** 2, "pair": (1, 2)}

    def plan(self, names: Sequence[str]) -> dict[str, Callable[[], cells.Value]]:
        return {name: partial(self, name) for name in names}


class Notes(Progress):
    def __init__(self) -> None:
        self.texts: list[str] = []

    def note(self, text: str) -> None:
        self.texts.append(text)


def test_every_cell_is_measured_once_in_order_and_kept(tmp_path):
    first, again = Squares(), Squares()
    found = cells.run(tmp_path, DESCRIPTION, first.plan(NAMES))
    assert first.asked == NAMES and list(found.values) == NAMES and not found.missing
    assert found.values["three"] == {"square": 25, "pair": [1, 2]}
    assert cells.run(tmp_path, DESCRIPTION, again.plan(NAMES)) == found
    assert again.asked == []


def test_further_cells_are_added_to_those_that_are_there(tmp_path):
    cells.run(tmp_path, DESCRIPTION, Squares().plan(NAMES[1:]))
    more = Squares()
    assert list(cells.run(tmp_path, DESCRIPTION, more.plan(NAMES)).values) == NAMES
    assert more.asked == ["one"]


def test_the_words_of_a_reason_make_no_other_experiment(tmp_path):
    cells.run(tmp_path, DESCRIPTION | {"precision": "cpu fp32 (as asked)"}, Squares().plan(NAMES))
    again = Squares()
    cells.run(tmp_path, DESCRIPTION | {"precision": "cpu fp32 (como pedido)"}, again.plan(NAMES))
    assert again.asked == []
    with pytest.raises(RunError, match="precision is"):
        cells.run(tmp_path, DESCRIPTION | {"precision": "cpu bf16 (as asked)"}, again.plan(NAMES))


def test_another_experiment_is_refused_and_the_difference_named(tmp_path):
    cells.run(tmp_path, DESCRIPTION, Squares().plan(NAMES))
    with pytest.raises(RunError, match=re.escape("power is 2 there and 3 here. Give another folder with --out")):
        cells.run(tmp_path, DESCRIPTION | {"power": 3}, Squares().plan(NAMES))


def test_a_budget_ends_between_cells_and_says_what_is_missing(tmp_path):
    notes = Notes()
    found = cells.run(tmp_path, DESCRIPTION, Squares().plan(NAMES), budget_minutes=0, progress=notes)
    assert found.missing == ("one", "two", "three") and found.seconds == 0
    assert notes.texts == ["Time budget used up. Not measured yet: one; two; three."]


def test_time_left_is_told_after_each_cell(tmp_path):
    notes = Notes()
    cells.run(tmp_path, DESCRIPTION, Squares().plan(NAMES), progress=notes)
    assert len(notes.texts) == 3
    assert notes.texts[0] == "one: done in 0.0 s · 1 of 3 measurements · about 0.0 s left"
    assert notes.texts[-1] == "three: done in 0.0 s · 3 of 3 measurements"


def test_what_is_measured_is_told_in_words_and_not_by_the_names_of_cells(tmp_path):
    notes, titles = Notes(), {"one": "resnet20, seed 0", "two": "plain20, seed 0"}
    cells.run(tmp_path, DESCRIPTION, Squares().plan(NAMES[:1]), progress=notes, titles=titles)
    cells.run(tmp_path, DESCRIPTION, Squares().plan(NAMES), budget_minutes=0, progress=notes, titles=titles)
    assert notes.texts[0].startswith("resnet20, seed 0: done in ")
    assert notes.texts[1] == "Time budget used up. Not measured yet: plain20, seed 0; three."


@pytest.mark.parametrize("content", [b"", b"{", b"[]"])
def test_a_damaged_cell_is_named(tmp_path, content):
    cells.run(tmp_path, DESCRIPTION, Squares().plan(NAMES))
    path = tmp_path / "cells" / "two.json"
    path.write_bytes(content)
    with pytest.raises(RunError, match=re.escape(f"Cannot read {path}")):
        cells.run(tmp_path, DESCRIPTION, Squares().plan(NAMES))


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden"])
def test_a_name_that_leaves_the_folder_is_refused(tmp_path, name):
    with pytest.raises(RunError, match="is not a valid cell name"):
        cells.run(tmp_path, DESCRIPTION, Squares().plan([name]))


def test_the_place_is_checked_before_any_work(tmp_path):
    assert cells.place(None, "depth-cifar") == Path("lab/depth-cifar")
    assert cells.place(tmp_path / "new" / "deep", "") == tmp_path / "new" / "deep"
    for run in ("photos", "photos/model"):
        assert cells.place(None, "lesion-photos", tmp_path / run) == tmp_path / "lab" / "lesion-photos"
    file = tmp_path / "file"
    file.write_text("")
    for place in (file, file / "below"):
        with pytest.raises(RunError, match=r"Cannot write .*: Not a directory"):
            cells.place(place, "")
    assert list(tmp_path.iterdir()) == [file]


def test_what_is_no_experiment_is_not_written_over(tmp_path):
    (tmp_path / ".lock").touch()
    assert cells.place(tmp_path, "") == tmp_path
    (tmp_path / "run.toml").touch()
    with pytest.raises(RunError, match=r"already has something other than an experiment: run.toml. Give a new folder"):
        cells.place(tmp_path, "")
    cells.run(tmp_path, DESCRIPTION, Squares().plan(NAMES))
    assert cells.place(tmp_path, "") == tmp_path


_KILLED = """
import os, signal, sys
from functools import partial
from pathlib import Path
from atalho.lab.shared import cells

def measure(name):
    with open(sys.argv[2], "a") as log:
        log.write(name + "\\n")
    if name == sys.argv[3]:
        os.kill(os.getpid(), signal.SIGKILL)
    return {"square": len(name) ** 2}

plan = {name: partial(measure, name) for name in ["one", "two", "three"]}
print(dict(cells.run(Path(sys.argv[1]), {"experiment": "squares"}, plan).values))
"""


def _sitting(folder: Path, log: Path, kill_at: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", _KILLED, str(folder), str(log), kill_at]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_killed_and_started_again_nothing_is_measured_twice_and_the_result_is_the_same(tmp_path):
    killed, log = tmp_path / "killed", tmp_path / "log"
    assert _sitting(killed, log, "two").returncode == -signal.SIGKILL
    again = _sitting(killed, log, "")
    straight = _sitting(tmp_path / "straight", tmp_path / "other", "")
    # The cell that the kill fell into is begun anew; the one that was finished is not.
    assert log.read_text().split() == ["one", "two", "two", "three"]
    assert again.stdout == straight.stdout != ""
    values = [json.loads((f / "cells" / "one.json").read_text())["value"] for f in (killed, tmp_path / "straight")]
    assert values[0] == values[1]


def test_cells_behind_a_link_are_refused_and_stay(tmp_path):
    folder, away = tmp_path / "lab", tmp_path / "away"
    cells.run(folder, DESCRIPTION, Squares().plan(NAMES[:1]))
    (folder / "cells").rename(away)
    (folder / "cells").symlink_to(away)
    (away / ".tmp-two.json-0123abcd").write_text("mine")
    before = {path.name: path.read_bytes() for path in away.iterdir()}
    with pytest.raises(RunError, match="cells is a link"):
        cells.run(folder, DESCRIPTION, Squares().plan(NAMES))
    assert {path.name: path.read_bytes() for path in away.iterdir()} == before


def test_an_experiment_on_a_run_goes_on_where_it_was_begun(tmp_path, monkeypatch):
    (tmp_path / "runs").mkdir()
    monkeypatch.chdir(tmp_path)
    assert cells.place(None, "lesion-photos", "runs/photos") == Path("runs/lab/lesion-photos")
    cells.run(Path("lab/lesion-photos"), DESCRIPTION, Squares().plan(NAMES))
    assert cells.place(None, "lesion-photos", "runs/photos") == Path("lab/lesion-photos")
    assert cells.place(None, "lesion-runs", ".") == tmp_path.parent / "lab" / "lesion-runs"
