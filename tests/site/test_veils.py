"""No result of a prediction is readable before the reader commits or skips."""

import re
from collections import Counter

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.site

# The text that is rendered below an element, and the text below each veil, rendered or not.
SHOWN = """element => {
  const walk = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  const shown = [];
  while (walk.nextNode()) {
    const holder = walk.currentNode.parentElement;
    const counts = !holder.closest("script, style") && holder.checkVisibility();
    if (counts) shown.push(walk.currentNode.data);
  }
  return shown.join(' ');
}"""
HIDDEN = """() => [...document.querySelectorAll('.veil[hidden]')].filter(
  veil => !veil.querySelector('[id^=claim-]')).map(veil => {
  const copy = veil.cloneNode(true);
  copy.querySelectorAll('script, style').forEach(each => each.remove());
  return copy.textContent;
})"""


def sentences(text, words=10):
    """The sentences of `text` that are long enough to be told from chance."""
    found = (" ".join(part.split()) for part in re.split(r"[.!?:;\n]", text))
    return {part for part in found if len(part.split()) >= words}


def rendered(page):
    return page.locator("main").evaluate(SHOWN)


@pytest.fixture(scope="module")
def predicting(site, pages):
    """The pages that ask for predictions."""
    found = [p for p in pages if 'data-kind="predict"' in (site / p).read_text()]
    assert len(found) >= 5
    return found


@pytest.fixture
def fresh(visit):
    """A window of somebody who has predicted nothing yet."""

    def opened(path, **options):
        seen = visit(path, viewport={"width": 1280, "height": 900}, **options)
        seen.page.wait_for_function(
            "() => [...document.querySelectorAll('[data-static-figure]')]"
            ".every(each => each.style.display === 'none')"
        )
        return seen.page

    return opened


def test_each_prediction_has_a_veil_that_waits_for_it(fresh, predicting):
    """And its result is under it: a figure or a text that is not rendered."""
    unveiled = """() => {
      const veils = [...document.querySelectorAll('.veil')];
      const waits = name => veils.filter(veil => veil.dataset.waits.split(' ').includes(name)
        && veil.closest('section').querySelector(`[data-static-figure="${name}"]`)
        && veil.textContent.trim());
      return [...document.querySelectorAll('[data-kind=predict]')]
        .map(each => each.dataset.staticFigure).filter(name => waits(name).length === 0);
    }"""
    for path in predicting:
        assert fresh(path).evaluate(unveiled) == [], path


def test_no_veiled_sentence_is_rendered_before_the_guess(fresh, predicting):
    """Neither in its place nor, but for the cards' words, in a copy elsewhere on the page.

    What every chapter says ("95% intervals over 20 seeds") is no result.
    """
    veiled, shown = {}, {}
    for path in predicting:
        page = fresh(path)
        assert page.locator(".veil[hidden]").count() > 0, path
        for veil in page.locator(".veil[hidden]").all():
            assert veil.evaluate(SHOWN).split() == [], path
        veiled[path] = sentences(" \n ".join(page.evaluate(HIDDEN)))
        shown[path] = sentences(rendered(page))
    pages = Counter(each for path in predicting for each in veiled[path] | shown[path])
    copies = {path: veiled[path] & shown[path] for path in predicting}
    assert [each for found in copies.values() for each in found if pages[each] == 1] == []


def runs(text, length=5):
    """Every run of `length` words in `text`."""
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[k : k + length]) for k in range(len(words) - length + 1)}


def test_a_search_shows_nothing_that_is_veiled(fresh, predicting, address):
    """The excerpts under the results of a search are cut from what is not veiled."""
    page = fresh(predicting[0])
    prose = " ".join(page.locator(".veil[hidden] > p").all_text_contents())
    shown = page.locator("main").evaluate("""main => {
      const copy = main.cloneNode(true);
      copy.querySelectorAll('.veil').forEach(each => each.remove());
      return copy.textContent;
    }""")
    words = Counter(re.findall(r"[a-z]{6,}", prose.lower()))
    open_words = set(re.findall(r"[a-z]{6,}", shown.lower()))
    own = [word for word, _ in words.most_common() if word not in open_words]
    secret = runs(prose) - runs(shown)
    for word in own[:3]:
        page.goto(f"{address}search.html?q={word}")
        result = page.locator(f"#search-results li:has(a[href*='{predicting[0]}'])")
        expect(result.locator("p.context").first).to_be_attached(timeout=15_000)
        assert runs(" ".join(result.all_inner_texts())) & secret == set(), word


def test_skipping_lifts_the_veil_and_forgetting_lets_it_fall(fresh, predicting):
    page = fresh(predicting[0])
    name = page.locator("[data-kind=predict]").first.get_attribute("data-static-figure")
    veil = page.locator(f'.veil[data-waits="{name}"]').first
    assert veil.get_attribute("hidden") == "until-found"
    figure = page.locator(".ex-predict").first
    figure.get_by_role("button", name="Skip").click()
    assert veil.get_attribute("hidden") is None
    page.reload()
    assert veil.get_attribute("hidden") is None
    figure.get_by_role("button", name="Forget this prediction").click()
    assert veil.get_attribute("hidden") == "until-found"


def test_one_setting_removes_veils_for_good(fresh, predicting):
    page = fresh(predicting[0])
    page.get_by_label("show results without asking me first").check()
    assert page.evaluate(HIDDEN) == []
    page.goto(page.url.replace(predicting[0], predicting[1]))
    assert page.locator(".veil").count() > 0
    assert page.evaluate(HIDDEN) == []
    page.get_by_label("show results without asking me first").uncheck()
    assert page.evaluate(HIDDEN) != []


def test_a_link_into_a_veil_lifts_it(fresh, predicting):
    page = fresh(predicting[0])
    inside = page.evaluate("document.querySelector('.veil[hidden] [id]').id")
    page.goto(f"{page.url}#{inside}")
    page.wait_for_function(
        "name => !document.getElementById(name).closest('.veil[hidden]')", arg=inside
    )


def test_paper_shows_what_is_veiled(fresh, predicting):
    page = fresh(predicting[0])
    veiled = page.locator(".veil[hidden] p").first
    assert not veiled.evaluate("e => e.checkVisibility()")
    page.emulate_media(media="print")
    assert veiled.evaluate("e => e.checkVisibility()")
    expect(page.locator(".veil-note").first).to_be_hidden()


def test_without_javascript_nothing_is_veiled(browser, address, predicting):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address + predicting[0])
    expect(page.locator(".veil p").first).to_be_visible()
    assert page.locator(".veil-note, .choices").count() == 0
    context.close()


def test_a_switch_shows_all_code_and_is_remembered(fresh, predicting):
    page = fresh(predicting[0])
    folds = page.locator(".cell:not(.tag_hide-input) > details.hide")
    is_open = "all => all.map(each => each.open)"
    assert folds.count() > 0
    assert not any(folds.evaluate_all(is_open))
    page.get_by_label("show all code").check()
    page.goto(page.url.replace(predicting[0], predicting[1]))
    assert all(folds.evaluate_all(is_open))


def test_model_answers_are_folded(fresh, predicting):
    """Every chapter has a judgement exercise; its answer is not open below the question."""
    chapters = [path for path in predicting if path.startswith("notebooks/0")]
    for path in chapters:
        answers = fresh(path).locator("details.answer")
        assert answers.count() > 0, path
        assert not any(answers.evaluate_all("all => all.map(each => each.open)")), path
