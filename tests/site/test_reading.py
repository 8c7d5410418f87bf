"""What reading a chapter takes: its length, open code, and the answer on the front page."""

import json

import pytest

pytestmark = pytest.mark.site

TALLEST, MOST_WORDS = 15_000, 4_000  # pixels at 1280 px, words
SETTING = "localStorage.setItem('is-the-dog-already-there/veils', 'off')"
WORDS = """() => {
  const walk = document.createTreeWalker(document.querySelector('article'), NodeFilter.SHOW_TEXT);
  let words = 0;
  while (walk.nextNode()) {
    const holder = walk.currentNode.parentElement;
    if (!holder.closest('script, style, svg, mjx-container') && holder.checkVisibility())
      words += walk.currentNode.data.split(/\\s+/).filter(Boolean).length;
  }
  return words;
}"""


@pytest.fixture(scope="module")
def sizes(visit, pages):
    """Pixels and visible words of every chapter as a reader first sees it, veils lifted."""
    desktop = {"width": 1280, "height": 900}
    seen = visit("book/index.html", viewport=desktop, reduced_motion="reduce")
    seen.page.evaluate(SETTING)
    found = {}
    for path in (p for p in pages if p.startswith("notebooks/")):
        seen.goto(path)
        seen.page.wait_for_timeout(500)  # live figures take the place of static ones
        assert seen.page.locator(".veil[hidden]").count() == 0
        found[path.removeprefix("notebooks/").removesuffix(".html")] = (
            seen.page.evaluate("document.scrollingElement.scrollHeight"),
            seen.page.evaluate(WORDS),
        )
    return found


def test_chapters_are_short(sizes, root):
    """At most 15,000 px and 4,000 words, but for those that wait for it in tests/to_shrink.json."""
    waiting = set(json.loads((root / "tests" / "to_shrink.json").read_text()))
    long = {name for name, (tall, words) in sizes.items() if tall > TALLEST or words > MOST_WORDS}
    told = "\n".join(
        f"{name}: {tall:,} px, {words:,} words" for name, (tall, words) in sizes.items()
    )
    assert long - waiting == set(), f"too long\n{told}"
    assert waiting - long == set(), f"short now: take it out of tests/to_shrink.json\n{told}"


def test_no_page_shows_a_caption_or_an_alternative_text_as_open_code(visit, pages):
    """The words of every figure's caption and label are in no code that is open."""
    seen = visit("book/index.html", viewport={"width": 1280, "height": 900})
    seen.page.evaluate(SETTING)
    for path in (p for p in pages if p.startswith(("book/", "notebooks/"))):
        seen.goto(path)
        shown = seen.page.evaluate("""() => [...document.querySelectorAll('.cell_input pre')]
            .filter(each => each.checkVisibility()).map(each => each.textContent).join(' ')""")
        assert "captioned(" not in shown, path
        assert "alt=" not in shown, path


@pytest.mark.parametrize("width", [360, 1280])
def test_the_answer_is_on_the_first_screen_of_the_front_page(visit, width):
    """The element #answer, all of it, without scrolling."""
    height = {360: 740, 1280: 900}[width]
    page = visit("book/index.html", viewport={"width": width, "height": height}).page
    box = page.locator("#answer").bounding_box(timeout=2000)
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= height
