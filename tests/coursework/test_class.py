"""A class on several workers, a worker that dies, the reports, and what an instructor is told."""

import csv
import json
import os
import re
import shutil
import signal
from pathlib import Path

import pytest
from classes import LAWS, Student, function, small_book

from helpers.coursework import __main__ as command
from helpers.coursework.grading import marking, report, run, sandbox

PRIVATE = """
from helpers.coursework import equal
from helpers.coursework.exercises.ch02 import a_sample_of_neurons, gaussian_bits

CHECKS = {"02-2": [equal("SECRET-CHECK", gaussian_bits, a_sample_of_neurons, part=0, points=4)]}
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A book of two exercises and six students: three right, two wrong, one with nothing."""
    if why := sandbox.refusal():
        pytest.skip(why)
    folder = tmp_path_factory.mktemp("class")
    book = small_book(folder / "book")
    (folder / "submitted").mkdir()
    wrong = LAWS.replace("norm.sf(r / s)", "norm.sf(r)")
    answers = {"ann": LAWS, "bea": wrong, "cem": LAWS, "dan": function("return 0, 0"), "eve": LAWS}
    for name, laws in answers.items():
        text = Student(book).answer(laws, words=f"{name} says so.").text()
        (folder / "submitted" / f"{name}.ipynb").write_text(text)
    (folder / "submitted" / "fay.ipynb").write_text(Student(book).text())
    return folder


@pytest.fixture(scope="module")
def plan(place):
    return run.Plan(place / "book", fresh=7, jobs=2)


@pytest.fixture(scope="module")
def serial(place, plan):
    """The records of one worker."""
    one = run.Plan(**{**vars(plan), "jobs": 1})
    return run.grade(place / "submitted", place / "serial", one)


def what_counts(records):
    """The records without the seconds they took and what they were made from."""
    passed = ("seconds", "key")
    return [{k: v for k, v in record.items() if k not in passed} for record in records]


def marks_of(records):
    return {r["student"]: [e["points"] for e in r["exercises"]] for r in records}


