"""The explorers in a real browser, on a small book of their own that is built for these tests."""

import functools
import http.server
import re
import threading

import explorer_book
import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.site

PREFIX = "/some/where/below/"
DRAWN = ("prune", "predict", "hunt", "dial")  # with a static drawing
PAGES = (*DRAWN, "verdict", "chapter")
SIZES = {"phone": {"width": 360, "height": 740}, "desktop": {"width": 1280, "height": 900}}
KNOWN = "THEBE_JS_URL"  # the theme declares it twice on every page of its own accord


class UnderPrefix(http.server.SimpleHTTPRequestHandler):
    def translate_path(self, path):
        return super().translate_path("/" + path.removeprefix(PREFIX))

    def log_message(self, *args):
        pass


@pytest.fixture(scope="session")
def book(tmp_path_factory):
    """The folder of a small book's pages, each with one kind of explorer."""
    return explorer_book.build(tmp_path_factory.mktemp("explorers"))


@pytest.fixture(scope="session")
def addresses(book):
    handler = functools.partial(UnderPrefix, directory=str(book))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield {"http": f"http://127.0.0.1:{server.server_port}{PREFIX}", "file": f"file://{book}/"}
    server.shutdown()


@pytest.fixture
def show(browser, addresses):
    """Opens a page in a new window that is refused every other host and must not complain."""
    contexts, complaints = [], []

    def opened(path, *, over="http", script=None, **options):
        context = browser.new_context(**{"viewport": SIZES["desktop"], **options})
        contexts.append(context)
        ours = (addresses["http"], addresses["file"], "data:", "blob:", "about:")

        def refuse(route):
            complaints.append(f"asked for {route.request.url}")
            route.abort()

        context.route(lambda url: not url.startswith(ours), refuse)
        context.on("response", lambda r: r.status >= 400 and complaints.append(f"missing {r.url}"))
        page = context.new_page()
        page.set_default_timeout(8000)
        page.on("pageerror", lambda e: KNOWN in str(e) or complaints.append(str(e)))
        page.on("console", lambda m: m.type == "error" and complaints.append(m.text))
        if script:
            page.add_init_script(script)
        page.goto(addresses[over] + path)
        return page

    opened.complaints = complaints
    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def live(page, number=0):
    figure = page.locator(".explorer").nth(number)
    expect(figure).to_be_visible()
    return figure


def status(figure):
    return figure.get_by_role("status")


