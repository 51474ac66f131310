"""The command line: parse, call, print. Every command is a documented Python function first.

Nothing here imports torch before a command needs it, so that help is immediate.
"""

import errno
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from types import FrameType

from atalho import cores, system
from atalho.cli import streams
from atalho.errors import AtalhoError, ReportedElsewhereError
from atalho.text import LANGUAGES, _, use_language

_UNREACHABLE = (errno.ENAMETOOLONG, errno.EACCES)
"""What asking for a file raises where its name is too long, or a folder above it may not be entered."""


def main() -> None:
    """Entry point of the program: leaves with the command's exit code."""
    signal.signal(signal.SIGTERM, _end)
    if system.HANGUP is not None and signal.getsignal(system.HANGUP) is not signal.SIG_IGN:  # as under nohup
        signal.signal(system.HANGUP, _end)
    streams.prepare()
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code: 0, 1 for a mishap, 2 for what the user must change."""
    prepare_process()
    from atalho.cli import terminal

    everywhere, rest = _everywhere(list(arguments))
    language, debug = everywhere.language, everywhere.debug
    try:
        if language is not None:
            use_language(language)
    except ValueError:
        terminal.complain(
            _("--lang {given} is not accepted. Accepted: {names}.").format(given=language, names=", ".join(LANGUAGES))
        )
        return 2
    from cyclopts import CycloptsError

    from atalho.cli import app, wording

    try:
        if not rest:
            from atalho.cli import here

            if here.say():
                return 0
        program = app.build(whole=everywhere.all_settings)
        code: int | None = program(rest, exit_on_error=False, print_error=False, result_action="return_value")
        sys.stdout.flush()
        return code or 0
    except CycloptsError as error:
        if _speaks():
            terminal.complain(wording.explain(error))
        return 2
    except ReportedElsewhereError as error:  # another process of the same training tells it
        return error.exit_code
    except AtalhoError as error:
        if debug:
            traceback.print_exc()
        terminal.complain(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        terminal.complain(_("Stopped."))
        return 130
    except BrokenPipeError:
        # The reader of a pipe went away; what is left in the buffers must not raise again when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except ImportError as error:
        if debug:
            raise
        text = _(
            "Cannot load a library that Atalho needs: {reason}. Check that it is installed, and that the limit on "
            "memory (ulimit -v) leaves PyTorch the 3 GB of addresses that it maps."
        )
        terminal.complain(text.format(reason=error))
        return 1
    except Exception as error:
        if debug:
            raise
        if isinstance(error, OSError) and error.errno in _UNREACHABLE and error.filename:
            terminal.complain(_("Cannot reach {path}: {reason}").format(path=error.filename, reason=error.strerror))
            return 2
        terminal.complain(
            _("Unexpected error: {kind}: {reason}. Add --debug for details.").format(
                kind=type(error).__name__, reason=error
            )
        )
        return 1


def _speaks() -> bool:
    """Of the processes that torchrun started with one command line, the first says what is wrong with it."""
    return "WORLD_SIZE" not in os.environ or os.environ.get("RANK", "0") == "0"


def _end(number: int, frame: FrameType | None) -> None:
    """Leave as Ctrl-C does, so that nothing half done stays behind; training has its own way to stop."""
    raise SystemExit(128 + number)


def prepare_process() -> None:
    """What a process that is Atalho's alone sets before PyTorch is imported."""
    # Read once, at the first large tensor: activations come and go at every layer, and huge pages fault in faster.
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
    # PyTorch does not know of a container's quota, and threads beyond it wait for each other.
    os.environ.setdefault("OMP_NUM_THREADS", str(cores.physical()))
    system.keep_freed_memory()


@dataclass
class _Everywhere:
    """The options that every command takes, wherever they stand."""

    debug: bool = False
    language: str | None = None
    all_settings: bool = False


def _everywhere(arguments: list[str]) -> tuple[_Everywhere, list[str]]:
    """The options that every command takes, and the rest, in which `help COMMAND` is `COMMAND --help`."""
    found, rest = _Everywhere(), list[str]()
    waiting = iter(arguments)
    for argument in waiting:
        if argument == "--debug":
            found.debug = True
        elif argument == "--help-all":
            found.all_settings = True
            rest.append("--help")
        elif argument == "--lang":
            found.language = next(waiting, "")
        elif argument.startswith("--lang="):
            found.language = argument.partition("=")[2]
        else:
            rest.append(argument)
    return found, [*rest[1:], "--help"] if rest[:1] == ["help"] else rest
