"""Every word in the name of a public class is in the glossary, or is plain English that needs no entry there."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
GLOSSARY = ROOT / "docs" / "glossary.md"
# English, Python and the names of other programs; what Atalho means by a word belongs into the glossary instead.
PLAIN = frozenset(
    re.findall(
        r"\w+",
        """
        alike asked atalho board changed compared config console context count difference elsewhere errors expected
        file files finished finite formatter generalized grid hash how html json left length lengthened line linear
        lines list lost mean measured moved named net no nobody not nothing numbers options out output page patience
        pipe postgres random reading record refused report reported rest res result right row settings short signals
        skipped source sqlite stopped table tensor terminal text time tar trained unfinished unreadable waiting zip
        """,
    )
)
LITTLE = frozenset({"a", "and", "by", "for", "in", "of", "on", "or", "the", "to"})


def public_classes() -> dict[str, str]:
    """Class → file."""
    classes = {}
    for path in sorted((ROOT / "src" / "atalho").rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                classes[node.name] = str(path.relative_to(ROOT))
    return classes


def words(name: str) -> list[str]:
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z0-9]*", name)]


def is_in(word: str, known: set[str]) -> bool:
    """As it is, or as its singular."""
    return bool({word, word.removesuffix("s"), word.removesuffix("es")} & known)


def terms() -> set[str]:
    """The words of the glossary's first column."""
    rows = re.findall(r"^\| ([^|]+) \|", GLOSSARY.read_text(encoding="utf-8"), re.MULTILINE)
    return {word for row in rows for word in re.findall(r"[a-z0-9]+", row.lower().replace("re-", "re"))}


def test_every_noun_of_a_public_class_is_in_the_glossary() -> None:
    known = terms() | PLAIN | LITTLE
    missing = {
        f"{word} ({name}, {file})"
        for name, file in public_classes().items()
        for word in words(name)
        if not is_in(word, known)
    }
    assert not missing, f"add to docs/glossary.md: {', '.join(sorted(missing))}"


def test_each_term_stands_once_in_its_table() -> None:
    tables = re.split(r"^## ", GLOSSARY.read_text(encoding="utf-8"), flags=re.MULTILINE)
    for table in tables:
        rows = re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE)
        twice = {row for row in rows if rows.count(row) > 1} - {"identity"}  # a shortcut's kind, and who is shown
        assert not twice


def test_the_portuguese_glossary_names_terms_of_the_english_one() -> None:
    rows = re.findall(
        r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$",
        (ROOT / "docs" / "glossario.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    english = GLOSSARY.read_text(encoding="utf-8").lower()
    named = [
        term
        for *_row, terms in rows
        for term in re.split(r", | \(", terms.rstrip(")"))
        if not terms.startswith(("-", "em inglês"))
    ]
    assert len(named) > 50
    assert [term for term in named if term.lower() not in english] == []
    words = [row[0] for row in rows if not row[0].startswith(("-", "termo"))]
    assert len(words) == len(set(words))
