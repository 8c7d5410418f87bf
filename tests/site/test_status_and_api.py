"""The two pages that the build writes itself: what took how long, and what the package offers."""

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_notebook

import api
import status
from helpers import networks


def rows(markup):
    """Return the table as {row's head: {column's head: text}}."""
    table = BeautifulSoup(markup, "html.parser").table
    head = [cell.get_text() for cell in table.thead.find_all("th")][1:]
    return {
        row.th.get_text(): dict(zip(head, (c.get_text() for c in row.find_all("td")), strict=True))
        for row in table.tbody.find_all("tr")
    }


def test_times_say_in_words_whether_they_keep_to_the_budget():
    drill = {"chapters": {"01-a": {"setup": 15.2, "first figure": 29.0, "in all": 91.0}}}
    found = rows(status.times({"01-a": 90.0, "02-b": None}, drill))
    assert found["01-a"] == {
        "here": "90 s, within 90 s",
        "Colab: setup": "15 s, over 15 s",
        "Colab: first figure": "29 s, within 30 s",
        "Colab: in all": "91 s, over 90 s",
    }
    assert set(found["02-b"].values()) == {"not measured"}


def test_the_status_page_shows_every_chapter_of_this_build(root, site):
    page = (site / "book" / "status.html").read_text()
    assert "data-status" not in page
    chapters = [path.stem for path in sorted((root / "notebooks").glob("*.ipynb"))]
    tables = [rows(str(table)) for table in BeautifulSoup(page, "html.parser").find_all("table")]
    (times,) = (table for table in tables if chapters[0] in table)
    assert list(times) == chapters
    assert all(times[chapter]["here"] != "not measured" for chapter in chapters)


SECRET = {"nbgrader": {"solution": True, "grade_id": "a", "schema_version": 3, "grade": False}}
NOTEBOOK = new_notebook(
    cells=[
        new_code_cell(
            "from helpers import networks as nets, tasks\nx = nets.mlp([3, 4, 1], seed=1)"
        ),
        new_code_cell("from helpers.networks import cnn\nplain.mlp(2)\ncnn([4])"),
        new_code_cell("nets.activations(x, secret)", metadata=SECRET),
        new_code_cell("y = 1\n### BEGIN HIDDEN TESTS\ntasks.digits(77)\n### END HIDDEN TESTS"),
    ]
)


def test_names_are_found_under_any_alias_and_solutions_are_left_out():
    uses = api.uses({"07": NOTEBOOK})
    found = {name: use.call for name, use in uses.items() if api.public(name)}
    assert found == {
        "helpers.networks.mlp": "nets.mlp([3, 4, 1], seed=1)",
        "helpers.networks.cnn": "cnn([4])",
    }


def test_an_entry_has_the_signature_as_written_the_docstring_and_an_example():
    text = api.entry("helpers.networks.mlp", networks.mlp, api.Use({"07"}, "nets.mlp([3, 4, 1])"))
    assert text.startswith("### networks.mlp\n\n```python\ndef mlp(")
    first_line = networks.mlp.__doc__.strip().partition("\n")[0].partition("`")[0]
    assert first_line in text
    assert (">>>" in text) != ("nets.mlp([3, 4, 1])" in text)
    assert text.endswith("In chapter 07.")


def test_every_public_name_that_a_chapter_calls_is_on_the_page(root, site):
    paths = sorted((root / "notebooks").glob("*.ipynb"))
    used = api.uses({path.name[:2]: nbformat.read(path, as_version=4) for path in paths})
    page = BeautifulSoup((site / "book" / "api.html").read_text(), "html.parser")
    shown = {heading.get_text().rstrip("#").strip() for heading in page.find_all("h3")}
    assert shown == {name.removeprefix("helpers.") for name in used if api.public(name)}


@pytest.mark.parametrize("path", ["status", "api"])
def test_the_page_says_something_beside_its_tables(site, path):
    page = BeautifulSoup((site / "book" / f"{path}.html").read_text(), "html.parser")
    assert len(page.find("article").find("p").get_text().split()) > 20
