"""Rules for all tests: one thread each, and no silent skip where everything has to run."""

import os
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / part) for part in ("tools", "book/_ext", "tests/fixtures")]

# For the kernels and processes that tests start, and for torch, which no test has imported yet.
os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1", PYTHONPATH=str(ROOT / "src"))

# `.ci/run` installs everything that a test may lack, and then no test may lack anything.
REQUIRE_ALL = os.environ.get("REQUIRE_ALL") == "1"


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    """Sums come out the same on every machine, and parallel workers do not fight for cores."""
    import torch

    torch.set_num_threads(1)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """With REQUIRE_ALL=1 a skip is a failure, except for photographs that nobody can install.

    The tests on real CIFAR-10 name HELPERS_DATA in their reason and run wherever it is set.
    """
    report = yield
    if REQUIRE_ALL and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        if "HELPERS_DATA" in str(reason) and not os.environ.get("HELPERS_DATA"):
            return report
        report.outcome = "failed"
        report.longrepr = f"REQUIRE_ALL=1, and yet: {reason}"
    return report


def pytest_terminal_summary(terminalreporter):
    """Say in a line of its own what was not tested here, and why, and what tests summed up."""
    for report in terminalreporter.stats.get("passed", []):
        for line in (text for name, text in report.user_properties if name == "summary"):
            terminalreporter.write_line(line)
    skipped = terminalreporter.stats.get("skipped", [])
    for reason in sorted({str(r.longrepr[2]) for r in skipped if isinstance(r.longrepr, tuple)}):
        terminalreporter.write_line(f"NOT TESTED HERE: {reason}", yellow=True, bold=True)


@pytest.fixture(scope="session")
def root():
    """The folder of the clone."""
    return ROOT


@pytest.fixture(scope="session")
def site():
    """The folder of the built site, made by `make book`."""
    folder = ROOT / "_build" / "html"
    if not (folder / "book" / "index.html").exists():
        pytest.skip("no built site: run `make book` first")
    return folder


@pytest.fixture(scope="session")
def chromium():
    """The path of a Chromium or Chrome on this machine."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        pytest.skip("no Chromium: install it to test the pages in a real browser")
    return found
