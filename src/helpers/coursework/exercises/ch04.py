"""Chapter 04, pruned subnetworks: what its exercises ask for."""

import itertools
import math

import numpy as np
from torch import nn

from helpers.coursework import Exercise, Judgement, equal, holds

# --- 1. The missing null ----------------------------------------------------------------------


def pruned_units(rng):
    """Activations before and after pruning, and under random masks; some units go dark."""
    n, m, draws = (int(rng.integers(low, high)) for low, high in ((12, 25), (6, 12), (3, 7)))
    before = rng.normal(size=(n, m)) + rng.uniform(0, 2)
    turned = rng.choice([-1.0, 1.0], size=m)
    after = before * turned + rng.uniform(0.4, 0.9) * rng.normal(size=(n, m))
    nulls = before * rng.choice([-1.0, 1.0], size=(draws, 1, m))
    nulls = nulls + rng.uniform(1.0, 2.5) * rng.normal(size=(draws, n, m))
    after[:, 0] = 0
    for draw in range(draws):
        nulls[draw][:, rng.permutation(m)[: int(rng.integers(0, 3))]] = 0
    before[:, 1] = 0
    return before, after, nulls


def _correlation(a, b):
    """Pearson's, nan where one of the two is constant."""
    a, b = a - a.mean(), b - b.mean()
    size = np.linalg.norm(a) * np.linalg.norm(b)
    return float(a @ b / size) if size > 1e-12 else math.nan


def _kept_selves(before, after, size=abs):
    found = [size(_correlation(a, b)) for a, b in zip(before.T, after.T, strict=True)]
    return np.array(found)


def preserved(before, after, nulls):
    by_chance = [np.nanmean(_kept_selves(before, null)) for null in nulls]
    return float(np.nanmean(_kept_selves(before, after)) - np.mean(by_chance))


def _preserved(mean=np.nanmean, size=abs, first_only=False, turned=False):
    """A mistaken version."""

    def mistaken(before, after, nulls):
        tables = [after, *(nulls[:1] if first_only else nulls)]
        if turned:  # correlations over units, one for each image
            before, tables = before.T, [table.T for table in tables]
        found, *chance = [mean(_kept_selves(before, table, size)) for table in tables]
        return found - np.mean(chance)

    return mistaken


NULL = Exercise(
    "04-1", "The missing null", ["preserved"],
    [
        equal(
            "how much more is preserved than by chance", preserved, pruned_units, points=2,
            draws=8, hint="the mean |correlation| of units with themselves, without the constant"
            " units (nan), minus the mean of the same number over the random masks",
            misconceptions={
                "subtract what random masks of that size preserve":
                    lambda before, after, nulls: np.nanmean(_kept_selves(before, after)),
                "a unit that is turned round is preserved too: take |correlation|":
                    _preserved(size=float),
                "take the absolute value of each unit's correlation, then the mean":
                    _preserved(mean=lambda t: abs(np.nanmean(t)), size=float),
                "a constant unit has no correlation: leave it out instead of counting 0":
                    _preserved(mean=lambda t: np.nan_to_num(t).mean()),
                "there are several random masks: take the mean over all of them":
                    _preserved(first_only=True),
                "correlate over images, unit by unit; you correlated over units":
                    _preserved(turned=True),
                "this is the random masks' number alone":
                    lambda before, after, nulls: np.mean(
                        [np.nanmean(_kept_selves(before, null)) for null in nulls]),
                "after pruning minus by chance is wanted":
                    lambda before, after, nulls: -preserved(before, after, nulls),
            },
        ),
    ],
)  # fmt: skip

# --- 2. Program a weight ----------------------------------------------------------------------


def a_weight(rng):
    """A number between -2 and 2, sometimes a sum of few powers of two, and a precision."""
    bits = int(rng.integers(3, 11))
    w = float(rng.uniform(-2, 2))
    if rng.random() < 0.3:
        w = math.floor(w * 4) / 4
    return min(max(w, -2 + 2.0**-bits), 2 - 2.0**-bits), bits


