"""How an exercise is tried: typical wrong answers, right ones written differently, and mutants.

`answers/NN.py` lists them for chapter NN, each function under the name that the stub gives it:

    @wrong("02-2", "divide r by s")        # words of the message that must name the mistake
    def bits_needed(t, R, r): ...

    @right("02-2")
    def bits_needed(t, R, r): ...

An exercise with several answers takes the ones not given from the solution; two that belong
together are given as `wrong("04-3", "words", drawn_for=..., drawn_per_edge=...)`, and so
is a value.
Where many answers are right, `@oracle("02-3")` marks a function of (answer, rng) that says,
independently of the check, whether one is.
`as_right("02-3", "line 4: 10000.0 -> 10001.0", "reason")` excuses a mutant.
"""

import contextlib
import copy
import importlib.util
import signal
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from mutants import mutants

from helpers.coursework import find, judge
from helpers.coursework.answers import Unfit, fitted, gap, plain, size
from helpers.coursework.calls import Answer, Open, Stopped, copied
from helpers.coursework.chapters import sections
from helpers.coursework.checks import generators

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(__file__).with_name("answers")
CHAPTERS = sorted(path.stem for path in FOLDER.glob("[0-9][0-9].py"))
SECONDS = 10  # for one mutant, which may loop for ever
OTHER_INPUTS = 4711  # a seed that no check uses


@dataclass
class Trials:
    """All that `answers/NN.py` lists for one exercise."""

    wrong: list = field(default_factory=list)  # (words of the message, {name: answer})
    right: list = field(default_factory=list)  # {name: answer}
    oracle: object = None
    excused: dict = field(default_factory=dict)  # mutant -> why it is right as well


_registry: dict[str, Trials] = defaultdict(Trials)


def wrong(identifier, words, /, **answers):
    """List a wrong answer whose message must hold `words`: a decorator, or with name=answer."""
    return _listed(answers, lambda given: _registry[identifier].wrong.append((words, given)))


def right(identifier, /, **answers):
    """List a right answer, written differently from the solution."""
    return _listed(answers, _registry[identifier].right.append)


def oracle(identifier):
    """Mark the function that says independently whether an answer is right."""
    return lambda function: setattr(_registry[identifier], "oracle", function)


def as_right(identifier, mutant, reason):
    """Excuse a mutant that is right although it behaves differently."""
    _registry[identifier].excused[mutant] = reason


def _listed(answers, put):
    if answers:
        return put(answers)

    def decorate(function):
        put({function.__name__: function})
        return function

    return decorate


def trials(chapter: str) -> dict[str, Trials]:
    """exercise -> what `answers/NN.py` lists for it."""
    before = set(_registry)
    spec = importlib.util.spec_from_file_location(f"answers_{chapter}", FOLDER / f"{chapter}.py")
    if not any(identifier.startswith(f"{chapter}-") for identifier in before):
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
    return {key: value for key, value in _registry.items() if key.startswith(f"{chapter}-")}


def notebook(chapter: str):
    """The solved notebook of a chapter."""
    (path,) = (ROOT / "notebooks").glob(f"{chapter}-*.ipynb")
    return nbformat.read(path, as_version=4)


def solution(identifier: str) -> str:
    """The source of the exercise's solution."""
    section = sections(notebook(identifier[:2]))[identifier]
    return "\n\n".join(cell.source for cell in section.answer)


def namespace(identifier: str, source: str | None = None) -> dict:
    """Names after the exercise's own cells, as after a restart: data, then the solution."""
    section = sections(notebook(identifier[:2]))[identifier]
    made = {"__name__": "exercise"}
    for cell in section.data:
        exec(compile(cell.source, f"<{cell.id}>", "exec"), made)
    exec(compile(solution(identifier) if source is None else source, "<answer>", "exec"), made)
    return made


def judged(identifier: str, given: dict, **options):
    """The result of answers (name -> function or value)."""
    exercise = find(identifier)
    return judge(exercise, {
        name: Answer(name, given[name], exercise.forbidden) for name in exercise.answers
    }, **options)  # fmt: skip


def survivors(identifier: str):
    """(mutants that behave differently, and those among them that the checks let pass)."""
    exercise, made = find(identifier), namespace(identifier)
    listed = trials(identifier[:2])[identifier]
    cases = list(_cases(exercise, made, listed.oracle))
    differing, alive = [], []
    for what, source in mutants(solution(identifier), exercise.answers):
        if what in listed.excused:
            continue
        with _limited():
            try:
                mutant = _executed(source, made)
                same = all(alike(mutant) for alike in cases)
                caught = not same and judged(identifier, mutant, explain=False).state != "right"
            except (Exception, TimeUp):
                same, caught = False, True
        if not same:
            differing.append(what)
            if not caught:
                alive.append(what)
    return differing, alive


class TimeUp(BaseException):
    """A mutant that does not end."""


def _executed(source, made) -> dict:
    mutant = dict(made)
    exec(compile(source, "<mutant>", "exec"), mutant)
    return mutant


def _cases(exercise, made, oracle):
    """Functions of a mutant: whether it agrees with the solution (or the oracle says yes), one for
    each input of another seed. The solution is asked once.
    """
    for check in exercise.checks:
        name = check.answer or exercise.answers[0]
        for rng in list(generators(exercise, check, OTHER_INPUTS))[check.draws :] or [None]:
            args = check.inputs(rng) if check.inputs else ()
            if oracle:
                yield lambda mutant, n=name, rng=rng: oracle(
                    Answer(n, mutant[n]), copy.deepcopy(rng)
                )
                continue
            wanted = plain(Answer(name, made[name])(*copied(args)))
            allowed = getattr(check, "tolerance", 1e-4) * (size(wanted) or 1.0)
            yield lambda mutant, n=name, a=args, w=wanted, e=allowed: _alike(
                Answer(n, mutant[n]), a, w, e
            )


def _alike(answer, args, wanted, allowed) -> bool:
    try:
        return gap(fitted(answer(*copied(args)), wanted), wanted) <= allowed
    except (Unfit, Open, Stopped):
        return False


@contextlib.contextmanager
def _limited():
    def stop(*_):
        raise TimeUp

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
