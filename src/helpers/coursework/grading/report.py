"""What an instructor makes of the records: marks, tables for other systems, feedback, a summary."""

import csv
import io
import json
import math
from collections import Counter, defaultdict
from html import escape
from pathlib import Path

from helpers.coursework.student import find

NBGRADER = [
    "assignment",
    "student_id",
    "raw_score",
    "late_submission_penalty",
    "score",
    "max_score",
]
MANUAL = ["student", "chapter", "exercise", "points", "of", "comment", "answer"]
STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem}"
    "li{margin:.3rem 0}pre{white-space:pre-wrap}"
)


def read_manual(out: Path) -> dict:
    """(student, exercise) -> row of manual.csv, which people fill in."""
    path = out / "manual.csv"
    if not path.exists():
        return {}
    with path.open(newline="", encoding="utf-8-sig") as stream:
        return {(row["student"], row["exercise"]): row for row in csv.DictReader(stream)}


def write_manual(out: Path, records: list[dict]):
    """List the written answers in manual.csv; points and comments that are there stay."""
    known, rows = read_manual(out), []
    for record in counted(records):
        for judgement in record["judgements"]:
            if not judgement["text"]:
                continue
            old = known.get((record["student"], judgement["id"]), {})
            rows.append({
                "student": record["student"], "chapter": record["chapter"],
                "exercise": judgement["id"], "points": old.get("points", ""),
                "of": judgement["of"], "comment": old.get("comment", ""),
                "answer": judgement["text"],
            })  # fmt: skip
    _table(out / "manual.csv", MANUAL, rows)
    asked = sorted({judgement["id"] for record in records for judgement in record["judgements"]})
    (out / "rubrics.txt").write_text("\n".join(map(rubric, asked)), encoding="utf-8")


def rubric(identifier: str) -> str:
    """What earns points in a written answer, in lines of text."""
    judgement = find(identifier)
    lines = [f"  {points:g}: {what}" for what, points in judgement.rubric.items()]
    return "\n".join([f"{identifier} {judgement.title}, {judgement.points:g} points", *lines, ""])


def given(row: dict) -> float | None:
    """The points that somebody has filled in; None where nobody has yet. Raises ValueError."""
    text = (row.get("points") or "").strip().replace(",", ".")
    try:
        points = float(text) if text else None
    except ValueError:
        points = math.nan
    if points is not None and not 0 <= points <= float(row["of"]):
        raise ValueError(
            f"wanted points from 0 to {row['of']} for {row['student']}, {row['exercise']}, in"
            f" manual.csv, received {text!r}: mend that line, then run report again"
        )
    return points


def counted(records: list[dict]) -> list[dict]:
    """One record for each student and chapter: the best, which says so if there are more."""
    by_student = defaultdict(list)
    for record in records:
        by_student[record["student"], record["chapter"]].append(record)
    unread = {student for student, chapter in by_student if not chapter}
    chosen = []
    for (student, chapter), found in by_student.items():
        best = max(found, key=lambda record: (automatic(record), record["file"]))
        if len(found) > 1:
            note = f"{len(found)} files of this chapter: {best['file']} counts, the best"
            best = {**best, "flags": [*best["flags"], note]}
        if chapter or student in unread:
            chosen.append(best)
    return chosen


def automatic(record: dict) -> float | int:
    """The points that the checks give."""
    return sum(exercise["points"] for exercise in record["exercises"])


def marks(record: dict, manual: dict) -> dict:
    """points, of, and how many points of written answers wait for a reader."""
    points, waiting = automatic(record), 0.0
    for judgement in record["judgements"]:
        read = given(manual.get((record["student"], judgement["id"]), {}))
        if read is not None:
            points += read
        elif judgement["text"]:
            waiting += judgement["of"]
    most = sum(part["of"] for part in [*record["exercises"], *record["judgements"]])
    return {"points": points, "of": most, "waiting": waiting}


