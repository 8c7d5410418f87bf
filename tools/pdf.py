"""Print the built site to two files beside its pages: `make pdf`.

`book.pdf` has every page of the contents, without the answers of its exercises; `answers.pdf` has
the exercises with them. Chromium prints, from a server on this machine; the figures are the static
ones, code that is folded stays away, and links lead to the published site where its address is
known. The page "How to use this book" then links to both files.
"""

import functools
import http.server
import io
import re
import shutil
import sys
import threading
from pathlib import Path

import yaml
from playwright.sync_api import sync_playwright
from pypdf import PdfWriter

import artefact
import source

ROOT = Path(__file__).resolve().parent.parent
SITE = ROOT / "_build" / "html"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
LIVE = "**/anywidget-static.js*"  # not served, so that the static figures are printed
PLACE = re.compile(r"<!-- to take away -->(.*?<!-- /to take away -->)?", re.S)
LINKS = (
    '<!-- to take away --><p>To print or to take away: <a href="../book.pdf">the book</a> and '
    '<a href="../answers.pdf">the answers of its exercises</a>, as PDF.</p>'
    "<!-- /to take away -->"
)

# The page's own style keeps solutions from paper, and the theme fades them in when they are opened.
ANSWERS = """.cell.tag_hide-input .cell_input {
  display: block !important; opacity: 1 !important; animation: none !important; }"""
# Take away what does not belong on paper, and unfold the rest.
PREPARE = """([base, address, answers]) => {
  const drop = selector => document.querySelectorAll(selector).forEach(each => each.remove());
  const solutions = 'details.answer, .tag_hide-input > details';
  const code = '.cell:not(.tag_hide-input) > details.hide';
  drop(`#jb-print-toc, .bd-header-article, .prev-next-area, .headerlink, details.numbers, ${code}`);
  const article = document.querySelector('article');
  if (answers) {
    const parts = [...article.querySelectorAll('article > section > section')];
    const kept = parts.filter(part => part.querySelector(solutions));
    drop('article > section > :not(h1, section)');
    parts.filter(part => !kept.includes(part)).forEach(part => part.remove());
  } else drop(solutions);
  document.querySelectorAll('details').forEach(each => { each.open = true; });
  for (const link of document.querySelectorAll('a[href]')) {
    if (link.getAttribute('href').startsWith('#') || !link.href.startsWith(base)) continue;
    if (address) link.href = address + link.href.slice(base.length);
    else link.removeAttribute('href');
  }
  return { title: article.querySelector('h1').textContent,
    any: Boolean(article.querySelector(answers ? solutions : 'h1')) };
}"""
PAPER = {
    "format": "A4",
    "scale": 0.8,
    "margin": {side: "18mm" for side in ("top", "bottom", "left", "right")},
    "display_header_footer": True,
    "header_template": "<span></span>",
    "footer_template": '<div style="width: 100%; text-align: center; font-size: 8px">'
    '<span class="title"></span>, page <span class="pageNumber"></span></div>',
}


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


def contents(root=ROOT):
    """Return the paths of the site's pages in the order of the contents."""
    toc = yaml.safe_load((root / "_toc.yml").read_text())
    listed = [each["file"] for part in toc["parts"] for each in part["chapters"]]
    return [f"{name}.html" for name in (toc["root"], *listed)]


def print_pages(page, base, paths, *, answers):
    """Return one PDF, as a pypdf writer, of the pages at `paths`; with answers, of these alone."""
    repository = source.repository_url()
    address = artefact.address(repository, source.release()) if repository else ""
    merged = PdfWriter()
    for path in paths:
        if not page.goto(base + path).ok:
            sys.exit(f"wanted {path} in {SITE}, found none: run make book first")
        page.wait_for_function("!window.MathJax || MathJax.startup.promise.then(() => true)")
        if answers:
            page.add_style_tag(content=ANSWERS)
        told = page.evaluate(PREPARE, [base, address and f"{address}/", answers])
        if told["any"]:
            printed = io.BytesIO(page.pdf(**PAPER))
            merged.append(printed, outline_item=" ".join(told["title"].split()))
    merged.compress_identical_objects()
    merged.add_metadata({"/Title": "Is the Dog Already There?", "/Creator": "make pdf"})
    return merged


def is_current():
    pages = [path.stat().st_mtime for path in SITE.rglob("*.html")]
    files = [SITE / "book.pdf", SITE / "answers.pdf"]
    return all(path.exists() and path.stat().st_mtime >= max(pages) for path in files)


def main():
    if is_current():
        print("The PDF files are as new as the pages")
        return
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        sys.exit("wanted Chromium or Chrome to print with, found none: install one")
    handler = functools.partial(Quiet, directory=str(SITE))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}/"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        page = chromium.new_page(color_scheme="light", reduced_motion="reduce")
        page.route(lambda url: not url.startswith(base), lambda route: route.abort())
        page.route(LIVE, lambda route: route.fulfill(body=""))
        for name, answers in (("book", False), ("answers", True)):
            merged = print_pages(page, base, contents(), answers=answers)
            how = SITE / "book" / "how-to-use.html"
            how.write_text(PLACE.sub(LINKS, how.read_text()))
            merged.write(SITE / f"{name}.pdf")
            print(f"{SITE / name}.pdf: {len(merged.pages)} pages")
        chromium.close()
    server.shutdown()


if __name__ == "__main__":
    main()
