import base64
import hashlib
import json
import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser

import numpy as np
import pytest

from atalho.errors import RunError
from atalho.metrics.confusion import Confusion
from atalho.report import html
from atalho.storage.run_folder import RunFolder
from atalho.text import use_language


class Page(HTMLParser):
    """Elements, and the text of each of the two articles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements, self.words, self.scripts, self._in = [], {"en": "", "pt-BR": ""}, [], None
        self._script = False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._script = tag == "script"
        if tag == "main":
            self._in = dict(attrs)["lang"]

    def handle_endtag(self, tag):
        self._script = False
        if tag == "main":
            self._in = None

    def handle_data(self, data):
        if self._script:
            self.scripts.append(data)
        if self._in:
            self.words[self._in] += data + "|"


@pytest.fixture(scope="module")
def page(complete, pictures):
    return Page(html.page(RunFolder.open(complete), pictures))


def test_needs_nothing_from_outside(page):
    for tag, attributes in page.elements:
        assert tag not in {"link", "iframe", "object", "embed", "base", "form"}
        for name in ("src", "href", "xlink:href", "action", "srcset"):
            value = attributes.get(name)
            assert value is None or value.startswith(("#", "data:image/png;base64,")), (tag, value)
        assert not any(name.startswith("on") for name in attributes)
        assert "url(" not in attributes.get("style", "").replace("url(#", "")


def test_only_its_own_script_may_run(page):
    (script,) = page.scripts
    (policy,) = (a["content"] for t, a in page.elements if t == "meta" and "http-equiv" in a)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")


def test_names_from_the_data_are_text(page):
    assert sum(tag == "script" for tag, _attributes in page.elements) == 1
    assert page.words["en"].count('<script>alert("1")</script> & $x^') > 3


def test_ids_are_unique_and_every_reference_has_its_target(page):
    ids = Counter(attributes["id"] for _tag, attributes in page.elements if attributes.get("id"))
    assert {name for name, count in ids.items() if count > 1} == set()
    for _tag, attributes in page.elements:
        for name in ("href", "xlink:href"):
            if attributes.get(name, "").startswith("#"):
                assert attributes[name][1:] in ids
        for target in re.findall(r"url\(#([^)]+)\)", " ".join(map(str, attributes.values()))):
            assert target in ids


def test_both_languages_hold_the_same_parts(page):
    headings = {
        "en": ["Training", "Per class", "Confusion matrix", "Calibration", "Most confident mistakes", "Data",
               "Cost", "Configuration", "Provenance"],
        "pt-BR": ["Treino", "Por classe", "Matriz de confusão", "Calibração",
                  "Erros cometidos com mais confiança", "Dados", "Custo", "Configuração", "Proveniência"],
    }  # fmt: skip
    for tag, titles in headings.items():
        places = [page.words[tag].rindex(f"{title}|") for title in titles]
        assert places == sorted(places)
    assert "accuracy" not in page.words["pt-BR"]
    assert "acurácia" not in page.words["en"]


@pytest.mark.parametrize(("name", "tag"), [("en", "en"), ("pt", "pt-BR")])
def test_the_language_in_force_is_shown_first(folder, name, tag):
    use_language(name)
    page = Page(html.write(folder, pictures={}).read_text())
    (checked,) = [a["value"] for t, a in page.elements if t == "input" and "checked" in a]
    assert checked == tag
    assert page.elements[0] == ("html", {"lang": tag})


def test_each_picture_is_held_once_and_used_in_both_languages(page, pictures):
    held = [a for t, a in page.elements if t == "image" and "image-rendering" in a]
    assert len(held) == len(pictures)
    stored = {base64.b64decode(a["href"].partition(",")[2]) for a in held}
    assert stored == set(pictures.values())
    uses = Counter(a["href"] for t, a in page.elements if t == "use" and "href" in a)
    assert {uses[f"#{a['id']}"] for a in held} == {2}


def test_pictures_that_no_mistake_names_are_not_held(folder):
    text = html.write(folder, pictures={"other.png": b"\x89PNG"}).read_text()
    assert 'class="library"' not in text


def test_a_run_that_has_just_begun_has_a_page(tmp_path):
    (tmp_path / "run.toml").write_text('[model]\nname = "resnet18"\n')
    page = Page(html.write(tmp_path, pictures={}).read_text())
    assert "resnet18" in page.words["en"]
    assert "accuracy is unknown" in page.words["en"]
    assert "ainda não foi avaliada" in page.words["pt-BR"]


def test_the_same_run_gives_the_same_bytes_and_no_left_overs(folder, pictures):
    path = html.write(folder, pictures=pictures)
    assert path == folder / "report.html"
    first = path.read_bytes()
    assert html.write(folder, pictures=pictures).read_bytes() == first
    assert not list(folder.glob(".tmp*"))


def test_what_is_no_run_is_refused(tmp_path):
    with pytest.raises(RunError, match=r"run\.toml is missing"):
        html.write(tmp_path, pictures={})
    assert list(tmp_path.iterdir()) == []


def test_the_report_needs_no_torch():
    code = "import sys, atalho.report.html; print('torch' in sys.modules, 'matplotlib.pyplot' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_the_counts_of_the_confusion_matrix_are_held_once_for_both_languages(complete, evaluation):
    text = html.page(RunFolder.open(complete), {})
    (kept,) = re.findall(r'<template id="confusion-cells">(.*?)</template>', text)
    found = json.loads(unescape(kept))
    assert found["classes"] == [row.class_ for row in evaluation.per_class]
    assert [tuple(cell) for cell in found["cells"]] == list(evaluation.confusion.cells())


def test_a_thousand_classes_stay_within_three_megabytes(folder, evaluation):
    """Of an untrained network, whose matrix has a cell for nearly every image: the heaviest page there is."""
    classes, images = 1000, 10_000
    labels = np.arange(images) % classes
    taken = (labels * 7919 + np.arange(images) * 104729) % classes
    row = evaluation.per_class[0]
    rows = tuple(replace(row, class_=f"Alphabet_of_the_Magi/character{k:04d}") for k in range(classes))
    heavy = replace(evaluation, per_class=rows, confusion=Confusion.of(taken, labels, classes), mistakes=())
    (folder / "evaluation.json").write_text(json.dumps(heavy.to_dict()))
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["classes"] = [one.class_ for one in rows]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    size = len(html.page(RunFolder.open(folder), {}).encode())
    assert 1_000_000 < size < 3_000_000
