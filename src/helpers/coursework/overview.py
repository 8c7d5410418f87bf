"""A table of the exercises, read from the chapters themselves: nothing is typed twice."""

import json
import re
from pathlib import Path

import pandas as pd

# "*Objective:* find out … *10 minutes, easy, 2 points.*", below a heading "### 1. Fit anything".
EXERCISE = re.compile(
    r"^### (?P<number>\d+)\. (?P<title>.+?)$\s+\*Objective:\*\s+(?P<objective>.+?)\.\s+"
    r"\*(?P<minutes>\d+) minutes,\s+(?P<kind>\w+),\s+(?P<points>\d+) points\.\*",
    re.M | re.S,
)


def exercise_table(book: Path) -> pd.DataFrame:
    """One row for each exercise: chapter, exercise, objective, minutes, kind, points.

    book: the clone. kind is easy, medium, hard, or judgement, which a person reads.
    """
    rows = []
    for path in sorted((Path(book) / "notebooks").glob("[0-9][0-9]-*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        text = "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
        for found in EXERCISE.finditer(text):
            rows.append({
                "chapter": path.name[:2],
                "exercise": f"{found['number']}. {found['title']}",
                "objective": " ".join(found["objective"].split()),
                "minutes": int(found["minutes"]),
                "kind": found["kind"],
                "points": int(found["points"]),
            })  # fmt: skip
    return pd.DataFrame(rows)


def chapter_table(book: Path) -> pd.DataFrame:
    """One row for each chapter: its question, how many exercises, their minutes and points."""
    table, rows = exercise_table(book), []
    for path in sorted((Path(book) / "notebooks").glob("[0-9][0-9]-*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        title = "".join(cells[0]["source"]).splitlines()[0].removeprefix("# ")
        mine = table[table["chapter"] == path.name[:2]]
        rows.append({
            "chapter": f"{path.name[:2]} {title}",
            "exercises": len(mine),
            "minutes for them": int(mine["minutes"].sum()),
            "points": int(mine["points"].sum()),
            "of these read by a person": int(mine[mine["kind"] == "judgement"]["points"].sum()),
        })  # fmt: skip
    return pd.DataFrame(rows)
