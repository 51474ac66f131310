"""Whether folders that count as identities look like something else: cameras, tracklets, or shelves of identities."""

import re
from collections import Counter, defaultdict
from typing import Final

from atalho.data.layouts.listing import Listing
from atalho.text import Text

_NUMBERED: Final = re.compile(
    r"(cam|camera|câmera|view|tracklet|track|seq|sequence|encounter|encontro|avistamento|sighting|session|sessão|day"
    r"|dia|video|clip|c|t|s)?[ _-]?\d+",
    re.IGNORECASE,
)
_IN_NAME: Final = re.compile(r"((?!(?:19|20)\d\d\D)[^\W\d_]*[_-]?\d{2,})[_-]")
_SEVERAL: Final = 2


def find(listing: Listing) -> Text | None:
    """What to say where the last folders repeat under most others, or files of a folder begin with several numbers."""
    if listing.layout != "identities":
        return None
    inside: dict[str, set[str]] = defaultdict(set)
    for identity in set(listing.classes):
        above, slash, last = identity.rpartition("/")
        if slash:
            inside[above].add(last)
    repeated = Counter(name for names in inside.values() for name in names)
    common = [name for name, count in repeated.items() if 2 * count > len(inside)]
    alike = len({frozenset(names) for names in inside.values()}) == 1
    several = min(len(inside), len(repeated)) >= _SEVERAL and 2 * len(common) > len(repeated)
    if several and (alike or all(map(_NUMBERED.fullmatch, repeated))):
        first = min(common)
        return Text(
            "Folders called {name} lie under {count} of {all} others, and each counts as an identity of its own. "
            "If they are cameras or tracklets: --data.identity '{pattern}'. If they are the identities: "
            "--data.identity '{other}'.",
            name=first,
            count=repeated[first],
            all=len(inside),
            pattern="{identity}/{camera}/*",
            other="{camera}/{identity}/*",
        )
    return _numbers(listing)


def _numbers(listing: Listing) -> Text | None:
    """A folder whose files begin with several numbers, each of several files."""
    begins: dict[str, Counter[str]] = defaultdict(Counter)
    for name, identity in zip(listing.names, listing.classes, strict=True):
        match = _IN_NAME.match(name.rpartition("/")[2])
        begins[identity][match[1] if match else ""] += 1
    crowded = [
        identity
        for identity, numbers in begins.items()
        if "" not in numbers and len(numbers) >= _SEVERAL and min(numbers.values()) >= _SEVERAL
    ]
    if not crowded or 2 * len(crowded) < len(begins):
        return None
    return Text(
        "The files in {name} begin with {count} different numbers, and all count as one identity. If such a number is "
        "the identity: --data.identity '{pattern}'",
        name=crowded[0],
        count=len(begins[crowded[0]]),
        pattern="{identity}_*",
    )
