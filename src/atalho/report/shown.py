"""A drawing and a page as Python has them: a notebook shows them, and elsewhere they can be saved or opened."""

import html
import os
import webbrowser
from dataclasses import dataclass
from pathlib import Path

from atalho import limits
from atalho.errors import RunError
from atalho.storage import output, run_folder
from atalho.text.numbers import whole


class Drawing(str):
    """An SVG. It is a text, which a notebook shows as a picture."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Drawing(SVG, {whole(len(self))})"

    def _repr_svg_(self) -> str:
        return str(self)

    def save(self, path: Path | str) -> None:
        """Write it to a file. Raises ConfigError for a file of another kind, RunError where it cannot be written."""
        output.write_output(Path(path), self.encode(), "SVG")


@dataclass(frozen=True)
class ReportPage(os.PathLike[str]):
    """The report of a run, a file. A notebook shows the page itself."""

    path: Path

    @classmethod
    def of(cls, run: Path) -> "ReportPage":
        """That of the run folder `run`. Raises RunError where it is not written yet."""
        path = run / run_folder.REPORT
        if not path.is_file():
            raise RunError(
                "{run} has no report: its training has not finished. Continue with: atalho train --resume {run}",
                run=run,
            )
        return cls(path)

    def __fspath__(self) -> str:
        return str(self.path)

    def __str__(self) -> str:
        return str(self.path)

    def open(self) -> None:
        """Show it in the browser."""
        webbrowser.open(self.path.resolve().as_uri())

    def _repr_html_(self) -> str:
        page = limits.read_text(self.path, limits.LARGE_JSON)
        return (
            f'<iframe srcdoc="{html.escape(page)}" title="{html.escape(str(self.path))}" sandbox="allow-scripts" '
            'style="width:100%;height:70vh;border:1px solid #8884"></iframe>'
        )
