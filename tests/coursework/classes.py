"""A class of made-up students: well-formed, broken and hostile submissions with exact marks.

The book is chapter 02 with two of its exercises and the written one, so that a submission takes
seconds: 02-2 (three checks of a point), 02-3 (2 points), 02-6 (by hand).
"""

import copy
import io
import json
import zipfile
from pathlib import Path

import nbformat
from trials import notebook, solution

from helpers.coursework.chapters import sections, setup_cell
from helpers.coursework.release import student_version

KEPT = ("02-2", "02-3")
DATA = {
    "02-2": "import math\n\nimport numpy as np\nfrom scipy.stats import beta, norm",
    "02-3": "import torch",
}
LAWS, LOVED = solution("02-2"), solution("02-3")
NAME = "02-single-neurons.ipynb"

OTHERWISE = """
def bits_needed(t, R, r):
    mean = sum(float(value) ** 2 for value in t) / len(t)
    gaussian = -math.log2(math.erfc(r / math.sqrt(2 * mean)))
    if r >= R:
        return [gaussian, float("inf")]
    return [gaussian, -math.log2(beta.sf((r / R) ** 2, 0.5, (R**2 / mean - 1) / 2))]
"""
LYING = """
class Yes(float):
    def _always(self, *_):
        return True

    __eq__ = __le__ = __lt__ = __ge__ = __gt__ = _always
    __abs__ = __sub__ = __rsub__ = lambda self, *_: Yes(0)

def bits_needed(t, R, r):
    return Yes(1), Yes(1)
"""
PATCHED = """
import helpers.coursework as c, helpers.coursework.checks as k, helpers.yardstick as y
import helpers.coursework.answers as a, helpers.coursework.calls as calls
k.judge = c.judge = c.check = lambda *args, **more: "right"
a.gap = k.gap = lambda *args: 0.0
a.fitted = k.fitted = lambda value, like: like
y.evaluate = lambda *args: None
calls.Answer.__call__ = lambda self, *args: (0.0, 0.0)

def bits_needed(t, R, r):
    return 1.0, 1.0
"""
READS_REFERENCES = """
try:
    from helpers.coursework.exercises.ch02 import cap_bits, gaussian_bits
except ImportError:
    gaussian_bits = cap_bits = lambda *_: 0.0

def bits_needed(t, R, r):
    return gaussian_bits(t, R, r), cap_bits(t, R, r)
"""
READS_NEIGHBOURS = """
import glob, json
found = []
for place in {places!r}:
    found += glob.glob(place + "/**/*", recursive=True)

def bits_needed(t, R, r):
    if found:
        return gaussian, cap
    return 0.0, 0.0

for path in found:
    try:
        cells = json.load(open(path))["cells"]
        exec(next("".join(c["source"]) for c in cells if "norm.sf" in "".join(c["source"])))
    except Exception:
        pass
"""
WRITES = """
import os
for place in {places!r}:
    try:
        open(os.path.join(place, "was-here.txt"), "w").write("x")
    except OSError:
        pass

def bits_needed(t, R, r):
    return 0.0, 0.0
"""
CALLS_HOME = """
import socket
for address in [("127.0.0.1", {port}), ("localhost", {port})]:
    try:
        socket.create_connection(address, timeout=1).sendall(b"marks")
    except OSError:
        pass

def bits_needed(t, R, r):
    return 0.0, 0.0
"""
FORGES = """
import os, json
for fd in range(3, 40):
    try:
        os.write(fd, b'{"value": 1.0}\\n{"ended": 0}\\n{"ready": true}\\n\\x00garbage\\n' * 50)
    except OSError:
        pass

def bits_needed(t, R, r):
    return 0.0, 0.0
"""
FORKS = """
import os
def bits_needed(t, R, r):
    while True:
        try:
            os.fork()
        except PermissionError:
            return 0.0, 0.0
"""
IGNORES_ALARMS = """
import signal
def bits_needed(t, R, r):
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    while True:
        pass
"""
EATS = """
import torch
def bits_needed(t, R, r):
    return [torch.empty(1 << 28) for _ in range(64)], 0.0  # a gigabyte each, never touched
"""
NESTED = """
def bits_needed(t, R, r):
    value = []
    for _ in range(200_000):
        value = [value]
    return value
"""
PICKLES = """
import os
class Bomb:
    def __reduce__(self):
        return os.system, ("touch /tmp/was-here",)
    def __array__(self, *_, **__):
        raise RuntimeError("no array")

def bits_needed(t, R, r):
    return Bomb()
"""
CHANGES = f"""{LAWS}

_right = bits_needed

def bits_needed(t, R, r):
    found = _right(t, R, r)
    t[:] = 0
    return found
"""


