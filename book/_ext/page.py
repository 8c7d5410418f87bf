"""What every page carries: description, social card, and the theme's gaps in accessibility closed.

Also copies the parts of MathJax that a page can ask for, so that no formula needs another host.
"""

import importlib.util
import os
import shutil
from html import escape
from pathlib import Path

from docutils import nodes

MATHJAX_PARTS = ["tex-chtml.js", "input", "output/chtml", "a11y", "sre", "ui"]


def description(doctree, length=200):
    """Return the page's first paragraph as plain text, cut at a word."""
    for paragraph in doctree.findall(nodes.paragraph):
        if isinstance(paragraph.parent, nodes.section | nodes.document):
            text = " ".join(paragraph.astext().split())
            return text if len(text) <= length else text[:length].rsplit(" ", 1)[0] + " …"
    return ""


def add_meta(app, pagename, templatename, context, doctree):
    base = os.environ.get("BOOK_URL", "").rstrip("/")
    context["book_url"] = base
    card = "_static/social-card.png"
    title = context.get("title") or app.config.project
    tags = {
        "og:title": title,
        "og:site_name": app.config.html_title,
        "og:type": "article" if doctree is not None else "website",
        "og:image": f"{base}/{card}" if base else context["pathto"](card, 1),
        "og:image:alt": "A dog drawn as a network of nodes, beside the book's title",
    }
    named = {"twitter:card": "summary_large_image"}
    if base:
        tags["og:url"] = f"{base}/{pagename}.html"
    if doctree is not None and (text := description(doctree)):
        tags["og:description"] = named["description"] = text
    lines = [f'<meta property="{k}" content="{escape(v)}"/>' for k, v in tags.items()]
    lines += [f'<meta name="{k}" content="{escape(v)}"/>' for k, v in named.items()]
    context["metatags"] = context.get("metatags", "") + "\n" + "\n".join(lines)


def copy_mathjax(app, exception):
    if exception or app.builder.format != "html":
        return
    package = importlib.util.find_spec("sphinx-mathjax-offline")
    source = Path(package.origin).parent / "static" / "mathjax"
    target = Path(app.outdir) / "_static" / "vendor" / "mathjax"
    for part in MATHJAX_PARTS:
        if (source / part).is_dir():
            shutil.copytree(source / part, target / part, dirs_exist_ok=True)
        elif not (target / part).exists():
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source / part, target / part)


def drop_thebe(app, config):
    """Unhook sphinx-thebe: unused here, it would put other hosts' addresses on every page."""
    for listeners in app.events.listeners.values():
        listeners[:] = [x for x in listeners if x.handler.__module__ != "sphinx_thebe"]


def setup(app):
    app.connect("config-inited", drop_thebe)
    app.connect("html-page-context", add_meta, priority=900)
    app.connect("build-finished", copy_mathjax)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
