"""Where the published book comes from: links that follow a fork, a branch and a commit.

The theme has one branch for launch and source links. Here launch links go to the published
artefact (branch gh-pages, folder _sources: the student versions), and the link to the source is
made by hand, to the branch the book was built from.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
from setup_cell import REPOSITORY  # noqa: E402


def git(*arguments):
    """Return what git says, or "" outside a clone."""
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""


def repository_url(environ=os.environ, remote=None):
    """Return the address of the GitHub repository built from: a fork's own, else the book's."""
    if environ.get("GITHUB_REPOSITORY"):
        server = environ.get("GITHUB_SERVER_URL", "https://github.com")
        return f"{server}/{environ['GITHUB_REPOSITORY']}"
    remote = git("remote", "get-url", "origin") if remote is None else remote
    on_github = re.fullmatch(
        r"(?:https://|git@)github\.com[:/]([\w.-]+/[\w.-]+?)(?:\.git)?/?", remote
    )
    return f"https://github.com/{on_github[1]}" if on_github else REPOSITORY


def branch(environ=os.environ):
    """Return the branch or tag built from; a pull request's "N/merge" is no branch."""
    name = environ.get("GITHUB_REF_NAME", "")
    return name if name and not name.endswith("/merge") else "main"


def revision(environ=os.environ):
    """Return the commit that was built, which the student versions install."""
    return environ.get("GITHUB_SHA") or git("rev-parse", "HEAD") or "main"


def set_links(app, config):
    # A release is published in a folder of its own: BOOK_PREFIX, its tag.
    folder = "/".join(filter(None, [os.environ.get("BOOK_PREFIX"), "_sources"]))
    config.html_theme_options.update(
        repository_url=repository_url(), repository_branch="gh-pages", path_to_docs=folder
    )
    config.html_baseurl = os.environ.get("BOOK_URL", "")


def mend_buttons(app, pagename, templatename, context, doctree):
    """Add a link to the page's source; keep launch buttons to chapters (prose has no setup cell)."""
    buttons = context.get("header_buttons", [])
    if not pagename.startswith("notebooks/"):
        buttons[:] = [b for b in buttons if b.get("label") != "launch-buttons"]
    for group in buttons:
        if group.get("label") == "source-buttons" and doctree is not None:
            path = Path(app.env.doc2path(pagename)).relative_to(ROOT).as_posix()
            group["buttons"].append(
                {
                    "type": "link",
                    "url": f"{repository_url()}/blob/{branch()}/{path}",
                    "text": "Source",
                    "tooltip": "Source of this page",
                    "icon": "fas fa-code",
                    "label": "source-file-button",
                }
            )


def setup(app):
    app.connect("config-inited", set_links, priority=1)
    app.connect("html-page-context", mend_buttons, priority=900)  # after the theme's own
    return {"parallel_read_safe": True, "parallel_write_safe": True}
