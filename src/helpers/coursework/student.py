"""What a chapter calls: `check` below an exercise, `summary` at the end."""

import importlib
import os
import sys
from html import escape

from helpers.coursework.calls import Answer, Missing
from helpers.coursework.checks import Exercise, Judgement, Result, judge

BY_HAND = "read by a person"
_latest: dict[str, Result] = {}  # what `summary` sums up: the last check of every exercise


def exercises_of(chapter: str) -> list[Exercise | Judgement]:
    """All exercises of a chapter, "02", in their order. Raises ModuleNotFoundError for no such."""
    return list(importlib.import_module(f"helpers.coursework.exercises.ch{chapter}").EXERCISES)


def chapter_of(identifier: str) -> str:
    """The chapter of an exercise: "02" of "02-1"."""
    return identifier.partition("-")[0]


def find(identifier: str) -> Exercise | Judgement:
    """The exercise "02-1". Raises KeyError for one that its chapter does not have."""
    known = {exercise.id: exercise for exercise in exercises_of(chapter_of(identifier))}
    if identifier not in known:
        raise KeyError(f"wanted an exercise among {sorted(known)}, received {identifier!r}")
    return known[identifier]


def check(identifier: str):
    """Judge the answer to an exercise that the cells above define: a card, open, wrong or right.

    Never stops a notebook, except where nbgrader runs it (it sets NBGRADER_EXECUTION): there the
    points come out as a number, nbgrader's partial credit, and none at all as an AssertionError.
    """
    exercise, names = find(identifier), vars(sys.modules["__main__"])  # the notebook's names
    answers = {
        name: Answer(name, names[name], exercise.forbidden) if name in names else Missing(name)
        for name in exercise.answers
    }
    result = judge(exercise, answers)
    _latest[identifier] = result
    if os.environ.get("NBGRADER_EXECUTION"):
        if not result.points:
            raise AssertionError(told(result))
        return result.points
    return Card(result)


def summary(chapter: str):
    """The points so far in a chapter, from the last check of every exercise."""
    return Summary(chapter, dict(_latest))


class Card:
    """A result that shows itself, in words everywhere and as a list where HTML is shown."""

    def __init__(self, result: Result):
        self.result = result

    def __repr__(self):
        return told(self.result)

    def _repr_html_(self):
        first, *lines = told(self.result).splitlines()
        items = "".join(f"<li>{escape(line.strip())}</li>" for line in lines)
        head = f"<p><strong>{escape(first)}</strong></p>"
        return f'<div class="exercise-check">{head}<ul>{items}</ul></div>'


class Summary:
    """Every exercise of a chapter with its state and points."""

    def __init__(self, chapter: str, results: dict[str, Result]):
        self.rows = [_row(exercise, results.get(exercise.id)) for exercise in exercises_of(chapter)]
        most = sum(row[3] for row in self.rows if row[1] != BY_HAND)
        self.total = f"{sum(row[2] for row in self.rows):g} of {most:g} points so far"

    def __repr__(self):
        rows = [f"  {row[0]}: {row[1]}, {_points(row)}" for row in self.rows]
        return "\n".join([self.total, *rows])

    def _repr_html_(self):
        rows = "".join(
            f"<tr><td>{escape(row[0])}</td><td>{row[1]}</td><td>{_points(row)}</td></tr>"
            for row in self.rows
        )
        head = "<tr><th>exercise</th><th>state</th><th>points</th></tr>"
        return (
            f'<div class="exercise-summary"><p><strong>{self.total}</strong></p>'
            f"<table><thead>{head}</thead><tbody>{rows}</tbody></table></div>"
        )


def told(result: Result) -> str:
    """A result in lines of text: state and points, then what each check found."""
    exercise = result.exercise
    number = exercise.id.partition("-")[2]
    head = f"Exercise {number}, {exercise.title}: {result.state}"
    if result.open:
        return f"{head}\n  {result.open}"
    lines = [f"{head}, {result.points:g} of {exercise.points:g} points"]
    for each in exercise.checks:
        fault = result.faults[each.name]
        lines.append(f"  {'not yet' if fault else 'right'}: {each.name}{'. ' * bool(fault)}{fault}")
    return "\n".join(lines)


def _row(exercise, result):
    """(title, state, points so far, points there are)."""
    title = f"{exercise.id.partition('-')[2]}. {exercise.title}"
    if isinstance(exercise, Judgement):
        return title, BY_HAND, 0, exercise.points
    state = result.state if result else "not checked yet"
    return title, state, result.points if result else 0, exercise.points


def _points(row):
    return f"{row[3]:g}" if row[1] == BY_HAND else f"{row[2]:g} of {row[3]:g}"
