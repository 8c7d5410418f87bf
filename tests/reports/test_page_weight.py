"""What a notebook carries besides what its reader sees: exports, bars, the models of a page."""

import json
import os
import subprocess
import sys

import nbformat
import pytest
from bs4 import BeautifulSoup

CELLS = [
    "from helpers import networks, tangent, tasks, training\n"
    "from helpers.explorers import predict\n"
    "from helpers.sweeps import sweep",
    'predict.choice("Where is the dog?", ["in one neuron", "in the mask"], 1, id="dog")',
    'predict.curve("How does it grow?", [1, 2, 3], [.1, .2, .3], id="grow", x_label="width", '
    'y_label="AUC")',
    'sweep(lambda seed: {"value": seed}, {"seed": [1, 2]}, progress=True)',
    "task = tasks.digits(3, n_train=20)\n"
    "net = networks.mlp([64, 4, 1])\n"
    "training.train(net, task, steps=2, batch=10, progress=True)\n"
    "for _ in range(3):\n"
    "    tangent.empirical_ntk(net, task.x_train, progress=True)",
]


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """A folder with a notebook that asks for every bar there is, and its export as HTML."""
    folder = tmp_path_factory.mktemp("export")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in CELLS])
    nbformat.write(notebook, folder / "plain.ipynb")
    command = [
        sys.executable,
        "-m",
        "nbconvert",
        "--execute",
        "--no-input",
        str(folder / "plain.ipynb"),
    ]
    for target in (["--to", "html"], ["--to", "notebook", "--output", "run.ipynb"]):
        done = subprocess.run([*command, *target], capture_output=True, text=True, env=os.environ)
        assert done.returncode == 0, done.stderr
    return folder


def test_an_exported_notebook_shows_its_questions(executed):
    """Believed: an export has lost the question, for the page was blank and waited for a CDN."""
    page = BeautifulSoup((executed / "plain.html").read_text(), "html.parser")
    for script in page(["script", "style"]):
        script.decompose()
    text = page.get_text(" ", strip=True)
    for words in ("Where is the dog?", "in one neuron", "How does it grow?", "Sketch AUC at 3"):
        assert words in text
    assert page.select_one("[data-static-figure=grow] svg[aria-label]")


def test_no_bar_is_made_that_nobody_sees(executed):
    """Believed: the kernel is slow and a page weighs megabytes; both were bars without a reader."""
    run = nbformat.read(executed / "run.ipynb", as_version=4)
    state = run.metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"]
    names = sorted(model["model_name"] for model in state.values())
    assert names == ["AnyModel", "AnyModel", "LayoutModel", "LayoutModel"]
    streams = [out for cell in run.cells for out in cell.outputs if out.output_type == "stream"]
    assert streams == []


def test_a_page_keeps_only_the_models_of_its_views():
    """Believed: a page of 4.6 MB needs what it carries; 4 of its 4,700 models were its figures."""
    import widgets

    def model(**state):
        return {"model_name": "M", "state": state}

    shared = "/* shared */\n"
    state = {
        "view": model(layout="IPY_MODEL_look", _esm=shared + "predict", _css="a {}"),
        "other": model(layout="IPY_MODEL_look", _esm=shared + "hunt", _css="a {}"),
        "look": model(),
        "bar": model(layout="IPY_MODEL_hidden"),
        "hidden": model(),
    }
    kept = widgets.needed(state, ["view", "other", "gone"])
    assert list(kept) == ["view", "other", "look"]
    slim, parts = widgets.split(kept)
    assert json.dumps([slim, parts]).count("shared") == 1
    for name, saved in kept.items():
        for key in ("_esm", "_css"):
            pieces = slim[name]["state"].get(key, [])
            assert "".join(parts[k] for k in pieces) == saved["state"].get(key, "")
