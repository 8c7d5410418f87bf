"""A class of well-formed, broken and hostile submissions gets exactly the marks it should."""

import contextlib
import copy
import json
import socket
import threading

import pytest
from classes import (
    CALLS_HOME,
    CHANGES,
    EATS,
    FORGES,
    FORKS,
    IGNORES_ALARMS,
    LAWS,
    LOVED,
    LYING,
    NESTED,
    OTHERWISE,
    PATCHED,
    PICKLES,
    READS_NEIGHBOURS,
    READS_REFERENCES,
    WRITES,
    Student,
    doubled,
    function,
    of_format_3,
    small_book,
    without_metadata,
    zipped,
)

from helpers.coursework.grading import report, run, sandbox
from helpers.coursework.grading.sandbox import Limits

LIMITS = Limits(seconds=3, attempt=30, slack=1)
SEED = 20261126

# name of the student -> (marks of 02-2 and 02-3, words of a flag that a person must see, or None).
EXPECTED = {
    "right": (3, 2, None),
    "otherwise": (3, 2, None),
    "open": (0, 0, None),
    "wrong": (0, 0, None),
    "partly": (2, 2, None),
    "loops": (0, 2, None),
    "loops-at-the-top": (3, 2, None),
    "ignores-alarms": (0, 2, None),
    "syntax": (0, 2, None),
    "lying": (0, 2, None),
    "patched": (0, 2, None),
    "exits": (0, 2, None),
    "exits-at-the-top": (0, 2, None),
    "exits-at-the-ceiling": (2, 2, None),
    "sys-exit": (0, 2, None),
    "kills-its-parent": (0, 2, None),
    "interrupts": (0, 2, None),
    "writes-outside": (0, 2, None),
    "calls-home": (0, 2, None),
    "reads-references": (0, 2, None),
    "reads-neighbours": (0, 2, None),
    "forges": (0, 2, None),
    "forks": (0, 2, None),
    "eats-memory": (0, 2, None),
    "prints": (3, 2, None),
    "fills-the-disk": (3, 2, None),
    "recurses": (0, 2, None),
    "crashes": (0, 2, None),
    "nested": (0, 2, None),
    "pickles": (0, 2, None),
    "huge-answer": (0, 2, None),
    "waits-for-input": (0, 2, None),
    "changes-its-input": (3, 2, None),
    "deletes-checks": (3, 2, "the check cell was deleted"),
    "edits-checks": (0, 2, "the check cell was edited"),
    "stub-after-answer": (3, 2, None),
    "wrong-after-right": (3, 2, "2 cells answer it: the best counts"),
    "moves": (3, 2, "exercises were moved"),
    "colab": (3, 2, "metadata are lost"),
    "no-cell": (0, 2, "the answer's cell is missing"),
    "in-markdown": (3, 2, "no code cell"),
    "helper-above": (3, 2, None),
    "helper-elsewhere": (3, 2, "cells from elsewhere"),
    "pip-line": (3, 2, None),
    "format-3": (3, 2, "format 3"),
    "bom": (3, 2, None),
    "utf-16": (3, 2, "UTF-16"),
    "windows": (3, 2, "no Unicode"),
    "python-file": (3, 2, "a Python file"),
    "empty": (None, None, "the file is empty"),
    "cut": (None, None, "no notebook that can be read"),
    "no-notebook": (None, None, "no notebook that can be read"),
    "odd-json": (None, None, "no notebook that can be read"),
    "another-book": (None, None, "no chapter of this book"),
    "zip-in-zip": (3, 2, None),
    "Doe, Jane": (3, 2, None),
    "doejohn": (3, 2, None),
    "two-files": (3, 2, "2 files of this chapter"),
    "etc": (3, 2, None),
}


@contextlib.contextmanager
def listening():
    """(port, connections that came) of a server on this machine."""
    server, came = socket.create_server(("127.0.0.1", 0)), []

    def accept():
        with contextlib.suppress(OSError):
            while True:
                came.append(server.accept()[1])

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield server.getsockname()[1], came
    finally:
        server.close()


