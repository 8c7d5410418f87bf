"""The small fork, published once."""

import pytest
import small_fork


@pytest.fixture(scope="session")
def fork(tmp_path_factory, chromium):
    """A fork whose origin carries a token, published once from main."""
    pytest.importorskip("pypdf")  # `make artefact` prints the book too
    remote = f"https://me:{small_fork.TOKEN}@GitHub.com/me/fork.git/"
    fork = small_fork.make(tmp_path_factory.mktemp("fork"), remote)
    assert fork.run_workflow("main", "branch") == 0, fork.log
    return fork
