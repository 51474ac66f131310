"""Where a result came from, as every run and benchmark records it."""

import json
import os
from datetime import datetime, timedelta

import pytest
import torch

from atalho import __version__
from atalho.precision import choose
from atalho.runs import provenance


def test_it_says_command_seed_versions_and_machine() -> None:
    found = provenance.gather("atalho train photos", 7, choose("cpu", "fp32")).to_dict()
    assert json.loads(json.dumps(found)) == found
    assert (found["command"], found["seed"], found["atalho"]) == ("atalho train photos", 7, __version__)
    assert found["versions"]["torch"] == torch.__version__.partition("+")[0]
    assert found["machine"]["cores"] == os.cpu_count()
    assert datetime.fromisoformat(found["started"]).utcoffset() == timedelta(0)


def test_the_fingerprint_tells_what_changes_the_weights_apart() -> None:
    precision = choose("cpu", "fp32")
    here = provenance.fingerprint(precision)
    assert provenance.fingerprint(precision) == here
    assert provenance.fingerprint(precision, ranks=2) != here
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(before + 1)
        assert provenance.fingerprint(precision) != here
    finally:
        torch.set_num_threads(before)


def test_a_script_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["/somewhere/lesson.py"])
    assert provenance.called_from_python("atalho.train") == "atalho.train (Python, lesson.py)"
    monkeypatch.setattr("sys.argv", [""])
    assert provenance.called_from_python("atalho.train") == "atalho.train (Python, interactive)"
