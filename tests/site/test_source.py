"""Links follow a fork, and the setup cell does what it promises."""

import subprocess
import sys

import pytest

from setup_cell import REPOSITORY, setup_cell
from source import branch, repository_url


def test_on_github_the_fork_s_own_repository_is_linked():
    assert repository_url({"GITHUB_REPOSITORY": "a/b"}) == "https://github.com/a/b"


@pytest.mark.parametrize(
    "remote", ["https://github.com/a/b.git", "git@github.com:a/b.git", "https://github.com/a/b"]
)
def test_in_a_clone_the_remote_is_linked(remote):
    assert repository_url({}, remote) == "https://github.com/a/b"


@pytest.mark.parametrize("remote", ["", "/somewhere/bare.git", "ssh://host.example/a/b"])
def test_elsewhere_the_book_s_own_repository_is_linked(remote):
    assert repository_url({}, remote) == REPOSITORY


def test_a_pull_request_has_no_branch_of_its_own():
    assert branch({"GITHUB_REF_NAME": "12/merge"}) == "main"
    assert branch({"GITHUB_REF_NAME": "v1.0"}) == "v1.0"


def run_setup(tmp_path, helpers):
    """Run the setup cell beside a module `helpers` with the given source."""
    (tmp_path / "helpers.py").write_text(helpers)
    code = setup_cell().replace("%pip", "raise SystemExit  # pip")
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, cwd=tmp_path, env={"PYTHONPATH": ""}, capture_output=True, text=True
    )


def test_the_setup_cell_is_silent_where_our_package_is(tmp_path):
    done = run_setup(tmp_path, 'BOOK = "is-the-dog-already-there"')
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_setup_cell_names_a_foreign_module_of_the_same_name(tmp_path):
    done = run_setup(tmp_path, "x = 1")
    assert "another module named helpers hides this book's" in done.stderr
    assert str(tmp_path / "helpers.py") in done.stderr


def test_the_package_carries_the_marker_that_the_setup_cell_looks_for():
    import helpers

    assert f'"{helpers.BOOK}"' in setup_cell()
