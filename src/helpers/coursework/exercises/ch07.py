"""Chapter 07, how much of the dog was there: what its exercises ask for."""

import numpy as np

from helpers.coursework import Exercise, Judgement, equal

# --- 1. Place a score -------------------------------------------------------------------------


def three_scores(rng):
    """Scores over seeds of a reading, of a rival below it and of a ceiling; gaps that vary."""
    seeds = int(rng.integers(3, 9))
    rival = rng.uniform(0.1, 0.5, seeds)
    ceiling = rival + rng.uniform(0.1, 0.5, seeds)
    return rival + rng.uniform(-0.1, 0.6, seeds), rival, ceiling


def share_closed(score, rival, ceiling):
    score, rival, ceiling = score.mean(), rival.mean(), ceiling.mean()
    return float((score - rival) / (ceiling - rival))


PLACE = Exercise(
    "07-1", "Place a score", ["share_closed"],
    [
        equal(
            "the share of the gap", share_closed, three_scores, points=2, draws=8,
            hint="means over seeds first; then (score - rival) / (ceiling - rival)",
            misconceptions={
                "average first, divide then: in a mean of ratios a tiny gap would decide":
                    lambda score, rival, ceiling: float(
                        ((score - rival) / (ceiling - rival)).mean()),
                "the gap begins at the rival, not at zero: subtract it below as well":
                    lambda score, rival, ceiling: float(
                        (score.mean() - rival.mean()) / ceiling.mean()),
                "a score of the rival's size closes nothing: subtract the rival above too":
                    lambda score, rival, ceiling: float(
                        score.mean() / (ceiling.mean() - rival.mean())),
                "that is what is left of the gap": lambda score, rival, ceiling:
                    1 - share_closed(score, rival, ceiling),
                "divide by the gap: a gain alone says little":
                    lambda score, rival, ceiling: float(score.mean() - rival.mean()),
                "do not cut it off: below the rival a share is negative, above the ceiling more "
                "than 1": lambda score, rival, ceiling: float(
                    np.clip(share_closed(score, rival, ceiling), 0, 1)),
            },
        ),
    ],
)  # fmt: skip

# --- 2. Price one detector twice --------------------------------------------------------------


def one_detector(rng):
    """A code length, a number of labels, scores of random members and the detector's own."""
    n = int(rng.integers(50, 200))
    code = float(n * rng.choice([0.3, 0.7, 1.5, 40.0]) * rng.uniform(0.8, 1.2))
    members = np.round(rng.normal(0, 0.2, int(rng.integers(30, 90))), 2)
    return code, n, members, float(np.sort(members)[-int(rng.integers(2, 9))])


def two_prices(code, n, members, score):
    return float(min(code, n)), float(-np.log2((members >= score).mean()))


def _second(rarity):
    """A wrong answer to the second question alone."""
    return lambda code, n, members, score: (0.0, float(rarity(members, score)))


PRICES = Exercise(
    "07-2", "Price one detector twice", ["two_prices"],
    [
        equal(
            "the code length", two_prices, one_detector, part=0, draws=8,
            hint="what n labels have chosen costs at most n bits",
            misconceptions={
                "n labels choose among 2^n members at most: no more than n bits":
                    lambda code, n, members, score: (code, 0.0),
                "a code that is shorter than n is the price: take the smaller one":
                    lambda code, n, members, score: (float(n), 0.0),
                "the smaller of the two, not the larger":
                    lambda code, n, members, score: (float(max(code, n)), 0.0),
            },
        ),
        equal(
            "the rarity", two_prices, one_detector, part=1, points=2, draws=8,
            hint="-log2 of the share of random members that score at least as well",
            misconceptions={
                "bits: take the logarithm to base 2": _second(
                    lambda members, score: -np.log((members >= score).mean())),
                "at least as well: a member with the same score counts": _second(
                    lambda members, score: -np.log2(max((members > score).mean(), 1e-9))),
                "that is the share; its price is -log2 of it": _second(
                    lambda members, score: (members >= score).mean()),
                "a rarer member costs more: the sign": _second(
                    lambda members, score: np.log2((members >= score).mean())),
                "those are the members that score worse": _second(
                    lambda members, score: -np.log2((members < score).mean())),
                "a share of the members, not their number": _second(
                    lambda members, score: np.log2((members >= score).sum())),
                "signs count: a member far below zero is not as good": _second(
                    lambda members, score: -np.log2((np.abs(members) >= score).mean())),
            },
        ),
    ],
    forbidden=["helpers.yardstick.rarity", "helpers.yardstick.code_length"],
)  # fmt: skip

# --- 3. Repair: is the dog special? -----------------------------------------------------------


def two_targets(rng):
    """Scores and labels of dogs, half of them positive, and of a rarer target; with ties."""
    made = []
    for share, strength in ((0.5, rng.uniform(0.2, 1.5)), (0.2, rng.uniform(0.2, 1.5))):
        y = np.where(rng.random(int(rng.integers(20, 40))) < share, 1.0, -1.0)
        y[:2] = 1.0, -1.0
        made += [np.round(strength * y + rng.normal(size=len(y)), 1), y]
    return tuple(made)


def auc(scores, y):
    high, low = scores[y > 0][:, None], scores[y < 0]
    return float((high > low).mean() + (high == low).mean() / 2)


def lead_in_auc(dog_scores, dog_y, lot_scores, lot_y):
    return auc(dog_scores, dog_y) - auc(lot_scores, lot_y)


def _by(measure):
    """The lead in another score than AUC."""
    return lambda a, y, b, z: float(measure(a, y) - measure(b, z))


