"""Under every chapter's title two times, and the script of what a reader may choose.

Reading: 200 words a minute and half a minute for a figure, over what is open on the page and
belongs to no exercise. Exercises: the sum of the minutes on their cards.
"""

import re

from docutils import nodes

from helpers.explorers import frame

WORDS_PER_MINUTE = 200
MINUTES_PER_FIGURE = 0.5
CARD = re.compile(r"(\d+) minutes, ")
FIGURE = re.compile(r"<figure|data-static-figure")
VERDICT = re.compile(r'<(\w+)[^>]*id="claim-')
NOT_OPEN = re.compile(r"<details.*?</details>|<[^>]*>", re.S)


def minutes_on(paragraph):
    """Return the minutes that an exercise's card ("*15 minutes, easy, 2 points.*") names, or 0."""
    found = [CARD.match(part.astext()) for part in paragraph.findall(nodes.emphasis)]
    return sum(int(minutes[1]) for minutes in found if minutes)


def times(doctree):
    """Return (minutes to read, minutes of exercises) of a chapter."""
    paragraphs = list(doctree.findall(nodes.paragraph))
    cards = [p for p in paragraphs if minutes_on(p)]
    exercises = {id(chapter_part(card)) for card in cards}
    words = figures = 0
    for part in doctree.findall(lambda n: isinstance(n, nodes.paragraph | nodes.raw)):
        if id(chapter_part(part)) in exercises:
            continue
        text = part.astext()
        if isinstance(part, nodes.raw):
            figures += len(FIGURE.findall(text))
            text = NOT_OPEN.sub(" ", text) if VERDICT.search(text) else ""
        words += len(text.split())
    return words / WORDS_PER_MINUTE + figures * MINUTES_PER_FIGURE, sum(map(minutes_on, cards))


def chapter_part(node):
    """Return the part of the chapter (a section below its title) that holds `node`."""
    sections = []
    while node is not None:
        if isinstance(node, nodes.section):
            sections.append(node)
        node = node.parent
    return sections[-2] if len(sections) > 1 else None


def add_times(app, pagename, templatename, context, doctree):
    if doctree is None or not pagename.startswith("notebooks/") or "body" not in context:
        return
    reading, exercises = times(doctree)
    line = f"About {max(1, round(reading))} minutes to read, figures included"
    if exercises:
        line += f"; {exercises} minutes of exercises"
    paragraph = f'</h1>\n<p class="times">{line}.</p>'
    context["body"] = re.sub("</h1>", paragraph, context["body"], count=1)


def setup(app):
    app.add_js_file(None, body=frame.BOOK, priority=100)
    app.connect("html-page-context", add_times)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
