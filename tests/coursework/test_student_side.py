"""What a student sees: open, wrong and right, nothing that stops a notebook, and a summary."""

import copy
import re

import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook
from trials import namespace, notebook, solution

from helpers.coursework import check, summary
from helpers.coursework.chapters import sections, setup_cell
from helpers.coursework.release import student_version

KERNEL = {"name": "python3", "display_name": "Python 3"}
WRONG = "def bits_needed(t, R, r):\n    return 0.87, 9.0"
RIGHT = solution("02-2")


def run(cells):
    """Run the cells as a notebook that must not stop; returns what each code cell put out."""
    book = new_notebook(cells=cells, metadata={"kernelspec": KERNEL})
    NotebookClient(book, timeout=300).execute()
    return [
        "\n".join(out.data["text/plain"] for out in cell.outputs if "data" in out)
        for cell in book.cells
        if cell.cell_type == "code"
    ]


@pytest.fixture(scope="module")
def handed_out():
    """The exercise 02-2 of the student version, and the summary."""
    book = student_version(notebook("02"))
    section = sections(book)["02-2"]
    last = book.cells[[cell.id for cell in book.cells].index("points-so-far")]
    return [setup_cell(book), *section.data, *section.answer, section.check, last]


def test_run_all_goes_on_past_open_and_wrong_answers_and_the_summary_counts(handed_out):
    """Open, wrong, right, one after the other in one notebook: no cell stops it."""
    *before, checked, total = handed_out
    cells = [*before, checked, total, new_code_cell(WRONG), checked, new_code_cell(RIGHT), checked]
    *_, is_open, first, _, is_wrong, _, is_right, last = run([*map(copy.deepcopy, cells), total])
    assert "Exercise 2, Fit both laws, and extrapolate: open" in is_open
    assert "Exercise 2: replace this line, then run the check below" in is_open
    assert "wrong, 0 of 3 points" in is_wrong
    assert "right, 3 of 3 points" in is_right
    assert first.startswith("0 of 13 points so far")
    assert "2. Fit both laws, and extrapolate: open, 0 of 3" in first
    assert "6. Is the best neuron's picture a digit?: read by a person, 3" in first
    assert last.startswith("3 of 13 points so far")


@pytest.mark.parametrize(
    ("answer", "points", "words"),
    [
        ("raise_open", 0, "Exercise 2: replace this line"),
        (WRONG, 0, "the same comes out for every input"),
        (WRONG.replace("0.87, 9.0", "math.log2(0)"), 0, "math domain error"),
        (RIGHT.replace("norm.sf(r / s)", "norm.sf(r)"), 2, None),
        (RIGHT, 3, None),
    ],
)
def test_the_same_cell_gives_points_under_nbgrader_and_fails_for_none(
    handed_out, monkeypatch, answer, points, words
):
    """nbgrader takes the value of a cell's last line as partial credit, and an error as nothing."""
    source = handed_out[-3].source if answer == "raise_open" else answer
    answer = namespace("02-2", source)["bits_needed"]
    monkeypatch.setattr("__main__.bits_needed", answer, raising=False)
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    first, *_, call = handed_out[-2].source.splitlines()
    exec(first, names := {})
    if words is None:
        assert eval(call, names) == points
    else:
        with pytest.raises(AssertionError, match=words):
            eval(call, names)


def test_a_name_that_no_cell_defined_is_asked_for():
    """After a restart the check alone says which cell to run, instead of a NameError."""
    assert "bits_needed is not defined: run the cell above" in repr(check("02-2"))


def test_an_unknown_exercise_is_refused_with_the_known_ones():
    with pytest.raises(KeyError, match=r"wanted an exercise among \['02-1', .*received '02-99'"):
        check("02-99")


def test_the_card_reads_the_same_in_words_and_in_html():
    card = check("02-2")
    text = re.sub(r"<[^>]+>", " ", card._repr_html_())
    assert repr(card).split() == text.split()
    assert "points so far" in summary("02")._repr_html_()
