"""The many names of a split: train, training_set, seg_train, Treino, imagens-de-teste, flowers_val."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

_NAMES: Final = {
    "train": ("train", "training", "trainval", "treino", "treinamento"),
    "val": ("val", "valid", "validation", "validate", "eval", "dev", "validacao"),
    "test": ("test", "testing", "tests", "teste", "testes"),
}
SYNONYMS: Final = {name: split for split, names in _NAMES.items() for name in names}
_NEUTRAL: Final = frozenset(
    {
        *("set", "sets", "seg", "image", "images", "img", "imgs", "picture", "pictures", "photo", "photos", "png"),
        *("jpg", "jpeg", "jpegs", "data", "dataset", "folder", "folders", "split", "unlabeled", "unlabelled", "all"),
        *("imagem", "imagens", "foto", "fotos", "dados", "conjunto", "de", "do", "da", "pasta", "particao"),
    }
)
_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+|[^\W\d_]+")
_GLUED: Final = re.compile(r"(set|data|images|imgs)$")
_YEAR: Final = re.compile(r"(19|20)\d\d")


def same(name: str) -> str:
    """A name by which two spellings of the same characters are equal (Unicode NFC), as people see them."""
    return unicodedata.normalize("NFC", name)


def split_name(given: str) -> str | None:
    """train, val or test for any of their usual names, in any case, with accents or not; None for another name."""
    return SYNONYMS.get(_plain(given.strip()))


def split_roles(names: Iterable[str], synonyms: Mapping[str, str] = SYNONYMS) -> dict[str, str | None]:
    """The split that each of several sibling folders is, by its name; None for those that are none.

    What stands before or behind must say nothing (training_set, train2017), or be the same words beside two splits
    (flowers_train, flowers_test).
    """
    parts = {name: _parts(name, synonyms) for name in names}
    shared = Counter(words for _split, words in {(split, words) for split, words in parts.values() if split})
    return {
        name: split if split and (not words or shared[words] > 1) else None for name, (split, words) in parts.items()
    }


def is_neutral(name: str) -> bool:
    """Whether a folder's name says nothing of what its images show: images, data, test_set."""
    split, rest = _parts(name, SYNONYMS)
    return not rest and (split is not None or bool(_words(name)))


def _parts(name: str, synonyms: Mapping[str, str]) -> tuple[str | None, tuple[str, ...]]:
    """The split that a name tells, and its other words that mean something."""
    if split := synonyms.get(_plain(name.strip())):
        return split, ()
    words = _words(name)
    splits = [synonyms[word] for word in words if word in synonyms]
    rest = tuple(w for w in words if w not in synonyms and w not in _NEUTRAL and not _YEAR.fullmatch(w))
    return (splits[0] if len(set(splits)) == 1 else None), rest


def _words(name: str) -> list[str]:
    words = [_plain(word) for word in _WORD.findall(same(name))]
    return [glued for word in words if (glued := _GLUED.sub("", word) if word not in _NEUTRAL else word)]


def _plain(name: str) -> str:
    """Small letters without accents."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
