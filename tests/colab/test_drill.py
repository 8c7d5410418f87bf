"""What a student in Colab meets: the served notebook alone, in an empty folder.

`make colab` does it with Colab's own versions for every chapter and writes `record.json`, which the
status page shows; here, with the book's versions, the first chapter in a small form.
"""

import json
import os
from pathlib import Path

import drill
import nbformat
import pytest
import small_fork

import source
from helpers import fingerprint
from setup_cell import first_code_cell, setup_cell

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
SMALL = json.loads((ROOT / "tests" / "notebooks" / "small.json").read_text())
RECORD = ROOT / "tests" / "colab" / "record.json"
# What the book brings along; all else that Colab has stays as it is.
ADDED = {"is-the-dog-already-there", "jaxtyping", "wadler-lindig", "pip", "setuptools"}


@pytest.fixture(scope="module")
def github(tmp_path_factory):
    """A repository with this working tree's package, and a later commit that breaks it."""
    fork = small_fork.make(tmp_path_factory.mktemp("github"), small_fork.FORK)
    pinned = fork.git("rev-parse", "HEAD")
    broken = fork.clone / "src" / "helpers" / "__init__.py"
    broken.write_text('raise SystemExit("main has moved on")\n')
    fork.change("\nLater.\n")
    return fork, pinned


@pytest.fixture
def colab(github, tmp_path):
    """Return a function that runs a notebook in a new layer over `base`, and looks at both."""
    fork, _ = github
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "HELPERS", "REQ"))}
    kept["GIT_CONFIG_GLOBAL"] = fork.environment["GIT_CONFIG_GLOBAL"]
    layers = {}

    def run(notebook, base, **extra):
        if base not in layers:
            layers[base] = drill.layer(tmp_path / "layer", base)
        folder = tmp_path / f"run{len(list(tmp_path.iterdir()))}"
        done = drill.run(notebook, folder, layers[base], {**kept, **extra})
        added = drill.names(drill.site_packages(layers[base])[:1])
        theirs = drill.names(drill.site_packages(base)) - ADDED
        assert added <= ADDED | theirs, f"brings along {added - ADDED}"
        assert added & theirs == set(), "touches what Colab has"
        assert list((folder / "content").iterdir()) == [], "leaves files behind"
        return done

    return run


def student(site, chapter, pinned):
    """The notebook that the site serves, its setup cell pinned to the stand-in's commit."""
    served = nbformat.read(site / "_sources" / "notebooks" / f"{chapter}.ipynb", as_version=4)
    first_code_cell(served).source = setup_cell(small_fork.FORK, pinned, fingerprint())
    return served


def small(notebook, chapter):
    """Return a copy whose parameters cell ends in the chapter's small values."""
    notebook = nbformat.from_dict(notebook)
    cell = next(c for c in notebook.cells if "parameters" in c.metadata.get("tags", []))
    cell.source += "".join(f"\n{name} = {value!r}" for name, value in SMALL[chapter].items())
    return notebook


def test_a_student_s_notebook_runs_alone_in_an_empty_folder(site, github, colab):
    """The first chapter, small, with the book's versions; main has moved on since it was saved."""
    chapter = CHAPTERS[0]
    notebook = small(student(site, chapter, github[1]), chapter)
    done = colab(notebook, drill.sys.executable, PIP_NO_BUILD_ISOLATION="0")
    assert drill.errors(done) == {}
    assert drill.complaints(done) == []


@pytest.fixture(scope="session")
def base():
    """Colab's packages: made here from the dated list, or those of the image this runs in."""
    given = os.environ.get("COLAB_PYTHON")
    return Path(given) if given else drill.colab_base(ROOT / "_build" / "colab")


@pytest.mark.colab
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_runs_on_colab_s_versions(site, github, colab, base, chapter):
    """As it is, exercises open; then with other parameters and the solutions put in."""
    served = student(site, chapter, github[1])
    done = colab(nbformat.from_dict(served), base)
    assert drill.errors(done) == {}
    assert drill.complaints(done) == []
    record = json.loads(RECORD.read_text()) if RECORD.exists() else {"chapters": {}}
    load = f"{os.getloadavg()[0]:.0f} processes on {os.cpu_count()} cores"
    record["versions"] = {**drill.versions(base), "commit": source.revision()[:12], "load": load}
    record["chapters"] = {c: record["chapters"].get(c) for c in CHAPTERS}
    record["chapters"][chapter] = drill.seconds(done)

    solved = nbformat.read(ROOT / "notebooks" / f"{chapter}.ipynb", as_version=4)
    again = colab(drill.with_solutions(small(served, chapter), solved), base)
    failed = [o.evalue for c in again.cells for o in c.get("outputs", []) if "ename" in o]
    assert failed == []
    RECORD.write_text(json.dumps(record, indent=1) + "\n")
