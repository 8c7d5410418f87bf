"""Under every chapter's title: how long it takes to read, and how long its code ran in this build."""

import re

from docutils import nodes

WORDS_PER_MINUTE = 180  # careful reading, with figures in between


def minutes_to_read(doctree):
    """Return the minutes that the page's prose takes; code and outputs are not counted."""
    prose = [p.astext() for p in doctree.findall(nodes.paragraph)]
    return max(1, round(sum(len(text.split()) for text in prose) / WORDS_PER_MINUTE))


def seconds_to_run(app, docname):
    """Return the seconds that the page's cells took when they last ran, or None."""
    data = (getattr(app.env, "nb_metadata", {}).get(docname) or {}).get("exec_data") or {}
    return data.get("runtime")


def add_times(app, pagename, templatename, context, doctree):
    if doctree is None or not pagename.startswith("notebooks/") or "body" not in context:
        return
    line = f"About {minutes_to_read(doctree)} minutes to read"
    if seconds := seconds_to_run(app, pagename):
        line += f"; its code ran for {seconds:.0f} seconds, on one core, when this page was made"
    context["body"] = re.sub(
        "</h1>", f'</h1>\n<p class="times">{line}.</p>', context["body"], count=1
    )


def setup(app):
    app.connect("html-page-context", add_times)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
