import re
from dataclasses import replace

import pytest

from atalho.metrics.classification import ClassFigures
from atalho.metrics.confusion import Confusion
from atalho.report import parts, sections
from atalho.report.figure import Drawing
from atalho.report.markup import Html
from atalho.text import speaking
from atalho.text.numbers import number, percent

NAMES = ("loss", "accuracy", "learning_rate", "confusion", "reliability")
DRAWINGS = {name: Drawing(name, Html(f"[{name}]"), "x,y\n") for name in NAMES}


def text(markup):
    return re.sub(r"<[^>]+>", "|", markup)


def test_the_header_gives_the_accuracy_its_interval_and_the_key_numbers(run, evaluation):
    evaluation = replace(evaluation, top1=0.932, top1_interval=(0.925, 0.94), macro_f1=0.931)
    words = text(sections.header(run, evaluation))
    for expected in ("resnet20", "trained on digits", "93.2%", "95% interval|: |[92.5%, 94.0%]".replace("|", ""),
                     "on 600 test images", "300", "272,474", "20 s", "1,234", "93.1%"):  # fmt: skip
        assert expected in words
    assert "top-5" not in words
    words = text(speaking("pt")(sections.header)(run, evaluation))
    for expected in ("treinada em digits", "93,2%", "intervalo de 95%: [92,5%; 94,0%]", "em 600 imagens de teste"):
        assert expected in words


def test_accuracy_on_validation_images_is_not_sold_as_a_test(run, evaluation):
    assert "There was no test split" not in sections.header(run, evaluation)
    words = text(sections.header(run, replace(evaluation, split="val")))
    assert "on 600 validation images" in words
    assert "There was no test split." in words


def test_a_run_without_evaluation_says_so(run):
    assert "accuracy is unknown" in sections.header(run, None)
    assert sections.curves(run, {}) is None


def test_the_pairs_most_often_confused_come_first(evaluation):
    counts = ((5, 1, 0), (7, 2, 3), (0, 0, 0))
    rows = tuple(replace(row, class_=name) for row, name in zip(evaluation.per_class, "abc", strict=False))
    words = text(sections.confusion(replace(evaluation, confusion=Confusion.of_rows(counts), per_class=rows), DRAWINGS))
    found = re.findall(r"\|\|([abc])\|\|([abc])\|\|(\d+)\|\|([\d.]+%)", words)
    assert found == [("b", "a", "7", "58.3%"), ("b", "c", "3", "25.0%"), ("a", "b", "1", "16.7%")]


def test_the_numbers_of_a_large_matrix_stand_in_the_table_of_classes(evaluation):
    many = 50
    rows = tuple(replace(evaluation.per_class[0], class_=f"k{k}") for k in range(many))
    large = replace(evaluation, confusion=Confusion(many, ()), per_class=rows)
    assert "numbers of the classes" in sections.confusion(large, DRAWINGS)
    assert "numbers of the classes" not in sections.confusion(evaluation, DRAWINGS)
    numbered = text(sections.per_class(large))
    assert re.search(r"\|k49\|\|49\|", numbered)
    assert "|number|" in numbered and "|number|" not in text(sections.per_class(evaluation))


def test_a_long_table_has_a_box_that_filters_it_and_prints_its_beginning(evaluation):
    rows = tuple(replace(evaluation.per_class[0], class_=f"k{k}") for k in range(100))
    markup = sections.per_class(replace(evaluation, confusion=Confusion(100, ()), per_class=rows))
    assert markup.count("data-filter") == 1 and "The first 60 of 100 rows are printed." in markup
    assert "data-filter" not in sections.per_class(evaluation)


def test_every_figure_says_what_to_see_in_it_and_saves_its_numbers_and_its_picture(run, evaluation):
    for markup in (
        sections.curves(run, DRAWINGS),
        sections.confusion(evaluation, DRAWINGS),
        sections.calibration(evaluation, DRAWINGS),
    ):
        figures = re.findall(r"<figure.*?</figure>", markup, re.DOTALL)
        assert figures
        for figure in figures:
            assert len(re.search(r"<figcaption>(.*?)</figcaption>", figure)[1]) > 30
            assert set(re.findall(r'data-save="(\w+)"', figure)) in ({"csv", "svg"}, {"confusion", "svg"})


def test_calibration_shows_both_errors_and_the_temperature(evaluation):
    values = evaluation.calibration
    words = text(sections.calibration(evaluation, DRAWINGS))
    for expected in (values.before.error, values.after.error):
        assert percent(expected, 2) in words
    assert number(values.temperature, 3) in words


def test_every_class_has_its_row_and_sorts_by_its_value(evaluation):
    markup = sections.per_class(evaluation)
    assert markup.count("<tr>") == 11
    shown = [float(value) for value in re.findall(r'data-value="([\d.]+)">[^<]*</td></tr>', markup)]
    assert shown == sorted(shown)
    for row in evaluation.per_class:
        assert f'data-value="{row.recall!r}"' in markup
    assert "<script>" not in markup


def test_of_many_classes_the_tables_show_the_worst_and_the_smallest(evaluation):
    one = evaluation.per_class[0]
    # F1 falls from class to class, and one has none; the number of images grows.
    many = [replace(one, class_=f"c{place:04d}", f1=1 - place / 2000) for place in range(1500)]
    many.append(replace(one, class_="none", f1=None))
    markup = sections.per_class(replace(evaluation, per_class=tuple(many)))
    assert re.findall(r"<td>(c\d{4})</td>", markup) == [f"c{place:04d}" for place in range(1499, 499, -1)]
    assert "The 1,000 classes with the lowest F1 of 1,501; evaluation.json has all of them." in text(markup)
    names = [row.class_ for row in many]
    counted = parts.class_counts("class", names, {"training": range(1501), "test": [1] * 1501}, ["a note"])
    assert re.findall(r"<td>(c\d{4}|none)</td>", counted) == names[:1000]
    assert "The table shows the 1,000 with the fewest images of 1,501." in text(counted)
    assert f"|all||{sum(range(1501)):,}||1,501|" in text(counted)


def test_bars_lie_between_the_scales_ends(evaluation):
    for start, end in re.findall(r"left:([\d.-]+)%;width:([\d.-]+)%", sections.per_class(evaluation)):
        assert float(start) >= 0
        assert float(start) + float(end) <= 100.01


@pytest.mark.parametrize(("lowest", "start"), [(0.999, 0.9), (0.61, 0.6), (0.0, 0.0)])
def test_the_scale_begins_below_every_interval(evaluation, lowest, start):
    row = replace(evaluation.per_class[0], recall=1.0, recall_interval=(lowest, 1.0))
    words = text(sections.per_class(replace(evaluation, per_class=(row,))))
    assert f"{100 * start:.0f}%||95% interval||100%" in words


def test_a_class_without_images_has_dashes_and_no_bar(evaluation):
    row = ClassFigures("x", images=0, recall=None, recall_interval=None, precision=None, f1=None)
    markup = sections.per_class(replace(evaluation, per_class=(row,)))
    assert text(markup).count("–") == 3
    assert "class=\"bar\"" not in markup  # fmt: skip


def test_mistakes_show_their_pictures_where_there_are_any(evaluation):
    rows = evaluation.mistakes
    markup = sections.mistakes(evaluation, {rows[0].path: "picture-0"})
    assert markup.count('href="#picture-0"') == 1
    assert markup.count("no-picture") == len(rows) - 1
    assert percent(rows[0].probability) in markup
    assert "None." in sections.mistakes(replace(evaluation, mistakes=()), {})