def zero_and_ends(rng):
    """The weights at which a sign or a comparison goes wrong, and a few between."""
    bits = int(rng.integers(3, 11))
    end = 2 - 2.0**-bits
    return float(rng.choice([0.0, 1.0, -1.0, end, -end, 2.0**-bits, -1.5])), bits


def the_edges(bits):
    positive = 2.0 ** -np.arange(bits + 1)
    return np.concatenate([positive, -positive])


def programs(mask, w, bits):
    """A fault in words, or nothing."""
    mask, edges = np.asarray(mask), the_edges(bits)
    if not np.isin(mask, (0, 1)).all():
        return "wanted True or False for every edge, received other numbers"
    total = float(edges @ mask)
    if abs(total - w) <= 2.0**-bits * (1 + 1e-9):
        return ""
    told = f"wanted edges that sum to {w:.6g} within 2^-{bits}, received a sum of {total:.6g}"
    if abs(total + w) <= 2.0**-bits * (1 + 1e-9):
        return f"{told}: the sign is turned; positive edges come first"
    if abs(abs(total) - abs(w)) <= 2.0 ** (1 - bits):
        return f"{told}: the last power, 2^-K, is an edge too"
    if w < 0 <= total:
        return f"{told}: a negative weight is made of the negative edges, which come last"
    return f"{told}: go from the largest edge to the smallest and take what still fits"


def _a_mask(w, bits):
    return np.zeros(2 * bits + 2)


PROGRAM = Exercise(
    "04-2", "Program a weight", ["program"],
    [
        holds(
            "a mask for any weight", programs, _a_mask, a_weight, points=2, draws=12,
            hint="one True or False for each of the 2 (K + 1) edges",
        ),
        holds(
            "zero, powers of two and the largest weights", programs, _a_mask, zero_and_ends,
            draws=12, hint="one True or False for each of the 2 (K + 1) edges",
        ),
    ],
)  # fmt: skip

# --- 3. Count what is drawn -------------------------------------------------------------------


def a_layers_size(rng):
    return tuple(int(rng.integers(low, high)) for low, high in ((2, 30), (2, 30), (3, 15)))


def a_circuit(rng):
    return int(rng.integers(2, 40)), int(rng.integers(3, 15))


def drawn_for(d_in, d_out, F):
    """Counted on the layers themselves."""
    units = F * (d_in + 1)
    layers = nn.Sequential(nn.Linear(d_in, units), nn.Linear(units, d_out))
    return float(sum(p.numel() for p in layers.parameters()))


def drawn_per_edge(N, F):
    return drawn_for(N, N, F) / (2 * N)


def _two_layers(d_in, units, d_out):
    return d_in * units + units + units * d_out + d_out


DRAWN = Exercise(
    "04-3", "Count what is drawn", ["drawn_for", "drawn_per_edge"],
    [
        equal(
            "what is drawn for a dense layer", drawn_for, a_layers_size, points=2, tolerance=1e-9,
            hint="a block of F units for every input and one for the bias column; both layers"
            " have weights and biases",
            misconceptions={
                "the bias column has a block of F units, too":
                    lambda d_in, d_out, F: _two_layers(d_in, F * d_in, d_out),
                "biases are drawn as well: one for every unit and every output":
                    lambda d_in, d_out, F: F * (d_in + 1) * (d_in + d_out),
                "the outputs have biases as well":
                    lambda d_in, d_out, F: drawn_for(d_in, d_out, F) - d_out,
                "the units of the blocks have biases as well":
                    lambda d_in, d_out, F: drawn_for(d_in, d_out, F) - F * (d_in + 1),
                "these are the weights that stay; all pairs of input and unit are drawn":
                    lambda d_in, d_out, F: F * (d_in + 1) * (1 + d_out),
                "inputs and outputs trade places": lambda d_in, d_out, F: drawn_for(d_out, d_in, F),
            },
        ),
        equal(
            "what is drawn for an edge of a circuit", drawn_per_edge, a_circuit,
            answer="drawn_per_edge", tolerance=1e-9,
            hint="what the dense layer of N inputs and N units costs, over its 2N edges",
            misconceptions={
                "a circuit has two edges into each unit, 2N in all: divide by those":
                    lambda N, F: drawn_for(N, N, F) / N**2,
                "two edges into each of N units are 2N edges":
                    lambda N, F: drawn_for(N, N, F) / N,
                "that is the whole layer; per edge is asked for": lambda N, F: drawn_for(N, N, F),
            },
        ),
    ],
)  # fmt: skip

