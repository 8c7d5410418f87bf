"""Put the built site onto the branch gh-pages of this clone, as it is published: `make artefact`.

The branch holds the newest site at its root and every release in a folder of its own, named by its
tag. A release is never changed. Only here do the pages learn their address on the web, so that a
site can be built, tested and read before it has one. `git push origin gh-pages` publishes.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.sax.saxutils import escape

import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "book" / "_ext"))
import source  # noqa: E402
from helpers import __version__  # noqa: E402

SITE, PAGES = ROOT / "_build" / "html", ROOT / "_build" / "pages"
RELEASE = re.compile(r"v\d[\w.-]*")
# Found by other means than a search engine or a link.
NOT_LISTED = {"404.html", "search.html", "genindex.html", "index.html"}
CARD = re.compile(r'(<meta property="og:image" content=")[^"]*(?=")')


def address(repository, release="", environ=os.environ):
    """Return where GitHub Pages serves a repository's site or release; BOOK_URL overrides it."""
    owner, name = repository.rsplit("/", 2)[1:]
    pages = f"https://{owner.lower()}.github.io"
    own = pages if f"https://{name.lower()}" == pages else f"{pages}/{name}"
    return "/".join(filter(None, [environ.get("BOOK_URL", own).rstrip("/"), release]))


def listed(site):
    """Return the paths of the pages that a reader should find, below `site`."""
    found = {path.relative_to(site).as_posix() for path in site.rglob("*.html")}
    return sorted(p for p in found - NOT_LISTED if not p.startswith("_"))


def give_address(site, base):
    """Write into every page of `site` where on the web it is, and a sitemap of them all.

    The page for missing addresses is shown at any depth: its links start at the base.
    """
    for path in listed(site):
        page, url = site / path, escape(f"{base}/{path}", {'"': "&quot;"})
        html = CARD.sub(rf"\g<1>{base}/_static/social-card.png", page.read_text())
        tags = f'<link rel="canonical" href="{url}"/>\n<meta property="og:url" content="{url}"/>\n'
        page.write_text(html.replace("</head>", f"{tags}</head>", 1))
    missing = site / "404.html"
    html = missing.read_text().replace("<head>", f'<head>\n<base href="{base}/"/>', 1)
    missing.write_text(CARD.sub(rf"\g<1>{base}/_static/social-card.png", html))
    urls = "".join(f"<url><loc>{escape(f'{base}/{path}')}</loc></url>\n" for path in listed(site))
    (site / "sitemap.xml").write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{urls}</urlset>\n'
    )


def citation(base, repository, commit, date):
    """Return CITATION.cff for one state of one fork: its address, version, commit and date."""
    known = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    known.update(version=__version__, commit=commit, url=base)
    known.update({"repository-code": repository, "date-released": date})
    return yaml.safe_dump(known, sort_keys=False, allow_unicode=True, width=1000)


def place(site, tree, release=""):
    """Copy `site` into `tree`: to the root, in the place of all but releases, or as a release."""
    if release:
        shutil.copytree(site, tree / release)
        return
    for path in tree.iterdir():
        if not RELEASE.fullmatch(path.name):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.copytree(site, tree, dirs_exist_ok=True)


def git(*arguments, **options):
    """Return what git says, or stop with git's own words."""
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, **options)
    if done.returncode:
        sys.exit(f"git {arguments[0]}: {done.stderr.strip()}")
    return done.stdout.strip()


def published():
    """Return the commit at the tip of origin's gh-pages, or "" where there is none yet."""
    if not source.git("remote", "get-url", "origin") or not git("ls-remote", "origin", "gh-pages"):
        return ""
    git("fetch", "-q", "--depth", "1", "origin", "gh-pages")
    return git("rev-parse", "FETCH_HEAD")


def main():
    repository, commit, release = source.repository_url(), source.revision(), source.release()
    if repository is None:
        sys.exit(source.NO_REPOSITORY)
    if release and not RELEASE.fullmatch(release):
        sys.exit(f"wanted a release tag like v1.0, received {release}: name it so")
    if changed := git("status", "--porcelain", "--untracked-files=no"):
        sys.exit(f"wanted a site of one commit, received changes besides:\n{changed}\ncommit them")
    shutil.rmtree(PAGES, ignore_errors=True)
    PAGES.mkdir(parents=True)
    index = {**os.environ, "GIT_INDEX_FILE": str(PAGES.with_suffix(".index"))}
    git("read-tree", "--empty", env=index)
    if parent := published():
        git("read-tree", parent, env=index)
        git("checkout-index", "--all", f"--prefix={PAGES}/", env=index)
    if release and (PAGES / release).exists():
        before = yaml.safe_load((PAGES / release / "CITATION.cff").read_text())["commit"]
        if before != commit:
            sys.exit(f"{release} is published, from {before}, and stays: choose a new tag")
        print(f"{release} is published already")
        git("update-ref", "refs/heads/gh-pages", parent)
        return
    base = address(repository, release)
    done = PAGES.with_name("site")
    shutil.rmtree(done, ignore_errors=True)
    shutil.copytree(SITE, done)
    give_address(done, base)
    date = git("show", "-s", "--format=%cs", commit)
    (done / "CITATION.cff").write_text(citation(base, repository, commit, date))
    place(done, PAGES, release)
    (PAGES / ".nojekyll").touch()  # else GitHub leaves out folders that begin with _
    git("--work-tree", str(PAGES), "add", "--all", "--force", ".", env=index)
    new = git("commit-tree", git("write-tree", env=index), *(["-p", parent] if parent else []),
              "-m", f"Site of {release or source.branch()} at {commit}")  # fmt: skip
    git("update-ref", "refs/heads/gh-pages", new)
    print(f"The site for {base} is on the branch gh-pages, and in {PAGES.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
