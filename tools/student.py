"""Print the student version of a solved chapter: what a reader downloads or opens in Colab.

`python tools/student.py notebooks/02-….ipynb > student.ipynb`

Its setup cell is pinned to the commit that is checked out: an assignment does not move.
"""

import sys
from pathlib import Path

import nbformat

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "book" / "_ext"))
from helpers.coursework.release import student_version
from source import pinned_setup_cell

if __name__ == "__main__":
    solved = nbformat.read(sys.argv[1], as_version=4)
    print(nbformat.writes(student_version(solved, pinned_setup_cell())))
