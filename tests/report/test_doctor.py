import io
from pathlib import Path

from PIL import Image

from atalho.data.doctor.examination import Examination
from atalho.data.doctor.problem import Problem
from atalho.report import doctor
from atalho.text import Text, speaking


def png() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4), "red").save(buffer, "PNG")
    return buffer.getvalue()


def examination(*problems: Problem) -> Examination:
    return Examination(
        Path("/data/photos"), problems, 30, {"cat": {"train": 10, "test": 5}}, (8, 16, 32), (8, 16, 64), {"PNG": 30}
    )


TWIN = Problem("same-in-splits", Text("the same"), Text("Remove it."), "test/a.png", ("train/a.png", "train/b.png"))


def test_pictures_are_wanted_of_an_image_and_the_first_of_its_others() -> None:
    assert doctor.shown(examination(TWIN)) == ["test/a.png", "train/a.png"]
    many = [Problem("grey", Text(""), Text(""), f"{number}.png") for number in range(100)]
    assert doctor.shown(examination(*many)) == [f"{number}.png" for number in range(12)]


def test_each_picture_is_held_once_and_used_in_both_languages() -> None:
    page = doctor.page(examination(TWIN), {"test/a.png": png(), "train/a.png": png()})
    assert page.count("data:image/png") == 2
    assert page.count('<use href="#picture-0"') == 2
    assert page.startswith('<!doctype html>\n<html lang="en">')
    assert "http://" not in page.replace("http://www.w3.org", "")


def test_without_pictures_a_table_names_the_files() -> None:
    page = speaking("pt")(doctor.page)(
        examination(Problem("empty", Text("the file is empty"), Text("r"), "<b>.png")), {}
    )
    assert "<td>&lt;b&gt;.png</td><td>the file is empty</td>" in page
    assert "<td>&lt;b&gt;.png</td><td>o arquivo está vazio</td>" in page


def test_more_than_are_pictured_are_listed_and_the_rest_counted() -> None:
    many = [Problem("grey", Text(""), Text(""), f"{number}.png") for number in range(600)]
    page = doctor.page(examination(*many), {f"{number}.png": png() for number in range(12)})
    assert "<summary>588 more</summary>" in page
    assert "… and 88 more (listed by --json)" in page


def test_a_set_that_cannot_be_used_has_a_page_too() -> None:
    page = doctor.page(Examination(Path("/data"), (Problem("layout", Text("no images"), Text("r")),)), {})
    assert "Training would not start on these images as they are." in page
    assert "no images" in page
