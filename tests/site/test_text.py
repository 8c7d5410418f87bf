"""Every text can be read: nothing is cut off, no two texts of a figure overlap, none is tiny."""

import pytest

pytestmark = pytest.mark.site

SIZES = {"phone": {"width": 390, "height": 844}, "desktop": {"width": 1280, "height": 900}}
SETTINGS = """for (const [key, value] of [['veils', 'off'], ['code', 'shown']])
  localStorage.setItem('is-the-dog-already-there/' + key, value)"""

# Text that sticks out of a box which does not show what sticks out. What scrolls by itself and can
# be reached from the keyboard (a wide table on a phone, a formula) is not cut off.
CUT_OFF = """() => {
  const article = document.querySelector('article');
  const scrolls = box => box.matches(':not(pre)[tabindex], mjx-container, :has(> table)')
    || box.matches('.cell_output:has(table), .pst-scrollable-table-container');
  const walk = document.createTreeWalker(article, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walk.nextNode()) {
    const text = walk.currentNode, holder = text.parentElement;
    if (!text.data.trim() || holder.closest('script, style, svg, mjx-container, .visually-hidden')
      || !holder.checkVisibility()) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    const right = Math.max(...[...range.getClientRects()].map(each => each.right));
    for (let box = holder; box && box !== article; box = box.parentElement) {
      const { overflowX } = getComputedStyle(box);
      if (overflowX === 'visible' || right <= box.getBoundingClientRect().right + 1) continue;
      if (!(overflowX !== 'hidden' && scrolls(box))) found.push(text.data.trim().slice(0, 60));
      break;
    }
  }
  return found;
}"""

TEXTS_OF_FIGURES = """() => {
  const inside = text => {
    const { left, right, top, bottom } = text.getBoundingClientRect();
    return { left: left + 1, right: right - 1, top: top + 1.5, bottom: bottom - 1.5,
      text: text.textContent.trim() };
  };
  const shown = text =>
    text.textContent.trim() && text.checkVisibility({ visibilityProperty: true });
  const found = [];
  for (const svg of document.querySelectorAll('figure.chart svg, .explorer svg')) {
    const texts = [...svg.querySelectorAll('text')].filter(shown).map(inside);
    texts.forEach((a, k) => texts.slice(k + 1).forEach(b => {
      if (a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)
        found.push(`${svg.closest('figure, section').id || ''} "${a.text}" over "${b.text}"`);
    }));
  }
  return found;
}"""

SMALLEST = """() => [...document.querySelectorAll('figure.chart svg text')]
  .filter(text => text.textContent.trim() && text.checkVisibility())
  .map(text => [text, text.getScreenCTM()])
  .map(([text, { a, b }]) =>
    [Math.hypot(a, b) * parseFloat(getComputedStyle(text).fontSize), text.textContent.trim()])
  .filter(([size]) => size < 8.9).map(([size, text]) => `${size.toFixed(1)} px: ${text}`)"""


SCRIPTS = {"cut off": CUT_OFF, "overlap": TEXTS_OF_FIGURES, "tiny": SMALLEST}


@pytest.fixture(scope="module", params=SIZES)
def faults(request, visit, pages):
    """What each script found, {script: {path: texts}}, on pages with everything shown."""
    seen = visit("book/index.html", viewport=SIZES[request.param], reduced_motion="reduce")
    seen.page.evaluate(SETTINGS)
    found = {name: {} for name in SCRIPTS}
    for path in (p for p in pages if p.startswith(("book/", "notebooks/"))):
        seen.goto(path)
        seen.page.wait_for_timeout(300)  # live figures take the place of static ones
        for name, script in SCRIPTS.items():
            if bad := seen.page.evaluate(script):
                found[name][path] = bad
    return found


def test_no_text_is_cut_off(faults):
    assert faults["cut off"] == {}


def test_no_two_texts_of_a_figure_overlap(faults):
    assert faults["overlap"] == {}


def test_no_letters_of_a_figure_are_smaller_than_nine_pixels(faults):
    assert faults["tiny"] == {}
