import html
import json
import re
import shutil
import tempfile
from pathlib import Path

from atalho.config import Config
from atalho.report import background
from atalho.settings import to_dict
from atalho.storage import run_file
from atalho.storage.run_folder import RunFolder
from atalho.text import speaking


def text(markup):
    return re.sub(r"<[^>]+>", "|", markup)


def changed(run: RunFolder, **files: object) -> RunFolder:
    """A copy of the run with other content in `files`, by their names without .json; without those that are None."""
    copy = Path(shutil.copytree(run.path, Path(tempfile.mkdtemp(dir=run.path.parent)) / run.path.name))
    for name, value in files.items():
        if value is None:
            (copy / f"{name}.json").unlink()
        else:
            (copy / f"{name}.json").write_text(json.dumps(value))
    return RunFolder.open(copy)


def with_manifest(run, **changes):
    return changed(run, manifest=run.json("manifest.json") | changes)


def test_the_network_is_drawn_for_the_runs_images(run):
    drawn = str(background.architecture(run))
    assert "image 3 × 28 × 28" in drawn and "64 × 7 × 7" in drawn
    assert background.architecture(changed(run, network=None)) is None


def test_data_counts_every_class_in_every_split(run):
    words = text(background.data(run))
    labels, splits = run.manifest.manifest.labels, run.manifest.manifest.splits
    expected = [sum(labels[number] == 9 for number in splits[name]) for name in ("train", "val", "test")]
    assert "|nine||" + "||".join(map(str, expected)) + "|" in words
    assert "|all||300||50||248|" in words
    assert "A seeded split was made." in words


def test_data_says_what_a_reader_should_know(run):
    words = text(background.data(run))
    assert "imbalanced" not in words
    assert "skipped" not in words
    lopsided = with_manifest(
        run, classes=["a", "b"], labels=[0, 0, 0, 0, 1, 0], names=list("uvwxyz"), notes=[],
        splits={"train": [0, 1, 2, 3, 4], "test": [5]},
    )  # fmt: skip
    words = text(background.data(lopsided))
    assert "the largest has 4.0 times as many training images as the smallest" in words
    assert "Classes without images in test: b." in words
    assert "4,0 vezes mais" in speaking("pt")(background.data)(lopsided)


def test_identities_that_are_held_out_are_no_missing_classes(run):
    held_out = with_manifest(
        run, classes=["a", "b"], labels=[0, 0, 1, 1], names=list("uvwx"), notes=[],
        splits={"train": [0, 1], "test": [2, 3]},
    )  # fmt: skip
    (held_out.path / "run.toml").write_text('task = "reid"\n')
    words = text(background.data(held_out))
    assert "Classes without images" not in words
    assert "|identity|" in words


def test_skipped_images_are_counted_and_the_first_named_with_their_reasons(run):
    bad = [{"path": f"cat/{k}.jpg", "reason": "truncated <file>"} for k in range(30)]
    words = text(background.data(with_manifest(run, skipped=bad)))
    assert "skipped: 30." in words
    assert "|cat/11.jpg: truncated &lt;file&gt;|" in words
    assert "cat/12.jpg" not in words


def test_notes_and_reasons_are_told_in_the_language_of_the_page(run):
    kept = {"text": "the folder {name} is none of train, val, test: left out", "fields": {"name": "<more>"}}
    told = with_manifest(run, notes=[kept], skipped=[{"path": "a.png", "reason": {"text": "the file is empty"}}])
    words = text(background.data(told))
    assert "|the folder &lt;more&gt; is none of train" in words
    assert "|a.png: the file is empty|" in words
    words = text(speaking("pt")(background.data)(told))
    assert "|a pasta &lt;more&gt; não é train" in words
    assert "|a.png: o arquivo está vazio|" in words


def test_many_missing_classes_are_counted_and_not_all_named(run):
    many = with_manifest(run, classes=[f"c{k}" for k in range(40)])
    assert "c21 and 18 more." in text(background.data(many))


def test_cost_gives_the_median_epoch(run):
    words = text(background.cost(run))
    for what, value in (("training time", "20 s"), ("first epoch", "9.0 s"), ("median epoch", "6.0 s")):
        assert f"{what}||{value}" in words
    assert "1,234" in words
    assert "multiply–adds per image||41,000,000" in words
    begun = changed(run, timing={"seconds": 0.0, "epochs": []})
    assert "median" not in background.cost(begun)


def test_configuration_is_shown_as_it_is_and_escaped(run):
    markup = background.configuration(run)
    assert "# &lt;b&gt;" in markup
    assert "name = \"resnet20\"" in markup  # fmt: skip


def test_a_page_explains_the_values_in_its_own_language_whatever_that_of_the_run(run):
    written = {language: speaking(language)(run_file.text)(to_dict(Config())) for language in ("en", "pt")}
    assert written["en"] != written["pt"]
    for made in written.values():
        other = RunFolder.open(run.path)
        other.__dict__["configuration"] = made
        for language, expected in written.items():
            shown = str(speaking(language)(background.configuration)(other))
            assert html.escape(expected, quote=False) in shown


def test_the_reason_for_a_precision_is_left_out_as_it_is_in_the_language_of_the_run():
    words = text(background.provenance_list({"precision": "cpu bf16 (medida mais rápida)"}))
    assert "cpu bf16" in words and "medida" not in words


def test_provenance_shows_every_field_known_or_not(run):
    words = text(background.provenance(run))
    assert "command||atalho train /photos/digits" in words
    assert "seed||7" in words
    assert "machine||cores 2 · processor Xeon" in words
    assert "commit||–" in text(background.provenance_list({"commit": None}))
    about = {"changed": False, "machine": {"memory_gb": 23.5, "gpu": None}, "versions": {"torch": "2.14"}}
    english = ["uncommitted changes||no", "memory (GB) 23.5 · GPU –", "torch 2.14"]
    portuguese = ["mudanças fora do commit||não", "memória (GB) 23,5 · GPU –", "torch 2.14"]
    for code, expected in (("en", english), ("pt", portuguese)):
        told = text(speaking(code)(background.provenance_list)(about))
        assert [part for part in expected if part not in told] == []
    assert "cost" not in words
    with speaking("pt"):
        assert "5.251,7" in text(background.provenance_list({"seconds": 5251.7}))
    assert "semente||7" in text(speaking("pt")(background.provenance)(run))


def test_parts_whose_file_is_missing_are_left_out(run):
    bare = changed(run, manifest=None, timing=None, provenance=None)
    assert background.data(bare) is background.cost(bare) is background.provenance(bare) is None
