"""Mistakes that can be told from the numbers alone, whatever the exercise is about."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor

from helpers.coursework.answers import Unfit, gap, size
from helpers.coursework.calls import Stopped

# Constant factors between answer and reference that have a usual cause.
FACTORS = {
    math.log(2): "that is the natural logarithm; log2 is wanted",
    1 / math.log(2): "that is log2; the natural logarithm is wanted",
    math.log10(2): "that is log10; log2 is wanted",
    2.0: "everything is twice as large: is something counted double?",
    0.5: "everything is half as large: is something counted once that counts double?",
}


@dataclass(frozen=True)
class Case:
    """What was asked on every draw, the right and the received answers, the error allowed."""

    asked: Sequence[tuple]
    wanted: Sequence
    received: Sequence
    allowed: float
    parameters: Sequence[str]


def remedy(case: Case, reference: Callable, again: Callable) -> str:
    """What probably went wrong, or "". again(args, model): the answer on other inputs."""
    return constant(case) or ignored(case, reference, again) or scaled(case) or turned(case)


def constant(case: Case) -> str:
    """Where the answer is the same on all draws and the right one is not."""
    if _varies(case.wanted, case.allowed) and not _varies(case.received, case.allowed):
        return "the same comes out for every input: compute it from the arguments"
    return ""


def ignored(case: Case, reference: Callable, again: Callable) -> str:
    """Where a parameter makes a difference to the right answer and none to this one."""
    if len(case.parameters) < 2:
        return ""
    for place, name in enumerate(case.parameters):
        probes = [
            (case.received[k], args, case.wanted[k])
            for k in range(len(case.asked) - 1)
            for args in [_replaced(case.asked[k], place, case.asked[k + 1][place])]
        ]
        if _makes_no_difference(probes, case.allowed, reference, again):
            return f"{name} makes no difference to your answer: use it"
    return ""


def scaled(case: Case) -> str:
    """Where the answer is the right one times a constant, or with the sign turned."""
    for factor, cause in [(-1.0, "the sign is turned"), *FACTORS.items()]:
        if _all(case, lambda wanted, f=factor: _times(wanted, f)):
            return cause
    return ""


def turned(case: Case) -> str:
    """Where the axes of an array are swapped."""
    if all(isinstance(w, Tensor) and w.ndim == 2 and w.shape[0] == w.shape[1] for w in case.wanted):
        return "rows and columns are swapped" if _all(case, lambda wanted: wanted.T) else ""
    return ""


def _all(case, mistake) -> bool:
    return all(
        gap(mistake(wanted), received) <= case.allowed
        for wanted, received in zip(case.wanted, case.received, strict=True)
    )


def _times(value, factor):
    if isinstance(value, tuple):
        return tuple(_times(part, factor) for part in value)
    if isinstance(value, dict):
        return {key: _times(part, factor) for key, part in value.items()}
    return value if value is None or isinstance(value, str) else factor * value


def _varies(values, allowed) -> bool:
    first, *rest = values
    return any(not _alike(first, value, allowed) for value in rest)


def _alike(first, second, allowed) -> bool:
    if type(first) is not type(second) or getattr(first, "shape", 0) != getattr(second, "shape", 0):
        return False
    return gap(first, second) <= allowed


def _replaced(args, place, value):
    return (*args[:place], value, *args[place + 1 :])


def _makes_no_difference(probes, allowed, reference, again) -> bool:
    """Whether the answer stays, on every probe that can be tried, although the reference moves."""
    tried = 0
    for before, args, wanted in probes:
        try:
            moved = reference(args)
            if _alike(moved, wanted, allowed) or size(moved) == math.inf:
                continue
            if not _alike(again(args, moved), before, allowed):
                return False
        except (Unfit, Stopped):
            return False
        except Exception:  # arguments of two draws need not go together
            continue
        tried += 1
    return tried > 0
