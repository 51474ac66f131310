"""What pydantic refuses, said in Atalho's words, in the language in force."""

import re
from dataclasses import field
from typing import Annotated, Any, Literal

import pytest
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from atalho.text import Text, speaking
from atalho.validation import checked, explain


@dataclass(frozen=True, config=ConfigDict(extra="forbid", allow_inf_nan=False))
class Inner:
    colour: Literal["red", "green"] = "red"


@dataclass(frozen=True, config=ConfigDict(extra="forbid", allow_inf_nan=False))
class Outer:
    count: Annotated[int, Field(ge=1, strict=True)]
    share: Annotated[float, Field(gt=0, lt=1)] = 0.5
    sizes: Annotated[tuple[int, ...], Field(min_length=1, max_length=2)] = (1,)
    inner: Inner = field(default_factory=Inner)


def refusal(values: dict[str, Any]) -> Text:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(Outer).validate_python(values)
    return explain(Outer, caught.value)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"count": 0}, "count = 0 is not accepted: it must be at least 1."),
        ({"count": 1.5}, "count = 1.5 is not accepted: it must be a whole number."),
        ({"count": 1, "share": 1}, "share = 1 is not accepted: it must be less than 1.0."),
        ({"count": 1, "share": float("inf")}, "share = inf is not accepted: it must be a finite number."),
        ({"count": 1, "sizes": []}, "sizes = [] is not accepted: it must be a list of at least 1."),
        ({"count": 1, "sizes": [1, 2, 3]}, "sizes = [1, 2, 3] is not accepted: it must be a list of at most 2."),
        ({"count": 1, "sizes": [1, "a"]}, "sizes.1 = 'a' is not accepted: it must be a whole number."),
        ({"count": 1, "inner": 3}, "inner = 3 is not accepted: it must be a table of settings."),
        ({"count": 1, "inner": {"colour": "rod"}}, "inner.colour = 'rod' is not accepted. Did you mean red?"),
        (
            {"count": 1, "inner": {"color": "red"}},
            "inner.color: unknown setting. Did you mean inner.colour / inner?",
        ),
        ({}, "count is missing: a value is required."),
    ],
)
def test_each_reason_has_words_of_its_own(values: dict[str, Any], text: str) -> None:
    assert str(refusal(values)) == text


def test_a_misspelt_name_comes_before_the_one_that_is_missing_for_it() -> None:
    lines = str(refusal({"coutn": 3})).splitlines()
    assert lines == [
        "coutn: unknown setting. Did you mean count?",
        "count is missing: a value is required.",
    ]


def test_it_is_said_in_the_language_in_force() -> None:
    text = refusal({"count": 0})
    with speaking("pt"):
        assert str(text) == "count = 0 não é aceito: precisa ser ao menos 1."


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (None, "its content = None is not accepted: it must be a table of settings."),
        ({}, "count is missing: a value is required."),
        ({"count": "x", "share": 2}, "count = 'x' is not accepted: it must be a whole number."),
    ],
)
def test_what_a_file_holds_is_refused_by_its_first_fault(values: Any, reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(reason)}$"):
        checked(Outer, values)
