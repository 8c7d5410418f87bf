"""A whole class: every submission once, on several workers, resumed where it stopped."""

import contextlib
import functools
import json
import os
import re
import secrets
import zlib
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, field
from pathlib import Path

import nbformat
from joblib import Parallel, delayed, parallel_config
from tqdm import tqdm

from helpers.coursework.grading import matching
from helpers.coursework.grading.marking import Course, graded, private_checks
from helpers.coursework.grading.sandbox import Limits
from helpers.coursework.grading.submissions import Submission, collected

BREAKS = 5  # workers that may die one after another before a run gives up


@dataclass(frozen=True)
class Plan:
    """All that a worker needs to know; it must find `book` and `private` where it runs.

    book: the clone with the notebooks. fresh: the class's seed. dask: a scheduler's address.
    """

    book: Path
    fresh: int = 0
    private: Path | None = None
    limits: Limits = field(default_factory=Limits)
    unsafe: bool = False
    jobs: int = -1
    dask: str = ""


@functools.lru_cache(maxsize=2)
def course(plan: Plan) -> Course:
    """The course of a plan, made once for each worker."""
    notebooks = {}
    for path in sorted((plan.book / "notebooks").glob("[0-9][0-9]-*.ipynb")):
        book = nbformat.read(path, as_version=4)
        if matching.sections(book):
            notebooks[path.name[:2]] = book
    if not notebooks:
        raise ValueError(
            f"wanted the book's notebooks in {plan.book}/notebooks, received none with exercises:"
            " give the clone with --book"
        )
    checks, digest = private_checks(plan.private)
    chapters = matching.chapters(notebooks)
    known = {exercise.id for chapter in chapters.values() for exercise in chapter.exercises}
    if unknown := sorted(set(checks) - known):
        raise ValueError(f"wanted private checks of exercises of the book, received {unknown}")
    return Course(chapters, plan.fresh, checks, plan.limits, plan.unsafe, digest)


def grade(folder: Path, out: Path, plan: Plan) -> list[dict]:
    """Grade what is in `folder`; records go to `out`, one JSON file each. Returns all records.

    A submission whose record has the key it would get again is not graded again.
    """
    out.mkdir(parents=True, exist_ok=True)
    plan = _seeded(out, plan)
    found, passed = collected(folder)
    ours, todo, records = course(plan), [], []
    keys = {_name(each.student, each.file): ours.key(each) for each in found}
    for submission in found:
        stored = _stored(out, submission)
        if stored and stored["key"] == keys[_name(submission.student, submission.file)]:
            records.append(stored)
        else:
            todo.append(submission)
    bar = tqdm(total=len(found), initial=len(records), unit="submission", desc="grading")
    for record in _graded(todo, plan):
        key = keys[_name(record["student"], record["file"])]
        record["key"] = "" if record.get("unfinished") else key
        _store(out, record)
        records.append(record)
        bar.set_postfix_str(record["student"][:20], refresh=False)
        bar.update()
    bar.close()
    records.sort(key=lambda record: (record["student"].lower(), record["file"]))
    _write(out / "passed-over.txt", "".join(f"{line}\n" for line in passed))
    return records


def records(out: Path) -> list[dict]:
    """The records of a graded folder, in the order of the students' names."""
    found = [json.loads(path.read_text()) for path in sorted((out / "records").glob("*.json"))]
    return sorted(found, key=lambda record: (record["student"].lower(), record["file"]))


def _graded(todo: list[Submission], plan: Plan) -> Iterator[dict]:
    """Records as they are ready. A worker that dies costs nothing but what it was doing."""
    left, broken = {_name(s.student, s.file): s for s in todo}, 0
    while left:
        try:
            for record in _in_parallel(list(left.values()), plan):
                left.pop(_name(record["student"], record["file"]))
                broken = 0
                yield record
        except BrokenProcessPool:  # joblib's TerminatedWorkerError is one
            broken += 1
            if broken >= BREAKS:
                raise


def _in_parallel(todo, plan: Plan) -> Iterator[dict]:
    backend = {"backend": "loky", "n_jobs": plan.jobs}
    with contextlib.ExitStack() as stack:
        if plan.dask:
            from dask.distributed import Client

            client = stack.enter_context(Client(plan.dask))
            backend = {"backend": "dask", "n_jobs": -1, "client": client}
        stack.enter_context(parallel_config(**backend))
        yield from Parallel(return_as="generator_unordered", batch_size=1)(
            delayed(_one)(submission, plan) for submission in todo
        )


def _one(submission: Submission, plan: Plan) -> dict:
    return graded(submission, course(plan))


def _seeded(out: Path, plan: Plan) -> Plan:
    """The plan with the class's seed, which is written down: asked for, the folder's, or new."""
    path = out / "run.json"
    if plan.fresh == 0:
        known = json.loads(path.read_text())["fresh"] if path.exists() else 0
        plan = Plan(**{**vars(plan), "fresh": known or 1 + secrets.randbelow(10**9)})
    told = {"fresh": plan.fresh, "private": str(plan.private or ""), "limits": asdict(plan.limits)}
    _write(path, json.dumps(told, indent=2))
    return plan


def _name(student: str, file: str) -> str:
    """A file name for a record, the same for the same submission and for no other."""
    slug = re.sub(r"[^\w.-]+", "-", student)[:40].strip("-.") or "student"
    return f"{slug}-{zlib.crc32(f'{student}/{file}'.encode()):08x}"


def _stored(out: Path, submission: Submission) -> dict | None:
    path = out / "records" / f"{_name(submission.student, submission.file)}.json"
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return None


def _store(out: Path, record: dict):
    (out / "records").mkdir(exist_ok=True)
    name = _name(record["student"], record["file"])
    _write(out / "records" / f"{name}.json", json.dumps(record, indent=1, ensure_ascii=False))


def _write(path: Path, text: str):
    """Write at once or not at all: a run may be stopped at any moment."""
    part = path.with_suffix(f".{os.getpid()}.part")
    part.write_text(text)
    part.replace(path)
