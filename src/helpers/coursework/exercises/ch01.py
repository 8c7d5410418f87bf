"""Chapter 01, counting: what its exercises ask for."""

import itertools
import math

import numpy as np

from helpers.counting import boolean
from helpers.coursework import Exercise, Judgement, equal, holds

# --- 1. Masks are not functions ---------------------------------------------------------------


def a_unit(rng):
    """Weights of either sign on a grid, so that sums tie exactly; a readout that may be zero."""
    w, b = rng.integers(-6, 7, 3) / 8, float(rng.integers(-6, 7)) / 8
    return w, b, float(rng.choice([-1.5, -0.5, 0.0, 0.75, 1.25]))


def _units(masks, contribution):
    """A count over masks (of w, b, v) of the distinct things that `contribution` gives."""

    def count(w, b, v):
        x = np.array(list(itertools.product((0, 1), repeat=3)), float)
        return len({
            tuple(np.round(contribution(x @ (np.asarray(w) * m[:3]) + b * m[3], v * m[4]), 6) + 0.0)
            for m in masks
        })  # fmt: skip

    return count


ALL = list(itertools.product((0, 1), repeat=5))


def _relu(before, v):
    return v * np.maximum(before, 0)


behaviours = _units(ALL, _relu)

BEHAVIOURS = Exercise(
    "01-1", "Masks are not functions", ["behaviours"],
    [
        equal(
            "the number of different contributions", behaviours, a_unit, points=2, draws=12,
            tolerance=1e-9, hint="count the different lists of eight values",
            misconceptions={
                "32 is the number of masks: many of them do the same": lambda w, b, v: 32,
                "without the ReLU you count sums; what is below zero adds nothing":
                    _units(ALL, lambda before, v: v * before),
                "the bias can be cut as well": _units([m for m in ALL if m[3]], _relu),
                "the readout weight counts: where it is zero nothing is ever added":
                    lambda w, b, v: behaviours(w, b, 1.0),
                "adding nothing counts once, however it comes about":
                    lambda w, b, v: behaviours(w, b, v) + 1,
                "count the contributions, not the functions that they compute alone":
                    _units(ALL, lambda before, v: (v * np.maximum(before, 0) > 0) * 1.0),
            },
        ),
    ],
)  # fmt: skip

# --- 2. A reading of your own: turn signs -----------------------------------------------------


def a_small_net(rng):
    """One or two hidden units of two inputs; weights of either sign."""
    h = int(rng.integers(1, 3))
    return rng.normal(size=(h, 2)), rng.normal(size=h), rng.normal(size=h), float(rng.normal())


def _by(choices, parts=(1, 1, 1, 1), activation=lambda z: np.maximum(z, 0), cut=lambda f: f > 0):
    """A count of truth tables over factors from `choices`; parts: which of w, b, v, c they turn."""

    def count(w, b, v, c):
        w, b, v = (np.asarray(each, float) for each in (w, b, v))
        h, x = len(b), np.array([[0, 0], [0, 1], [1, 0], [1, 1]], float)
        s = np.array(list(itertools.product(choices, repeat=4 * h + 1)), float)
        turns = np.split(s, [2 * h, 3 * h, 4 * h], axis=1)
        by_w, by_b, by_v, by_c = (
            part if on else np.ones_like(part) for part, on in zip(turns, parts, strict=True)
        )
        before = np.einsum("xd,khd->kxh", x, w * by_w.reshape(-1, h, 2)) + (b * by_b)[:, None]
        outputs = (activation(before) * (v * by_v)[:, None]).sum(2) + c * by_c
        return len(np.unique(cut(outputs) + 0.0, axis=0))

    return count


functions_by_sign = _by((-1, 1))

