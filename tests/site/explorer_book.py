"""A small book with one of each explorer, so that they can be tested before and apart from the
chapters. `python tests/site/explorer_book.py FOLDER` builds it for looking at."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[2]
EXTENSIONS = ROOT / "book" / "_ext"

CONFIG = f"""
title: Explorers
author: tests
execute: {{execute_notebooks: force, timeout: 120, raise_on_error: true}}
html: {{use_issues_button: false, use_repository_button: false}}
launch_buttons: {{notebook_interface: classic}}
sphinx:
  local_extensions: {{reading: "{EXTENSIONS}", veil: "{EXTENSIONS}", widgets: "{EXTENSIONS}"}}
  config:
    html_static_path: ["{ROOT / "book" / "_static"}"]
    nb_ipywidgets_js: {{anywidget-static.js: {{}}}}
    html_context: {{default_mode: auto}}
    html_css_files: [book.css]
    html_js_files: [reading.js]
"""
TOC = """
format: jb-book
root: index
chapters:
- {file: prune}
- {file: predict}
- {file: hunt}
- {file: dial}
- {file: verdict}
- {file: chapter}
- {file: book/your-predictions}
"""
CELLS = {
    "prune": [
        """
        import torch
        from torch import nn
        from helpers.explorers import prune
        g = torch.Generator().manual_seed(42)
        net = nn.Sequential(nn.Flatten(), nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
        for p in net.parameters():
            p.data = torch.randn(p.shape, generator=g)
        """,
        """prune.explorer(net, id="net")""",
    ],
    "predict": [
        """
        from helpers.explorers import predict
        widths = [16, 32, 64, 128, 256, 512, 1024, 2048, 4096]
        measured = [.55, .58, .61, .64, .68, .71, .72, .73, .735]
        curve = predict.curve(
            "How does the held-out AUC of a random readout grow with width?", widths,
            id="mini-curve", x_label="width", y_label="held-out AUC", y_range=(.4, 1),
            x_scale="log",
        )
        curve
        """,
        """
        low, high = ([m + e for m in measured] for e in (-.02, .02))
        curve.reveal(measured, low=low, high=high)
        """,
        """
        predict.choice(
            "Which of these holds the dog?", ["one neuron", "one layer", "the tangent space"], 2,
            id="mini-choice", because="The span of all partial derivatives scores highest.",
        )
        """,
    ],
    "hunt": [
        """
        import numpy as np
        from helpers.explorers import hunt
        rng = np.random.default_rng(0)
        m = 4096
        def target(spread, law):
            train = np.tanh(rng.normal(0, spread, m))
            weights = rng.normal(size=(m, 8, 8))
            test = train * .8 + rng.normal(0, .04, m)
            laws = {"Gaussian law": law, "cap law": law * .9}
            return hunt.Target(train, test, weights, laws)
        steps = hunt.steps(m)
        grow = np.sqrt(2 * np.log(steps + 1))
        targets = {
            "the digit 3": target(.19, .19 * grow),
            "dog": target(.08, .08 * grow),
            "random labels": target(.03, .03 * grow),
        }
        hunt.explorer(targets, id="mini-hunt")
        """,
    ],
    "dial": ["""from helpers.explorers import dial""", """dial.explorer(id="mini-dial")"""],
    "verdict": [
        """
        from helpers import claims
        claims.verdicts()
        """,
    ],
    "chapter": [
        """
        from helpers import claims
        claims.verdicts("03")
        """,
    ],
}


def dedented(code: str) -> str:
    return textwrap.dedent(code.strip("\n")).strip()


def write(folder: Path, names=tuple(CELLS)) -> None:
    """The book's sources: a configuration, a page, one notebook for each explorer."""
    (folder / "book").mkdir(parents=True, exist_ok=True)
    (folder / "_config.yml").write_text(CONFIG)
    toc = (
        TOC
        if set(names) == set(CELLS)
        else f"format: jb-book\nroot: index\nchapters: {[{'file': n} for n in names]}\n"
    )
    (folder / "_toc.yml").write_text(toc)
    (folder / "index.md").write_text("# Explorers\n\nA page without any.\n")
    page = ROOT / "book" / "your-predictions.md"
    if page.exists():
        (folder / "book" / page.name).write_text(page.read_text("utf-8"))
    for name in names:
        cells = [nbformat.v4.new_markdown_cell(f"# {name.title()}", id="title")]
        for k, code in enumerate(CELLS[name]):
            cells.append(nbformat.v4.new_code_cell(dedented(code), id=f"cell-{k}"))
        metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
        notebook = nbformat.v4.new_notebook(cells=cells, metadata=metadata)
        nbformat.write(notebook, folder / f"{name}.ipynb")


def build(folder: Path, names=tuple(CELLS)) -> Path:
    """Builds the book in `folder` and returns the folder of its pages."""
    write(folder, names)
    command = ["jupyter-book", "build", str(folder), "-q", "--keep-going"]
    executable = Path(sys.executable).with_name(command[0])
    done = subprocess.run(
        [str(executable), *command[1:]], capture_output=True, text=True, env=environment()
    )
    pages = folder / "_build" / "html"
    if done.returncode or not (pages / "index.html").exists():
        raise RuntimeError(f"the small book did not build:\n{done.stdout}\n{done.stderr}")
    return pages


def environment() -> dict[str, str]:
    paths = [str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]
    binaries = [str(Path(sys.executable).parent), os.environ.get("PATH", "")]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "PATH": os.pathsep.join(binaries),
        "OMP_NUM_THREADS": "1",
    }


if __name__ == "__main__":
    print(build(Path(sys.argv[1]), tuple(sys.argv[2:]) or tuple(CELLS)))