def workers() -> list[int]:
    """The process ids of joblib's workers that this process has started."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            number, rest = path.read_text().split(" (", 1)
            parent = int(rest.rpartition(")")[2].split()[1])
            words = (path.parent / "cmdline").read_text()
        except OSError:
            continue
        if parent == os.getpid() and "LokyProcess" in words:
            found.append(int(number))
    return found


def test_a_worker_that_dies_midway_costs_no_mark(place, plan, serial, monkeypatch):
    """After the first record one of two workers is killed: all six come, each once, the same."""
    found, _ = run.collected(place / "submitted")
    records, killed = [], []
    for record in run._graded(found, plan):
        records.append(record)
        if not killed:
            killed += workers()[:1]
            os.kill(killed[0], signal.SIGKILL)
    assert killed
    records.sort(key=lambda record: record["student"])
    assert what_counts(records) == what_counts(serial)


def test_a_run_that_was_stopped_goes_on_where_it_was(place, plan, serial, monkeypatch):
    """With two records of six gone, two are graded again, and all are as before."""
    out = place / "resumed"
    shutil.copytree(place / "serial", out)
    for path in sorted((out / "records").glob("*.json"))[:2]:
        path.unlink()
    (out / "records" / "cut.json.part").write_text("{")
    asked, real = [], run._in_parallel
    monkeypatch.setattr(run, "_in_parallel", lambda todo, p: asked.extend(todo) or real(todo, p))
    again = run.grade(place / "submitted", out, run.Plan(**{**vars(plan), "jobs": 1}))
    assert len(asked) == 2
    assert what_counts(again) == what_counts(serial)


@pytest.mark.slow
def test_a_dask_cluster_gives_the_same_marks(place, plan, serial):
    from dask.distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        on_cluster = run.Plan(**{**vars(plan), "dask": cluster.scheduler_address})
        records = run.grade(place / "submitted", place / "dask", on_cluster)
    assert what_counts(records) == what_counts(serial)


def test_a_failure_of_the_machine_costs_no_mark_but_is_flagged_and_graded_again(
    place, plan, serial, tmp_path, monkeypatch
):
    """The sandbox does not start for one exercise: the other keeps its points, and a second run
    repairs the first."""
    (tmp_path / "in").mkdir()
    shutil.copy(place / "submitted" / "ann.ipynb", tmp_path / "in")
    real, one = sandbox.Sandbox.attempt, run.Plan(**{**vars(plan), "jobs": 1})
    started = []

    def attempt(self):
        started.append(self)
        if len(started) == 1:
            raise sandbox.CannotStart("no memory left")
        return real(self)

    monkeypatch.setattr(sandbox.Sandbox, "attempt", attempt)
    (record,) = run.grade(tmp_path / "in", tmp_path / "out", one)
    assert marks_of([record]) == {"ann": [0, 2]}
    assert "02-2: grading stopped (CannotStart: no memory left)" in report.every_flag(record)[0]
    again = run.grade(tmp_path / "in", tmp_path / "out", one)
    assert marks_of(again) == {"ann": [3, 2]}


def test_the_seed_is_drawn_once_for_a_class_and_written_down(tmp_path, plan):
    fresh = run.Plan(plan.book)
    first, second = run._seeded(tmp_path, fresh), run._seeded(tmp_path, fresh)
    assert first.fresh == second.fresh > 0
    assert json.loads((tmp_path / "run.json").read_text())["fresh"] == first.fresh
    assert run._seeded(tmp_path, run.Plan(plan.book, fresh=5)).fresh == 5


def test_private_checks_are_merged_and_stay_private(place, plan, serial, tmp_path):
    """Their points count; neither feedback nor Gradescope has a word of them."""
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "ch02.py").write_text(PRIVATE)
    (tmp_path / "submitted").mkdir()
    for name in ("ann", "bea"):
        shutil.copy(place / "submitted" / f"{name}.ipynb", tmp_path / "submitted")
    secret = run.Plan(**{**vars(plan), "private": tmp_path / "private", "jobs": 1})
    records = run.grade(tmp_path / "submitted", tmp_path / "graded", secret)
    assert marks_of(records) == {"ann": [7, 2], "bea": [2, 2]}
    report.write(tmp_path / "graded", records)
    shown = [
        p for name in ("feedback", "gradescope") for p in (tmp_path / "graded" / name).iterdir()
    ]
    assert len(shown) == 4
    assert all("SECRET-CHECK" not in path.read_text() for path in shown)
    assert all("further checks" in path.read_text() for path in shown)


def test_private_checks_of_no_exercise_are_refused(tmp_path, plan):
    (tmp_path / "ch02.py").write_text(PRIVATE.replace("02-2", "02-77"))
    with pytest.raises(ValueError, match="received \\['02-77'\\]"):
        run.course(run.Plan(**{**vars(plan), "private": tmp_path}))


def test_reports_add_what_people_have_read(place, serial, tmp_path):
    """manual.csv keeps what is filled in; marks, Canvas and Gradescope then hold the sums."""
    out = tmp_path / "graded"
    shutil.copytree(place / "serial", out)
    report.write_manual(out, serial)
    text = (out / "manual.csv").read_text()
    assert "ann says so." in text
    assert "fay" not in text  # nothing written, nothing to read
    (out / "manual.csv").write_text(text.replace("ann,02,02-6,,3,,", 'ann,02,02-6,"2,5",3,Good,'))
    report.write_manual(out, serial)
    export = tmp_path / "canvas.csv"
    export.write_text(
        "Student,ID,SIS User ID,SIS Login ID,Section\nPoints Possible,,,,\nAnn A,41,s1,ANN,x\n"
    )
    report.write(out, serial, export)
    with (out / "marks.csv").open() as stream:
        marks = {row["student_id"]: row for row in csv.DictReader(stream)}
    assert float(marks["ann"]["score"]) == 3 + 2 + 2.5
    assert {float(row["max_score"]) for row in marks.values()} == {8.0}
    assert float(marks["bea"]["score"]) == 2 + 2
    with (out / "canvas.csv").open() as stream:
        canvas = {row["Student"]: row for row in csv.DictReader(stream)}
    assert (canvas["Ann A"]["ID"], canvas["Ann A"]["Chapter 02"]) == ("41", "7.5")
    results = json.loads((out / "gradescope" / "ann-02.json").read_text())
    assert results["score"] == sum(test["score"] for test in results["tests"]) == 7.5
    page = (out / "feedback" / "bea-02.html").read_text()
    assert "divide r by s" in page
    assert "3 points are still to be read by a person" in page


def test_rubrics_lie_beside_the_written_answers_and_odd_points_are_named(place, serial, tmp_path):
    """Points above the most, or no number at all: the line that has to be mended is said."""
    report.write_manual(tmp_path, serial)
    text = (tmp_path / "rubrics.txt").read_text()
    assert text.startswith(
        "02-6 Is the best neuron's picture a digit?, 3 points\n  1: random labels"
    )
    listed = (tmp_path / "manual.csv").read_text()
    for odd in ("2 of 3", "4", "-1", "nan"):
        (tmp_path / "manual.csv").write_text(
            listed.replace("ann,02,02-6,,3,,", f"ann,02,02-6,{odd},3,,")
        )
        with pytest.raises(ValueError, match=f"from 0 to 3 for ann, 02-6, .* received '{odd}'"):
            report.write(tmp_path, serial)


def test_the_summary_says_what_happened_and_what_to_do(place, serial):
    text = report.summary(place / "serial", serial)
    assert text.startswith("6 files of 6 students.")
    assert "Chapter 02: 6 students, 3.5 of 5 points on average." in text
    assert "02-2 Fit both laws, and extrapolate: 3 right, 1 partly right, 1 wrong, 1 open" in text
    assert "5 students have written answers that wait" in text
    assert "to look at" not in text


def test_without_bubblewrap_grading_is_refused_unless_told(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sandbox.shutil, "which", lambda name: None)
    (tmp_path / "in").mkdir()
    assert command.main(["grade", str(tmp_path / "in")]) == 2
    told = capsys.readouterr().err
    assert "wanted bubblewrap" in told
    assert "--unsafe" in told


def test_unsafe_grades_in_a_plain_process_and_says_so(place, serial, tmp_path, capsys):
    (tmp_path / "in").mkdir()
    shutil.copy(place / "submitted" / "bea.ipynb", tmp_path / "in")
    asked = ["--book", str(place / "book"), "grade", str(tmp_path / "in"), "--unsafe"]
    assert command.main([*asked, "--jobs", "1", "--fresh", "7"]) == 0
    assert "UNSAFE" in capsys.readouterr().err
    assert marks_of(run.records(tmp_path / "in-graded")) == {"bea": [2, 2]}
    assert command.main(["report", str(tmp_path / "in")]) == 0
    assert "marks.csv" in capsys.readouterr().out


def test_a_folder_that_is_not_there_is_asked_for(tmp_path, capsys):
    assert command.main(["grade", str(tmp_path / "none")]) == 2
    assert "wanted a folder of submissions" in capsys.readouterr().err
    assert command.main(["report", str(tmp_path)]) == 2
    assert "grade first" in capsys.readouterr().err


def test_a_forbidden_function_is_noticed_in_the_sandbox():
    """Under another name too; and the check says what is to be built."""
    from helpers.coursework import Exercise, equal
    from helpers.coursework.grading.matching import Found

    if why := sandbox.refusal():
        pytest.skip(why)
    exercise = Exercise(
        "02-9", "Sum", ["total"],
        [equal("the sum", lambda x: x.sum(), lambda rng: (rng.normal(size=3),))],
        forbidden=["helpers.yardstick.correlations"],
    )  # fmt: skip
    source = (
        "import torch\nimport helpers.yardstick as y\nhidden = getattr(y, 'correl' + 'ations')\n"
        "def total(x):\n    hidden(torch.ones(3, 1).normal_(), torch.tensor([[1.], [2], [4]]))\n"
        "    return x.sum()"
    )
    course = marking.Course({}, 1)
    with sandbox.Sandbox(course.limits) as box:
        found = marking._tried(exercise, Found([[source], [source]]), box, course)
    assert found["points"] == 0
    assert re.search("received a call of correlations", found["checks"][0]["message"])


@pytest.mark.parametrize(
    ("source", "flagged"),
    [
        ("def correlations_of(x):\n    'No correlations.'\n    return x  # correlations", ""),
        ("def total(x):\n    return y.correlations(x)", "correlations"),
        ("from helpers.yardstick import correlations as c", "correlations"),
        ("f = getattr(y, 'correlations')", "correlations"),
        ("%matplotlib inline\ncorrelations(x)", "correlations"),
        ("def ridge(x):\n    return x", ""),
    ],
)
def test_an_answer_is_looked_at_for_its_code_not_for_its_words(source, flagged):
    """Nor for its own name: the notebook's stub is no reason to look at everybody."""
    from helpers.coursework import Exercise
    from helpers.coursework.grading.matching import Found

    names = ["helpers.yardstick.correlations", "helpers.yardstick.ridge"]
    exercise = Exercise("02-9", "Sum", ["ridge"], [], forbidden=names)
    assert marking._named(exercise, Found([[source], [source]])) == flagged


