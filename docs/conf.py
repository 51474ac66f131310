"""The site that `make docs` builds: every page in docs/, and those of the repository's root that belong to it."""

import importlib
import inspect
import pkgutil
import re
from pathlib import Path
from types import ModuleType
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import atalho

DOCS = Path(__file__).parent
ROOT = DOCS.parent
AT_ROOT = {
    "start": "README.md",
    "comecar": "README.pt-BR.md",
    "changelog": "CHANGELOG.md",
    "contributing": "CONTRIBUTING.md",
    "security": "SECURITY.md",
}
"""Pages of the site whose text is a file at the root of the repository."""
CONTENTS = ("guide/en/README", "guide/pt/README")
"""Pages that the chapters beside them stand below."""
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)(#[^)\s]*)?\)")

project = "Atalho"
project_copyright = "2026, the Atalho developers"
version = release = atalho.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
myst_heading_anchors = 4
html_theme = "furo"
html_title = f"Atalho {version}"
html_show_sphinx = False
# Docstrings quote code by single backticks.
default_role = "code"
maximum_signature_line_length = 88
autodoc_member_order = "bysource"
python_use_unqualified_type_names = True
python_display_short_literal_types = True


def read_from_root(app: Sphinx, name: str, source: list[str]) -> None:
    """Put the file at the root in the place of its page, and make links lead to what the site has."""
    file = ROOT / AT_ROOT[name] if name in AT_ROOT else Path(app.env.doc2path(name))
    if name in AT_ROOT:
        app.env.note_dependency(file)
        source[0] = file.read_text(encoding="utf-8")
    if name == "index":
        rest = sorted(page for page in app.env.found_docs if "/" not in page and page != name and page not in source[0])
        if rest:
            source[0] += "\n```{toctree}\n:hidden:\n\n" + "\n".join(rest) + "\n```\n"
    if name in CONTENTS:
        source[0] += "\n```{toctree}\n:hidden:\n:glob:\n\n[0-9]*\n```\n"
    source[0] = LINK.sub(lambda found: _link(file, found[1], found[2] or ""), source[0])


def _link(page: Path, target: str, place: str) -> str:
    """The end of a link from a page: to another page, to a file of docs/, or to a file that the site offers to load."""
    path = (page.parent / target).resolve()
    for name, file in AT_ROOT.items():
        if path == ROOT / file:
            return f"](/{name}.md{place})"
    if path.is_relative_to(DOCS):
        return f"](/{path.relative_to(DOCS)}{place})"
    if path.is_dir():  # the page says its name
        return "](/measured.md)"
    return f"](/../{path.relative_to(ROOT)})"


class Public(SphinxDirective):
    """The public names of a package, each from its docstring."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        module = importlib.import_module(self.arguments[0])
        lines = [line for name, member in _public(module) for line in _entry(name, member)]
        container = nodes.container()
        self.state.nested_parse(StringList(lines, source=module.__file__), 0, container)
        return container.children


def _public(module: ModuleType) -> list[tuple[str, Any]]:
    """Names with what they stand for: what the package lists, and of an experiment its function `run`."""
    names = getattr(module, "__all__", None) or [found.name for found in pkgutil.iter_modules(module.__path__)]
    told = [] if module is atalho else [member for _, member in _public(atalho)]  # by their shorter names
    members = []
    for name in sorted(names):
        member, place = getattr(module, name), f"{module.__name__}.{name}"
        if inspect.ismodule(member):
            members += [(f"{place}.run", member.run)] if hasattr(member, "run") else []
        elif not any(member is other for other in told):
            members.append((place, member))
    return members


def _entry(name: str, member: Any) -> list[str]:
    if not inspect.isclass(member):
        return [f".. autofunction:: {name}" if callable(member) else f".. autodata:: {name}", ""]
    return [f".. autoclass:: {name}", "   :members:", "   :exclude-members: forward", ""]


def setup(app: Sphinx) -> None:
    app.connect("source-read", read_from_root)
    app.add_directive("public", Public)