def write(out: Path, records: list[dict], canvas: Path | None = None) -> list[Path]:
    """Write marks.csv (nbgrader's columns), canvas.csv, gradescope/ and feedback/ into `out`."""
    manual = read_manual(out)
    chosen = [(record, marks(record, manual)) for record in counted(records)]
    _table(out / "marks.csv", NBGRADER, [
        {"assignment": record["chapter"], "student_id": record["student"],
         "raw_score": mark["points"], "late_submission_penalty": 0, "score": mark["points"],
         "max_score": mark["of"]} for record, mark in chosen if record["chapter"]
    ])  # fmt: skip
    _canvas(out / "canvas.csv", chosen, canvas)
    for folder, suffix, made in (
        ("gradescope", "json", gradescope), ("feedback", "html", feedback),
    ):  # fmt: skip
        (out / folder).mkdir(exist_ok=True)
        for record, mark in chosen:
            if record["chapter"]:
                name = f"{_safe(record['student'])}-{record['chapter']}.{suffix}"
                (out / folder / name).write_text(made(record, mark, manual), encoding="utf-8")
    return [out / name for name in ("marks.csv", "canvas.csv", "gradescope", "feedback")]


def gradescope(record: dict, mark: dict, manual: dict) -> str:
    """A results.json of Gradescope's: one test for each public check, private ones together."""
    tests = []
    for exercise in record["exercises"]:
        for check in visible(exercise):
            tests.append({
                "name": f"{exercise['id']} {check['name']}", "score": check["points"],
                "max_score": check["of"], "output": check["message"], "visibility": "visible",
            })  # fmt: skip
    for judgement in record["judgements"]:
        row = manual.get((record["student"], judgement["id"]), {})
        tests.append({
            "name": f"{judgement['id']} {judgement['title']}",
            "score": given(row) or 0.0,
            "max_score": judgement["of"], "output": row.get("comment", ""),
            "visibility": "visible",
        })  # fmt: skip
    return json.dumps({"score": mark["points"], "tests": tests}, indent=1, ensure_ascii=False)


def visible(exercise: dict) -> list[dict]:
    """The checks as a student may see them: the private ones as one line without words."""
    shown = [check for check in exercise["checks"] if not check["private"]]
    private = [check for check in exercise["checks"] if check["private"]]
    if private:
        shown.append({
            "name": "further checks", "points": sum(check["points"] for check in private),
            "of": sum(check["of"] for check in private), "message": "", "private": True,
        })  # fmt: skip
    return shown


def feedback(record: dict, mark: dict, manual: dict) -> str:
    """A page for the student: what each check found, no hidden test, no flag."""
    parts = [f"<h1>Chapter {escape(record['chapter'])}: {mark['points']:g} of {mark['of']:g}</h1>"]
    if mark["waiting"]:
        parts.append(f"<p>{mark['waiting']:g} points are still to be read by a person.</p>")
    for exercise in record["exercises"]:
        title = f"{exercise['id']} {exercise['title']}"
        state = f"{exercise['state']}, {exercise['points']:g} of {exercise['of']:g}"
        rows = "".join(
            f"<li>{escape(check['name'])}: {check['points']:g} of {check['of']:g}"
            f"{'. ' + escape(check['message']) if check['message'] else ''}</li>"
            for check in visible(exercise)
        )
        parts.append(f"<h2>{escape(title)}</h2><p>{state}</p><ul>{rows}</ul>")
    for judgement in record["judgements"]:
        row = manual.get((record["student"], judgement["id"]), {})
        read = given(row)
        told = (
            f"{read:g}" if read is not None else "not read yet" if judgement["text"] else "open, 0"
        )
        parts.append(
            f"<h2>{escape(judgement['id'])} {escape(judgement['title'])}</h2>"
            f"<p>{told} of {judgement['of']:g}</p>"
            f"<p>{escape(row.get('comment', ''))}</p><pre>{escape(judgement['text'])}</pre>"
        )
    title = f"Chapter {escape(record['chapter'])}, {escape(record['student'])}"
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f"<style>{STYLE}</style><body>{''.join(parts)}</body></html>"
    )


