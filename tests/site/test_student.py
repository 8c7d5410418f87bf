"""The student version of a notebook, and what the site must not give away."""

import nbformat
import pytest

from exercises import shown
from helpers.coursework.release import student_version
from setup_cell import first_code_cell, setup_cell

SECRETS = ["SECRET_SOLUTION", "SECRET_JUDGEMENT", "77001", "77002", "BEGIN", "HIDDEN"]


@pytest.fixture(scope="module")
def solved(root):
    return nbformat.read(root / "tests" / "fixtures" / "exercise.ipynb", as_version=4)


def test_the_fixture_has_secrets_to_leak(solved):
    text = nbformat.writes(solved)
    assert [secret for secret in SECRETS if secret not in text] == []


def test_a_student_version_holds_no_solution_and_no_hidden_test(solved):
    text = nbformat.writes(student_version(solved))
    assert [secret for secret in SECRETS if secret in text] == []


def test_a_student_version_keeps_stubs_visible_checks_and_points(solved):
    cells = {c.id: c for c in student_version(solved).cells}
    assert "raise NotImplementedError()" in cells["answer"].source
    assert "def double(x):" in cells["answer"].source
    assert "twice, not squared" in cells["check"].source
    assert cells["check"].metadata.nbgrader.points == 2
    assert cells["judgement"].source == "YOUR ANSWER HERE"


def test_checks_are_locked_and_every_graded_cell_has_a_checksum(solved):
    cells = {c.id: c for c in student_version(solved).cells}
    assert cells["check"].metadata.editable is False
    assert all(
        "checksum" in c.metadata.nbgrader for c in cells.values() if "nbgrader" in c.metadata
    )


def test_making_a_student_version_leaves_the_solved_notebook_alone(solved):
    before = nbformat.writes(solved)
    student_version(solved, setup="import this")
    assert nbformat.writes(solved) == before


def test_the_setup_cell_is_replaced_by_the_pinned_one(solved):
    pinned = setup_cell("https://github.com/someone/fork", "0123abc", "f1234567")
    student = student_version(solved, pinned)
    assert first_code_cell(student).source == pinned
    assert all(part in pinned for part in ('"https://github.com/someone/fork"', '"0123abc"'))


def test_the_page_shows_the_solution_without_markers_and_no_hidden_test(solved):
    cells = {c.id: shown(c.source) for c in solved.cells}
    assert cells["answer"] == (
        "def double(x):\n    SECRET_SOLUTION = 2\n    return SECRET_SOLUTION * x"
    )
    assert cells["check"] == 'assert double(n) == 2 * n, "twice, not squared"'
    assert cells["check-hidden"] == ""
