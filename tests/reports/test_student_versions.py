"""Reported: misspelt markers let hidden tests into student versions; cells shared a grade id."""

import copy

import nbformat
import pytest

from helpers.coursework.release import student_version


@pytest.fixture
def solved(root):
    return nbformat.read(root / "tests" / "fixtures" / "exercise.ipynb", as_version=4)


def with_cell(solved, name, old, new):
    changed = copy.deepcopy(solved)
    cell = next(c for c in changed.cells if c.id == name)
    assert old in cell.source
    cell.source = cell.source.replace(old, new)
    return changed


@pytest.mark.parametrize(
    "misspelt",
    [
        "### BEGIN HIDDEN TEST",
        "### BEGIN HIDEN TESTS",
        "### Begin hidden tests",
        "### BEGIN_HIDDEN_TESTS",
        "### HIDDEN TESTS",
        "### BEGIN SECRET TESTS",
        "## BEGIN HIDDEN TESTS",
        "# hidden tests",
        "assert True ### BEGIN HIDDEN TESTS",
    ],
)
def test_a_misspelt_hidden_test_marker_is_refused(solved, misspelt):
    """A teacher would have believed the tests hidden that stood in every student's notebook."""
    broken = with_cell(solved, "check", "### BEGIN HIDDEN TESTS", misspelt)
    with pytest.raises(ValueError, match=r"cell check: wanted one of the markers .* received"):
        student_version(broken)


@pytest.mark.parametrize("misspelt", ["### BEGIN SOLUTON", "### begin solution", "## SOLUTION"])
def test_a_misspelt_solution_marker_is_refused(solved, misspelt):
    """A teacher would have believed that the stub keeps what stands around the solution."""
    with pytest.raises(ValueError, match="cell answer: wanted one of the markers"):
        student_version(with_cell(solved, "answer", "### BEGIN SOLUTION", misspelt))


@pytest.mark.parametrize(
    ("name", "marker"),
    [
        ("check", "### BEGIN HIDDEN TESTS\n"),
        ("check", "\n### END HIDDEN TESTS"),
        ("answer", "    ### BEGIN SOLUTION\n"),
        ("answer", "\n    ### END SOLUTION"),
    ],
)
def test_a_marker_without_its_partner_is_refused(solved, name, marker):
    """An END alone was dropped in silence, and what stood above it was handed out."""
    with pytest.raises(ValueError, match=f"cell {name}: wanted BEGIN and END of each region"):
        student_version(with_cell(solved, name, marker, ""))


def test_two_cells_with_one_grade_id_are_refused_by_name(solved):
    """A teacher would have believed that both cells are graded; nbgrader keeps one of them."""
    twice = copy.deepcopy(solved)
    twice.cells[4].metadata.nbgrader.grade_id = "double"
    with pytest.raises(ValueError, match=r"grade id of its own .* received double more than once"):
        student_version(twice)


def test_ordinary_comments_are_left_alone(solved):
    fine = with_cell(
        solved, "check", "assert double(n)", "# the solution begins with n\nassert double(n)"
    )
    assert "# the solution begins" in nbformat.writes(student_version(fine))