SPECIAL = Exercise(
    "07-3", "Repair: is the dog special?", ["lead"],
    [
        equal(
            "dogs minus clusters, in AUC", lead_in_auc, two_targets, points=3, draws=8,
            hint="the share of (positive, negative) pairs in the right order, ties counting half",
            misconceptions={
                "a correlation depends on how many are positive: compare AUC":
                    _by(lambda a, y: np.corrcoef(a, y)[0, 1]),
                "accuracy depends on how many are positive: compare AUC":
                    _by(lambda a, y: (np.sign(a) == y).mean()),
                "a tie counts half": _by(
                    lambda a, y: (a[y > 0][:, None] > a[y < 0]).mean()),
                "a tie counts half, not whole": _by(
                    lambda a, y: (a[y > 0][:, None] >= a[y < 0]).mean()),
                "dogs minus clusters, not the other way round":
                    lambda a, y, b, z: lead_in_auc(b, z, a, y),
                "that is the dogs' AUC; asked for is the difference":
                    lambda a, y, b, z: auc(a, y),
                "a share of pairs, each positive with each negative": _by(
                    lambda a, y: float(a[y > 0].mean() > a[y < 0].mean())),
                "the labels have two values; the mean difference of scores is no AUC": _by(
                    lambda a, y: a[y > 0].mean() - a[y < 0].mean()),
            },
        ),
    ],
    forbidden=["helpers.yardstick.evaluate", "helpers.yardstick.weighted_scores"],
)  # fmt: skip

# --- 4. A rung of your own: two families in one -----------------------------------------------


def two_families(rng):
    """Kernels of two feature sets of very different size, labels and a penalty."""
    n, q, p = (int(rng.integers(*span)) for span in ((8, 16), (4, 9), (3, 12)))
    phi, psi = rng.normal(size=(n + q, p)), 3 * rng.normal(size=(n + q, p + 2))
    one, other = (part @ part.T for part in (phi, psi))
    y = np.where(rng.random(n) < 0.5, 1.0, -1.0)
    return one[:n, :n], one[n:, :n], other[:n, :n], other[n:, :n], y, float(rng.uniform(0.2, 3))


def _unit(train, new):
    size = np.trace(train) / len(train)
    return train / size, new / size


def both_families(k1, k1_new, k2, k2_new, y, lam):
    (k1, k1_new), (k2, k2_new) = _unit(k1, k1_new), _unit(k2, k2_new)
    return _ridge(k1 + k2, k1_new + k2_new, y, lam)


def _ridge(k, new, y, lam):
    values, vectors = np.linalg.eigh(k)
    return new @ vectors @ ((vectors.T @ y) / (values + lam))


def _joined(join):
    """Ridge on another way of joining: join(k1, k1_new, k2, k2_new) -> kernel, new."""
    return lambda k1, k1_new, k2, k2_new, y, lam: _ridge(*join(k1, k1_new, k2, k2_new), y, lam)


def _largest(train, new):
    return train / np.linalg.eigvalsh(train)[-1], new / np.linalg.eigvalsh(train)[-1]


def _summed(one, other):
    return one[0] + other[0], one[1] + other[1]


BLEND = Exercise(
    "07-4", "A rung of your own: two families in one", ["both"],
    [
        equal(
            "the scores of new images", both_families, two_families, points=4, draws=8,
            hint="each kernel over its own mean diagonal; their sum; (K + lam) a = y; K_new a",
            misconceptions={
                "the larger family drowns the other: divide each by its mean diagonal first":
                    _joined(lambda a, b, c, d: (a + c, b + d)),
                "new rows belong to the same features: divide them by the same number":
                    _joined(lambda a, b, c, d: (_unit(a, b)[0] + _unit(c, d)[0], b + d)),
                "the sum, not the mean: halving a kernel doubles the penalty": _joined(
                    lambda a, b, c, d: tuple(
                        part / 2 for part in _summed(_unit(a, b), _unit(c, d)))),
                "features side by side add their kernels; a product is another family": _joined(
                    lambda a, b, c, d: tuple(
                        s * t for s, t in zip(_unit(a, b), _unit(c, d), strict=True))),
                "only one of the families is in it": _joined(lambda a, b, c, d: _unit(a, b)),
                "only the other family is in it": _joined(lambda a, b, c, d: _unit(c, d)),
                "the mean of the diagonal, not its sum; and lam as it is, not times n": _joined(
                    lambda a, b, c, d: _summed(
                        (a / np.trace(a), b / np.trace(a)), (c / np.trace(c), d / np.trace(c)))),
                "the mean of the diagonal, not the largest eigenvalue": _joined(
                    lambda a, b, c, d: _summed(_largest(a, b), _largest(c, d))),
                "without lam this is interpolation: add it on the diagonal":
                    lambda a, b, c, d, y, lam: both_families(a, b, c, d, y, 1e-9),
            },
        ),
    ],
    forbidden=["helpers.yardstick.ridge.fit_kernel"],
)  # fmt: skip

# --- 5. Write the result that would refute the chapter ----------------------------------------

REFUTE = Judgement(
    "07-5", "Write the result that would refute the chapter",
    {
        "a sentence of the chapter's with its reading, its budget of labels and its photos": 1,
        "a number with an interval, and the bar that was fixed before": 1,
        "the rival, the ceiling or the control without which the number would say nothing": 1,
        "what would be wrong then: the reading, the premise, or only this small network": 1,
    },
)  # fmt: skip

EXERCISES = [PLACE, PRICES, SPECIAL, BLEND, REFUTE]
