"""What a build knows of where it comes from; tests/reports has the reported faults."""

from setup_cell import setup_cell
from source import branch, repository_url


def test_on_github_the_fork_s_own_repository_is_linked():
    assert repository_url({"GITHUB_REPOSITORY": "a/b"}) == "https://github.com/a/b"


def test_a_pull_request_has_no_branch_of_its_own():
    assert branch({"GITHUB_REF_NAME": "12/merge"}) == "main"
    assert branch({"GITHUB_REF_NAME": "v1.0"}) == "v1.0"


def test_the_package_carries_the_marker_that_the_setup_cell_looks_for():
    import helpers

    assert f'"{helpers.BOOK}"' in setup_cell()
