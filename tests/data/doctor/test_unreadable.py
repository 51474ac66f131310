import pytest

from atalho.data.decoding.reasons import Reason
from atalho.data.doctor import unreadable
from atalho.data.manifest import BadImage
from atalho.text import Text


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_kind_and_a_remedy(reason: Reason) -> None:
    text = reason.text(reason="r", what="w", formats="f", size=1, limit=1, width=1, height=1)
    # As it comes from a process.
    (problem,) = unreadable.problems([BadImage(0, "a.jpg", Text.from_json(text.to_json()))])
    assert problem.path == "a.jpg"
    assert str(problem.message) == str(text)
    assert problem.severity == "stops"
    assert (problem.kind == "unreadable") == (reason in (Reason.CANNOT_OPEN, Reason.TABLE))


def test_a_reason_of_another_version_is_still_a_problem() -> None:
    (problem,) = unreadable.problems([BadImage(0, "a.jpg", Text("something new"))])
    assert problem.kind == "unreadable"
    assert str(problem.remedy) == "Copy it again from its source, or remove it."
