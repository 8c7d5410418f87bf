"""Spelling, and the check of other people's pages, on servers of our own."""

import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

import links

TEXTS = ["README.md", "CONTRIBUTING.md", "book", "notebooks", "src", "tools"]


def codespell(folder, *texts):
    if shutil.which("codespell") is None:
        pytest.skip("no codespell: the environment is older than requirements.txt")
    done = subprocess.run(["codespell", *texts], cwd=folder, capture_output=True, text=True)
    return done.stdout


def test_no_word_is_misspelt(root):
    """In prose, chapters, docstrings and messages; the book's own words are in pyproject.toml."""
    assert codespell(root, *TEXTS) == ""


def test_a_misspelt_word_would_be_found(tmp_path):
    wrong = "sep" + "erate"
    (tmp_path / "page.md").write_text(f"A lottery ticket is a {wrong} network.\n")
    assert f"{wrong} ==> separate" in codespell(tmp_path, "page.md")


@pytest.fixture
def address():
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(int(self.path.strip("/") or 200))
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize(
    ("path", "said"), [("", ""), ("403", ""), ("404", "404 Not Found"), ("500", "500 ")]
)
def test_a_page_that_is_gone_is_told_from_one_that_is_shy(address, path, said):
    assert links.fault(f"{address}/{path}").startswith(said)
    assert bool(links.fault(f"{address}/{path}")) == bool(said)


def test_a_server_that_is_gone_is_a_fault():
    assert links.fault("http://127.0.0.1:9/", timeout=1) == "ConnectionError"


def test_links_that_leave_the_site_are_found_with_their_pages(tmp_path):
    (tmp_path / "a.html").write_text(
        '<a href="b.html">b</a><a href="https://x.example/p#part">x</a>'
        '<a href="https://github.com/me/fork/issues/new?title=a">issue</a>'
    )
    assert links.outward(tmp_path) == {"https://x.example/p": {"a.html"}}
