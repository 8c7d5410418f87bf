"""Exercises on the page and in the download: folded, markers and hidden tests gone, solutions out.

The committed chapters are solved. The page shows a solution folded; hidden tests are shown
nowhere; the search does not know the words of a solution; the notebooks under _sources, which the
download and Colab buttons open, are the student versions.
"""

import re
import sys
from pathlib import Path

import nbformat
from docutils import nodes
from sphinx.util import logging

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
from helpers.coursework.release import student_version  # noqa: E402
from source import pinned_setup_cell  # noqa: E402

HIDDEN = re.compile(r"^[^\n]*BEGIN HIDDEN TESTS.*?END HIDDEN TESTS[^\n]*(\n|\Z)", re.M | re.S)
OPENING = '<details class="exercise"><summary>Open the exercise</summary>'
CLOSING = "</details><!-- exercise -->"
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


def fold_exercises(app, doctree):
    """Fold each exercise behind its title, objective, minutes and points."""
    for chapter in list(doctree.findall(nodes.section)):
        if chapter.children[0].astext() != "Exercises":
            continue
        for section in (each for each in chapter.children if isinstance(each, nodes.section)):
            objective = isinstance(section.children[1], nodes.paragraph)
            head, body = section.children[: 1 + objective], section.children[1 + objective :]
            section.children = []
            section += [
                *head,
                nodes.raw("", OPENING, format="html"),
                *body,
                nodes.raw("", CLOSING, format="html"),
            ]


def without_solutions(doctree):
    """Return a copy of a page without solution cells and what stands in a fold of its own."""
    page = doctree.deepcopy()
    for cell in list(page.findall(nodes.container)):
        if (cell.get("cell_metadata") or {}).get("nbgrader", {}).get("solution"):
            cell.parent.remove(cell)
    folded = 0
    for node in list(page.findall(lambda n: isinstance(n, nodes.raw | nodes.paragraph))):
        text = node.astext() if isinstance(node, nodes.raw) else ""
        text = text.replace(OPENING, "").replace(CLOSING, "")  # an exercise's words are found
        folded += text.count("<details")
        if folded and not isinstance(node, nodes.raw):
            node.parent.remove(node)
        folded -= text.count("</details")
    return page


def keep_solutions_from_search(app):
    index = getattr(app.builder, "index_page", None)
    if index:
        app.builder.index_page = lambda name, doctree, title: index(
            name, without_solutions(doctree), title
        )


def serve_student_versions(app, exception):
    if exception or app.builder.format != "html":
        return
    setup = pinned_setup_cell()
    chapters = sorted((Path(app.outdir) / "_sources" / "notebooks").glob("*.ipynb"))
    for path in chapters:
        solved = nbformat.read(ROOT / "notebooks" / path.name, as_version=4)
        nbformat.write(student_version(solved, setup), path)
    logging.getLogger(__name__).info("student versions: %d written to _sources", len(chapters))


def setup(app):
    app.connect("builder-inited", keep_solutions_from_search)
    app.connect("doctree-read", drop_markers)
    app.connect("doctree-read", fold_exercises, priority=950)  # after the veils
    app.connect("build-finished", serve_student_versions)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
