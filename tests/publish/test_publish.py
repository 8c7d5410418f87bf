"""The workflow's own steps, run on a bare repository that stands for GitHub: what readers get."""

import json
import re
import subprocess
import tarfile
from io import BytesIO
from urllib.parse import parse_qs, unquote, urldefrag, urljoin, urlsplit
from xml.etree import ElementTree

import leaks
import nbformat
import pytest
import yaml
from bs4 import BeautifulSoup
from small_fork import FORK, PAGES, ROOT, TOKEN, git

BASE = "https://me.github.io/fork/"
COLAB = "https://colab.research.google.com/github/me/fork/blob/"


@pytest.fixture
def tree(fork, tmp_path):
    """The files of gh-pages as GitHub serves them."""
    packed = subprocess.run(
        ["git", "-C", fork.bare, "archive", "gh-pages"], capture_output=True, check=True
    )
    with tarfile.open(fileobj=BytesIO(packed.stdout)) as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path


def links(page):
    """Return every address on a page: links, scripts, pictures, cards; relative to its base."""
    soup = BeautifulSoup(page.read_text(), "html.parser")
    found = [e.get("href") or e.get("src") for e in soup.find_all(["a", "link", "script", "img"])]
    found += [e["content"] for e in soup.find_all("meta", property=["og:image", "og:url"])]
    base = soup.find("base")
    return [urljoin(base["href"], link) if base else link for link in found if link]


def broken(fork, tree, page, link):
    """Return why a link leads nowhere, or ""; a bare repository answers for GitHub and Colab."""
    base = BASE + page.relative_to(tree).as_posix()
    url = urldefrag(urljoin(base, link))[0]
    if url.startswith(BASE) or url == BASE.rstrip("/"):
        path = unquote(urlsplit(url).path).removeprefix("/fork").strip("/") or "index.html"
        return "" if (tree / path).is_file() else f"no page {path}"
    for prefix in (f"{FORK}/blob/", f"{FORK}/edit/", COLAB):
        if url.startswith(prefix):
            branch, _, path = unquote(url.removeprefix(prefix)).partition("/")
            there = git(fork.bare, "cat-file", "-t", f"{branch}:{path}", check=False)
            return "" if there == "blob" else f"no file {path} on {branch}"
    if url.startswith(f"{FORK}/issues/new?"):
        asked = parse_qs(urlsplit(url).query)
        wanted = [page.relative_to(tree).as_posix().removesuffix(".html"), "Commit: ", "Version: "]
        return "" if all(word in asked["body"][0] for word in wanted) else "an empty form"
    return "" if "dog-already-there/dog-already-there" not in url else "leads to the parent"


def test_every_link_of_the_published_site_leads_somewhere(fork, tree):
    pages = [page for page in sorted(tree.rglob("*.html")) if "_static" not in page.parts]
    found = {page: links(page) for page in pages}
    bad = {
        f"{page.relative_to(tree)}: {link}": why
        for page in pages
        for link in found[page]
        if (why := broken(fork, tree, page, link))
    }
    assert bad == {}
    # and they are there at all, on a chapter: in Colab, source, edit, issue, repository
    chapter = found[tree / "notebooks" / "01-exercise.html"]
    for start in (COLAB, f"{FORK}/blob/main/", f"{FORK}/edit/main/", f"{FORK}/issues/new?"):
        assert [link for link in chapter if link.startswith(start)], start
    assert FORK in chapter


def test_a_broken_link_would_be_found(fork, tree):
    page = tree / "book" / "index.html"
    for link in (
        "nowhere.html",
        f"{BASE}nowhere.html",
        f"{FORK}/blob/main/nowhere.md",
        f"{FORK}/blob/other/README.md",
        f"{COLAB}gh-pages/notebooks/01-exercise.ipynb",
        "https://github.com/dog-already-there/dog-already-there",
    ):
        assert broken(fork, tree, page, link), link


