"""Fold what a reader does not need: cells titled `# @title …`, and model answers.

The first line of a code cell is the one place that says so: the page folds the cell behind its
title, Colab shows the title as a form, JupyterLab collapses the source (`tools/fold.py` writes the
metadata that those two look at). A model answer is a markdown cell that nbgrader calls a solution.
"""

import sys
from pathlib import Path

import nbformat
from docutils import nodes

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
from fold import TITLE, title

ANSWER = '<details class="answer"><summary>Show a model answer</summary>\n\n{}\n\n</details>'


def fold_answers(app, docname, source):
    if not app.env.doc2path(docname).endswith(".ipynb"):
        return
    notebook = nbformat.reads(source[0], as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and cell.metadata.get("nbgrader", {}).get("solution"):
            cell.source = ANSWER.format(cell.source)
    source[0] = nbformat.writes(notebook)


def fold_cells(app, doctree):
    for cell in doctree.findall(nodes.container):
        if cell.get("nb_element") != "cell_code":
            continue
        # A cell of hidden tests only has lost its input by now.
        if not cell.children:
            continue
        for code in cell.children[0].findall(nodes.literal_block):
            if line := title(code.astext()):
                cell["hide_mode"] = "input"
                cell["prompt_show"] = cell["prompt_hide"] = line
                code.rawsource = TITLE.sub("", code.astext(), count=1)
                code.children = [nodes.Text(code.rawsource)]


def setup(app):
    app.connect("source-read", fold_answers)
    app.connect("doctree-read", fold_cells)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