# --- 4. A reading of your own: cut whole units ------------------------------------------------


def a_hidden_layer(rng):
    """Activations of up to six units, a readout and an output bias, labels, some turned round."""
    n, h = int(rng.integers(10, 24)), int(rng.integers(3, 7))
    a = np.maximum(rng.normal(size=(n, h)) + 0.2, 0)
    v, c = rng.normal(size=h), float(rng.normal() / 2)
    hidden_rule = a[:, : h // 2] @ v[: h // 2] + c
    y = np.where(hidden_rule + rng.normal(size=n) / 2 > 0, 1.0, -1.0)
    return a, v, c, y * float(rng.choice([-1, 1]))


def _over_subsets(parts=None, cut=lambda f: f > 0, score=None):
    """(best share of labels, rarity in bits) over subsets of units."""

    def agreement(f, y):
        return float(np.mean(cut(f) == (y > 0)))

    def found(a, v, c, y):
        h = len(v)
        subsets = [np.array(s) for s in itertools.product((0, 1), repeat=h)]
        subsets = [s for s in subsets if parts is None or parts(s)]
        shares = np.array([(score or agreement)(a @ (v * s) + c, y) for s in subsets])
        return float(shares.max()), -math.log2(np.mean(shares > shares.max() - 1e-9))

    return found


best_by_units = _over_subsets()


def _greedy(a, v, c, y):
    """Cut one unit after the other, as long as that helps."""
    kept, best = np.ones(len(v)), -1.0
    while True:
        tried = [np.where(np.arange(len(v)) == j, 0.0, kept) for j in range(len(v))]
        shares = [np.mean((a @ (v * s) + c > 0) == (y > 0)) for s in [kept, *tried]]
        if max(shares) <= best:
            return best, 0.0
        best, kept = max(shares), [kept, *tried][int(np.argmax(shares))]


UNITS = Exercise(
    "04-4", "A reading of your own: cut whole units", ["best_by_units"],
    [
        equal(
            "the best share of labels", best_by_units, a_hidden_layer, part=0, draws=10,
            tolerance=1e-6, points=2,
            hint="try all 2^h subsets of units; the output is above 0 for one class",
            misconceptions={
                "all subsets are members: one may have to cut several units at once": _greedy,
                "the output bias stays, whatever is cut":
                    lambda a, v, c, y: best_by_units(a, v, 0.0, y),
                "a unit that is kept keeps its readout weight v":
                    lambda a, v, c, y: best_by_units(a, np.ones_like(v), c, y),
                "the sign is not yours to turn: only cutting is allowed":
                    _over_subsets(score=lambda f, y: max(np.mean((f > 0) == (y > 0)),
                                                         np.mean((f > 0) != (y > 0)))),
                "cutting everything or nothing are members, but not the only ones":
                    _over_subsets(parts=lambda s: s.sum() in (0, len(s))),
                "one unit at a time is chapter 02; subsets of any size are members":
                    _over_subsets(parts=lambda s: s.sum() == 1),
                "these are correlations; count the labels that come out right":
                    _over_subsets(score=lambda f, y: _correlation(f, y)),
            },
        ),
        equal(
            "how rare it is, in bits", best_by_units, a_hidden_layer, part=1, draws=10,
            tolerance=1e-6,
            hint="-log2 of the share of all 2^h subsets that are as good as the best",
            misconceptions={
                "several subsets may be as good as the best: -log2 of their share":
                    lambda a, v, c, y: (0.0, float(len(v))),
                "a share of subsets is wanted in bits: -log2 of it":
                    lambda a, v, c, y: (0.0, 2.0 ** -best_by_units(a, v, c, y)[1]),
                "that is how many subsets are as good; -log2 of their share is wanted":
                    lambda a, v, c, y: (0.0, 2.0 ** (len(v) - best_by_units(a, v, c, y)[1])),
            },
        ),
    ],
)  # fmt: skip

# --- 5. Repair: a race with two stopwatches ---------------------------------------------------


def two_arms(rng):
    """Scores on validation and test along training, for two arms over the same seeds."""
    seeds = int(rng.integers(6, 12))

    def arm(ease):
        points = int(rng.integers(5, 20))
        curve = ease[:, None] + rng.uniform(0, 0.3, size=points)
        return tuple(curve + 0.05 * rng.normal(size=(seeds, points)) for _ in range(2))

    ease = rng.uniform(0.5, 0.7, size=seeds)
    ticket_valid, ticket_test = arm(ease + rng.uniform(0, 0.1))
    rival_valid, rival_test = arm(ease)
    return ticket_valid, ticket_test, rival_valid, rival_test


def _at(scores, steps):
    return np.take_along_axis(scores, np.broadcast_to(steps, len(scores))[:, None], 1)[:, 0]


def _lead(first, second, ddof=1, root=True, paired=True):
    lead, n = first - second, len(first)
    spread = lead.std(ddof=ddof) if paired else (first.var(ddof=1) + second.var(ddof=1)) ** 0.5
    return float(lead.mean()), float(spread / n**0.5 if root else spread)


def _by(pick, **options):
    """A version that stops each arm where `pick(valid, test)` says, one step for each seed."""

    def found(ticket_valid, ticket_test, rival_valid, rival_test):
        return _lead(
            _at(ticket_test, pick(ticket_valid, ticket_test)),
            _at(rival_test, pick(rival_valid, rival_test)),
            **options,
        )

    return found


def _on_validation(valid, test):
    return valid.argmax(1)


fair_lead = _by(_on_validation)

RACE = Exercise(
    "04-5", "Repair: a race with two stopwatches", ["fair_lead"],
    [
        equal(
            "the lead when validation stops both", fair_lead, two_arms, part=0, points=2, draws=8,
            tolerance=1e-6, hint="for each seed stop where validation is best, and read the test"
            " score there",
            misconceptions={
                "who looks more often finds a luckier step: test must not say when to stop":
                    _by(lambda valid, test: test.argmax(1)),
                "the step is chosen for each seed, by its own validation scores":
                    _by(lambda valid, test: valid.mean(0).argmax()),
                "the last step is not the best on validation":
                    _by(lambda valid, test: valid.shape[1] - 1),
                "these are validation scores: they have chosen the step; read the test scores":
                    lambda ticket_valid, ticket_test, rival_valid, rival_test: (
                        ticket_valid.max(1).mean() - rival_valid.max(1).mean(), 0.0),
                "a mean over steps is no score at the step where one stops":
                    lambda ticket_valid, ticket_test, rival_valid, rival_test: (
                        ticket_test.mean() - rival_test.mean(), 0.0),
                "ticket minus rival is wanted":
                    lambda *scores: (-fair_lead(*scores)[0], 0.0),
            },
        ),
        equal(
            "its standard error over seeds", fair_lead, two_arms, part=1, draws=8, tolerance=1e-6,
            hint="the leads of the seeds have a standard deviation (n - 1); over sqrt(n)",
            misconceptions={
                "that is the spread of one seed's lead: divide by the root of their number":
                    _by(_on_validation, root=False),
                "both arms run on the same seeds: take the spread of their differences":
                    _by(_on_validation, paired=False),
                "the spread of a sample has n - 1 below: std divides by n":
                    _by(_on_validation, ddof=0),
                "that is the squared standard error":
                    lambda *scores: (0.0, fair_lead(*scores)[1] ** 2),
            },
        ),
    ],
)  # fmt: skip

# --- 6. What would convince you? --------------------------------------------------------------

CONVINCE = Judgement(
    "04-6", "What would convince you?",
    {
        "true: some mask exists; the same holds for any other target and for fixed weights": 1,
        "the choice of the mask carries the information: at least as many bits as the weights": 1,
        "an experiment in which the initialisation matters, with a control of equal size or price":
            1,
        "its outcome is said beforehand, in numbers or as a comparison": 1,
    },
)  # fmt: skip

EXERCISES = [NULL, PROGRAM, DRAWN, UNITS, RACE, CONVINCE]
