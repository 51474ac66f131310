import pytest

from atalho.data.layouts.patterns import parse
from atalho.errors import ConfigError


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("{identity}/{camera}/*", "ana/cam0/1.jpg", {"identity": "ana", "camera": "cam0"}),
        ("{identity}/{camera}/*", "ana/cam0/day/1.jpg", {"identity": "ana", "camera": "cam0"}),
        ("{identity}/{camera}/*", "ana/1.jpg", None),
        ("{camera}/{identity}/*", "cam0/ana/1.jpg", {"identity": "ana", "camera": "cam0"}),
        ("{identity}_c{camera}s*", "image_train/0001_c012s1_00.jpg", {"identity": "0001", "camera": "012"}),
        ("**/{identity}_*", "a/b/7_2.jpg", {"identity": "7"}),
        ("**/{identity}_*", "7_2.jpg", {"identity": "7"}),
        ("*/{identity}/*", "bikes/bike_1/0.jpg", {"identity": "bike_1"}),
        ("{identity}_*.jpg", "7_2.jpg", {"identity": "7"}),
        ("{identity}.*", "cat.12.jpg", {"identity": "cat"}),
        ("{identity}/{identity}_*", "7/7_2.jpg", {"identity": "7"}),
        ("{identity}/{identity}_*", "7/8_2.jpg", None),
        ("n?{identity}", "n07.png", {"identity": "7"}),
        ("a+({identity})", "a+(7).png", {"identity": "7"}),
    ],
)
def test_what_a_path_tells(pattern: str, name: str, expected: dict[str, str] | None) -> None:
    assert parse(pattern, "data.identity").find(name) == expected


def test_errors_name_the_setting_and_examples() -> None:
    with pytest.raises(
        ConfigError, match=r"data\.class = 'cats' is not a pattern with \{class\} in it. Examples: \{cl"
    ):
        parse("cats", "data.class")
    with pytest.raises(ConfigError, match=r"a pattern has no \{clas\}\. Did you mean class\?"):
        parse("{clas}/*", "data.class")
