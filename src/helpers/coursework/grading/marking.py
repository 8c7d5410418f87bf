"""The marks of one submission: answers run in the sandbox, checks made here."""

import ast
import contextlib
import functools
import hashlib
import importlib.util
import re
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import helpers
from helpers.coursework.calls import Forbidden, Open, Stopped
from helpers.coursework.checks import Exercise, Result, judge
from helpers.coursework.grading import matching, wire
from helpers.coursework.grading.sandbox import Died, Limits, Sandbox, borrowed
from helpers.coursework.grading.submissions import Submission, cells

VERSION = 1  # of the record; another one grades anew
GAVE_NOTHING = "(no answer came back)"
fingerprint = functools.cache(helpers.fingerprint)


@dataclass(frozen=True)
class Course:
    """How a class is graded. chapters: name -> `matching.Chapter`. fresh: the seed of the inputs
    that are added to the notebook's. private: name -> checks that are added to an exercise's.
    """

    chapters: dict
    fresh: int
    private: dict = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    unsafe: bool = False
    digest: str = ""  # of the private checks' files

    def exercise(self, exercise: Exercise) -> Exercise:
        """The exercise with its private checks."""
        more = tuple(self.private.get(exercise.id, ()))
        return replace(exercise, checks=(*exercise.checks, *more))

    def key(self, submission: Submission) -> str:
        """What the marks depend on: the same key, the same marks."""
        parts = [submission.data, submission.file.encode(), fingerprint().encode()]
        parts += [f"{VERSION} {self.fresh} {self.digest} {self.limits} {self.unsafe}".encode()]
        return hashlib.sha256(b"\0".join(parts)).hexdigest()[:24]


def private_checks(folder: Path | None) -> tuple[dict, str]:
    """(exercise -> checks, digest) of the files chNN.py in a folder outside the repository.

    Each defines CHECKS = {"02-1": [equal(...), ...]}; their points are added to the exercise's.
    """
    checks, digest = {}, hashlib.sha256()
    for path in sorted(Path(folder).glob("ch*.py")) if folder else ():
        digest.update(path.read_bytes())
        spec = importlib.util.spec_from_file_location(f"private_{path.stem}", path)
        spec.loader.exec_module(module := importlib.util.module_from_spec(spec))
        for identifier, more in module.CHECKS.items():
            checks[identifier] = list(more)
    return checks, digest.hexdigest()[:16] if checks else ""


class Remote:
    """An answer in the sandbox, called like a function; stands in for `calls.Answer`."""

    def __init__(self, box: Sandbox, name: str, exercise: Exercise):
        self.box, self.name, self.exercise = box, name, exercise
        self.seen: list[str] = []  # what went wrong, in words

    def __call__(self, *args):
        asked = {
            "call": self.name,
            "arguments": [wire.encoded(value) for value in args],
            "forbidden": list(self.exercise.forbidden),
        }
        try:
            reply = self.box.ask(asked)
            if "value" in reply:
                return wire.decoded(reply["value"])
        except (Died, wire.Malformed) as error:
            reply = {"stopped": f"{error} {GAVE_NOTHING}"}
        told = str(next(iter(reply.values()), "no answer"))[:500]
        if "open" in reply:
            raise Open(told)
        if "forbidden" in reply:
            raise Forbidden(told)
        if "missing" in reply:
            told = f"wanted {self.name}, received no cell that defines it"
        self.seen.append(told)
        raise Stopped(told)


def graded(submission: Submission, course: Course) -> dict:
    """The record of one submission; whatever it holds, this returns one."""
    began = time.monotonic()
    record = {
        "student": submission.student, "file": submission.file, "lms": submission.lms,
        "chapter": "", "exercises": [], "judgements": [],
        "flags": [],
    }  # fmt: skip
    try:
        found, record["flags"] = cells(submission)
        _grade(record, found, submission, course)
    except Exception as error:  # one odd submission must not stop a class
        record["unfinished"] = True
        record["flags"].append(f"grading stopped with {type(error).__name__}: {error}")
    record["seconds"] = round(time.monotonic() - began, 1)
    return record


def _grade(record, found, submission, course):
    name = matching.chapter_of(found, submission.file, course.chapters)
    if name is None:
        if found:
            record["flags"].append("no chapter of this book is recognised in it")
        return
    chapter = course.chapters[name]
    record["chapter"] = name
    record["flags"] += matching.oddities(found, chapter)
    placed = matching.answers(found, chapter)
    with borrowed(course.limits, chapter.needed, course.unsafe) as box:
        for exercise in chapter.exercises:
            if isinstance(exercise, Exercise):
                exercise = course.exercise(exercise)
                place = placed[exercise.id]
                record["exercises"].append(_whatever_happens(exercise, place, box, course, record))
    for judgement, (text, flags) in matching.judgements(found, chapter).items():
        record["judgements"].append(
            {
                "id": judgement,
                "of": next(e.points for e in chapter.exercises if e.id == judgement),
                "title": next(e.title for e in chapter.exercises if e.id == judgement),
                "text": text,
                "flags": flags,
            }
        )


