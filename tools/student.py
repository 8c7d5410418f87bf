"""Make the student version of a solved chapter: what a reader downloads or opens in Colab.

`python tools/student.py notebooks/02-….ipynb > student.ipynb` prints one.
"""

import copy
import sys

import nbformat
from nbgrader.preprocessors import (
    ClearHiddenTests,
    ClearOutput,
    ClearSolutions,
    ComputeChecksums,
    LockCells,
)

from setup_cell import first_code_cell, setup_cell

# The order of `nbgrader generate_assignment`: the checksums describe what is handed out.
STEPS = [LockCells, ClearSolutions, ClearOutput, ClearHiddenTests, ComputeChecksums]


def student_version(notebook, setup=None):
    """Return a copy of the solved `notebook` without solutions, hidden tests and outputs.

    notebook: nbformat NotebookNode in nbgrader's cell format (schema 3). setup: source for the
    setup cell, to pin the package to one commit; None leaves that cell as it is.
    Raises RuntimeError (from nbgrader) where a solution's or hidden test's markers do not pair up.
    """
    notebook = copy.deepcopy(notebook)
    for step in STEPS:
        notebook, _ = step().preprocess(notebook, {})
    for cell in notebook.cells:
        # Tags and folding belong to the page that shows the solution.
        cell.metadata.pop("mystnb", None)
    if setup is not None:
        first_code_cell(notebook).source = setup
    return notebook


if __name__ == "__main__":
    solved = nbformat.read(sys.argv[1], as_version=4)
    print(nbformat.writes(student_version(solved, setup_cell())))
