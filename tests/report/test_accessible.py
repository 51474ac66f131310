"""Every kind of page as axe-core judges it in Chromium: in both languages, light and dark, nothing to object to.

The browser and npm, which fetches axe-core, are no part of Atalho: where one is missing, the tests say so and are
skipped.
"""

import html
import json
import re
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from stored_results import like

from atalho.api.search import Answer
from atalho.data.doctor.examination import Examination
from atalho.data.doctor.problem import Problem
from atalho.gallery.store import Entry, Hit
from atalho.lab.shared import files
from atalho.report import doctor, search, shell
from atalho.report import html as report
from atalho.report.markup import Html
from atalho.storage.run_folder import RunFolder
from atalho.text import Text

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

AXE = "axe-core@4.14.1"
SCHEMES = {"dark": 0, "light": 1}
TWIN = Problem("same-in-splits", Text("the same"), Text("Remove it."), "test/a.png", ("train/a.png",))
FOUND = Examination(
    Path("/photos"), (TWIN,), 30, {"cat": {"train": 10, "test": 5}}, (8, 16, 32), (8, 16, 64), {"PNG": 30}
)
_AXE_FOUND = """
axe.run().then(({ violations }) =>
  [document.documentElement.lang, violations.map((one) => [one.id, one.nodes.map((node) => node.html)])])
"""
_WIDER_THAN_THEIR_PLACE = (
    "[...document.querySelectorAll('.ranked ol li')].filter((item) => item.scrollWidth > item.clientWidth).length"
)
_TELL = """
addEventListener("load", async () => {
  const told = document.createElement("pre");
  told.id = "told";
  told.textContent = JSON.stringify(await ASKED);
  document.body.append(told);
});
"""

Ask = Callable[..., Any]
Judge = Callable[[str, str, str], Any]


@pytest.fixture(scope="module")
def browser() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    pytest.skip("there is no Chromium here")


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The source of axe-core, from npm's registry."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("there is no npm here, which fetches axe-core")
    folder = tmp_path_factory.mktemp("axe")
    asked = subprocess.run([npm, "pack", AXE], cwd=folder, text=True, capture_output=True, timeout=120)
    if asked.returncode:
        pytest.skip(f"npm could not fetch {AXE}: {asked.stderr.strip().splitlines()[-1:]}")
    with tarfile.open(next(folder.glob("*.tgz"))) as packed:
        source = packed.extractfile("package/axe.min.js")
        assert source is not None
        return source.read().decode()


@pytest.fixture
def ask(browser: str, tmp_path: Path) -> Ask:
    """Gives what an expression of JavaScript says in a page that Chromium shows."""

    def asked(page: str, expression: str, library: str = "", *, language: str = "en", scheme: str = "light") -> Any:
        free = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
        assert free != page  # the page itself would run no script but its own
        script = library + _TELL.replace("ASKED", expression)
        copy = tmp_path / "page.html"
        copy.write_text(free.replace("</body>", f"<script>{script}</script></body>"), "utf-8")
        command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        command += [f"--user-data-dir={tmp_path / 'profile'}", "--window-size=1440,900", "--virtual-time-budget=60000"]
        command += [f"--blink-settings=preferredColorScheme={SCHEMES[scheme]}", "--dump-dom"]
        address = f"{copy.as_uri()}?lang={language}"
        shown = subprocess.run([*command, address], capture_output=True, check=True, timeout=240)
        told = re.search(r'<pre id="told">(.*?)</pre>', shown.stdout.decode(), re.DOTALL)
        assert told is not None
        return json.loads(html.unescape(told[1]))

    return asked


@pytest.fixture
def judged(ask: Ask, axe: str) -> Judge:
    """Gives the language that a page shows and what axe objects to, as (rule, elements)."""
    return lambda page, language, scheme: ask(page, _AXE_FOUND, axe, language=language, scheme=scheme)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("language", "tag"), [("en", "en"), ("pt", "pt-BR")])
@pytest.mark.parametrize("kind", ["report", "doctor", "laboratory"])
def test_axe_objects_to_nothing(
    kind: str, language: str, tag: str, scheme: str, judged: Judge, complete: Path, pictures: dict[str, bytes]
) -> None:
    pages = {
        "report": lambda: report.page(RunFolder.open(complete), pictures),
        "doctor": lambda: doctor.page(FOUND, dict(zip(doctor.shown(FOUND), pictures.values(), strict=False))),
        "laboratory": lambda: files.page(like("cost")),
    }
    assert judged(pages[kind](), language, scheme) == [tag, []]


def test_axe_would_object_to_faint_letters_and_a_picture_without_words(judged: Judge) -> None:
    wrong = Html('<h1>x</h1><p style="color:#ddd;background:#fff">faint</p><img src="data:,">')
    _tag, found = judged(shell.page("wrong", lambda: wrong), "en", "light")
    assert {"color-contrast", "image-alt"} <= {rule for rule, _elements in found}


def test_names_of_what_was_found_stay_under_their_pictures(ask: Ask) -> None:
    entries = [Entry(f"{number}", f"{number}.png", "Early_Aramaic/character14_of_a_long_name") for number in range(8)]
    answer = Answer("new.png", tuple(Hit(entry, 0.5) for entry in entries), unknown=None)
    page = search.page("marks.db", [answer], 1, {})
    assert ask(page, "document.querySelectorAll('.ranked ol li').length") == 16  # in both languages
    assert ask(page, _WIDER_THAN_THEIR_PLACE) == 0
