"""`python -m helpers.coursework release | grade FOLDER | report FOLDER`.

The page "Teach with this book" says how they go together.
"""

import argparse
import sys
from pathlib import Path

BOOK = Path(__file__).resolve().parents[3]


def main(arguments=None) -> int:
    """Run one of the commands; returns the exit status."""
    asked = _parser().parse_args(arguments)
    try:
        return COMMANDS[asked.command](asked)
    except ModuleNotFoundError as error:
        if error.name not in ("nbgrader", "nbformat"):
            raise
        told = "wanted nbgrader, received none: run make env in a clone, or pip install"
        print(f"{told} 'is-the-dog-already-there[coursework]'", file=sys.stderr)
    except (ValueError, FileNotFoundError) as error:
        print(error, file=sys.stderr)
    return 2


def _release(asked) -> int:
    from helpers.coursework.release import write_course

    for path in write_course(asked.book, asked.out, asked.chapters):
        print(path)
    return 0


def _grade(asked) -> int:
    from helpers.coursework.grading import report, run, sandbox

    if not asked.folder.is_dir():
        raise FileNotFoundError(f"wanted a folder of submissions, received {asked.folder}")
    if not asked.unsafe and (why := sandbox.refusal()):
        raise ValueError(why)
    if asked.unsafe:
        print("UNSAFE: the students' code runs as you, with your files and your network.",
              file=sys.stderr)  # fmt: skip
    limits = sandbox.Limits(seconds=asked.seconds, attempt=asked.total)
    plan = run.Plan(
        asked.book, asked.fresh, asked.private, limits, asked.unsafe, asked.jobs, asked.dask
    )
    out = asked.out or _beside(asked.folder)
    records = run.grade(asked.folder, out, plan)
    report.write_manual(out, records)
    print(report.summary(out, records))
    return 0


def _report(asked) -> int:
    from helpers.coursework.grading import report, run

    out = asked.out or _beside(asked.folder)
    records = run.records(out)
    if not records:
        raise FileNotFoundError(f"wanted the records of grade in {out}, received none: grade first")
    for path in report.write(out, records, asked.canvas):
        print(path)
    return 0


def _predictions(asked) -> int:
    from helpers.coursework import predictions

    print(predictions.told(asked.folder))
    return 0


COMMANDS = {"release": _release, "grade": _grade, "report": _report, "predictions": _predictions}


def _beside(folder: Path) -> Path:
    folder = folder.resolve()
    return folder.with_name(f"{folder.name}-graded")


def _parser():
    parser = argparse.ArgumentParser(prog="python -m helpers.coursework", description=__doc__)
    parser.add_argument("--book", type=Path, default=BOOK, help="the clone (default: this one)")
    commands = parser.add_subparsers(dest="command", required=True)
    release = commands.add_parser("release", help="write what is handed out, as nbgrader's folders")
    release.add_argument("chapters", nargs="*", help="02 03 …; all without")
    release.add_argument("--out", type=Path, default=Path("course"))
    grade = commands.add_parser("grade", help="grade a folder of submissions in a sandbox")
    grade.add_argument("folder", type=Path, help="nbgrader's folders, an LMS's zip, loose files")
    grade.add_argument(
        "--fresh", type=int, default=0, help="the class's seed (default: drawn once)"
    )
    grade.add_argument("--private", type=Path, help="a folder with your own hidden checks, chNN.py")
    grade.add_argument("--jobs", type=int, default=-1, help="workers (default: one a core)")
    grade.add_argument("--dask", default="", help="a Dask scheduler's address, for a cluster")
    grade.add_argument("--seconds", type=float, default=20, help="for one cell or call")
    grade.add_argument("--total", type=float, default=120, help="seconds for one exercise")
    grade.add_argument("--unsafe", action="store_true", help="without a sandbox: never on a machine"
                       " that holds anything of worth")  # fmt: skip
    report = commands.add_parser("report", help="write marks, Canvas, Gradescope and feedback")
    report.add_argument("folder", type=Path, help="the folder that was graded")
    report.add_argument("--canvas", type=Path, help="Canvas's exported gradebook, to be filled in")
    told = commands.add_parser(
        "predictions", help="sum up what students predicted, from their files"
    )
    told.add_argument("folder", type=Path, help="the files that they have saved")
    for command in (grade, report):
        command.add_argument("--out", type=Path, help="the results (default: FOLDER-graded)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
