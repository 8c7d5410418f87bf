"""What the built site gives away: a solution only inside its fold, a hidden test nowhere.

The solutions are meant to be read on the page, after a click. They must not be in what a student
downloads or opens in Colab, nor in the page outside the fold, nor in the search index.
"""

import re

import nbformat
import pytest
from bs4 import BeautifulSoup

from exercises import HIDDEN
from setup_cell import first_code_cell, setup_cell
from source import repository_url, revision

SOLUTION = re.compile(r"### BEGIN SOLUTION[^\n]*\n(.*?)### END SOLUTION", re.S)


def squeeze(text):
    """Return text without white space, so that indentation and highlighting do not matter."""
    return re.sub(r"\s+", "", text)


def telling(lines, elsewhere):
    """Return the lines that only the secret part holds: long, and not elsewhere in the notebook."""
    return [s for line in lines if len(s := squeeze(line)) >= 12 and s not in elsewhere]


def secrets(notebook):
    """Return (solution lines, hidden test lines) of a solved notebook, squeezed."""
    sources = [cell.source for cell in notebook.cells]
    public = squeeze("\n".join(SOLUTION.sub("", HIDDEN.sub("", s)) for s in sources))
    solutions = "\n".join(m for s in sources for m in SOLUTION.findall(s)).splitlines()
    hidden = "\n".join(m.group() for s in sources for m in HIDDEN.finditer(s)).splitlines()
    return telling(solutions, public), telling([h for h in hidden if "HIDDEN" not in h], public)


@pytest.fixture(scope="module")
def chapters(root):
    """Solved notebooks by their path below the root."""
    paths = sorted((root / "notebooks").glob("*.ipynb"))
    return {p.relative_to(root): nbformat.read(p, as_version=4) for p in paths}


def page(site, path):
    return BeautifulSoup((site / path.with_suffix(".html")).read_text(), "html.parser")


def test_the_fixture_s_secrets_are_found(root):
    """The detector itself works: it finds the solution and both hidden tests."""
    solved = nbformat.read(root / "tests" / "fixtures" / "exercise.ipynb", as_version=4)
    solutions, hidden = secrets(solved)
    assert solutions == ["SECRET_SOLUTION=2", "returnSECRET_SOLUTION*x"]
    assert len(hidden) == 2


def test_every_chapter_is_served_as_a_student_version(site, chapters):
    for path, solved in chapters.items():
        served = nbformat.read(site / "_sources" / path, as_version=4)
        text = squeeze("\n".join(c.source for c in served.cells))
        solutions, hidden = secrets(solved)
        assert [s for s in solutions + hidden if s in text] == [], path
        assert "BEGINSOLUTION" not in text, path
        assert all(c.cell_type != "code" or c.outputs == [] for c in served.cells), path
        assert first_code_cell(served).source == setup_cell(repository_url(), revision()), path


def test_no_other_download_holds_a_chapter(site):
    """Notebooks are in _sources only, and there is no archive or script beside them."""
    found = [p.relative_to(site) for p in site.rglob("*.ipynb")]
    assert [p for p in found if p.parts[0] != "_sources"] == []
    kinds = {".zip", ".gz", ".py", ".pkl", ".db"}
    assert [p.relative_to(site) for p in site.rglob("*") if p.suffix in kinds] == []


def test_a_solution_is_on_its_page_only_inside_a_fold(site, chapters):
    for path, solved in chapters.items():
        soup, (solutions, _) = page(site, path), secrets(solved)
        folded = squeeze(" ".join(d.get_text() for d in soup.find_all("details")))
        assert [s for s in solutions if s not in folded] == [], f"{path}: not shown at all"
        for fold in soup.find_all("details"):
            assert not fold.has_attr("open"), f"{path}: a fold stands open"
            fold.decompose()
        text = squeeze(soup.get_text())
        assert [s for s in solutions if s in text] == [], f"{path}: shown outside a fold"


def test_no_marker_and_no_hidden_test_is_anywhere_on_the_site(site, chapters):
    hidden = [h for solved in chapters.values() for h in secrets(solved)[1]]
    for file in [*site.rglob("*.html"), site / "searchindex.js"]:
        markup = file.read_text()
        text = squeeze(BeautifulSoup(markup, "html.parser").get_text())
        assert not re.search(r"(BEGIN|END)(SOLUTION|HIDDEN)", text), file
        assert [h for h in hidden if h in text] == [], file
