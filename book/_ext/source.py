"""Where the published book comes from: links that follow a fork, a branch and a commit.

The theme has one branch for launch and source links. Here launch links go to the published
artefact (branch gh-pages, folder _sources: the student versions), and the links to the source, to
an editor and to a new issue are made by hand, for the branch and commit that the book was built
from. Where no repository on GitHub is recognised there are no such links, and the build says so.
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlencode, urlsplit

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
from helpers import __version__, fingerprint  # noqa: E402
from setup_cell import REPOSITORY, setup_cell  # noqa: E402

NO_REPOSITORY = (
    f"No repository on GitHub is recognised here: no launch, source and issue buttons; chapters"
    f" install from {REPOSITORY}. Set the remote `origin`, or GITHUB_REPOSITORY=owner/name."
)


def git(*arguments):
    """Return what git says, or "" outside a clone."""
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""


def on_github(address):
    """Return https://github.com/OWNER/NAME for any form of a remote's address, or None.

    Only host and path are read: a user's name or token in the address goes no further.
    """
    if "://" not in address:  # user@host:path, as scp has it
        address = "ssh://" + address.replace(":", "/", 1)
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    host = (parts.hostname or "").removeprefix("www.").removeprefix("ssh.")
    path = re.fullmatch(r"/*([\w.-]+/[\w.-]+?)(\.git)?/*", parts.path)
    return f"https://github.com/{path[1]}" if host == "github.com" and path else None


def repository_url(environ=os.environ, remote=None):
    """Return the address of the GitHub repository built from (a fork's own), or None."""
    if environ.get("GITHUB_REPOSITORY"):
        server = environ.get("GITHUB_SERVER_URL", "https://github.com")
        return on_github(f"{server}/{environ['GITHUB_REPOSITORY']}")
    # Through git's own abbreviations (insteadOf), or as it was written.
    asked = [("remote", "get-url", "origin"), ("config", "remote.origin.url")]
    remotes = [git(*words) for words in asked] if remote is None else [remote]
    return next(filter(None, map(on_github, remotes)), None)


def branch(environ=os.environ):
    """Return the branch or tag built from; a pull request's "N/merge" is no branch."""
    name = environ.get("GITHUB_REF_NAME") or git("branch", "--show-current")
    return name if name and not name.endswith("/merge") else "main"


def release(environ=os.environ):
    """Return the tag that is being released, or ""."""
    return environ.get("GITHUB_REF_NAME", "") if environ.get("GITHUB_REF_TYPE") == "tag" else ""


def revision(environ=os.environ):
    """Return the commit that was built, which the student versions install."""
    return environ.get("GITHUB_SHA") or git("rev-parse", "HEAD") or "main"


def pinned_setup_cell():
    """Return the setup cell of a student version: it takes the commit that was built, no other."""
    return setup_cell(repository_url() or REPOSITORY, revision(), fingerprint())


def set_links(app, config):
    # A release is published in a folder of its own, named by its tag.
    folder = "/".join(filter(None, [release(), "_sources"]))
    config.book_commit = revision()
    if url := repository_url():
        config.html_theme_options.update(
            repository_url=url, repository_branch="gh-pages", path_to_docs=folder
        )
    else:
        print(NO_REPOSITORY, file=sys.stderr)
        config.html_theme_options.update(
            repository_url="",
            launch_buttons={},
            use_issues_button=False,
            use_repository_button=False,
        )


def new_issue(url, app, pagename):
    """Return the address of a form for a new issue that says which page and state it is about."""
    body = f"Page: {pagename}\nCommit: {app.config.book_commit}\nVersion: {__version__}\n\n"
    return f"{url}/issues/new?{urlencode({'title': f'On page {pagename}: ', 'body': body})}"


def source_links(url, path):
    """Return the theme's buttons for a page's source and for editing it."""
    links = [("blob", "Source", "fas fa-code")]
    if not release():  # a release is not edited
        links.append(("edit", "Suggest an edit", "fas fa-pencil-alt"))
    return [
        {
            "type": "link",
            "url": f"{url}/{action}/{branch()}/{path}",
            "text": text,
            "tooltip": f"{text} of this page" if action == "blob" else text,
            "icon": icon,
            "label": f"source-{action}-button",
        }
        for action, text, icon in links
    ]


def mend_buttons(app, pagename, templatename, context, doctree):
    """Point the buttons to this page's source; launch chapters only (prose has no setup cell)."""
    buttons = context.get("header_buttons", [])
    if not pagename.startswith("notebooks/"):
        buttons[:] = [b for b in buttons if b.get("label") != "launch-buttons"]
    url = repository_url()
    for group in buttons:
        if group.get("label") != "source-buttons":
            continue
        for button in group["buttons"]:
            if button["label"] == "source-issues-button":
                button["url"] = new_issue(url, app, pagename)
        if doctree is not None:
            path = Path(app.env.doc2path(pagename)).relative_to(ROOT).as_posix()
            group["buttons"] += source_links(url, path)


def setup(app):
    app.add_config_value("book_commit", "", "html")  # another commit: pages are written anew
    app.connect("config-inited", set_links, priority=1)
    app.connect("html-page-context", mend_buttons, priority=900)  # after the theme's own
    return {"parallel_read_safe": True, "parallel_write_safe": True}
