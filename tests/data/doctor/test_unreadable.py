import pytest

from atalho.data import reasons
from atalho.data.doctor import unreadable
from atalho.data.survey import BadImage
from atalho.locale import _, keep, tell

REASONS = [value for name, value in vars(reasons).items() if name.isupper() and isinstance(value, str)]


@pytest.mark.parametrize("text", REASONS)
def test_every_reason_has_a_kind_and_a_remedy(text: str) -> None:
    reason = _(text).format(reason="r", what="w", formats="f", size=1, limit=1, width=1, height=1)
    (problem,) = unreadable.problems([BadImage(0, "a.jpg", tell(keep(reason)))])  # as it comes from a process
    assert problem.path == "a.jpg"
    assert problem.message == reason
    assert problem.severity == "stops"
    assert (problem.kind == "unreadable") == (text == reasons.CANNOT_OPEN)


def test_a_reason_of_another_version_is_still_a_problem() -> None:
    (problem,) = unreadable.problems([BadImage(0, "a.jpg", "something new")])
    assert problem.kind == "unreadable"
    assert problem.remedy == "Copy it again from its source, or remove it."