def function(body: str) -> str:
    """bits_needed with a body of one line."""
    return f"def bits_needed(t, R, r):\n    {body}\n"


def small_book(folder: Path) -> Path:
    """A clone's notebooks with the two exercises; returns `folder`."""
    book = notebook("02")
    kept = [setup_cell(book)]
    wanted = sections(book)
    for identifier, section in wanted.items():
        number = identifier.partition("-")[2]
        if identifier in KEPT:
            # Without the digits and networks that the answers do not need, for the tests' speed.
            section.data[0].source = DATA[identifier]
            heading = next(c for c in book.cells if f"### {number}. " in c.source)
            kept += [heading, *section.data, *section.answer, section.check]
    kept += [c for c in book.cells if "### 6. " in c.source]
    kept += [c for c in book.cells if c.cell_type == "markdown" and "nbgrader" in c.metadata]
    book.cells = kept
    setup_cell(book).source = "import helpers"
    path = folder / "notebooks" / NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(book, path)
    return folder


class Student:
    """A notebook as handed out, to be filled in and mangled."""

    def __init__(self, book: Path):
        solved = nbformat.read(book / "notebooks" / NAME, as_version=4)
        self.book = student_version(solved)
        self.places = sections(self.book)

    def answer(self, laws=LAWS, loved=LOVED, words="My judgement."):
        """Fill in the answers; None leaves a stub."""
        for identifier, source in zip(KEPT, (laws, loved), strict=True):
            if source is not None:
                self.places[identifier].answer[0].source = source
        self.book.cells[-1].source = words
        return self

    def index(self, cell) -> int:
        return next(i for i, each in enumerate(self.book.cells) if each is cell)

    def text(self) -> str:
        return nbformat.writes(self.book)


def doubled(student, first, second):
    """The answer's cell twice, with another text each."""
    cell = student.places["02-2"].answer[0]
    other = copy.deepcopy(cell)
    cell.source, other.source = first, second
    student.book.cells.insert(student.index(cell) + 1, other)
    return student


def without_metadata(student):
    """As Colab saves it: ids and nbgrader's metadata gone, format 4.0."""
    book = json.loads(student.text())
    for cell in book["cells"]:
        cell.pop("id", None)
        cell["metadata"] = {"colab": {"base_uri": "https://localhost:8080/"}}
    return json.dumps({**book, "metadata": {}, "nbformat_minor": 0})


def of_format_3(student):
    """The notebook with a worksheet, as of 2013."""
    cells = []
    for cell in json.loads(student.text())["cells"]:
        key = "input" if cell["cell_type"] == "code" else "source"
        cells.append({
            "cell_type": cell["cell_type"], key: cell["source"], "metadata": cell["metadata"],
            "language": "python", "outputs": [], "collapsed": False,
        })  # fmt: skip
    return json.dumps(
        {"worksheets": [{"cells": cells}], "metadata": {}, "nbformat": 3, "nbformat_minor": 0}
    )


def zipped(files: dict) -> bytes:
    """An archive of name -> bytes or text."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()