def summary(out: Path, records: list[dict]) -> str:
    """What happened, in a page: marks by chapter, hard exercises, and whom to look at."""
    manual, chosen = read_manual(out), counted(records)
    lines = [f"{len(records)} files of {len({r['student'] for r in records})} students."]
    for chapter in sorted({record["chapter"] for record in chosen if record["chapter"]}):
        lines += ["", *_chapter_lines(chapter, [r for r in chosen if r["chapter"] == chapter])]
    waiting = sum(marks(record, manual)["waiting"] > 0 for record in chosen)
    if waiting:
        told = f"{waiting} students have written answers that wait: fill in the points in"
        lines += [
            "",
            f"{told} {out / 'manual.csv'} (rubrics.txt: what earns them), then run report.",
        ]
    flagged = [(record, every_flag(record)) for record in chosen]
    flagged = [(record, flags) for record, flags in flagged if flags]
    if flagged:
        lines += ["", f"{len(flagged)} to look at (no mark was lost for any of this):"]
        lines += [f"  {record['student']}: {'; '.join(flags)}" for record, flags in flagged]
    return "\n".join(lines)


def every_flag(record: dict) -> list[str]:
    """What a person should look at in one submission."""
    flags = list(record["flags"])
    for part in [*record["exercises"], *record["judgements"]]:
        flags += [f"{part['id']}: {flag}" for flag in part["flags"]]
    return flags


def _chapter_lines(chapter, chosen) -> list[str]:
    most = sum(exercise["of"] for exercise in chosen[0]["exercises"])
    mean = sum(automatic(record) for record in chosen) / len(chosen)
    lines = [
        f"Chapter {chapter}: {len(chosen)} students, {mean:.1f} of {most:g} points on average."
    ]
    for place, exercise in enumerate(chosen[0]["exercises"]):
        states = Counter(r["exercises"][place]["state"] for r in chosen if r["exercises"])
        told = ", ".join(f"{states[s]} {s}" for s in ("right", "partly right", "wrong", "open"))
        lines.append(f"  {exercise['id']} {exercise['title']}: {told}")
    return lines


def _canvas(path: Path, chosen, export: Path | None):
    """Canvas's gradebook: its own export filled in, or the numbers that its file names tell."""
    chapters = sorted({record["chapter"] for record, _ in chosen if record["chapter"]})
    titles = {chapter: f"Chapter {chapter}" for chapter in chapters}
    head = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
    rows: dict[str, dict] = {}
    by_login = {}
    if export:
        with export.open(newline="", encoding="utf-8-sig") as stream:
            for row in csv.DictReader(stream):
                if (row.get("ID") or "").strip().isdigit():
                    rows[row["ID"].strip()] = {name: row.get(name, "") for name in head}
                    by_login[(row.get("SIS Login ID") or "").strip().lower()] = row["ID"].strip()
    for record, mark in chosen:
        if not record["chapter"]:
            continue
        key = record["lms"] or by_login.get(record["student"].lower()) or record["student"]
        row = rows.setdefault(key, {"Student": record["student"], "ID": record["lms"]})
        row[titles[record["chapter"]]] = f"{mark['points']:g}"
    _table(path, [*head, *titles.values()], list(rows.values()))


def _table(path: Path, columns, rows):
    stream = io.StringIO()
    writer = csv.DictWriter(stream, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(row.get(name, "")) for name in columns} for row in rows)
    path.write_text(stream.getvalue(), encoding="utf-8")


def _cell(value):
    """A cell that no spreadsheet takes for a formula."""
    if isinstance(value, str) and value[:1] in ("=", "+", "@", "\t", "\r"):
        return f"'{value}"
    return value


def _safe(name: str) -> str:
    return "".join(c if c.isalnum() or c in "-_." else "-" for c in name).strip(".") or "student"
