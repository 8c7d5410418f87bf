"""Colab on this machine: its packages, an empty folder, one student notebook, its own setup cell.

An environment is a thin layer over a base that holds the packages which Colab has; what pip
installs goes into the layer, so that anything of Colab's it touches is seen. The base is made of
the dated list beside this file; torch and Python are the book's own (a second torch would be large
and no closer to Colab's). A bare repository stands for GitHub through git's `insteadOf`.
"""

import json
import os
import re
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).resolve().parent
FREEZE = max(HERE.glob("pip-freeze-*.txt"))
WANTED = "numpy scipy pandas matplotlib seaborn scikit-learn joblib tqdm pooch requests ipywidgets"
WANTED = [*WANTED.split(), "anywidget", "ipython", "ipykernel"]
TORCH = ["torch", "torchgen", "functorch", "torch-*.dist-info"]
TORCH_NEEDS = [
    "filelock",
    "typing_extensions",
    "setuptools",
    "sympy",
    "networkx",
    "jinja2",
    "fsspec",
]
TIMEOUT = 600  # seconds for one cell
STATE = "application/vnd.jupyter.widget-state+json"
VIEW = "application/vnd.jupyter.widget-view+json"


def site_packages(python):
    """Return the folders where an interpreter finds installed packages."""
    code = "import json, site; print(json.dumps(site.getsitepackages()))"
    out = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    return json.loads(out.stdout)


def python_of(environment):
    return environment / "bin" / "python"


def colab_base(folder):
    """Return the interpreter of an environment with Colab's versions, made once in `folder`."""
    if not (folder / "ready").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run(
            [python_of(folder), "-m", "pip", "install", "-q", "-c", FREEZE, *WANTED, *TORCH_NEEDS],
            check=True,
        )
        (target,) = map(Path, site_packages(python_of(folder)))
        for part in [
            p for pattern in TORCH for p in Path(site_packages(sys.executable)[0]).glob(pattern)
        ]:
            (target / part.name).symlink_to(part)
        (folder / "ready").touch()
    return python_of(folder)


def layer(folder, base):
    """Return the interpreter of a new environment that also sees what `base` has installed.

    A package that `base` itself imports from elsewhere (an editable install) is not seen.
    """
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    (own,) = map(Path, site_packages(python_of(folder)))
    (own / "base.pth").write_text("\n".join(site_packages(base)) + "\n")
    return python_of(folder)


def names(folders):
    """Return the names of the distributions in these folders, as pip spells them."""
    found = [path.name for folder in folders for path in Path(folder).glob("*.dist-info")]
    return {re.sub(r"[-_.]+", "-", name.split("-")[0]).lower() for name in found}


def run(notebook, folder, python, environment):
    """Execute `notebook` in `folder` with `python` and exactly this environment; return it.

    Goes on after an error, as a student would with the next cell.
    """
    kernel = folder / "jupyter" / "kernels" / "colab"
    kernel.mkdir(parents=True)
    argv = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (kernel / "kernel.json").write_text(
        json.dumps({"argv": argv, "display_name": "Colab", "language": "python"})
    )
    work = folder / "content"
    work.mkdir()
    os.environ["JUPYTER_PATH"] = str(folder / "jupyter")
    client = NotebookClient(
        notebook,
        timeout=TIMEOUT,
        kernel_name="colab",
        allow_errors=True,
        record_timing=True,
        resources={"metadata": {"path": str(work)}},
    )
    try:
        return client.execute(env=environment)
    finally:
        del os.environ["JUPYTER_PATH"]


def errors(notebook):
    """Return {cell id: error} of the cells that failed, apart from open exercises."""
    return {
        cell.id: f"{output.ename}: {output.evalue}"
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output.output_type == "error" and "nbgrader" not in cell.metadata
    }


def complaints(notebook):
    """Return what stands on stderr, and explorers that show only their address in memory."""
    found = []
    saved = notebook.metadata.get("widgets", {}).get(
        "application/vnd.jupyter.widget-state+json", {}
    )
    for cell in notebook.cells:
        shown = cell.get("outputs", [])
        found += [f"{cell.id}: {o.text}" for o in shown if o.get("name") == "stderr"]
        for data in (o.data for o in shown if "data" in o):
            if VIEW in data and data[VIEW]["model_id"] not in saved.get("state", {}):
                found.append(f"{cell.id}: a view without a model")
            if set(data) == {"text/plain"} and " object at 0x" in data["text/plain"]:
                found.append(f"{cell.id}: {data['text/plain']}")
    return found


def seconds(notebook):
    """Return the seconds of setup, until the first figure, and in all."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]

    def at(cell, what):
        return datetime.fromisoformat(cell.metadata.execution[what]).timestamp()

    begin = at(code[0], "iopub.execute_input")
    figures = [
        cell for cell in code if "<figure" in str(cell.outputs) or "image/png" in str(cell.outputs)
    ]
    ends = {"setup": code[0], "first figure": figures[0], "in all": code[-1]}
    return {name: round(at(cell, "shell.execute_reply") - begin, 1) for name, cell in ends.items()}


def with_solutions(student, solved):
    """Return the student notebook with the solved cells put in, as a student would type them."""
    answers = {c.metadata.nbgrader.grade_id: c for c in solved.cells if "nbgrader" in c.metadata}
    done = nbformat.from_dict(json.loads(json.dumps(student)))
    for cell in done.cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            cell.source = answers[cell.metadata.nbgrader.grade_id].source
    return done


def versions(python):
    """Return the versions that matter, as that interpreter has them."""
    code = (
        "import json, platform, importlib.metadata as m; print(json.dumps({'python':"
        " platform.python_version(), **{n: m.version(n) for n in ('torch', 'numpy', 'pandas',"
        " 'matplotlib', 'ipywidgets', 'anywidget')}}))"
    )
    out = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    return {**json.loads(out.stdout), "list": FREEZE.name, "date": time.strftime("%Y-%m-%d")}
