from pathlib import Path

import pytest

from atalho.errors import WeightsError
from atalho.metrics.verification import Threshold
from atalho.storage import threshold_file

THRESHOLD = Threshold(0.4, 0.01, 0.009, (0.005, 0.015), 0.2, (0.1, 0.3), 200, 5000)


def test_comes_back_as_it_was_written(tmp_path: Path) -> None:
    assert threshold_file.read(tmp_path) is None
    threshold_file.write(tmp_path, THRESHOLD)
    assert threshold_file.read(tmp_path) == THRESHOLD


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b"\xff", b'{"similarity": "high"}', b"null", b"5", b'{"format": 9}']
)
def test_a_damaged_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / threshold_file.NAME).write_bytes(content)
    with pytest.raises(WeightsError, match=r"threshold\.json is not an Atalho threshold") as refused:
        threshold_file.read(tmp_path)
    assert "pydantic" not in str(refused.value)
