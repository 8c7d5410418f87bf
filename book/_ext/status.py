"""The status page: what this build was made from and with, and how long its chapters took."""

import importlib.metadata
import json
import platform
import time
from html import escape
from pathlib import Path

import source
from helpers import __version__
from helpers.data import cifar

PAGE = "book/status"
RECORD = Path(__file__).resolve().parents[2] / "tests" / "colab" / "record.json"
PACKAGES = ["torch", "numpy", "pandas", "matplotlib", "ipywidgets", "anywidget"]
BUDGETS = {"here": 90, "setup": 15, "first figure": 30, "in all": 90}  # seconds
COLUMNS = {"here": "here", "setup": "Colab: setup", "first figure": "Colab: first figure",
           "in all": "Colab: in all"}  # fmt: skip


def table(head, rows):
    """Return an HTML table; the first cell of a row heads it. Cells are HTML."""
    top = "".join(f'<th scope="col">{cell}</th>' for cell in head)
    body = "".join(
        f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in rest)}</tr>'
        for first, *rest in rows
    )
    whole = f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody>"
    box = '<div class="pst-scrollable-table-container" tabindex="0">'  # wider than a phone
    return f'{box}<table class="table status">{whole}</table></div>'


def timed(seconds, budget):
    """Return a time as a cell: its colour and its words say whether it keeps to the budget."""
    if seconds is None:
        return "not measured"
    kept = "within" if seconds <= budget else "over"
    return f'<span class="{kept}-budget">{seconds:.0f} s, {kept} {budget} s</span>'


def times(here, drill):
    """Return the table of seconds: `here` by chapter, and the drill's record of it, if any."""
    rows = []
    for chapter, seconds in here.items():
        found = {"here": seconds, **(drill.get("chapters", {}).get(chapter) or {})}
        rows.append([chapter, *(timed(found.get(name), BUDGETS[name]) for name in COLUMNS)])
    return table(["chapter", *COLUMNS.values()], rows)


def build():
    """Return the table of what was built: version, commit, date, repository, photos."""
    commit, url = source.revision(), source.repository_url()
    link = f'<a href="{url}/commit/{commit}">{commit[:12]}</a>' if url else escape(commit[:12])
    data = cifar.provenance() if cifar.is_here() else "none: figures of dogs show stored results"
    rows = [
        ["version", f"{__version__}{', release ' + r if (r := source.release()) else ''}"],
        ["commit", link],
        ["built", time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())],
        ["photographs", escape(data)],
    ]
    return table(["what", "this build"], rows)


def versions(drill):
    """Return the table of versions, here and in the drill."""
    here = {name: importlib.metadata.version(name) for name in PACKAGES}
    here = {"Python": platform.python_version(), **here}
    there = drill.get("versions", {})
    rows = [[name, v, there.get(name.lower(), "not measured")] for name, v in here.items()]
    if there:
        rows.append(["list of versions", "requirements.txt", escape(there["list"])])
        measured = escape(f"{there['date']}, at commit {there['commit']}")
        rows.append(["measured", "when these pages were made", measured])
        rows.append(["what ran beside it", "the other chapters", escape(there["load"])])
    return table(["of what", "here", "in the drill"], rows)


def fill(app, pagename, templatename, context, doctree):
    if pagename != PAGE or "body" not in context:
        return
    drill = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    known = getattr(app.env, "nb_metadata", {})
    here = {
        name.removeprefix("notebooks/"): (known.get(name, {}).get("exec_data") or {}).get("runtime")
        for name in sorted(app.env.found_docs)
        if name.startswith("notebooks/")
    }
    parts = {"build": build(), "times": times(here, drill), "versions": versions(drill)}
    for name, part in parts.items():
        context["body"] = context["body"].replace(f'<div data-status="{name}"></div>', part)


def always(app, env, added, changed, removed):
    return [PAGE] if PAGE in env.found_docs else []


def setup(app):
    app.connect("env-get-outdated", always)
    app.connect("html-page-context", fill)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