SIGNS = Exercise(
    "01-2", "A reading of your own: turn signs", ["functions_by_sign"],
    [
        equal(
            "the number of functions", functions_by_sign, a_small_net, points=3, draws=10,
            tolerance=1e-9, hint="2^(4h+1) choices of signs, a truth table of four bits for each",
            misconceptions={
                "those are masks: a sign is -1 or +1, nothing is cut": _by((0, 1)),
                "cutting is not among the members: a sign is -1 or +1": _by((-1, 0, 1)),
                "biases have signs as well": _by((-1, 1), (1, 0, 1, 0)),
                "the hidden weights have signs as well": _by((-1, 1), (0, 1, 1, 1)),
                "the output bias has a sign as well": _by((-1, 1), (1, 1, 1, 0)),
                "the readout weights have signs as well": _by((-1, 1), (1, 1, 0, 1)),
                "hidden units are rectified: ReLU": _by((-1, 1), activation=lambda z: z),
                "members are not functions: count different truth tables":
                    lambda w, b, v, c: 2 ** (4 * len(b) + 1),
                "count truth tables, not lists of outputs": _by((-1, 1), cut=lambda f: f.round(6)),
            },
        ),
    ],
)  # fmt: skip

# --- 3. A certificate -------------------------------------------------------------------------


def some_bits(rng):
    return (int(rng.integers(2, 5)),)


def _signed(n):
    odd = boolean.inputs(n).numpy().sum(1) % 2 == 1
    return np.where(odd, 1.0, -1.0)


def certifies(y, n):
    """A fault in words, or nothing."""
    y, cube = np.asarray(y, float), boolean.inputs(n).numpy()
    odd, size = cube.sum(1) % 2 == 1, max(1e-12, float(np.abs(y).max()))
    if not np.isfinite(y).all():
        return "wanted finite coefficients, received others"
    if (y[odd] < -1e-9 * size).any() or (y[~odd] > 1e-9 * size).any():
        return "wanted nothing below 0 where parity is true and nothing above 0 where it is false"
    if size <= 1e-9 or y[odd].max() <= 1e-9 * size:
        return "wanted a positive coefficient where parity is true: all zeros prove nothing"
    if abs(y.sum()) > 1e-6 * size:
        return "wanted coefficients that sum to zero: the constant has to cancel as well"
    if np.abs(y @ cube).max() > 1e-6 * size:
        return "wanted the weighted inputs to sum to zero in every coordinate"
    return ""


CERTIFICATE = Exercise(
    "01-3", "A certificate", ["certificate"],
    [
        holds(
            "a certificate that parity is no plane", certifies, _signed, some_bits, points=3,
            draws=8, hint="one coefficient for each of the 2^n inputs",
        ),
    ],
)  # fmt: skip

# --- 4. The width where everything fits -------------------------------------------------------


def some_noise(rng):
    """Up to seven columns; sometimes one that is a multiple of another, so that k is not all."""
    phi = rng.normal(size=(8, int(rng.integers(1, 8))))
    if phi.shape[1] > 2 and rng.random() < 0.5:
        phi[:, -1] = 2 * phi[:, 0]
    return (phi,)


def share_of_noise(noise):
    """Cover's count, from the rank: 2 (C(7, 0) + ... + C(7, rank - 1)) of 256."""
    rank = np.linalg.matrix_rank(np.column_stack([noise, np.ones(8)]))
    return sum(math.comb(7, i) for i in range(rank)) / 128


def _share(phi):
    return float(boolean.sign_patterns(phi).mean())


NOISE = Exercise(
    "01-4", "The width where everything fits", ["share_of_noise"],
    [
        equal(
            "the share of the functions", share_of_noise, some_noise, points=3, draws=10,
            tolerance=1e-9, hint="append a column of ones, ask sign_patterns, take the share",
            misconceptions={
                "a constant belongs to the family: append a column of ones":
                    lambda noise: _share(np.asarray(noise)),
                "that is the number of functions; the share of all 256 is wanted":
                    lambda noise: 256 * share_of_noise(noise),
                "a column of zeros adds nothing; the constant is a column of ones":
                    lambda noise: _share(np.column_stack([noise, np.zeros(8)])),
                "the rank is not the share: which functions do the columns express?":
                    lambda noise: np.linalg.matrix_rank(np.column_stack([noise, np.ones(8)])) / 8,
                "columns that depend on each other count once: it is the rank that counts":
                    lambda noise: sum(math.comb(7, i) for i in range(noise.shape[1] + 1)) / 128,
            },
        ),
    ],
)  # fmt: skip

