"""Reported: any module with the book's name on it passed the setup cell, last term's included."""

import os
import shutil
import subprocess
import sys

import pytest

import helpers
from setup_cell import setup_cell

PIP = """import os, pathlib, sys
pathlib.Path(os.environ["SEEN"]).write_text(" ".join(sys.argv))
if words := os.environ.get("PIP_SAYS"):
    sys.exit(words)
package = pathlib.Path(os.environ["SEEN"]).parent / "helpers.py"
package.write_text('BOOK = "is-the-dog-already-there"\\nfingerprint = lambda: "this term"')
"""


def run(folder, files=(), path="", **environment):
    """Run the pinned cell in a folder with these files; a stand-in for pip says what it is told."""
    for name, text in dict(files).items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    (folder / "fake").mkdir(exist_ok=True)
    (folder / "fake" / "pip.py").write_text(PIP)
    # What pip installs into a folder is found from then on.
    code = setup_cell("https://github.com/me/fork", "0123abc", "this term")
    return subprocess.run(
        [sys.executable, "-S", "-c", code],  # -S: without the environment's own helpers
        cwd=folder,
        env={
            "PATH": os.environ["PATH"] if path is None else path,
            "PYTHONPATH": f"{folder}/fake",
            "SEEN": f"{folder}/seen",
            **environment,
        },
        capture_output=True,
        text=True,
    )


def test_a_folder_of_that_name_without_a_module_is_in_nobody_s_way(tmp_path):
    """A user with a folder `helpers` of their own would have believed the package installed."""
    done = run(tmp_path, {"helpers/notes.txt": "mine"})
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "seen").exists()


OURS = 'BOOK = "is-the-dog-already-there"\n'


def test_this_term_s_package_is_taken_in_silence(tmp_path):
    """A user would have believed that something is wrong if the cell said anything."""
    done = run(tmp_path, {"helpers.py": OURS + 'fingerprint = lambda: "this term"'})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not (tmp_path / "seen").exists()


@pytest.mark.parametrize(
    "last_term", [OURS + '__version__ = "0.0.1"', OURS + 'fingerprint = lambda: "last term"']
)
def test_last_term_s_package_is_refused_with_what_to_run(tmp_path, last_term):
    """A user would have believed that this term's chapter computes with this term's package."""
    done = run(tmp_path, {"helpers.py": last_term})
    assert "ImportError: wanted is-the-dog-already-there as of 0123abc" in done.stderr
    assert str(tmp_path / "helpers.py") in done.stderr
    assert "`%pip uninstall -y is-the-dog-already-there`, then restart the runtime" in done.stderr
    assert "Python keeps what it has imported" in done.stderr


@pytest.mark.parametrize("name", ["helpers.py", "helpers/__init__.py"])
def test_a_foreign_module_of_the_same_name_is_named(tmp_path, name):
    """A user would have believed that `import helpers` gave the book's package."""
    done = run(tmp_path, {name: "x = 1"})
    assert "ImportError: wanted this book's helpers, received <module 'helpers'" in done.stderr
    assert str(tmp_path / "helpers") in done.stderr
    assert "move it away, then restart the runtime" in done.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("fatal: unable to access 'https://github.com/': Could not resolve host: github.com",
         "no answer: is this machine online?"),
        ("NewConnectionError: [Errno -2] Name or service not known", "is this machine online?"),
        ("fatal: unable to access: Failed to connect to github.com port 443", "online?"),
        ("fatal: remote error: upload-pack: not our ref 0123abc", "no such commit"),
        ("error: pathspec '0123abc' did not match any file(s) known to git", "no such commit"),
        ("ERROR: HTTP error 404 while getting https://github.com/", "no such commit"),
        ("fatal: could not read Username for 'https://github.com'", "no such commit"),
        ("ERROR: [Errno 13] Permission denied: '/usr/lib'", "a read-only Python"),
        ("ERROR: [Errno 30] Read-only file system: '/usr/lib'", "a read-only Python"),
        ("error: externally-managed-environment", "a read-only Python"),
        ("/usr/bin/python3: No module named pip", "this error:"),
    ],
)  # fmt: skip
def test_a_failed_installation_says_why_and_what_to_do(tmp_path, words, told):
    """A user would have read pip's forty lines, or only that no module is named helpers."""
    done = run(tmp_path, PIP_SAYS=words)
    last = done.stderr.split("ImportError: wanted is-the-dog-already-there @ ")[1]
    assert told in last
    assert words in last  # pip's own words follow, for who can help


@pytest.mark.parametrize("there", [True, False])
def test_where_there_is_no_git_the_commit_s_archive_is_installed(tmp_path, there):
    """A user would have believed that the book needs git; GitHub serves every commit as a zip."""
    (tmp_path / "bin").mkdir()
    if there:
        (tmp_path / "bin" / "git").symlink_to(shutil.which("git"))
    done = run(tmp_path, path=str(tmp_path / "bin"))
    assert (done.returncode, done.stderr) == (0, "")
    asked = (tmp_path / "seen").read_text()
    fork = "https://github.com/me/fork"
    assert asked.endswith(f"@ git+{fork}@0123abc" if there else f"@ {fork}/archive/0123abc.zip")


def test_the_fingerprint_tells_two_states_of_the_package_apart(tmp_path):
    """A user would have believed that equal version numbers mean equal packages."""
    copy = tmp_path / "helpers"
    shutil.copytree(os.path.dirname(helpers.__file__), copy)

    def fingerprint():
        code = "import helpers; print(helpers.__file__, helpers.fingerprint())"
        env = {"PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
        out = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
        file, value = out.stdout.split()
        assert file == str(copy / "__init__.py")
        return value

    assert fingerprint() == helpers.fingerprint()
    module = next(path for path in sorted(copy.glob("*.py")) if path.name != "__init__.py")
    text = module.read_bytes()
    module.write_bytes(text.replace(b"\n", b"\r\n"))
    assert fingerprint() == helpers.fingerprint()  # git's line ends on Windows
    module.write_bytes(text + b"\n# last term\n")
    assert fingerprint() != helpers.fingerprint()