def test_pages_know_their_address_and_the_sitemap_lists_them_all(tree):
    listed = {
        e.text for e in ElementTree.parse(tree / "sitemap.xml").iter() if (e.text or "").strip()
    }
    assert listed == {f"{BASE}{page}.html" for page in ["book/index", *PAGES]}
    for url in listed:
        soup = BeautifulSoup((tree / url.removeprefix(BASE)).read_text(), "html.parser")
        assert soup.find("link", rel="canonical")["href"] == url
        assert soup.find("meta", property="og:image")["content"].startswith(BASE)
    missing = BeautifulSoup((tree / "404.html").read_text(), "html.parser")
    assert missing.find("base")["href"] == BASE  # shown at any depth
    assert (tree / ".nojekyll").exists()


def test_the_citation_names_the_fork_and_the_commit(fork, tree):
    told = yaml.safe_load((tree / "CITATION.cff").read_text())
    assert (told["repository-code"], told["url"]) == (FORK, BASE.rstrip("/"))
    assert told["commit"] == fork.git("rev-parse", "main")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", told["date-released"])


def test_student_versions_install_the_fork_s_commit(fork, tree):
    served = json.loads((tree / "_sources" / "notebooks" / "01-exercise.ipynb").read_text())
    setup = "".join(next(c for c in served["cells"] if c["cell_type"] == "code")["source"])
    assert f'"{FORK}"' in setup
    assert fork.git("rev-parse", "main") in setup


def test_the_token_in_the_origin_s_address_is_nowhere(fork, tree):
    files = [path for path in tree.rglob("*") if path.is_file()]
    assert [path for path in files if TOKEN.encode() in path.read_bytes()] == []
    assert TOKEN not in "".join(fork.said)


def test_the_published_site_keeps_the_chapter_s_secrets(tree):
    solved = nbformat.read(ROOT / "tests" / "fixtures" / "exercise.ipynb", as_version=4)
    assert leaks.find(tree, [solved]) == {}


def test_the_printed_book_keeps_the_secrets_and_links_to_the_web(tree):
    import pypdf

    pages = pypdf.PdfReader(tree / "book.pdf").pages
    text = leaks.squeeze("".join(page.extract_text() for page in pages))
    assert "Anexerciseofeverykind" in text
    assert [secret for secret in ("SECRET", "7700", "HIDDEN") if secret in text] == []
    notes = [note.get_object() for page in pages for note in page.get("/Annots", [])]
    links = [str(note["/A"]["/URI"]) for note in notes if "/URI" in note.get("/A", {})]
    assert [link for link in links if "127.0.0.1" in link] == []
    assert f"{BASE}notebooks/01-exercise.html" in links


def test_releases_stand_beside_the_site_and_never_change(fork):
    """A term's assignment: a release, the same once more, a later main, the tag moved to it."""
    site = fork.published("book/index.html")
    assert fork.run_workflow("v1.0", "tag") == 0, fork.log
    first = fork.published("v1.0")
    assert first
    assert fork.published("book/index.html") == site  # the release leaves the site alone
    colab = git(fork.bare, "show", "gh-pages:v1.0/notebooks/01-exercise.html")
    assert f"{COLAB}gh-pages/v1.0/_sources/notebooks/01-exercise.ipynb" in colab
    assert f"{FORK}/edit/" not in colab
    before = fork.published()
    assert fork.artefact("v1.0", "tag") == 0  # the workflow run again by hand
    assert "v1.0 is published already" in fork.log

    fork.change("\nChanged.\n")
    assert fork.artefact("v1.0", "tag") != 0
    assert "v1.0 is published, from " in fork.log
    assert fork.artefact("version-2", "tag") != 0
    assert "wanted a release tag like v1.0" in fork.log
    assert fork.published() == before

    assert fork.run_workflow("main", "branch") == 0, fork.log
    assert fork.published("book/index.html") != site
    assert fork.published("v1.0") == first


def test_a_site_of_uncommitted_changes_is_not_published(fork):
    """Its student versions would install a commit that does not have them."""
    page = fork.clone / "book" / "index.md"
    text = page.read_text()
    page.write_text(text + "\nNot committed.\n")
    assert fork.artefact("main", "branch") != 0
    page.write_text(text)
    assert re.search(r"received changes besides:\s+M book/index.md", fork.log)