@pytest.mark.slow
def test_nbgrader_itself_agrees_on_well_formed_submissions(place, serial, tmp_path):
    """The same five notebooks, released and graded by nbgrader 0.9 as it comes."""
    import subprocess
    import sys

    course, name = tmp_path / "course", "02-single-neurons"
    for folder in ("source", *(f"submitted/{s}" for s in ("ann", "bea", "cem", "dan", "fay"))):
        (course / folder / name).mkdir(parents=True)
    shutil.copy(place / "book" / "notebooks" / f"{name}.ipynb", course / "source" / name)
    (course / "nbgrader_config.py").write_text(
        "c = get_config()\nc.ExecutePreprocessor.timeout = 300\n"
    )
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}

    def nbgrader(*words):
        done = subprocess.run(
            [sys.executable, "-m", "nbgrader", *words], cwd=course, env=environment,
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]

    nbgrader("generate_assignment", name)
    for student in ("ann", "bea", "cem", "dan", "fay"):
        source = place / "submitted" / f"{student}.ipynb"
        shutil.copy(source, course / "submitted" / student / name / f"{name}.ipynb")
    nbgrader("autograde", name)
    nbgrader("export", "--to", "marks.csv")
    with (course / "marks.csv").open() as stream:
        theirs = {row["student_id"]: float(row["raw_score"]) for row in csv.DictReader(stream)}
    ours = {student: sum(points) for student, points in marks_of(serial).items()}
    assert theirs == {student: ours[student] for student in theirs}
    assert len(theirs) == 5
