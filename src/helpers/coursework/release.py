"""What is handed out: student versions of the solved chapters, a course in nbgrader's folders."""

import copy
import difflib
import re
import sys
from collections import Counter
from pathlib import Path

import nbformat
from nbgrader.preprocessors import (
    ClearHiddenTests,
    ClearOutput,
    ClearSolutions,
    ComputeChecksums,
    LockCells,
)

from helpers.coursework.chapters import sections, setup_cell
from helpers.coursework.student import find

# What nbgrader writes for a solution, with the indentation of the solution's marker.
STUB = re.compile(r"^( *)# YOUR CODE HERE\n *raise NotImplementedError\(\)", re.M)

MARKERS = ["BEGIN SOLUTION", "END SOLUTION", "BEGIN HIDDEN TESTS", "END HIDDEN TESTS"]
COMMENT = re.compile(r"^(.*?)(#+)\s*(.*?)\s*$", re.M)
WORDS = {word for marker in MARKERS for word in marker.split()}


def markers(cell):
    """Return the marker lines of a code cell, refusing what looks like one and is none.

    nbgrader passes over a misspelt marker, and what it was to hide stands in the student version.
    """
    found = []
    for before, hashes, text in COMMENT.findall(cell.source):
        plain = re.sub(r"[^A-Z]+", " ", text.upper()).strip()
        alike = difflib.get_close_matches(plain, MARKERS, n=1, cutoff=0.75)
        if hashes == "###" and text in MARKERS and not before.strip():
            found.append(text)
        elif alike or "HIDDEN TEST" in plain or (len(hashes) > 2 and WORDS & {*plain.split()}):
            raise ValueError(
                f"cell {cell.id}: wanted one of the markers {', '.join(MARKERS)} behind ###,"
                f" received {before}{hashes} {text}: spell it so, on a line of its own"
            )
    return found


def check(notebook):
    """Refuse markers that are misspelt or do not pair up, and a grade id that two cells have."""
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        found = markers(cell)
        pairs = [(a, a.replace("BEGIN", "END")) for a in found[::2]]
        if list(zip(found[::2], found[1::2], strict=False)) != pairs or len(found) % 2:
            raise ValueError(
                f"cell {cell.id}: wanted BEGIN and END of each region in turn, received"
                f" {', '.join(found)}: add the missing marker"
            )
    ids = Counter(c.metadata.nbgrader.grade_id for c in notebook.cells if "nbgrader" in c.metadata)
    if twice := [name for name, count in ids.items() if count > 1]:
        raise ValueError(
            f"wanted a grade id of its own for every cell, received {', '.join(twice)} more than"
            " once: rename the copies, or marks of one cell go to another"
        )


def student_version(notebook, setup=None):
    """Return a copy of the solved `notebook` without solutions, hidden tests and outputs.

    notebook: nbformat NotebookNode in nbgrader's cell format (schema 3). setup: source for the
    setup cell, to pin the package to one commit; None leaves that cell as it is.
    Raises ValueError where markers are misspelt or do not pair up, and for a grade id used twice.
    """
    check(notebook)
    notebook = copy.deepcopy(notebook)
    # The order of `nbgrader generate_assignment`: the checksums describe what is handed out.
    for step in (LockCells, ClearSolutions, ClearOutput, ClearHiddenTests):
        notebook, _ = step().preprocess(notebook, {})
    _tell_what_to_do(notebook)
    notebook, _ = ComputeChecksums().preprocess(notebook, {})
    for cell in notebook.cells:
        # Tags and folding belong to the page that shows the solution.
        cell.metadata.pop("mystnb", None)
    if setup is not None:
        setup_cell(notebook).source = setup
    return notebook


def _tell_what_to_do(notebook):
    """Stubs that say which exercise they are, and that let "Run All" go on.

    Inside a function the stub raises NotImplementedError when called, and the check calls that
    open. Outside one an error would stop the notebook: there every name to find gets dots.
    """
    for identifier, section in sections(notebook).items():
        exercise = find(identifier)
        for cell in section.answer:
            cell.source = STUB.sub(lambda found, e=exercise: stub(e, found.group(1)), cell.source)


def stub(exercise, indent: str) -> str:
    """The line or lines that stand for a solution."""
    todo = f"Exercise {exercise.id.partition('-')[2]}: replace this line, then run the check below"
    if indent:
        return f'{indent}raise NotImplementedError("{todo}")'
    return "\n".join(f"{name} = ...  # {todo}" for name in exercise.answers)


CONFIGURATION = """\
c = get_config()
# A chapter's experiments take longer than nbgrader's thirty seconds a cell.
c.ExecutePreprocessor.timeout = 300
c.ExecutePreprocessor.interrupt_on_timeout = True
# What students get is there already; nbgrader knows an assignment only once it has made it itself.
c.GenerateAssignment.force = True
c.OverwriteCells.add_missing_cells = True
c.ClearSolutions.code_stub = {{
    "python": 'raise NotImplementedError("replace this line, then run the check below")'
}}
# Written by python -m helpers.coursework release from commit {revision}.
"""


def write_course(book: Path, out: Path, chapters=()) -> list[Path]:
    """Write `out` as a course of nbgrader's: source/ (solved), release/ (stubs), configuration.

    book: the clone. Every setup cell installs the clone's commit, and knows the package of that
    commit by its fingerprint. Raises ValueError where a chapter has no
    exercises, or the clone holds changes that no commit has.
    """
    setup, revision = _pinned(book)
    solved = {
        path.name[:2]: path for path in sorted((book / "notebooks").glob("[0-9][0-9]-*.ipynb"))
    }
    if unknown := sorted(set(chapters) - set(solved)):
        raise ValueError(f"wanted chapters among {sorted(solved)}, received {unknown}")
    written = []
    for name in chapters or solved:
        notebook = nbformat.read(solved[name], as_version=4)
        if not sections(notebook):
            if chapters:
                raise ValueError(f"wanted a chapter with exercises, received {solved[name].name}")
            continue
        setup_cell(notebook).source = setup
        for folder, version in (("source", notebook), ("release", student_version(notebook))):
            path = out / folder / solved[name].stem / solved[name].name
            path.parent.mkdir(parents=True, exist_ok=True)
            nbformat.write(version, path)
            written.append(path)
    written.append(out / "nbgrader_config.py")
    written[-1].write_text(CONFIGURATION.format(revision=revision))
    return written


def _pinned(book: Path) -> tuple[str, str]:
    """(source of the setup cell, commit), for the commit that the clone is at."""
    sys.path.insert(0, str(book / "book" / "_ext"))
    try:
        from source import git, pinned_setup_cell, revision
    finally:
        del sys.path[0]
    if git("status", "--porcelain", "--", "src"):
        raise ValueError(
            "wanted a clone whose src is committed, received changes: commit or stash them, since"
            " students install a commit"
        )
    return pinned_setup_cell(), revision()
