"""Exercises that judge an answer by what it does, and a grader that runs no student code.

In a chapter stand two calls: `check("02-1")` below every exercise and `summary("02")` at the end.
What they ask for is in `exercises/chNN.py`, one list of `Exercise` for each chapter, made of
`equal` (the answer against an independent reference on random inputs) and `holds` (a property of
the answer, where many are right). `python -m helpers.coursework` hands out, grades and reports.
"""

from helpers.coursework.answers import Unfit, fitted, plain
from helpers.coursework.checks import Exercise, Judgement, Result, equal, holds, judge
from helpers.coursework.student import chapter_of, check, exercises_of, find, summary

__all__ = [
    "Exercise", "Judgement", "Result", "Unfit", "chapter_of", "check", "equal", "exercises_of",
    "find", "fitted", "holds", "judge", "plain", "summary",
]  # fmt: skip
