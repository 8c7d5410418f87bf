"""The book on paper: one file without its answers, one with them."""

import functools
import http.server
import re
import threading
import unicodedata

import pytest

pytestmark = pytest.mark.site
CHAPTER = ["notebooks/01-counting.html"]


@pytest.fixture(scope="module")
def printed(site, browser):
    """The text of a chapter as it is printed for the book and for the answers."""
    pytest.importorskip("pypdf")
    import pdf

    handler = functools.partial(pdf.Quiet, directory=str(site))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}/"
    page = browser.new_page(color_scheme="light")
    page.route(pdf.LIVE, lambda route: route.fulfill(body=""))
    writers = {a: pdf.print_pages(page, base, CHAPTER, answers=a) for a in (False, True)}
    page.close()
    server.shutdown()
    return {
        answers: " ".join(each.extract_text() for each in writer.pages)
        for answers, writer in writers.items()
    }


def squeezed(text):
    """Without spaces, which a printed line may break or lose, and without ligatures."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))


def test_answers_are_printed_apart(printed, site, visit):
    """Model answers and solutions are in the one file and not in the other."""
    page = visit(CHAPTER[0]).page
    answer = page.locator("details.answer p").first.text_content()
    solution = page.locator(".tag_hide-input .cell_input pre").first.text_content()
    last = [line for line in solution.splitlines() if line.strip()][-1]
    for words in (answer[:80], last):
        assert squeezed(words) in squeezed(printed[True])
        assert squeezed(words) not in squeezed(printed[False])


def test_paper_has_the_figures_captions_and_what_is_veiled_on_the_screen(printed, visit):
    page = visit(CHAPTER[0]).page
    for caption in page.locator("figure.chart figcaption").all():
        assert squeezed(caption.text_content())[:60] in squeezed(printed[False])
    veiled = page.locator(".veil > p").first.text_content()
    assert squeezed(veiled)[:40] in squeezed(printed[False])


def test_the_contents_are_printed_in_their_order(root):
    import pdf

    paths = pdf.contents(root)
    assert paths[0] == "book/index.html"
    chapters = [path for path in paths if path.startswith("notebooks/")]
    assert chapters == sorted(chapters)
    assert len(chapters) == len(list((root / "notebooks").glob("*.ipynb")))
