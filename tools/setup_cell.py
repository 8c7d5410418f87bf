"""The setup cell, the same in every chapter: its text lives here and nowhere else.

`python tools/setup_cell.py` writes it into every notebook (the first code cell); a test compares.
"""

import tomllib
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
REPOSITORY = PROJECT["urls"]["Repository"]

# Silent in a clone. In Colab it fetches the package; torch and numpy stay as they are there.
TEMPLATE = """\
try:
    import helpers
except ModuleNotFoundError:
    %pip install -q "{package} @ git+{repository}@{revision}"
    import helpers
if getattr(helpers, "BOOK", None) != "{package}":
    raise ImportError(f"another module named helpers hides this book's: move away {{helpers}}")"""

# The page does not show it; Colab and JupyterLab do.
METADATA = {"tags": ["remove-cell"]}


def setup_cell(repository=REPOSITORY, revision="main"):
    """Return the cell's source, installing from `revision` of `repository`."""
    return TEMPLATE.format(package=PROJECT["name"], repository=repository, revision=revision)


def first_code_cell(notebook):
    """Return the notebook's first code cell, where the setup cell stands."""
    return next(cell for cell in notebook.cells if cell.cell_type == "code")


def main():
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        cell = first_code_cell(notebook)
        if "import helpers" not in cell.source:
            raise SystemExit(f"{path.name}: the first code cell is not a setup cell; add one")
        if cell.source != setup_cell() or cell.metadata != METADATA:
            cell.source = setup_cell()
            cell.metadata = nbformat.from_dict(METADATA)
            nbformat.write(notebook, path)
            print(f"{path.name}: setup cell written")


if __name__ == "__main__":
    main()
