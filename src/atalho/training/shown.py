"""Who is told of a training that is started from Python: what shows it where it runs, TensorBoard, and callbacks."""

import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Literal

from atalho.errors import ConfigError
from atalho.training import notebook
from atalho.training.callbacks import with_callbacks
from atalho.training.progress import Progress
from atalho.training.terminal import TerminalProgress
from atalho.training.tracking import tracked


@contextmanager
def told(
    progress: Progress | Literal["auto"] | None, tracker: str | None, callbacks: Iterable[Progress]
) -> Iterator[Progress]:
    """`progress`, or for "auto" what fits where this runs, and beside it what `tracker` names and the callbacks.

    Raises ConfigError for a tracker that is not known or not installed, and for what is no progress or callback.
    """
    if not isinstance(progress, Progress | None) and progress != "auto":
        raise ConfigError(
            'progress: expected "auto", None or an object of a class derived from atalho.Progress, not {given!r}.',
            given=progress,
        )
    tell = warnings.warn if progress is None else None
    if progress != "auto":
        shown = progress or Progress()
        yield with_callbacks(tracked(shown, tracker), callbacks, tell or shown.note)
    elif (show := notebook.output()) is not None:
        shown = notebook.NotebookProgress(show)
        yield with_callbacks(tracked(shown, tracker), callbacks, shown.note)
    else:
        with TerminalProgress() as terminal:
            yield with_callbacks(tracked(terminal, tracker), callbacks, terminal.note)
