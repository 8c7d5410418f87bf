"""A real Chromium that is refused every other host, and what it saw on every page."""

import functools
import http.server
import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest

PREFIX = "/some/where/below/"  # the site must work under any path


class UnderPrefix(http.server.SimpleHTTPRequestHandler):
    def translate_path(self, path):
        return super().translate_path("/" + path.removeprefix(PREFIX))

    def log_message(self, *args):
        pass


@pytest.fixture(scope="session")
def address(site):
    """The site's address on this machine, under a path."""
    handler = functools.partial(UnderPrefix, directory=str(site))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}{PREFIX}"
    server.shutdown()


@pytest.fixture(scope="session")
def browser(chromium):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])


@pytest.fixture(scope="session")
def pages(site):
    """Every page that a reader can come to, by its path below the site."""
    found = [p.relative_to(site).as_posix() for p in site.rglob("*.html")]
    # index.html only sends the reader on to the front page
    return sorted(
        p for p in found if not p.startswith(("_static/", "_sources/")) and p != "index.html"
    )


@dataclass
class Visit:
    """One browser window: its page, and what that page asked for and complained of."""

    page: object
    base: str
    foreign: list = field(default_factory=list)
    errors: list = field(default_factory=list)
    missing: list = field(default_factory=list)

    def goto(self, path):
        """Open another page of the site in this window, forgetting earlier complaints."""
        for seen in (self.foreign, self.errors, self.missing):
            seen.clear()
        self.page.goto(self.base + path, wait_until="load")
        self.page.wait_for_function(
            "!window.MathJax?.startup?.promise || MathJax.startup.promise.then(() => true)"
        )


@pytest.fixture(scope="session")
def visit(browser, address, site):
    """Return a function that opens a window on a page of the site and refuses all other hosts.

    base: the address before the path; options as for Playwright's new_context.
    """
    contexts = []

    def is_ours(url):
        return url.startswith((address, f"file://{site}", "data:", "blob:", "about:"))

    def open_window(path="", *, base=address, **options):
        context = browser.new_context(**options)
        contexts.append(context)
        seen = Visit(context.new_page(), base)

        def refuse(route):
            seen.foreign.append(route.request.url)
            route.abort()

        context.route(lambda url: not is_ours(url), refuse)
        context.on("response", lambda r: r.status >= 400 and seen.missing.append(r.url))
        seen.page.on("pageerror", lambda e: seen.errors.append(str(e)))
        seen.page.on("console", lambda m: m.type == "error" and seen.errors.append(m.text))
        seen.goto(path)
        return seen

    yield open_window
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def axe_source():
    """The accessibility checker axe-core, as a script to put into a page."""
    import axe_playwright_python

    return (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
