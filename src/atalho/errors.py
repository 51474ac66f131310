"""The errors that a user can cause or meet. Each text says what was given, what is accepted and what to do.

The command line prints the text and leaves with `exit_code`; only `--debug` shows a traceback.
"""

import difflib
from collections.abc import Iterable

from atalho.text import Text

_LISTED = 20
"""Up to how many accepted names are all told."""
_SOME = 8
"""How many are told of more, those most like what was given."""


class AtalhoError(Exception):
    """Any mistake or mishap that Atalho explains in its own words.

    Args:
        message: English words to be translated, as `Text` has them, or a text.
        fields: What is put into the words.
    """

    exit_code = 2

    def __init__(self, message: Text | str, /, **fields: object) -> None:
        words = Text(message) if isinstance(message, str) else message
        self.text = words.format(**fields)
        super().__init__(self.text)


class ConfigError(AtalhoError):
    """A value, key, flag or name that the configuration does not accept."""


class DataError(AtalhoError):
    """Images, labels or folders that cannot be used as they are."""


class WeightsError(AtalhoError):
    """Weights or a model folder that do not fit, or are damaged."""


class AbsentFileError(WeightsError):
    """A server says that it has no such file."""


class RunError(AtalhoError):
    """A run folder or checkpoint that cannot be continued or read."""


class GalleryError(AtalhoError):
    """A gallery that cannot be opened, read or written, or that belongs to another model."""


class NotFiniteError(AtalhoError):
    """A loss, gradient or weight that is not a number any more; nothing was updated with it."""

    exit_code = 1


class OutOfMemoryError(AtalhoError):
    """A network, or a step with it, that does not fit into memory; the message says what to change."""


class OutputError(AtalhoError):
    """An answer that cannot be written to standard output."""

    exit_code = 1


class StoppedError(AtalhoError):
    """Training that stopped at a signal, after saving; `exit_code` is 128 plus the signal's number."""

    def __init__(self, message: Text | str, signal_number: int) -> None:
        super().__init__(message)
        self.exit_code = 128 + signal_number


class RankLostError(AtalhoError):
    """Another of the processes that train together ended or cannot be reached any more."""

    exit_code = 1


class ReportedElsewhereError(AtalhoError):
    """Another of the processes that train together tells what ended all of them, so this one says nothing."""

    def __init__(self, exit_code: int) -> None:
        super().__init__(Text("See another rank's message for the cause."))
        self.exit_code = exit_code


def install(extra: str) -> Text:
    """A sentence with the line that installs an extra: from a clone, as there is no release."""
    return Text("Install it in the folder of your clone of Atalho: pip install -e '.[{extra}]'", extra=extra)


def nearest(given: str, accepted: Iterable[str]) -> Text:
    """A sentence that offers the accepted names closest to `given`: where none is close, all, or some of many."""
    names = sorted(set(accepted))
    close = difflib.get_close_matches(given, names, n=3, cutoff=0.6)
    if close:
        return Text("Did you mean {names}?", names=" / ".join(close))
    if len(names) <= _LISTED:
        return Text("Accepted: {names}.", names=", ".join(names))
    some = difflib.get_close_matches(given, names, n=_SOME, cutoff=0.0)
    return Text("Accepted, among others: {names}.", names=", ".join(some))
