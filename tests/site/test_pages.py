"""Every page in a real browser: phone and desktop, light and dark, no other host, no script."""

import json
from urllib.parse import unquote, urldefrag, urljoin, urlparse

import pytest
from bs4 import BeautifulSoup

from widgets import needed

pytestmark = pytest.mark.site

WIDGET = "application/vnd.jupyter.widget-"

SIZES = {"phone": {"width": 360, "height": 740}, "desktop": {"width": 1280, "height": 900}}
AXE_RULES = {
    "rules": {"label-content-name-mismatch": {"enabled": True}}
}  # besides the default ones

WIDER_THAN_THE_SCREEN = """() => {
  const width = document.documentElement.clientWidth;
  if (document.scrollingElement.scrollWidth <= width) return [];
  const wide = [...document.querySelectorAll('main *')].filter(
    e => e.getBoundingClientRect().right > width + 1);
  return ['page is ' + document.scrollingElement.scrollWidth + ' wide'].concat(
    wide.slice(0, 5).map(e => e.tagName + '.' + e.getAttribute('class')));
}"""

UNNAMED_PICTURES = """() => {
  const article = document.querySelector('article') || document.body;
  const words = '[aria-label], [aria-labelledby], img[alt], svg > title, svg > desc';
  const bad = [];
  for (const img of article.querySelectorAll('img'))
    if (!img.hasAttribute('alt')) bad.push('img without alt: ' + img.src);
  for (const figure of article.querySelectorAll('figure')) {
    if (!figure.matches(words) && !figure.querySelector(words))
      bad.push('figure without words: ' + figure.id);
    if (!figure.querySelector('figcaption')?.textContent.trim())
      bad.push('figure without caption: ' + figure.id);
  }
  return bad;
}"""

AXE = """async options => {
  const {violations} = await axe.run(document, options);
  const where = v => v.nodes.slice(0, 3).map(n => n.target.join(' ')).join(' | ');
  return violations.map(v => v.id + ': ' + where(v));
}"""


def complaints(seen, pages, look):
    """Open every page in one window; return {page: what look(seen) found there}."""
    found = {}
    for path in pages:
        seen.goto(path)
        if bad := look(seen):
            found[path] = list(bad)
    return found


def window(visit, size, scheme):
    return visit(viewport=SIZES[size], color_scheme=scheme, reduced_motion="reduce")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_pages_stand_on_their_own_feet(visit, pages, size, scheme):
    """No other host, no error, nothing missing, no sideways scroll, all pictures named."""

    def look(seen):
        wide = seen.page.evaluate(WIDER_THAN_THE_SCREEN)
        unnamed = seen.page.evaluate(UNNAMED_PICTURES)
        theme = seen.page.evaluate("document.documentElement.dataset.theme")
        other = [] if theme == scheme else [f"shown in {theme}"]
        return seen.foreign + seen.errors + seen.missing + wide + unnamed + other

    assert complaints(window(visit, size, scheme), pages, look) == {}


@pytest.mark.parametrize(("size", "scheme"), [("desktop", "light"), ("phone", "dark")])
def test_axe_finds_no_violation(visit, pages, axe_source, size, scheme):
    def look(seen):
        seen.page.evaluate(axe_source)
        return seen.page.evaluate(AXE, AXE_RULES)

    assert complaints(window(visit, size, scheme), pages, look) == {}


def test_pages_opened_from_a_folder_need_no_server(visit, pages, site):
    """The built folder can be read from a disk or a memory stick."""
    seen = visit("book/index.html", base=f"file://{site}/")
    assert complaints(seen, pages, lambda seen: seen.foreign + seen.errors) == {}


def test_without_javascript_text_and_figures_are_there(visit, pages, browser, address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    empty = []
    for path in pages:
        page.goto(address + path)
        article = page.locator("article")
        if path.startswith(("book/", "notebooks/")) and len(article.inner_text()) < 40:
            empty.append(path)
        if page.locator("article figure.chart").count() != page.locator(
            "article figure.chart :is(svg, img)"
        ).evaluate_all("all => new Set(all.map(e => e.closest('figure'))).size"):
            empty.append(f"{path}: a figure is empty")
    context.close()
    assert empty == []


def test_formulas_are_set_by_the_site_s_own_mathjax(visit):
    seen = visit("book/notation.html")
    assert seen.page.locator("mjx-container").count() > 0
    assert seen.foreign == []


def test_the_front_address_leads_to_the_front_page(visit):
    seen = visit("")
    seen.page.wait_for_url("**/book/index.html")


def test_links_inside_the_site_lead_somewhere(site, pages):
    """Every link, picture, script and anchor of every page exists."""
    soups = {p: BeautifulSoup((site / p).read_text(), "html.parser") for p in pages}
    anchors = {p: {e["id"] for e in s.find_all(id=True)} for p, s in soups.items()}
    broken = []
    for path, soup in soups.items():
        for element in soup.find_all(["a", "img", "script", "link"]):
            target = element.get("href") or element.get("src") or ""
            if urlparse(target).scheme or target.startswith("//"):
                continue
            target, anchor = urldefrag(urljoin(path, target))
            target = unquote(urlparse(target).path) or path
            if not (site / target).is_file():
                broken.append(f"{path}: {target}")
            elif anchor and target in anchors and unquote(anchor) not in anchors[target]:
                broken.append(f"{path}: {target}#{anchor}")
    assert broken == []


def test_every_page_says_what_it_is(site, pages):
    """Title, description where there is prose, and a social card that exists."""
    titles = {}
    for path in pages:
        soup = BeautifulSoup((site / path).read_text(), "html.parser")
        titles[path] = soup.title.get_text()
        card = soup.find("meta", property="og:image")["content"]
        assert (site / path).parent.joinpath(card).resolve().is_file() or card.startswith("http"), (
            path
        )
        if path.startswith(("book/", "notebooks/")):
            assert soup.find("meta", attrs={"name": "description"})["content"], path
    assert len(set(titles.values())) == len(titles)


def test_no_page_shows_a_warning_or_a_traceback(site, pages):
    shown = [
        path
        for path in pages
        for block in BeautifulSoup((site / path).read_text(), "html.parser").select(
            ".output.stderr, .output.traceback"
        )
        if block.get_text(strip=True)
    ]
    assert shown == []


def test_pages_are_light_and_carry_no_model_without_a_view(site, pages):
    """Below 1.2 MB each; every saved widget model leads back to a view; sources stand once."""
    bad = []
    for path in pages:
        text = (site / path).read_text()
        if len(text.encode()) >= 1_200_000:
            bad.append(f"{path}: {len(text.encode()):,} bytes")
        soup = BeautifulSoup(text, "html.parser")
        views = [json.loads(s.string)["model_id"] for s in soup.find_all(type=f"{WIDGET}view+json")]
        for saved in soup.find_all(type=f"{WIDGET}state+json"):
            page = json.loads(saved.string)
            orphans = set(page["state"]) - set(needed(page["state"], views))
            bad += [f"{path}: model {name} without a view" for name in sorted(orphans)]
            if len(set(page["parts"])) < len(page["parts"]):
                bad.append(f"{path}: a source stands twice")
        shared = text.count("Shared by every explorer")
        if shared != bool(views):
            bad.append(f"{path}: the explorers' shared code stands {shared} times")
    assert bad == []