def _whatever_happens(exercise, place, box, course, record) -> dict:
    """`_tried`; where grading itself fails, a flag, and the record is not taken for finished."""
    try:
        return _tried(exercise, place, box, course)
    except Exception as error:
        box.end()
        record["unfinished"] = True
        told = f"grading stopped ({type(error).__name__}: {error}): grade again, or by hand"
        nothing = {check.name: "it could not be graded yet" for check in exercise.checks}
        return _recorded(Result(exercise, nothing), [*place.flags, told], course)


def _tried(exercise, place, box, course) -> dict:
    """The best result of the programs that may be the answer, as data."""
    best, flags = None, list(place.flags)
    if place.state == "open":
        nothing = {check.name: "no answer" for check in exercise.checks}
        best = Result(exercise, nothing, "no answer beyond the stub")
        return _recorded(best, flags, course)
    *likely, everything = place.programs
    lost = False
    for program in likely:
        result, seen = _judged(exercise, program, box, course)
        lost |= any("NameError" in words or "received no cell" in words for words in seen)
        best = _better(best, result)
    if lost and best.points < exercise.points:
        result, _ = _judged(exercise, everything, box, course)
        if result.points > best.points:
            flags.append("it needs cells from elsewhere in the notebook: all of them were run")
        best = _better(best, result)
    if used := _named(exercise, place):
        flags.append(f"it names {used}, which it is to build: look whether it calls it")
    if any("the check itself stopped" in fault for fault in best.faults.values()):
        flags.append("a check stopped on its answer: look at it")
    return _recorded(best, flags, course)


def _judged(exercise, program, box, course) -> tuple[Result, list[str]]:
    """(result, errors in words) of one program, in a process of its own.

    Where the process ends, the program is run again for the next check, so that an answer which
    ends on some inputs keeps the points of the checks without them.
    """
    seen: list[str] = []
    remotes = {name: Remote(box, name, exercise) for name in exercise.answers}
    faults, stubs = {}, []
    for check in exercise.checks:
        if sum(GAVE_NOTHING in words for remote in remotes.values() for words in remote.seen) > 1:
            faults[check.name] = "not tried any more: twice nothing came back"
            continue
        if not box.running:
            seen += _begun(program, box)
        one = replace(exercise, checks=(check,))
        try:
            result = judge(one, remotes, fresh=course.fresh)
        except Exception as error:  # the check's own mistake, on an answer nobody thought of
            faults[check.name] = f"the check itself stopped with {type(error).__name__}: {error}"
            continue
        faults |= result.faults
        stubs += [result.open] if result.open else []
    box.end()
    for remote in remotes.values():
        seen += remote.seen
    for name, fault in faults.items():
        cause = next((words for words in seen if "Error" in words), "")
        if "received no cell" in fault and cause:
            faults[name] = f"{fault}: {cause}"
    return Result(exercise, faults, stubs[0] if len(stubs) == len(exercise.checks) else ""), seen


def _begun(program, box) -> list[str]:
    """Run the program's cells in a fresh attempt; returns what went wrong in them."""
    went_wrong = []
    with contextlib.suppress(Died):
        box.attempt()
    for source in program:
        try:
            reply = box.ask({"run": source})
        except Died as error:
            went_wrong.append(str(error))
            break
        if "done" not in reply:
            went_wrong.append(str(reply.get("stopped", ""))[:300])
    return went_wrong


def _better(best, result):
    if best is None or (best.open and not result.open):
        return result
    return result if result.points > best.points else best


def _named(exercise, place) -> str:
    """The forbidden functions that the answer's code names, or "": not its words or own names."""
    used = {name for program in place.programs[:-1] for cell in program for name in _names(cell)}
    names = [path.rpartition(".")[2] for path in exercise.forbidden]
    return ", ".join(name for name in names if name in used - set(exercise.answers))


def _names(source: str) -> set[str]:
    """The names in a cell's code; all words where it is no Python."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return set(re.findall(r"\w+", source))
    found = set()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.alias(name=name):
                found.add(name.rpartition(".")[2])
            case ast.Constant(value=str(text)):  # getattr(tangent, "linearised")
                found.add(text)
    return found


def _recorded(result: Result, flags, course) -> dict:
    exercise, private = result.exercise, course.private.get(result.exercise.id, ())
    hidden = {check.name for check in private}
    return {
        "id": exercise.id,
        "title": exercise.title,
        "points": result.points,
        "of": exercise.points,
        "state": result.state,
        "open": result.open,
        "flags": flags,
        "checks": [
            {
                "name": check.name,
                "points": 0 if result.open or result.faults[check.name] else check.points,
                "of": check.points,
                "message": result.open or result.faults[check.name],
                "private": check.name in hidden,
            }
            for check in exercise.checks
        ],
    }
