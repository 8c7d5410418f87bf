"""Whose file it is, and what is in it, whatever the folder, the archive and the encoding."""

import json

import pytest
from classes import zipped

from helpers.coursework.grading.submissions import Submission, cells, collected

BOOK = json.dumps({"cells": [{"cell_type": "code", "source": ["1 +\n", "1"], "metadata": {}}]})
OLD = json.dumps({"worksheets": [{"cells": [{"cell_type": "code", "input": "1 +\n1"}]}]})


@pytest.mark.parametrize(
    ("file", "student"),
    [
        ("ann.ipynb", "ann"),
        ("ann-23.ipynb", "ann-23"),
        ("s_02.ipynb", "s_02"),
        ("02-single-neurons_ann.ipynb", "ann"),
        ("ann 02-single-neurons.ipynb", "ann"),
        ("02-single-neurons.ipynb", "02-single-neurons"),
        ("ann/02-single-neurons/02-single-neurons.ipynb", "ann"),
        ("Ann B_17_assignsubmission_file_/02.ipynb", "Ann B"),
        ("Ann B_17_assignsubmission_file_02.ipynb", "Ann B"),
        ("bann_LATE_17_4711_02-single-neurons-1.ipynb", "bann"),
        ("Änne Ö.ipynb", "Änne Ö"),
    ],
)
def test_a_file_belongs_to_its_student(tmp_path, file, student):
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(BOOK)
    found, passed = collected(tmp_path)
    assert ([s.student for s in found], passed) == ([student], [])


def test_numbered_students_are_not_taken_for_one(tmp_path):
    """Two names that differ in their number only are two people."""
    for number in ("01", "02", "03"):
        (tmp_path / f"s-{number}.ipynb").write_text(BOOK)
    assert [s.student for s in collected(tmp_path)[0]] == ["s-01", "s-02", "s-03"]


def test_archives_in_archives_are_opened_and_a_students_own_archive_names_the_student(tmp_path):
    inner = zipped({"x/02-single-neurons.ipynb": BOOK, "x/.ipynb_checkpoints/a.ipynb": BOOK})
    bulk = {"ann_1_2_work.zip": inner, "bob_3_4_b.ipynb": BOOK, "readme.txt": "hello"}
    (tmp_path / "class.zip").write_bytes(zipped(bulk))
    (tmp_path / "cem.zip").write_bytes(zipped({"02-single-neurons.ipynb": BOOK}))
    found, passed = collected(tmp_path)
    assert [s.student for s in found] == ["ann", "bob", "cem"]
    assert passed == ["readme.txt: no notebook"]


def test_archives_without_end_are_given_up(tmp_path):
    deep = zipped({"a.ipynb": BOOK})
    for _ in range(6):
        deep = zipped({"ann_1_2_more.zip": deep})
    (tmp_path / "deep.zip").write_bytes(deep)
    found, passed = collected(tmp_path)
    assert found == []
    assert "archives in each other" in passed[0]


@pytest.mark.parametrize(
    ("data", "flag"),
    [
        (BOOK.encode(), None),
        (b"\xef\xbb\xbf" + BOOK.encode(), None),
        (BOOK.encode("utf-16"), "UTF-16"),
        (BOOK.replace("1 +", "# caf\xe9\\n1 +").encode("cp1252"), "no Unicode encoding"),
        (OLD.encode(), "format 3"),
    ],
)
def test_a_notebook_is_read_in_any_encoding_and_format(data, flag):
    found, flags = cells(Submission("ann", "ann.ipynb", data))
    assert found[0].kind == "code"
    assert found[0].source.endswith("1 +\n1")
    assert (not flags) if flag is None else flag in flags[0]


@pytest.mark.parametrize("data", [b"", b"  \n", b"{", b"[]", b"null", b'{"cells": 3}', b"\x00" * 9])
def test_what_is_no_notebook_is_said_to_be_none(data):
    found, flags = cells(Submission("ann", "ann.ipynb", data))
    assert found == []
    assert "ask the student for another" in flags[0]
