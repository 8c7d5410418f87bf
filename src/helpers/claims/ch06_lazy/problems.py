"""Chapter 06's targets, and what it means there to be found by a step."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from helpers import seeds, tangent, tasks, yardstick
from helpers.training import follow
from helpers.yardstick.descent import directions

FOUND = 0.8  # correlation with the target on the validation inputs
FOLDER = ".cache/ch06"  # where finished seeds of the stored runs are kept
LAZIEST = math.inf  # the scale of the exact kernel limit


class Problem(NamedTuple):
    """Inputs and labels in three parts: to train on, to judge on (validation), to score on."""

    x: Tensor
    y: Tensor
    x_validation: Tensor
    y_validation: Tensor
    x_test: Tensor
    y_test: Tensor
    test_ids: Tensor


def problem(name: str, *, n: int, seed: int, n_test: int = 1000) -> Problem:
    """The problem called "digit k", "parity of k in d bits" or "square in d"; n train, n validate.

    A parity is the product of the first k of d signs; its inputs are different ones of all 2^d. A
    square is (x_1^2 - 1)/sqrt(2) of d normal numbers. Labels of digits have their mean on train
    taken off, as the tangent space has the constant in any case.
    """
    generator = seeds.generator(seed, "inputs of chapter 06")
    if name.startswith("digit"):
        task = tasks.digits(int(name.split()[1]), n_train=2 * n, seed=seed)
        x = torch.cat([task.x_train, task.x_test[:n_test]]).flatten(1)
        y = torch.cat([task.y_train, task.y_test[:n_test]])
        y = y - y[:n].mean()
        return _parts(x, y, n, n_test, task.test_ids[:n_test])
    words = name.split()
    count = 2 * n + n_test
    if name.startswith("parity of"):
        k, d = int(words[2]), int(words[4])
        drawn = torch.randperm(2**d, generator=generator)[:count]
        x = 1.0 - 2.0 * ((drawn[:, None] >> torch.arange(d)) & 1)
        return _parts(x, x[:, :k].prod(1), n, n_test, drawn[2 * n :])
    if name.startswith("square in"):
        x = torch.randn(count, int(words[2]), generator=generator)
        ids = seed * n_test + torch.arange(n_test)
        return _parts(x, (x[:, 0].square() - 1) / math.sqrt(2), n, n_test, ids)
    raise ValueError(f"wanted a digit, a parity or a square, received {name!r}")


def _parts(x, y, n, n_test, ids) -> Problem:
    test = slice(2 * n, 2 * n + n_test)
    return Problem(x[:n], y[:n], x[n : 2 * n], y[n : 2 * n], x[test], y[test], ids)


class Search(NamedTuple):
    """What training came to: judged on validation, scored on test."""

    found: bool
    step: int  # where it was found, else the last one
    correlation: float  # on test, at the step that validation prefers


def search(net: nn.Module, on: Problem, *, rate: float, scale: float, at: Sequence[int]) -> Search:
    """Train until validation correlates by FOUND with the target, or to the last step of `at`.

    The scale LAZIEST is kernel gradient descent: the limit, exactly, with no step taken.
    """
    watched = torch.cat([on.x_validation, on.x_test])
    n = len(on.x_validation)
    if scale == LAZIEST:
        steps = torch.tensor(list(at))
        outputs = tangent.linearised(net, on.x, on.y, watched, steps=steps, rate=rate)
    else:

        def enough(outputs: Tensor) -> bool:
            return correlation(outputs[:n], on.y_validation) >= FOUND

        course = follow(net, on.x, on.y, watched, rate=rate, at=at, scale=scale, enough=enough)
        outputs = course.outputs
    judged = [correlation(row[:n], on.y_validation) for row in outputs]
    arrived = [place for place, value in enumerate(judged) if value >= FOUND]
    place = arrived[0] if arrived else max(range(len(judged)), key=judged.__getitem__)
    step = at[place] if arrived else at[len(judged) - 1]
    return Search(bool(arrived), int(step), correlation(outputs[place, n:], on.y_test))


def correlation(scores: Tensor, y: Tensor) -> float:
    """Pearson's; 0 where the scores do not vary."""
    return float(yardstick.correlations(scores.double()[:, None], y.double()[:, None]))


def looks(most: int, *, first: int = 10, factor: float = 1.06) -> list[int]:
    """Steps at which to look, about `factor` apart, from `first` to `most`."""
    steps, now = {most}, float(first)
    while now < most:
        steps.add(int(now))
        now *= factor
    return sorted(steps)


def rate_for(net: nn.Module, x: Tensor, share: float = 0.5) -> float:
    """Half of what the largest eigenvalue of the kernel at initialisation allows, halved again."""
    return tangent.stable_rate(tangent.empirical_ntk(net, x, progress=False), share)


def in_fast(net: nn.Module, on: Problem, share: float = 0.2) -> float:
    """The share of the target in the fastest fifth of the kernel's directions, at chance .2."""
    values = directions(
        yardstick.ridge.centre(tangent.empirical_ntk(net, on.x, progress=False).double())
    )
    y = on.y.double() - on.y.double().mean()
    return float(values.energy(y)[: round(share * len(y))].sum())
