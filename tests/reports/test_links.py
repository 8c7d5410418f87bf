"""Reported: the links of a fork led to the parent, for all but two ways to write its address."""

import os
import re
import subprocess
import sys

import nbformat
import pytest

import setup_cell
import source

FORK = "https://github.com/me/fork"
FORMS = [
    "https://github.com/me/fork",
    "https://github.com/me/fork.git",
    "https://github.com/me/fork/",
    "https://github.com/me/fork.git/",
    "http://github.com/me/fork",
    "https://www.github.com/me/fork.git",
    "https://GitHub.com/me/fork.git",
    "https://me@github.com/me/fork.git",
    "https://x-access-token:ghp_SECRET@github.com/me/fork",
    "https://github.com:443/me/fork",
    "git://github.com/me/fork.git",
    "git@github.com:me/fork.git",
    "git@github.com:/me/fork",
    "github.com:me/fork.git",
    "ssh://git@github.com/me/fork.git",
    "ssh://git@github.com:22/me/fork",
    "ssh://git@ssh.github.com:443/me/fork.git",
    "git+ssh://git@github.com/me/fork.git",
]
ELSEWHERE = [
    "",
    "/home/me/fork.git",
    "C:\\Users\\me\\fork",
    "file:///home/me/fork",
    "git@gitlab.com:me/fork.git",
    "work:me/fork.git",
    "https://github.com.evil.example/me/fork",
    "https://evil.example/github.com/me/fork",
    "https://github.com/me",
    "https://github.com/me/fork/tree/main",
    "https://[github.com/me/fork",
]


@pytest.mark.parametrize("remote", FORMS)
def test_a_fork_is_known_by_every_way_to_write_its_address(remote):
    """A user would have believed that their readers open their own chapters, not the parent's."""
    assert source.repository_url({}, remote) == FORK


@pytest.mark.parametrize("remote", ELSEWHERE)
def test_what_is_no_repository_on_github_is_not_taken_for_the_book_s_own(remote):
    """A user would have believed that the buttons lead to what they built; they led elsewhere."""
    assert source.repository_url({}, remote) is None


def test_github_s_own_word_comes_first():
    """In the workflow, a user would have believed that a fork's build names the fork."""
    assert source.repository_url({"GITHUB_REPOSITORY": "me/fork"}, "git@github.com:a/b") == FORK


@pytest.mark.parametrize("secret", ["ghp_SECRET", "hunter2"])
@pytest.mark.parametrize("host", ["github.com", "unknown.example", "[broken"])
def test_a_token_in_a_remote_s_address_is_never_shown(root, tmp_path, secret, host):
    """A user would have believed that a token kept in git's settings stays there."""
    remote = f"https://me:{secret}@{host}/me/fork.git"
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    subprocess.run(["git", "-C", tmp_path, "remote", "add", "origin", remote], check=True)
    code = (
        "import types, source, pathlib, sys\n"
        f"source.ROOT = pathlib.Path({str(tmp_path)!r})\n"
        "config = types.SimpleNamespace(html_theme_options={})\n"
        "source.set_links(None, config)\n"
        "print(vars(config), source.new_issue(source.repository_url(), types.SimpleNamespace("
        "config=config), 'page'))"
    )
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": f"{root}/src:{root}/book/_ext"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert secret not in done.stdout + done.stderr
    assert (source.NO_REPOSITORY in done.stderr) == (host != "github.com")


def test_without_a_repository_no_button_launches_anything(monkeypatch):
    """A user would have believed a button that opens somebody else's chapters."""
    import types

    monkeypatch.setattr(source, "repository_url", lambda: None)
    config = types.SimpleNamespace(html_theme_options={"launch_buttons": {"colab_url": "x"}})
    source.set_links(None, config)
    options = config.html_theme_options
    assert not any(options[name] for name in options)


def test_the_buttons_of_the_built_site_name_what_it_was_built_from_or_nobody(site, root):
    """A reader would have believed that the button opens what they read."""
    url, chapters = source.repository_url(), sorted((root / "notebooks").glob("*.ipynb"))
    for chapter in chapters:
        page = (site / "notebooks" / f"{chapter.stem}.html").read_text()
        opened = re.findall(r'href="https://colab.research.google.com/github/([^"]*)"', page)
        path = f"blob/gh-pages/_sources/notebooks/{chapter.name}"
        wanted = f"{url.removeprefix('https://github.com/')}/{path}" if url else None
        assert set(opened) == ({wanted} if wanted else set())
        others = set(re.findall(r'href="(https://github.com/[^/"]+/[^/"]+)', page))
        assert (setup_cell.REPOSITORY in others) == (url == setup_cell.REPOSITORY)


def test_an_assignment_printed_by_hand_is_pinned_too(root):
    """A teacher would have believed that the term's assignment stays as it is."""
    command = [sys.executable, "tools/student.py", "tests/fixtures/exercise.ipynb"]
    env = {**os.environ, "PYTHONPATH": f"{root}/src"}
    done = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, check=True)
    assert source.pinned_setup_cell() in [c.source for c in nbformat.reads(done.stdout, 4).cells]
