"""`threshold.json` in a model folder: from which similarity on two images count as the same identity."""

from pathlib import Path

from atalho import limits
from atalho.errors import WeightsError
from atalho.metrics.verification import Threshold
from atalho.storage import atomic
from atalho.validation import checked

NAME = "threshold.json"


def write(folder: Path, threshold: Threshold, root: Path | None = None) -> None:
    """Keep the threshold beside the weights that it belongs to, durably; `root` is their run, if they are in one."""
    atomic.write_json(folder / NAME, threshold.to_dict(), root)


def read(folder: Path) -> Threshold | None:
    """The threshold of a model folder; None where none was chosen. Raises WeightsError for a damaged file."""
    path = folder / NAME
    if not path.is_file():
        return None
    try:
        return checked(Threshold, limits.parse_json(limits.read(path, limits.SETTINGS), limits.SMALL_JSON))
    except (OSError, ValueError) as error:
        raise WeightsError("{path} is not an Atalho threshold: {reason}", path=path, reason=error) from error
