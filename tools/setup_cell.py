"""The setup cell, the same in every chapter: its text lives here and nowhere else.

`python tools/setup_cell.py` writes it into every notebook (the first code cell); a test compares.
The student versions carry it pinned: to the commit that was built, and to the fingerprint of that
commit's package, so that last term's does not pass for it.
"""

import tomllib
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
REPOSITORY = PROJECT["urls"]["Repository"]

# Silent in a clone. In Colab it fetches the package; torch and numpy stay as they are there.
# A folder that is called helpers and holds no module has no origin, and is passed over.
# Where there is no git, GitHub's archive of the same commit will do.
TEMPLATE = """\
# @title Set up: fetch the book's package where it is missing (run this first)
import importlib.util
import re
import shutil
import subprocess
import sys

BOOK = "{package}"
REPOSITORY = "{repository}"
REVISION, FINGERPRINT = "{revision}", "{fingerprint}"
AGAIN = "then restart the runtime (Python keeps what it has imported), run this again"
if not getattr(importlib.util.find_spec("helpers"), "origin", None):
    archive = f"{{REPOSITORY}}/archive/{{REVISION}}.zip"
    place = f"git+{{REPOSITORY}}@{{REVISION}}" if shutil.which("git") else archive
    source = f"{{BOOK}} @ {{place}}"
    command = [sys.executable, "-m", "pip", "install", "-q", source]
    done = subprocess.run(command, capture_output=True, text=True)
    causes = {{
        "not our ref|did not match|404|Username": "no such commit: open the page anew",
        "ermission denied|Read-only|externally": "a read-only Python: use your own",
        "resolve|Name or service|imed out|onnect": "no answer: is this machine online?",
    }}
    if done.returncode:
        told = [causes[words] for words in causes if re.search(words, done.stderr)]
        cause = (told or ["this error:"])[0]
        raise ImportError(f"wanted {{source}}, received {{cause}}\\n{{done.stderr}}")
    importlib.invalidate_caches()
import helpers

if getattr(helpers, "BOOK", None) != BOOK:
    raise ImportError(
        f"wanted this book's helpers, received {{helpers}}: move it away, {{AGAIN}}"
    )
if FINGERPRINT and getattr(helpers, "fingerprint", str)() != FINGERPRINT:
    raise ImportError(
        f"wanted {{BOOK}} as of {{REVISION}}, received another state of it, "
        f"{{helpers}}: run `%pip uninstall -y {{BOOK}}`, {{AGAIN}}"
    )"""

# The page does not show it; Colab and JupyterLab show its title.
METADATA = {"tags": ["remove-cell"], "cellView": "form", "jupyter": {"source_hidden": True}}


def setup_cell(repository=REPOSITORY, revision="main", fingerprint=""):
    """Return the cell's source, installing from `revision` of `repository`.

    fingerprint: `helpers.fingerprint()` of that revision; without one any state of the package
    is taken, as a clone's own notebooks do.
    """
    return TEMPLATE.format(
        package=PROJECT["name"], repository=repository, revision=revision, fingerprint=fingerprint
    )


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
