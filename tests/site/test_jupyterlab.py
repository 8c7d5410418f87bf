"""An explorer driven in JupyterLab in a real browser: what the reader does reaches Python."""

import contextlib
import json
import socket
import subprocess
import sys
import time
import urllib.request

import explorer_book
import nbformat
import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.site, pytest.mark.slow]
LAST = {
    "prune": "print('cut', figure.value['kept'].count('0'), 'of', len(figure.value['kept']))",
    "predict": "print('sure', figure.value['confidence'])\nfigure.reveal('b')",
}


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A JupyterLab server with one notebook for each explorer; returns its address."""
    pytest.importorskip("jupyterlab", reason="no JupyterLab: pip install jupyterlab to test it")
    folder = tmp_path_factory.mktemp("lab")
    cells = explorer_book.CELLS
    made = {
        "prune": [*cells["prune"][:1], "figure = prune.explorer(net, id='lab')\nfigure"],
        "predict": [
            "from helpers.explorers import predict\n"
            "figure = predict.choice('Which?', ['a', 'b'], id='lab')\nfigure",
        ],
    }
    for name, code in made.items():
        codes = [explorer_book.dedented(each) for each in [*code, LAST[name]]]
        new = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in codes])
        new.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
        nbformat.write(new, folder / f"{name}.ipynb")
    port = free_port()
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += [f"--port={port}", "--ip=127.0.0.1", f"--notebook-dir={folder}"]
    command += ["--IdentityProvider.token=", "--ServerApp.password=", "--LabApp.news_url="]
    log = (folder / "log.txt").open("w")
    server = subprocess.Popen(command, stdout=log, stderr=log, env=explorer_book.environment())
    address = f"http://127.0.0.1:{port}"
    for _ in range(120):
        with contextlib.suppress(OSError):
            if json.load(urllib.request.urlopen(f"{address}/api"))["version"]:
                break
        time.sleep(0.5)
    else:
        server.terminate()
        pytest.fail(f"JupyterLab did not start:\n{(folder / 'log.txt').read_text()}")
    yield address
    server.terminate()
    server.wait(20)


def opened(browser, address, name):
    """The notebook in a fresh window, all its cells but the last one run."""
    page = browser.new_context(viewport={"width": 1280, "height": 1400}).new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{address}/lab/tree/{name}.ipynb?reset")
    expect(page.locator(".jp-Notebook .jp-Cell").first).to_be_visible(timeout=60_000)
    page.locator(".jp-Notebook .jp-Cell").first.click()
    page.wait_for_function("document.body.innerText.includes('Idle')", timeout=60_000)
    for _ in range(page.locator(".jp-Notebook .jp-CodeCell").count() - 1):
        page.keyboard.press("Shift+Enter")
        page.wait_for_timeout(300)
    figure = page.locator(".jp-OutputArea .explorer")
    expect(figure).to_be_visible(timeout=60_000)
    return page, figure


def run_last(page, text):
    page.locator(".jp-Notebook .jp-Cell").last.locator(".jp-InputArea-editor").click()
    page.keyboard.press("Shift+Enter")
    expect(page.locator(".jp-OutputArea-output", has_text=text).last).to_be_visible(timeout=30_000)


def test_a_cut_made_in_jupyterlab_reaches_python(browser, lab):
    """By keyboard too: JupyterLab's shortcuts leave the figure's keys alone."""
    page, figure = opened(browser, lab, "prune")
    figure.get_by_role("button", name="Keep everything").click()
    figure.locator(".ex-edge").nth(0).click()
    figure.locator(".ex-edge").nth(1).focus()
    page.keyboard.press("Space")
    expect(figure.get_by_role("status")).to_contain_text("2 of 21 weights cut")
    assert "explorer-" not in page.url  # the notebook's address is left alone
    expect(figure.get_by_role("button", name="Copy link")).to_be_hidden()
    run_last(page, "cut 2 of 21")


def test_a_prediction_made_in_jupyterlab_reaches_python_before_the_truth_is_known(browser, lab):
    page, figure = opened(browser, lab, "predict")
    figure.get_by_label("b", exact=True).check()
    figure.get_by_label("90%", exact=True).focus()
    page.keyboard.press("Space")
    figure.get_by_role("button", name="Commit and reveal").click()
    expect(figure.get_by_role("status")).to_contain_text("once the next cells have run")
    run_last(page, "sure 90")
    expect(figure.get_by_role("status")).to_contain_text("Right, and you were 90% sure")
