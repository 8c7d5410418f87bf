"""Grading a class against nbgrader, one after the other on the same machine: a ratio of times.

`python benchmarks/grading.py --students 100 --jobs 2 --sample 10` makes a class for chapter 02
(solved, partly right and open notebooks in turn), grades it with `python -m helpers.coursework
grade` and report, and the first ten with nbgrader's autograde and export, which run whole chapters
one after the other; nbgrader's seconds are scaled up to the class, and the table says so. Marks are
compared on the sample. Take final numbers on an idle machine. It needs bubblewrap and a clone
without changes in src/. `--save` stores the table with the book's other results.
"""

import argparse
import csv
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
import pandas as pd

from helpers import results
from helpers.coursework.chapters import sections
from helpers.coursework.release import write_course

ROOT = Path(__file__).resolve().parents[1]
NAME = "02-single-neurons"


def main():
    """Print, and store if asked, seconds of both, their ratio, and whether the marks agree."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--students", type=int, default=100)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--sample", type=int, default=0, help="how many nbgrader grades (0: all)")
    parser.add_argument("--save", action="store_true", help="replace the stored table")
    asked = parser.parse_args()
    sample = min(asked.sample or asked.students, asked.students)
    with tempfile.TemporaryDirectory() as place:
        course, theirs = Path(place) / "course", Path(place) / "theirs"
        write_course(ROOT, course, ["02"])
        shutil.copytree(course, theirs)
        submit(course, asked.students)
        submit(theirs, sample)
        mine = seconds(course, "helpers.coursework", "grade", "submitted", "--jobs", asked.jobs)
        mine += seconds(course, "helpers.coursework", "report", "submitted")
        seconds(theirs, "nbgrader", "generate_assignment", NAME, "--force")
        other = seconds(theirs, "nbgrader", "autograde", NAME)
        other += seconds(theirs, "nbgrader", "export", "--to", "nbgrader.csv")
        wanted = marks(theirs / "nbgrader.csv")
        received = marks(course / "submitted-graded" / "marks.csv")
        same = wanted == {student: received.get(student) for student in wanted}
    whole = other * asked.students / sample
    frame = pd.DataFrame([
        {"grader": "this book's", "submissions": asked.students, "run": asked.students,
         "workers": asked.jobs, "seconds": mine, "seconds_for_class": mine, "ratio": 1.0,
         "marks_agree": same},
        {"grader": "nbgrader, one after the other", "submissions": asked.students, "run": sample,
         "workers": 1, "seconds": other, "seconds_for_class": whole, "ratio": whole / mine,
         "marks_agree": same},
    ])  # fmt: skip
    print(frame.to_string(index=False, float_format="{:.1f}".format))
    if asked.save:
        command = f"python benchmarks/grading.py --students {asked.students} --jobs {asked.jobs}"
        results.save("grading-benchmark", frame, command=f"{command} --sample {sample} --save",
                     cores=os.cpu_count(), load=round(os.getloadavg()[2], 1))  # fmt: skip


def submit(course: Path, count: int):
    """Write `count` submissions: solved, with one law wrong, and with only the first exercise."""
    solved = nbformat.read(course / "source" / NAME / f"{NAME}.ipynb", as_version=4)
    answers = {key: section.answer[0].source for key, section in sections(solved).items()}
    for number in range(count):
        book = nbformat.read(course / "release" / NAME / f"{NAME}.ipynb", as_version=4)
        for place, (key, section) in enumerate(sections(book).items()):
            if number % 3 < 2 or place == 0:
                source = answers[key]
                section.answer[0].source = (
                    source.replace("norm.sf(r / s)", "norm.sf(r)") if number % 3 == 1 else source
                )
        folder = course / "submitted" / f"student-{number:03d}" / NAME
        folder.mkdir(parents=True)
        nbformat.write(book, folder / f"{NAME}.ipynb")


def seconds(folder: Path, *words) -> float:
    """Wall time of `python -m` words; an error stops the benchmark."""
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT / "src"),
    }
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", *map(str, words)], cwd=folder, env=environment, check=True,
        capture_output=True,
    )  # fmt: skip
    return time.perf_counter() - began


def marks(path: Path) -> dict:
    with path.open() as stream:
        return {row["student_id"]: float(row["raw_score"]) for row in csv.DictReader(stream)}


if __name__ == "__main__":
    main()