# --- 5. Repair: does being there help? --------------------------------------------------------


def two_tables(rng):
    """Easy functions are both; the last three are present everywhere, nowhere, everywhere."""
    nets, functions = int(rng.integers(12, 25)), int(rng.integers(8, 15))
    ease = rng.uniform(0.05, 0.85, functions)
    present = rng.uniform(size=(nets, functions)) < ease
    found = rng.uniform(size=(nets, functions)) < ease / 2 + 0.3 * present * rng.uniform()
    present[:, -3:] = [True, False, True]
    return present, found


def nothing_varies(rng):
    """Every function is present in all networks or in none."""
    present, found = two_tables(rng)
    return np.broadcast_to(rng.random(present.shape[1]) < 0.5, present.shape).copy(), found


def some_vary_or_none(rng):
    """Either of the two above: a constant earns nothing."""
    return nothing_varies(rng) if rng.random() < 0.5 else two_tables(rng)


def within_functions(present, found):
    present, found = (np.asarray(table, float) for table in (present, found))
    count = present.sum(0)
    varies = (count > 0) & (count < len(present))
    if not varies.any():
        return 0.0
    p, f, n = present[:, varies], found[:, varies], count[varies]
    return float(np.mean((p * f).sum(0) / n - ((1 - p) * f).sum(0) / (len(p) - n)))


def _pooled(present, found):
    return found[present].mean() - found[~present].mean()


def _by_network(present, found):
    return within_functions(present.T, found.T)


def _all_functions(present, found):
    """Functions that do not vary counted as differences of zero."""
    varies = present.any(0) & ~present.all(0)
    return within_functions(present, found) * varies.mean()


def _weighted(present, found):
    varies = present.any(0) & ~present.all(0)
    p, f = present[:, varies], found[:, varies]
    mean = np.array([a[t].mean() - a[~t].mean() for t, a in zip(p.T, f.T, strict=True)])
    return float(np.average(mean, weights=p.sum(0)))


REPAIR = Exercise(
    "01-5", "Repair: does being there help?", ["within_functions"],
    [
        equal(
            "the effect with the function held fixed", within_functions, two_tables, points=3,
            draws=8, hint="a difference for each column, then the mean over the columns that vary",
            misconceptions={
                "easy functions still raise it: compare networks within each function": _pooled,
                "a function holds a column: you compared functions within a network": _by_network,
                "leave out functions that are present everywhere or nowhere": _all_functions,
                "every function counts the same, however often it is present": _weighted,
                "present minus absent is wanted":
                    lambda present, found: -within_functions(present, found),
                "the share found where present is only half of the difference":
                    lambda present, found: np.mean(
                        [found[t, j].mean() for j, t in enumerate(present.T) if 0 < t.mean() < 1]
                    ),
                "the tables trade places: it is finding that depends on presence":
                    lambda present, found: within_functions(found, present),
            },
        ),
        equal(
            "the same, and 0 where no function varies", within_functions, some_vary_or_none,
            draws=8, hint="the effect as above, and return 0 if every function is present in all"
            " networks or in none",
        ),
    ],
)  # fmt: skip

# --- 6. Two billion masks ---------------------------------------------------------------------

BILLIONS = Judgement(
    "01-6", "Two billion masks",
    {
        "enough masks are not different masks: the step from number to functions is wrong": 1,
        "the chapter enumerates what the masks compute, and finds far fewer than 256": 1,
        "the tangent space at full rank: everything, but so would noise": 1,
    },
)  # fmt: skip

EXERCISES = [BEHAVIOURS, SIGNS, CERTIFICATE, NOISE, REPAIR, BILLIONS]