def written(book, folder, port, places):
    """Write the class's files into `folder`."""

    def of(laws=LAWS, loved=LOVED):
        return Student(book).answer(laws, loved)

    def mangled(change, laws=LAWS):
        student = of(laws)
        change(student)
        return student.text()

    def at_ceiling(code):
        return LAWS.replace(
            "    s = np.sqrt", f"    if r >= R:\n        {code}\n    s = np.sqrt", 1
        )

    def without_checks(student):
        for section in student.places.values():
            student.book.cells.remove(section.check)

    def with_other_checks(student):
        student.places["02-2"].check.source = "print('all right, 3 of 3 points')"

    def moved(student):
        _, second = student.places.values()
        mine = [*second.data, *second.answer, second.check]
        others = [cell for cell in student.book.cells if all(cell is not m for m in mine)]
        student.book.cells = [others[0], *mine, *others[1:]]

    def without_answer(student):
        student.book.cells.remove(student.places["02-2"].answer[0])

    def as_markdown(student):
        cell = student.places["02-2"].answer[0]
        cell.cell_type = "markdown"
        del cell["outputs"], cell["execution_count"]

    def helped(at):
        def change(student):
            cell = copy.deepcopy(student.places["02-2"].data[0])
            cell.source, cell.metadata, cell.id = "def lg(x):\n    return np.log2(x)", {}, "extra"
            student.places["02-2"].answer[0].source = LAWS.replace("np.log2", "lg")
            place = at if at < 0 else student.index(student.places["02-2"].answer[0])
            student.book.cells.insert(place, cell)

        return change

    def told(source):
        return source.replace('"""Bits', '# café\n    """Bits')

    right = of().text()
    files = {
        "right": right,
        "otherwise": of(OTHERWISE).text(),
        "open": Student(book).text(),
        "wrong": of(function("return 0.87, 9.0"), "def loved_by_auc(y):\n    return y").text(),
        "partly": of(LAWS.replace("norm.sf(r / s)", "norm.sf(r)")).text(),
        "loops": of(function("while True: pass")).text(),
        "loops-at-the-top": of(LAWS + "\n\nwhile True:\n    pass").text(),
        "ignores-alarms": of(IGNORES_ALARMS).text(),
        "syntax": of(function("return (1, 2")).text(),
        "lying": of(LYING).text(),
        "patched": of(PATCHED).text(),
        "exits": of(function("import os; os._exit(0)")).text(),
        "exits-at-the-top": of("import os\nos._exit(0)\n" + LAWS).text(),
        "exits-at-the-ceiling": of(at_ceiling("import os; os._exit(0)")).text(),
        "sys-exit": of(function("raise SystemExit")).text(),
        "kills-its-parent": of(function("import os; os.kill(os.getppid(), 9); return 0, 0")).text(),
        "interrupts": of(function("raise KeyboardInterrupt")).text(),
        "writes-outside": of(WRITES.format(places=places)).text(),
        "calls-home": of(CALLS_HOME.format(port=port)).text(),
        "reads-references": of(READS_REFERENCES).text(),
        "reads-neighbours": of(READS_NEIGHBOURS.format(places=places)).text(),
        "forges": of(FORGES).text(),
        "forks": of(FORKS).text(),
        "eats-memory": of(EATS).text(),
        "prints": of(LAWS + "\n\nfor _ in range(300):\n    print('x' * 1_000_000)").text(),
        "fills-the-disk": of(LAWS + "\n\ntry:\n    f = open('x', 'wb')\n    while True:\n        "
                             "f.write(bytes(1 << 20))\nexcept OSError:\n    pass").text(),
        "recurses": of(function("return bits_needed(t, R, r)")).text(),
        "crashes": of(function("import ctypes; ctypes.string_at(0)")).text(),
        "nested": of(NESTED).text(),
        "pickles": of(PICKLES).text(),
        "huge-answer": of(function("return np.zeros(100_000_000), 0.0")).text(),
        "waits-for-input": of(function("return float(input()), 0.0")).text(),
        "changes-its-input": of(CHANGES).text(),
        "deletes-checks": mangled(without_checks),
        "edits-checks": mangled(with_other_checks, function("return 0, 0")),
        "stub-after-answer": doubled(
            of(), LAWS, Student(book).places["02-2"].answer[0].source).text(),
        "wrong-after-right": doubled(of(), LAWS, function("return 0.0, 0.0")).text(),
        "moves": mangled(moved),
        "colab": without_metadata(of()),
        "no-cell": mangled(without_answer),
        "in-markdown": mangled(as_markdown),
        "helper-above": mangled(helped(0)),
        "helper-elsewhere": mangled(helped(-1)),
        "pip-line": of("%pip install -q numpy\n!ls\n" + LAWS).text(),
        "format-3": of_format_3(of()),
        "bom": b"\xef\xbb\xbf" + right.encode(),
        "utf-16": right.encode("utf-16"),
        "windows": of(told(LAWS)).text().encode("cp1252"),
        "empty": b"",
        "cut": right[: len(right) // 2],
        "no-notebook": "<html>Sign in to download</html>",
        "odd-json": json.dumps({"cells": [1, None, {"cell_type": "code"}]}),
        "another-book": json.dumps({"cells": [{"cell_type": "code", "source": "1 + 1"}]}),
    }  # fmt: skip
    for name, content in files.items():
        data = content.encode() if isinstance(content, str) else content
        (folder / f"{name}.ipynb").write_bytes(data)
    (folder / "python-file.py").write_text(f"{Student(book).places['02-2'].data[0].source}\n{LAWS}"
                                           f"\nimport torch\n{LOVED}")  # fmt: skip
    bulk = {
        "zip-in-zip_31_41_work.zip": zipped({"hand-in/02-single-neurons.ipynb": right}),
        "doejohn_LATE_17_23_02-single-neurons-1.ipynb": right,
        "Doe, Jane_99_assignsubmission_file_/02-single-neurons.ipynb": right,
        "../../etc_5_6_x.ipynb": right,
        "__MACOSX/._x.ipynb": b"\0",
        "notes.pdf": b"%PDF",
    }
    (folder / "submissions.zip").write_bytes(zipped(bulk))
    (folder / "broken.zip").write_bytes(b"PK\x03\x04 and no more")
    for place, laws in (("a", LAWS), ("b", function("return 0, 0"))):
        path = folder / "two-files" / "02" / f"{place}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(of(laws).text())


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """The graded class: records by student, the folder, the plan, what came to the server."""
    if why := sandbox.refusal():
        pytest.skip(why)
    place = tmp_path_factory.mktemp("class")
    book = small_book(place / "book")
    submitted, out = place / "submitted", place / "graded"
    submitted.mkdir()
    outside = tmp_path_factory.mktemp("outside")
    before = {path.name for path in (place, outside, submitted) for path in path.iterdir()}
    with listening() as (port, came):
        written(book, submitted, port, [str(p) for p in (outside, submitted, place, "/tmp")])
        plan = run.Plan(book, SEED, limits=LIMITS, jobs=2)
        records = run.grade(submitted, out, plan)
    chosen = {record["student"]: record for record in report.counted(records)}
    return {
        "records": records, "chosen": chosen, "submitted": submitted, "out": out, "plan": plan,
        "came": came, "outside": outside, "before": before, "place": place,
    }  # fmt: skip


@pytest.mark.parametrize("student", EXPECTED)
def test_a_submission_gets_exactly_its_marks(graded, student):
    laws, loved, _ = EXPECTED[student]
    record = graded["chosen"][student]
    marks = [exercise["points"] for exercise in record["exercises"]]
    assert marks == ([] if laws is None else [laws, loved]), json.dumps(record, indent=1)


@pytest.mark.parametrize("student", [name for name, (_, _, flag) in EXPECTED.items() if flag])
def test_what_is_odd_is_flagged_for_a_person(graded, student):
    flags = report.every_flag(graded["chosen"][student])
    assert any(EXPECTED[student][2] in flag for flag in flags), flags


@pytest.mark.parametrize("student", [name for name, (_, _, flag) in EXPECTED.items() if not flag])
def test_what_is_ordinary_is_not_flagged(graded, student):
    """Or the list of those to look at is of no use to anybody."""
    assert report.every_flag(graded["chosen"][student]) == []


def test_nobody_is_missing_and_nobody_is_made_up(graded):
    assert set(graded["chosen"]) == set(EXPECTED)
    passed = (graded["out"] / "passed-over.txt").read_text()
    assert "notes.pdf: no notebook" in passed
    assert "broken.zip: no archive that can be read" in passed


def test_no_submission_wrote_outside_its_sandbox_or_reached_the_network(graded):
    assert graded["came"] == []
    assert list(graded["outside"].iterdir()) == []
    assert not list(graded["place"].rglob("was-here*"))


def test_messages_say_why(graded):
    """A loop, an exit, a syntax error: the student is told which."""

    def message(student):
        return graded["chosen"][student]["exercises"][0]["checks"][0]["message"]

    assert "wanted an end within 3 s" in message("loops")
    assert "the process ended itself" in message("exits")
    assert "SyntaxError" in message("syntax")
    assert "divide r by s" in message("partly")
    assert "the same comes out for every input" in message("lying")
    assert "at the ceiling" not in message("exits-at-the-ceiling")


def test_graded_again_nothing_is_run_again_and_the_marks_are_the_same(graded, monkeypatch):
    monkeypatch.setattr(run, "_in_parallel", lambda *_: pytest.fail("graded anew"))
    again = run.grade(graded["submitted"], graded["out"], graded["plan"])
    assert again == graded["records"]