@pytest.mark.parametrize("over", ["http", "file"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", PAGES)
def test_live_figures_replace_the_static_ones_and_fit(show, name, size, over):
    """From a server and from a folder, on phone and desktop, with nothing asked of other hosts."""
    page = show(f"{name}.html", over=over, viewport=SIZES[size])
    live(page)
    for static in page.locator("[data-static-figure]").all():
        expect(static).to_be_hidden()
    width, screen = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width <= screen
    for figure in page.locator(".explorer").all():
        wide, room = figure.evaluate("e => [e.scrollWidth, e.clientWidth]")
        assert wide <= room
        expect(status(figure)).not_to_be_empty()


# --- prune it yourself -------------------------------------------------------------------------
def pressed(figure):
    return figure.locator(".ex-edge").evaluate_all(
        "all => all.map(e => e.getAttribute('aria-pressed')).join()"
    )


def test_an_edge_is_cut_by_clicking_its_line(show):
    figure = live(show("prune.html"))
    before, said = pressed(figure), status(figure).inner_text()
    line = figure.locator("g.ex-wire[data-edge='0'] .ex-hit")
    box = line.bounding_box()  # near the input's end, where lines are apart
    figure.page.mouse.click(box["x"] + 0.2 * box["width"], box["y"] + 0.8 * box["height"])
    expect(status(figure)).not_to_have_text(said)
    assert pressed(figure) != before


def test_an_edge_is_cut_and_kept_again_from_the_keyboard(show):
    figure = live(show("prune.html"))
    before, said = pressed(figure), status(figure).inner_text()
    edge = figure.get_by_role("button", name=re.compile("^x1 to unit 1, weight"))
    edge.focus()
    figure.page.keyboard.press("Space")
    expect(edge).to_have_attribute("aria-pressed", "false")
    expect(status(figure)).not_to_have_text(said)
    figure.page.keyboard.press("Enter")
    assert pressed(figure) == before


def test_one_change_from_success_and_the_shown_mask_succeeds(show):
    figure = live(show("prune.html"))
    expect(status(figure)).to_contain_text("One more change is enough")
    figure.get_by_role("button", name="Show me a mask").click()
    expect(status(figure)).to_contain_text("Done: with")
    assert figure.locator("tr.wrong").count() == 0
    figure.get_by_role("button", name="Undo").click()
    expect(status(figure)).to_contain_text("right on")
    expect(figure.get_by_role("button", name="Undo")).to_be_disabled()


def test_where_no_mask_exists_the_page_proves_it(show):
    figure = live(show("prune.html"))
    figure.get_by_label("Target", exact=True).select_option(label="an odd number on (parity)")
    expect(status(figure)).to_contain_text(
        re.compile(r"No mask computes this target: all 2,097,152 were tried")
    )
    expect(figure.get_by_role("button", name="Show me a mask")).to_be_disabled()


def test_a_target_is_made_bit_by_bit_or_picked_on_the_map(show):
    figure = live(show("prune.html"))
    bit = figure.get_by_role("button", name=re.compile("^Target for input 000"))
    was = bit.get_attribute("aria-pressed")
    bit.focus()
    figure.page.keyboard.press("Space")
    assert bit.get_attribute("aria-pressed") != was
    map_ = figure.locator(".ex-map")
    box = map_.bounding_box()
    figure.page.mouse.click(box["x"] + 0.04 * box["width"], box["y"] + 0.04 * box["height"])
    bits = figure.get_by_role("button", name=re.compile("^Target for input"))
    assert bits.evaluate_all("all => all.every(e => e.getAttribute('aria-pressed') === 'false')")


def test_a_link_carries_the_state_and_a_spoilt_one_is_ignored(show):
    figure = live(show("prune.html"))
    figure.get_by_role("button", name="Keep everything").click()
    kept = pressed(figure)
    assert "false" not in kept
    assert "#explorer-net.v2=" in figure.page.url
    figure.page.reload()
    assert pressed(live(figure.page)) == kept
    opening = pressed(live(show("prune.html")))
    for fragment in ("#explorer-net.v2=%7Bnonsense", '#explorer-net.v2={"kept":"7"}', "#cut=3"):
        assert pressed(live(show("prune.html" + fragment))) == opening


# --- predict first -----------------------------------------------------------------------------
def draw(figure, steps=2):
    """One fast stroke across the whole plot."""
    area = figure.locator(".ex-area")
    area.scroll_into_view_if_needed()
    box, mouse = area.bounding_box(), figure.page.mouse
    mouse.move(box["x"] + 8, box["y"] + 0.7 * box["height"])
    mouse.down()
    mouse.move(box["x"] + box["width"] - 2, box["y"] + 0.3 * box["height"], steps=steps)
    mouse.up()


def commit(figure, sure="75%"):
    figure.get_by_label(sure, exact=True).check()
    figure.get_by_role("button", name="Commit and reveal").click()


def test_a_drawn_curve_is_committed_revealed_remembered_and_forgotten(show):
    page = show("predict.html")
    figure = live(page)
    expect(figure.get_by_role("button", name="Commit and reveal")).to_be_disabled()
    assert figure.locator(".ex-truth").get_attribute("d") in (None, "")
    draw(figure)
    expect(status(figure)).to_have_text("Now say how sure you are.")  # no knot was left out
    commit(figure)
    expect(status(figure)).to_contain_text("misses the measured held-out AUC by")
    assert figure.locator(".ex-truth").get_attribute("d")
    yours, said = figure.locator(".ex-yours").get_attribute("d"), status(figure).inner_text()
    page.reload()
    figure = live(page)
    expect(status(figure)).to_have_text(said)
    assert figure.locator(".ex-yours").get_attribute("d") == yours
    figure.get_by_role("button", name="Forget this prediction").click()
    expect(status(figure)).to_contain_text("Draw your curve")
    page.reload()
    expect(status(live(page))).to_contain_text("Draw your curve")


def test_a_curve_is_predicted_from_the_keyboard_alone(show):
    page = show("predict.html")
    figure = live(page)
    figure.locator("summary", has_text="slider").focus()
    page.keyboard.press("Enter")
    sliders = figure.get_by_role("slider")
    assert sliders.count() == 9
    for k in range(9):
        sliders.nth(k).focus()
        page.keyboard.press("ArrowUp")
        page.keyboard.press("PageUp")
    expect(sliders.nth(8)).not_to_have_attribute("aria-valuetext", "not set")
    figure.get_by_label("10%", exact=True).focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    expect(figure.get_by_label("25%", exact=True)).to_be_checked()
    figure.get_by_role("button", name="Commit and reveal").focus()
    page.keyboard.press("Enter")
    expect(status(figure)).to_contain_text("You were 25% sure")


def test_a_named_shape_and_undo(show):
    figure = live(show("predict.html"))
    figure.get_by_role("button", name="rising, then level").click()
    expect(status(figure)).to_have_text("Now say how sure you are.")
    figure.get_by_role("button", name="Undo").click()
    expect(status(figure)).to_contain_text("Draw your curve")


def test_an_answer_is_picked_and_skipping_is_remembered(show):
    page = show("predict.html")
    choice = live(page, 1)
    choice.get_by_label("the tangent space").check()
    commit(choice, "90%")
    expect(status(choice)).to_contain_text("Right, and you were 90% sure")
    live(page, 0).get_by_role("button", name="Skip").click()
    expect(status(live(page, 0))).to_contain_text("Skipped")
    page.reload()
    expect(status(live(page, 0))).to_contain_text("Skipped")
    expect(status(live(page, 1))).to_contain_text("Right, and you were 90% sure")


SPOILT = """
for (const id of ['mini-curve', 'mini-choice'])
  localStorage.setItem('is-the-dog-already-there/predict/v1/' + id, ID);
"""
FULL = """
for (const name of ['setItem', 'getItem']) {
  const plain = Storage.prototype[name];
  Storage.prototype[name] = function (key, ...rest) {
    if (key.includes('predict')) throw new Error('forbidden');
    return plain.call(this, key, ...rest);
  };
}
"""


@pytest.mark.parametrize("spoilt", ["'{'", "'null'", "'7'", '\'{"phase":"committed"}\''])
def test_a_spoilt_memory_is_ignored(show, spoilt):
    figure = live(show("predict.html", script=SPOILT.replace("ID", spoilt)))
    expect(status(figure)).to_contain_text("Draw your curve")


def test_without_any_memory_predictions_work_and_are_not_remembered(show):
    page = show("predict.html", script=FULL)
    choice = live(page, 1)
    choice.get_by_label("one neuron").check()
    commit(choice, "10%")
    expect(status(choice)).to_contain_text("Not so, and you were 10% sure")
    page.reload()
    expect(status(live(page, 1))).to_contain_text("Pick an answer")


def test_every_predictions_record_on_one_page(show, addresses):
    page = show("book/your-predictions.html")
    record = page.locator("#predictions-record")
    expect(record.get_by_role("status")).to_contain_text("no predictions in this browser yet")
    page.goto(addresses["http"] + "predict.html")
    choice = live(page, 1)
    choice.get_by_label("the tangent space").check()
    commit(choice)
    live(page, 0).get_by_role("button", name="Skip").click()
    page.goto(addresses["http"] + "book/your-predictions.html")
    expect(record.get_by_role("status")).to_contain_text("right 1 of 1 times")
    expect(record.get_by_role("status")).to_contain_text("You skipped 1")
    record.get_by_role("link", name="Which of these holds the dog?").click()
    expect(status(live(page, 1))).to_contain_text("Right")
    page.go_back()
    record.get_by_role("button", name="Forget all my predictions").click()
    expect(record.get_by_role("status")).to_contain_text("no predictions in this browser yet")
    assert page.evaluate("Object.keys(localStorage).some(k => k.includes('predict'))") is False


# --- neuron hunt -------------------------------------------------------------------------------
def test_the_hunt_follows_mouse_and_keyboard(show):
    page = show("hunt.html")
    figure = live(page)
    expect(status(figure)).to_contain_text("The best of 4,096 neurons for the digit 3")
    figure.get_by_label("dog").check()
    expect(status(figure)).to_contain_text("The best of 4,096 neurons for dog")
    slider = figure.get_by_role("slider", name="Number of neurons")
    slider.focus()
    page.keyboard.press("Home")
    expect(status(figure)).to_contain_text("The best of 1 neuron for dog")
    page.keyboard.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuetext", "2 neurons")
    figure.get_by_role("button", name="Double").click()
    expect(status(figure)).to_contain_text("The best of 4 neurons")
    chart = figure.locator(".ex-lines")
    box = chart.bounding_box()
    page.mouse.click(box["x"] + 0.95 * box["width"], box["y"] + 0.5 * box["height"])
    expect(status(figure)).to_contain_text("The best of 4,096 neurons for dog")
    figure.get_by_role("button", name="Undo").click()
    expect(status(figure)).to_contain_text("The best of 4 neurons")
    assert "step%22%3A2" in page.url


# --- the dial ----------------------------------------------------------------------------------
def test_the_dial_is_turned_played_and_dragged(show):
    page = show("dial.html")
    figure = live(page)
    expect(status(figure)).to_contain_text("α = 1/4, 64 units, after 400 steps")
    scale = figure.get_by_role("slider", name="Output scale alpha")
    scale.focus()
    page.keyboard.press("End")
    expect(status(figure)).to_contain_text("α = 16")
    expect(scale).to_have_attribute("aria-valuetext", "alpha 16")
    dashed = figure.locator(".ex-curve.line").first.get_attribute("d")
    page.keyboard.press("Home")
    expect(status(figure)).to_contain_text("α = 1/16")
    assert figure.locator(".ex-curve.line").first.get_attribute("d") == dashed
    figure.get_by_label("256", exact=True).check()
    expect(status(figure)).to_contain_text("256 units")
    step = figure.get_by_role("slider", name="Step of training")
    step.focus()
    page.keyboard.press("Home")
    expect(status(figure)).to_contain_text("after 0 steps")
    figure.get_by_role("button", name="Play").click()
    expect(status(figure)).to_contain_text("after 400 steps", timeout=15_000)
    chart = figure.get_by_role("img", name=re.compile("^Losses over"))
    box = chart.bounding_box()
    page.mouse.click(box["x"] + 0.55 * box["width"], box["y"] + 0.5 * box["height"])
    expect(status(figure)).not_to_contain_text("after 400 steps")
    figure.get_by_role("button", name="Reset").click()
    expect(status(figure)).to_contain_text("α = 1/4, 64 units, after 400 steps")


def test_the_dial_shows_its_end_at_once_where_motion_is_reduced(show):
    figure = live(show("dial.html", reduced_motion="reduce"))
    figure.get_by_role("slider", name="Step of training").fill("0")
    expect(status(figure)).to_contain_text("after 0 steps")
    figure.get_by_role("button", name="Play").click()
    expect(status(figure)).to_contain_text("after 400 steps")
    expect(figure.get_by_role("button", name="Play")).to_be_visible()


# --- all of them -------------------------------------------------------------------------------
def test_touch_is_enough(show):
    """A tap places a knot, cuts an edge and picks a target."""
    phone = {"viewport": SIZES["phone"], "has_touch": True, "is_mobile": True}
    figure = live(show("predict.html", **phone))
    figure.locator(".ex-area").tap()
    expect(status(figure)).to_have_text("8 points to go.")
    figure = live(show("prune.html", **phone))
    before = pressed(figure)
    figure.locator(".ex-edge").first.tap()
    assert pressed(figure) != before
    figure = live(show("hunt.html", **phone))
    figure.locator(".ex-lines").tap()
    expect(status(figure)).not_to_contain_text("best of 4,096")


def test_reduced_motion_stops_every_transition(show):
    moving = "all => all.filter(e => getComputedStyle(e).transitionDuration !== '0s').length"
    for name in PAGES:
        figure = live(show(f"{name}.html", reduced_motion="reduce"))
        assert figure.locator("*").evaluate_all(moving) == 0, name
    figure = live(show("prune.html", reduced_motion="no-preference"))
    assert figure.locator("*").evaluate_all(moving) > 0  # so the test can fail


# --- verdicts ----------------------------------------------------------------------------------
def first_row(page):
    """The first claim whose bar can move."""
    figure = live(page)
    return figure.locator(".v-row:has(input[type=range])").first


def test_the_bar_moves_by_keyboard_and_mouse_and_the_row_says_so(show):
    """To the far left and to the far right a bar gives opposite verdicts; back is one button."""
    page = show("verdict.html")
    row = first_row(page)
    word, said = row.locator(".v-word"), row.locator(".v-say")
    registered = word.text_content()
    expect(said).to_be_hidden()
    bar = row.locator("input[type=range]")
    bar.press("Home")
    expect(said).to_contain_text("With the bar moved")
    expect(status(live(page))).to_contain_text("With the bar moved")
    low = word.text_content()
    bar.press("End")
    expect(word).not_to_have_text(low)
    assert {low.split()[-1].lower(), word.text_content().split()[-1].lower()} == {
        "supported",
        "refuted",
    }
    place = row.locator(".v-bar").first.evaluate("e => parseFloat(e.style.left)")
    box = bar.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 4, box["y"] + box["height"] / 2)
    moved = row.locator(".v-bar").first.evaluate("e => parseFloat(e.style.left)")
    assert abs(moved - 25) < 4 < abs(moved - place)
    row.get_by_role("button", name="Back to the registered bar").click()
    expect(word).to_have_text(registered)
    expect(said).to_be_hidden()


def test_the_bar_moves_by_touch(show):
    page = show("verdict.html", viewport=SIZES["phone"], has_touch=True)
    row = first_row(page)
    row.scroll_into_view_if_needed()
    row.locator("input[type=range]").tap(position={"x": 30, "y": 15})
    expect(row.locator(".v-say")).to_be_visible()


def test_filters_and_words_leave_the_claims_that_fit(show):
    page = show("verdict.html")
    figure = live(page)
    every = figure.locator(".v-row:visible").count()
    chosen = figure.get_by_label("Verdict", exact=True)
    assert chosen.evaluate("e => e.selectedOptions[0].text") == "Verdict: all"
    figure.get_by_role("searchbox").fill("dog")
    expect(figure.locator(".v-row:visible").first).to_contain_text("dog")
    few = figure.locator(".v-row:visible").count()
    assert 0 < few < every
    figure.get_by_label("Verdict", exact=True).select_option("refuted")
    for word in figure.locator(".v-row:visible .v-word").all():
        expect(word).to_contain_text("refuted", ignore_case=True)
    figure.get_by_role("button", name="Reset").click()
    assert figure.locator(".v-row:visible").count() == every


def test_every_claim_has_an_address_and_its_card(show):
    """An address that names a claim shows its row, and the card that Python wrote folds in it."""
    page = show("verdict.html#claim-03-beats-neuron")
    row = page.locator("#claim-03-beats-neuron")
    assert row.count() == 1
    expect(row).to_be_in_viewport()
    row.locator(".v-card > summary").click()
    expect(row.locator(".v-card")).to_contain_text("Strongest objection")


def test_a_chapter_shows_three_verdicts_and_counts_the_rest(show):
    """What is folded away is told by its number; the address of a claim in it opens the fold."""
    page = show("chapter.html")
    figure = live(page)
    every, seen = figure.locator(".v-row"), figure.locator(".v-row:visible")
    assert seen.count() == 3 < every.count()
    summaries = figure.locator(".v-rest > summary")
    told = sum(int(text.split()[0]) for text in summaries.all_text_contents())
    assert told == every.count() - 3
    last = every.last.get_attribute("id")
    for summary in summaries.all():
        summary.click()
    assert seen.count() == every.count()
    page = show(f"chapter.html#{last}")
    expect(page.locator(f"#{last}")).to_be_in_viewport()


def test_verdicts_stand_as_folded_cards_without_javascript(show):
    page = show("verdict.html", java_script_enabled=False)
    cards = page.locator("details.verdict")
    assert cards.count() > 50
    card = page.locator("#claim-03-beats-neuron")
    expect(card.locator("summary").first).to_contain_text("holds for all 10 digits")
    card.locator("summary").first.click()
    expect(card).to_contain_text("Strongest objection")


def test_dark_and_light_have_their_own_colours(show):
    colours = "e => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor].join()"
    seen = {
        scheme: live(show("prune.html", color_scheme=scheme)).evaluate(colours)
        for scheme in ("light", "dark")
    }
    assert seen["light"] != seen["dark"]


def test_print_hides_the_controls_and_keeps_figure_and_sentence(show):
    figure = live(show("prune.html"))
    figure.page.emulate_media(media="print")
    expect(figure.locator(".ex-controls")).to_be_hidden()
    expect(figure.locator(".ex-graph")).to_be_visible()
    expect(status(figure)).to_be_visible()


@pytest.mark.parametrize("name", DRAWN)
def test_without_javascript_the_static_figure_is_there(show, name):
    page = show(f"{name}.html", java_script_enabled=False)
    figure = page.locator("[data-static-figure]").first
    expect(figure.locator("svg[role=img]").first).to_be_visible()
    expect(figure.locator("strong")).to_be_visible()
    expect(figure.locator("p").nth(1)).to_be_visible()
    assert page.locator(".explorer").count() == 0


def test_a_module_that_fails_leaves_the_static_figure(show):
    broken = "URL.createObjectURL = () => 'data:text/javascript,throw new Error(1)'"
    page = show("prune.html", script=broken)
    page.wait_for_timeout(500)
    expect(page.locator("[data-static-figure] svg")).to_be_visible()
    assert page.locator("[data-anywidget-static]").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", [*PAGES, "book/your-predictions"])
def test_axe_finds_nothing_in_our_content(show, axe_source, name, scheme):
    page = show(f"{name}.html", color_scheme=scheme)
    if name in PAGES:
        live(page)
        page.evaluate(
            "document.querySelectorAll('.explorer details').forEach(e => { e.open = true; })"
        )
    page.evaluate(axe_source)
    found = page.evaluate(
        """async () => {
          const options = {preload: false, rules: {'label-content-name-mismatch': {enabled: true}}};
          const {violations} = await axe.run('article', options);
          return violations.flatMap(v => v.nodes.map(n => v.id + ': ' + n.html.slice(0, 160)));
        }"""
    )
    assert found == []
