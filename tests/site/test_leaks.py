"""What the built site gives away: a solution only inside its fold, a hidden test nowhere.

The solutions are meant to be read on the page, after a click. They must not be in what a student
downloads or opens in Colab, nor in the page outside the fold, the search index, the state of live
figures or any other file.
"""

import json

import leaks
import nbformat
import pytest
from bs4 import BeautifulSoup

from setup_cell import first_code_cell
from source import pinned_setup_cell


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
    solutions, hidden = leaks.secrets(solved)
    assert solutions == [
        "SECRET_JUDGEMENT:doublingislinear.",
        "SECRET_SOLUTION=2",
        "returnSECRET_SOLUTION*x",
    ]
    assert len(hidden) == 2


def test_every_chapter_is_served_as_a_student_version(site, chapters):
    for path in chapters:
        served = nbformat.read(site / "_sources" / path, as_version=4)
        assert all(c.cell_type != "code" or c.outputs == [] for c in served.cells), path
        assert first_code_cell(served).source == pinned_setup_cell(), path


def test_no_other_download_holds_a_chapter(site):
    """Notebooks are in _sources only, and there is no archive or script beside them."""
    found = [p.relative_to(site) for p in site.rglob("*.ipynb")]
    assert [p for p in found if p.parts[0] != "_sources"] == []
    kinds = {".zip", ".gz", ".py", ".pkl", ".db"}
    assert [p.relative_to(site) for p in site.rglob("*") if p.suffix in kinds] == []


def test_a_solution_is_on_its_page_and_every_fold_is_shut(site, chapters):
    for path, solved in chapters.items():
        soup, (solutions, _) = page(site, path), leaks.secrets(solved)
        folds = soup.find_all("details")
        folded = leaks.squeeze(" ".join(fold.get_text() for fold in folds))
        # A written answer is set: its formulas are not as they were typed.
        code = [s for s in solutions if s not in leaks.squeeze("".join(leaks.answers(solved)))]
        assert [s for s in code if s not in folded] == [], f"{path}: not shown at all"
        assert [fold for fold in folds if fold.has_attr("open")] == [], f"{path}: a fold is open"


def test_no_file_of_the_site_gives_a_secret_away(site, chapters):
    assert leaks.find(site, list(chapters.values())) == {}


# ------------------------------------------------------------------- a planted secret is found


SOLUTION, HIDDEN = "    return SECRET_SOLUTION * x", "assert double(77001) == 154002"
ANSWER = "SECRET_JUDGEMENT: doubling is linear."


@pytest.fixture(scope="module")
def solved(root):
    return nbformat.read(root / "tests" / "fixtures" / "exercise.ipynb", as_version=4)


def plant(site, place, secret):
    """Put the secret into one place of a copy of a site."""
    escaped = json.dumps(json.dumps({"note": f"a\n{secret}\nb"}))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(secret)])
    index = {"docnames": ["a"], "terms": {"secret_solut": [0], "secret_judg": 0}}
    text = {
        "a.html": f"<main><p>{secret}</p><details><p>x</p></details></main>",
        "b.html": f'<script type="application/vnd.jupyter.widget-state+json">{escaped}</script>',
        "_sources/notebooks/a.ipynb": nbformat.writes(notebook),
        "searchindex.js": f"Search.setIndex({json.dumps(index)})",
        "_static/ledger.json": escaped,
        "_downloads/rows.csv": f'id,note\n1,"{secret}"\n',
        "sitemap.xml": f"<loc>{secret}</loc>",
    }[place]
    (site / place).parent.mkdir(parents=True, exist_ok=True)
    (site / place).write_text(text)


PLACES = [
    *("a.html", "b.html", "_sources/notebooks/a.ipynb", "_static/ledger.json"),
    *("_downloads/rows.csv", "sitemap.xml"),
]


@pytest.mark.parametrize("secret", [SOLUTION, HIDDEN, ANSWER, "### BEGIN HIDDEN TESTS"])
@pytest.mark.parametrize("place", PLACES)
def test_a_planted_secret_is_found_wherever_it_is(tmp_path, solved, place, secret):
    (tmp_path / "fine.html").write_text("<p>double(x)</p>")
    assert leaks.find(tmp_path, [solved]) == {}
    plant(tmp_path, place, secret)
    assert list(leaks.find(tmp_path, [solved])) == [place]


def test_words_of_a_solution_in_the_search_index_are_found(tmp_path, solved):
    plant(tmp_path, "searchindex.js", "")
    found = leaks.find(tmp_path, [solved])
    assert found == {"searchindex.js": ["secret_judg", "secret_solut"]}


def test_a_solution_inside_a_fold_is_no_leak_and_a_hidden_test_is(tmp_path, solved):
    (tmp_path / "a.html").write_text(f"<details><p>{SOLUTION}</p></details>")
    assert leaks.find(tmp_path, [solved]) == {}
    (tmp_path / "a.html").write_text(f"<details><p>{HIDDEN}</p></details>")
    assert leaks.find(tmp_path, [solved]) == {"a.html": [leaks.squeeze(HIDDEN)]}
