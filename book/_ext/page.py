"""What every page carries: description, social card, and the theme's gaps in accessibility closed.

Also copies the parts of MathJax that a page can ask for, so that no formula needs another host.
"""

import importlib.util
import re
import shutil
from html import escape
from pathlib import Path

from docutils import nodes

MATHJAX_PARTS = ["tex-chtml.js", "input", "output/chtml", "a11y", "sre", "ui"]
EMPTY_HEADER = re.compile(r'<th(?: class="blank[^"]*")?\s*>(?:&nbsp;|\s)*</th>')


def description(doctree, length=200):
    """Return the page's first paragraph as plain text, cut at a word."""
    for paragraph in doctree.findall(nodes.paragraph):
        if isinstance(paragraph.parent, nodes.section | nodes.document):
            text = " ".join(paragraph.astext().split())
            return text if len(text) <= length else text[:length].rsplit(" ", 1)[0] + " …"
    return ""


def add_meta(app, pagename, templatename, context, doctree):
    card = "_static/social-card.png"
    title = re.sub("<[^>]*>", "", context.get("title") or app.config.project)
    tags = {
        "og:title": title,
        "og:site_name": app.config.html_title,
        "og:type": "article" if doctree is not None else "website",
        "og:image": context["pathto"](card, 1),  # absolute once published: tools/artefact.py
        "og:image:alt": "A dog drawn as a network of nodes, beside the book's title",
    }
    named = {"twitter:card": "summary_large_image"}
    if doctree is not None and (text := description(doctree)):
        tags["og:description"] = named["description"] = text
    lines = [f'<meta property="{k}" content="{escape(v)}"/>' for k, v in tags.items()]
    lines += [f'<meta name="{k}" content="{escape(v)}"/>' for k, v in named.items()]
    context["metatags"] = context.get("metatags", "") + "\n" + "\n".join(lines)


def mend_markup(app, pagename, templatename, context, doctree):
    """Mend what screen readers stumble over: the name of a folded cell, empty corners of tables."""
    if "body" in context:
        # Called what it says ("Show a solution"), not "Toggle hidden content".
        body = context["body"].replace('<summary aria-label="Toggle hidden content">', "<summary>")
        # pandas heads the index column with an empty header cell.
        context["body"] = EMPTY_HEADER.sub("<td></td>", body)


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


def forget_old_pages(app, exception):
    """Delete pages and downloads whose source is gone: a rebuild leaves them in the folder."""
    if exception or app.builder.format != "html":
        return
    out = Path(app.outdir)
    kept = {f"{doc}.html" for doc in app.env.found_docs} | {"index.html", "search.html"}
    kept |= {f"{name}.html" for name in app.config.html_additional_pages} | {"genindex.html"}
    for page in out.rglob("*.html"):
        path = page.relative_to(out).as_posix()
        if path not in kept and not path.startswith("_"):
            page.unlink()
    for source in (out / "_sources").rglob("*.*"):
        document = source.relative_to(out / "_sources").as_posix()
        if source.is_file() and app.project.path2doc(document) not in app.env.found_docs:
            source.unlink()


def tidy_theme(app, config):
    """Take out what the theme brings and the book does not use."""
    # A second search field, in a bar of its own above the page.
    config.html_theme_options.update(navbar_persistent=[])
    # sphinx-thebe would put other hosts' addresses on every page.
    for listeners in app.events.listeners.values():
        listeners[:] = [x for x in listeners if x.handler.__module__ != "sphinx_thebe"]
    styles = app.registry.css_files
    styles[:] = [style for style in styles if style[0] != "sphinx-thebe.css"]


def setup(app):
    app.connect("config-inited", tidy_theme, priority=1)
    app.connect("html-page-context", add_meta, priority=900)
    app.connect("html-page-context", mend_markup)
    app.connect("build-finished", copy_mathjax)
    app.connect("build-finished", forget_old_pages, priority=400)  # before the student versions
    return {"parallel_read_safe": True, "parallel_write_safe": True}
