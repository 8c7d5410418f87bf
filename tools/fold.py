"""Write into notebooks what Colab and JupyterLab fold cells by: `python tools/fold.py FILES`.

The first line of a cell is the one place that says so: `# @title Draw the learning curves`. The
page reads that line itself (book/_ext/folding.py).
"""

import re
import sys
from pathlib import Path

import nbformat

TITLE = re.compile(r"# @title (.+?)\s*(?:\n|\Z)")


def title(code):
    """Return the title that folds a cell, or "" for a cell that stays open."""
    found = TITLE.match(code)
    return found[1] if found else ""


def fold(notebook):
    """Set the metadata of every code cell of `notebook` by its first line; returns `notebook`."""
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        metadata, jupyter = cell.metadata, cell.metadata.setdefault("jupyter", {})
        for place, key, value in ((metadata, "cellView", "form"), (jupyter, "source_hidden", True)):
            if title(cell.source):
                place[key] = value
            else:
                place.pop(key, None)
        if not jupyter:
            del metadata["jupyter"]
    return notebook


if __name__ == "__main__":
    for path in map(Path, sys.argv[1:]):
        nbformat.write(fold(nbformat.read(path, as_version=4)), path)
