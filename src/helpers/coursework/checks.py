"""What an exercise asks for: properties of the answer on random inputs, with points for each.

A check never compares with a stored number. `equal` draws inputs, computes them with an independent
reference and with the answer, and says how far they are apart; where the answer agrees with a known
misconception instead, it says that. `holds` is for questions that many answers satisfy.
"""

import inspect
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from helpers.coursework import diagnosis
from helpers.coursework.answers import Unfit, fitted, gap, plain, shown, size
from helpers.coursework.calls import Forbidden, Open, Stopped, copied

DRAWS = 6


@dataclass(frozen=True)
class Equal:
    """The answer equals a reference, up to `tolerance` times the reference's largest magnitude.

    name: what is asked, in the student's words. reference: a function of the answer's parameters,
    or of none for an answer that is a value. inputs: rng -> the arguments, as a tuple; every
    parameter must vary. part: which of several returned values is looked at. misconceptions:
    remedy -> the wrong function that deserves it. hint: the remedy where none of them fits.
    """

    name: str
    reference: Callable
    inputs: Callable | None = None
    points: float | int = 1
    answer: str | None = None
    part: int | None = None
    misconceptions: Mapping[str, Callable] = field(default_factory=dict)
    hint: str = ""
    tolerance: float = 1e-4
    draws: int = DRAWS
    _made: dict = field(default_factory=dict, init=False, repr=False, compare=False)

    def fault(self, answer, rngs, explain=True) -> str:
        """Empty where the answer is right on all draws, else wanted, received and remedy."""
        asked, wanted = zip(*map(self._case, rngs), strict=True)
        allowed = self.tolerance * (max(map(size, wanted), default=0.0) or 1.0)
        received = []
        for args, model in zip(asked, wanted, strict=True):
            try:
                received.append(self._received(answer, args, model))
            except (Unfit, Stopped) as error:
                return _sentence(str(error), self._where(args), self.hint)
            if not explain and gap(received[-1], model) > allowed:
                return _sentence("wrong", self._where(args), "")
        gaps = [gap(a, b) for a, b in zip(received, wanted, strict=True)]
        if max(gaps, default=0.0) <= allowed:
            return ""
        worst = int(np.argmax(gaps))
        told = f"wanted {shown(wanted[worst])}, received {shown(received[worst])}"
        if 0 < gaps[worst] < np.inf and not isinstance(wanted[worst], float):
            told += f" (up to {gaps[worst]:.3g} apart)"
        case = diagnosis.Case(asked, wanted, received, allowed, _parameters(self.reference))
        remedy = self._remedy(answer, case) if explain else ""
        return _sentence(told, self._where(asked[worst]), remedy)

    def _case(self, rng) -> tuple:
        """(arguments, right answer) of a draw, made once: a whole class gets the same."""
        key = repr(rng.bit_generator.seed_seq.entropy)
        if key not in self._made:
            args = self.inputs(rng) if self.inputs else ()
            self._made[key] = args, plain(self._looked_at(self.reference(*copied(args))))
        return self._made[key]

    def _remedy(self, answer, case) -> str:
        for remedy, mistake in self.misconceptions.items():
            if self._agrees(mistake, case):
                return remedy

        def again(args, model):
            return self._received(answer, args, model)

        def reference(args):
            return plain(self._looked_at(self.reference(*copied(args))))

        return diagnosis.remedy(case, reference, again) or self.hint

    def _agrees(self, mistake, case) -> bool:
        try:
            with np.errstate(all="ignore"):
                return all(
                    gap(fitted(self._looked_at(mistake(*copied(args))), got), got) <= case.allowed
                    for args, got in zip(case.asked, case.received, strict=True)
                )
        except Exception:  # a misconception need not work on every input
            return False

    def _received(self, answer, args, model):
        value = answer(*args)
        if self.part is not None:
            return fitted(_part(value, self.part), model)
        return fitted(value, model)

    def _looked_at(self, value):
        """The reference may return all parts or the one that is looked at."""
        return value[self.part] if self.part is not None and isinstance(value, tuple) else value

    def _where(self, args) -> str:
        return _inputs(_parameters(self.reference), args)


