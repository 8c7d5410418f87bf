"""Exercises on the page and in the download: markers dropped, hidden tests gone, solutions out.

The committed chapters are solved. The page shows a solution folded; hidden tests are shown
nowhere; the notebooks under _sources, which the download and Colab buttons open, are the student
versions.
"""

import re
import sys
from pathlib import Path

import nbformat
from docutils import nodes
from sphinx.util import logging

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
from setup_cell import setup_cell  # noqa: E402
from source import repository_url, revision  # noqa: E402
from student import student_version  # noqa: E402

HIDDEN = re.compile(r"^[^\n]*BEGIN HIDDEN TESTS.*?END HIDDEN TESTS[^\n]*(\n|\Z)", re.M | re.S)
MARKER = re.compile(r"^[ \t]*### (BEGIN|END) SOLUTION[^\n]*(\n|\Z)", re.M)


def shown(code):
    """Return an exercise cell's code as the page shows it."""
    return MARKER.sub("", HIDDEN.sub("", code)).rstrip("\n")


def drop_markers(app, doctree):
    for block in doctree.findall(nodes.literal_block):
        code = block.astext()
        if (clean := shown(code)) != code.rstrip("\n"):
            block.rawsource = clean
            block.children = []
            block += nodes.Text(clean)
    # A hidden-test cell may be empty now: show nothing rather than an empty box.
    for block in list(doctree.findall(nodes.literal_block)):
        if not block.astext().strip() and block.parent.get("classes") == ["cell_input"]:
            block.parent.parent.remove(block.parent)


def serve_student_versions(app, exception):
    if exception or app.builder.format != "html":
        return
    setup = setup_cell(repository_url(), revision())
    chapters = sorted((Path(app.outdir) / "_sources" / "notebooks").glob("*.ipynb"))
    for path in chapters:
        solved = nbformat.read(ROOT / "notebooks" / path.name, as_version=4)
        nbformat.write(student_version(solved, setup), path)
    logging.getLogger(__name__).info("student versions: %d written to _sources", len(chapters))


def setup(app):
    app.connect("doctree-read", drop_markers)
    app.connect("build-finished", serve_student_versions)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
