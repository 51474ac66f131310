"""`result.json` of an experiment, read."""

import json
from pathlib import Path
from typing import Final

from atalho.errors import RunError
from atalho.storage.run_folder import Json
from atalho.text import _

RESULT: Final = "result.json"


def read(folder: Path | str) -> Json:
    """The result that `folder` holds. Raises RunError where there is none."""
    path = Path(folder) / RESULT
    try:
        content: Json = json.loads(path.read_bytes())
        return content
    except (OSError, ValueError) as error:
        text = _("{path} is no result of the laboratory: {reason}")
        raise RunError(text.format(path=path, reason=error)) from error
