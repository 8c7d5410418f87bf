"""No result before the guess: what follows a prediction is veiled until it is made or skipped.

A prediction is any cell that shows a `predict` explorer. Its veil covers the rest of its section,
up to the next prediction or a code cell tagged `unveiled`, and waits for every prediction made so
far in the section. A section with verdict cards and without a prediction is veiled as a whole and
waits for every prediction before it in the chapter; other later sections stay open. Here the
wrapping is made; `book/_static/reading.js` hides and lifts it, so that a reader without JavaScript
sees everything, and so does paper.
"""

import re

from docutils import nodes

PREDICTION = re.compile(r'data-static-figure="([^"]*)" data-kind="predict"')
CARD = 'id="claim-'


def raw_html(node):
    return "\n".join(raw.astext() for raw in node.findall(nodes.raw))


def is_cell(node):
    return isinstance(node, nodes.container) and node.get("nb_element") == "cell_code"


def predictions(node):
    """Return the ids of the predictions that `node` shows."""
    return PREDICTION.findall(raw_html(node)) if is_cell(node) else []


def veil(children, waits):
    """Return `children` wrapped in a veil that waits for the predictions `waits`."""
    attributes = f'class="veil" data-waits="{" ".join(waits)}"'
    return [
        nodes.raw("", f"<div {attributes}>", format="html"),
        *children,
        nodes.raw("", "</div>", format="html"),
    ]


def veiled(children):
    """Return a section's children with a veil after each prediction."""
    done, waits, hidden = [], [], []
    for child in [*children, None]:
        asked = predictions(child) if child is not None else []
        ends = child is None or asked or "tag_unveiled" in child.get("classes", [])
        if ends and hidden:
            done += veil(hidden, waits)
            hidden = []
        if child is None:
            break
        if asked or not waits:
            waits += asked
            done.append(child)
        elif ends:
            waits = []
            done.append(child)
        else:
            hidden.append(child)
    return done


def draw_veils(app, doctree):
    before = []
    for section in list(doctree.findall(nodes.section)):
        own = [child for child in section.children if not isinstance(child, nodes.section)]
        asked = [name for child in own for name in predictions(child)]
        head, rest = section.children[:1], section.children[1:]
        if asked:
            children = veiled(section.children)
        elif before and any(CARD in raw_html(child) for child in own):
            children = [*head, *veil(rest, before)]
        else:
            children = section.children
        before += asked
        section.children = []
        section += children


def setup(app):
    app.connect("doctree-read", draw_veils, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
