"""The page "Teach with this book": its commands are run as they stand there."""

import csv
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from trials import ROOT

from helpers.coursework import __main__ as command
from helpers.coursework import exercises_of, overview
from helpers.coursework.chapters import sections
from helpers.coursework.grading import marking, sandbox

PAGE = (ROOT / "book" / "teach.md").read_text()
BLOCKS = re.findall(r"```bash\n(.*?)```", PAGE, re.S)


def test_every_command_of_the_page_is_one_that_there_is():
    lines = [line for block in BLOCKS for line in block.splitlines()]
    ours = [shlex.split(line)[3:] for line in lines if "helpers.coursework" in line]
    assert {words[0] for words in ours} == set(command.COMMANDS)
    for words in ours:
        assert command._parser().parse_args(words).command == words[0]
    options = set(re.findall(r"`(--\w+)", PAGE))
    known = {option for option in re.findall(r"--\w+", command_help())}
    assert options <= known, options - known


def command_help() -> str:
    parser = command._parser()
    action = next(a for a in parser._actions if a.dest == "command")
    return parser.format_help() + "".join(p.format_help() for p in action.choices.values())


def test_the_private_checks_of_the_page_are_checks(tmp_path):
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    (tmp_path / "ch02.py").write_text(code)
    checks, digest = marking.private_checks(tmp_path)
    assert [check.name for check in checks["02-2"]] == ["more neurons"]
    assert digest


def test_the_tables_hold_every_exercise_with_its_points():
    """Read from the headings, they agree with what the checks and nbgrader's cells give."""
    table = overview.exercise_table(ROOT)
    for path in sorted((ROOT / "notebooks").glob("[0-9][0-9]-*.ipynb")):
        book = nbformat.read(path, as_version=4)
        mine = table[table["chapter"] == path.name[:2]]
        graded = [c.metadata.nbgrader for c in book.cells if "nbgrader" in c.metadata]
        assert mine["points"].sum() == sum(cell.get("points", 0) for cell in graded), path.name
        if sections(book):
            assert len(mine) == len(exercises_of(path.name[:2]))
    chapters = overview.chapter_table(ROOT)
    assert chapters["points"].sum() == table["points"].sum()


@pytest.mark.slow
def test_the_page_leads_from_release_to_marks(tmp_path):
    """In a clone of what is committed: nbgrader in its ten lines, then grade and report."""
    if why := sandbox.refusal():
        pytest.skip(why)
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
    environment = os.environ | {
        "PYTHONPATH": str(clone / "src"),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }

    def run(lines, folder):
        script = "set -e\n" + "\n".join(lines)
        done = subprocess.run(
            ["bash", "-c", script], cwd=folder, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    (solved,) = (clone / "notebooks").glob("02-*.ipynb")
    (clone / "ann.ipynb").write_bytes(solved.read_bytes())
    (block,) = [block for block in BLOCKS if "nbgrader" in block]
    assert len(block.splitlines()) <= 10
    run([line for line in block.splitlines() if "activate" not in line], clone)
    with (clone / "course" / "grades.csv").open() as stream:
        (row,) = csv.DictReader(stream)
    points = sum(e.points for e in exercises_of("02") if hasattr(e, "checks"))
    assert float(row["raw_score"]) == points
    for name, words in (("grade", "1 students, "), ("report", "marks.csv")):
        (line,) = [b for b in BLOCKS if f"helpers.coursework {name} " in b and b[-1] == "\n"][:1]
        assert words in run([line.strip()], clone / "course")
    with (clone / "course" / "submitted-graded" / "marks.csv").open() as stream:
        (row,) = csv.DictReader(stream)
    assert (row["student_id"], float(row["raw_score"])) == ("ann", points)