@dataclass(frozen=True)
class Holds:
    """The answer has a property. `test(got, *inputs)` returns a fault in words, or nothing.

    like: a function of the inputs that returns something of the answer's kind and shape; what the
    test gets is the answer's output as plain data of that kind (`fitted`).
    """

    name: str
    test: Callable
    like: Callable
    inputs: Callable | None = None
    points: float | int = 1
    answer: str | None = None
    hint: str = ""
    draws: int = DRAWS

    def fault(self, answer, rngs, explain=True) -> str:
        """Empty where the property holds on all draws, else what is wrong with the answer."""
        for rng in rngs:
            args = self.inputs(rng) if self.inputs else ()
            where = _inputs(_parameters(self.like), args)
            try:
                got = fitted(answer(*args), plain(self.like(*copied(args))))
            except (Unfit, Stopped) as error:
                return _sentence(str(error), where, self.hint)
            if told := self.test(got, *copied(args)):
                return _sentence(told, where, "")
        return ""


equal, holds = Equal, Holds


@dataclass(frozen=True)
class Exercise:
    """One exercise: id "02-1", its title, the names that the stub defines, and its checks.

    forbidden: dotted names of functions that the answer is to build and may not call.
    """

    id: str
    title: str
    answers: Sequence[str]
    checks: Sequence[Equal | Holds]
    forbidden: Sequence[str] = ()

    @property
    def points(self) -> float | int:
        return sum(check.points for check in self.checks)


@dataclass(frozen=True)
class Judgement:
    """A written answer, read by a person. rubric: what earns points -> how many."""

    id: str
    title: str
    rubric: Mapping[str, float | int]

    @property
    def points(self) -> float | int:
        return sum(self.rubric.values())


@dataclass(frozen=True)
class Result:
    """How an answer fares. faults: name of a check -> "" where right, else the message."""

    exercise: Exercise
    faults: Mapping[str, str]
    open: str = ""

    @property
    def points(self) -> float | int:
        checks = self.exercise.checks
        return 0.0 if self.open else sum(c.points for c in checks if not self.faults[c.name])

    @property
    def state(self) -> str:
        """open, wrong, partly right or right."""
        if self.open:
            return "open"
        if not any(self.faults.values()):
            return "right"
        return "partly right" if self.points else "wrong"


def judge(
    exercise: Exercise,
    answers: Mapping[str, Callable],
    *,
    fresh: int | None = None,
    explain: bool = True,
) -> Result:
    """How the answers (name -> `calls.Answer`, or the grader's stand-in for it) fare in all checks.

    The inputs of the notebook are always drawn; `fresh` is a seed for as many more. explain=False
    looks for no cause and no further, which saves most of the work where an answer is wrong. A
    check whose answer is missing or still a stub leaves the whole exercise open only if all are.
    """
    faults, unsolved = {}, []
    for check in exercise.checks:
        answer = answers[check.answer or exercise.answers[0]]
        try:
            faults[check.name] = check.fault(
                answer, list(generators(exercise, check, fresh)), explain
            )
        except Open as stub:
            unsolved.append(str(stub))
            faults[check.name] = str(stub)
        except Forbidden as used:
            faults = {each.name: str(used) for each in exercise.checks}
            break
    return Result(exercise, faults, unsolved[0] if len(unsolved) == len(exercise.checks) else "")


def generators(exercise: Exercise, check, fresh: int | None = None):
    """The random generators of a check's draws: the notebook's, then as many fresh ones."""
    name = zlib.crc32(f"{exercise.id} {check.name}".encode())
    draws = check.draws if check.inputs else 1
    for seed in [0] if fresh is None or not check.inputs else [0, fresh]:
        for draw in range(draws):
            yield np.random.default_rng([name, seed, draw])


def _part(value, index):
    parts = plain(value)
    try:
        return parts[index]
    except (TypeError, IndexError, KeyError):
        raise Unfit(f"wanted at least {index + 1} values, received {shown(parts)}") from None


def _parameters(function) -> list[str]:
    return list(inspect.signature(function).parameters)


def _inputs(names, args) -> str:
    return ", ".join(f"{name} = {shown(value)}" for name, value in zip(names, args, strict=False))


def _sentence(told, where, remedy) -> str:
    return told + (f" for {where}" if where else "") + (f": {remedy}" if remedy else "")
