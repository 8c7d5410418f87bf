"""Chapter 02, single neurons: what its exercises ask for."""

import math

import numpy as np
import torch
from scipy import stats

from helpers.coursework import Exercise, Judgement, equal, holds

# --- 1. Choose on test, and see ---------------------------------------------------------------


def neurons_and_labels(rng):
    """Activations of 70 to 110 neurons on train and test, labels; the best one may go dark."""
    n, k, m = (int(rng.integers(low, high)) for low, high in ((30, 60), (25, 50), (70, 110)))
    y_train, y_test = (np.where(rng.random(size) < 0.4, 1.0, -1.0) for size in (n, k))
    a_train, a_test = rng.normal(size=(n, m)), rng.normal(size=(k, m))
    leaning = int(rng.integers(m)), float(rng.choice([-1, 1])), float(rng.choice([-1, 1]))
    column, on_train, on_test = leaning
    a_train[:, column] += on_train * y_train
    a_test[:, column] += on_test * 0.4 * y_test
    return tuple(torch.tensor(value, dtype=torch.float32) for value in (
        a_train, y_train, a_test, y_test))  # fmt: skip


def _correlations(a, y):
    return np.corrcoef(np.column_stack([y, a]).astype(float), rowvar=False)[0, 1:]


def _both(a_train, y_train, a_test, y_test):
    return _correlations(a_train, y_train), _correlations(a_test, y_test)


def picked_on_train(a_train, y_train, a_test, y_test):
    train, test = _both(a_train, y_train, a_test, y_test)
    best = np.abs(train).argmax()
    return np.sign(train[best]) * test[best]


def picked_on_test(a_train, y_train, a_test, y_test):
    return np.abs(_correlations(a_test, y_test)).max()


def _picked(pick, score):
    """A mistaken version: pick(train, test) -> neuron, score(train, test, neuron) -> number."""

    def mistaken(a_train, y_train, a_test, y_test):
        train, test = _both(a_train, y_train, a_test, y_test)
        return score(train, test, pick(train, test))

    return mistaken


def _on_train(train, test):
    return np.abs(train).argmax()


def _on_test(train, test):
    return np.abs(test).argmax()


def _signed(train, test, best):
    return np.sign(train[best]) * test[best]


CHOOSE = Exercise(
    "02-1", "Choose on test, and see", ["honest_and_not"],
    [
        equal(
            "the neuron picked on train, scored on test", picked_on_train, neurons_and_labels,
            part=0, draws=12, hint="pick on train by |correlation|, score that neuron on test",
            misconceptions={
                "a neuron that goes dark counts too: pick by the absolute value":
                    _picked(lambda train, test: train.argmax(), _signed),
                "its sign comes from train, even where that is wrong on test":
                    _picked(_on_train, lambda train, test, best: abs(test[best])),
                "a neuron that goes dark has its sign turned, and the sign comes from train":
                    _picked(_on_train, lambda train, test, best: test[best]),
                "that is its score on train; it has to be judged on test":
                    _picked(_on_train, lambda train, test, best: abs(train[best])),
                "that neuron was picked on test: the honest pick may look at train only":
                    _picked(_on_test, _signed),
                "that is the neuron picked on test, the dishonest one: honest comes first":
                    _picked(_on_test, lambda train, test, best: abs(test[best])),
                "that is the worst neuron on train: the largest |correlation| is wanted":
                    _picked(lambda train, test: np.abs(train).argmin(), _signed),
                "look at all the columns, not at the first 64 only":
                    _picked(lambda train, test: np.abs(train[:64]).argmax(), _signed),
            },
        ),
        equal(
            "the neuron picked on test, scored on test", picked_on_test, neurons_and_labels,
            part=1, draws=12, hint="the largest |correlation| on test, sign included",
            misconceptions={
                "a neuron that goes dark counts too: pick by the absolute value":
                    _picked(_on_test, lambda train, test, best: test.max()),
                "its sign is picked on test as well, so that its score is never negative":
                    _picked(_on_test, lambda train, test, best: test[best]),
                "its sign is picked on test as well, not on train":
                    _picked(_on_test, _signed),
                "that is the score of the neuron picked on train: two picks are wanted":
                    _picked(_on_train, lambda train, test, best: abs(test[best])),
                "that is the score of the neuron picked on train, the honest one":
                    _picked(_on_train, _signed),
                "that is a score on train; judge on test":
                    _picked(_on_train, lambda train, test, best: abs(train[best])),
                "look at all the columns, not at the first 64 only":
                    _picked(_on_test, lambda train, test, best: np.abs(test[:64]).max()),
            },
        ),
    ],
)  # fmt: skip

# --- 2. Fit both laws, and extrapolate --------------------------------------------------------


def a_sample_of_neurons(rng):
    """Correlations of neurons, not centred; a ceiling R; a wanted correlation r below it."""
    t = rng.normal(rng.uniform(-0.1, 0.1), rng.uniform(0.05, 0.15), int(rng.integers(40, 200)))
    R = rng.uniform(0.7, 0.95)
    return t, R, R * rng.uniform(0.2, 0.9)


def at_the_ends(rng):
    """r is nothing at all, the ceiling, or beyond it."""
    t, R, _ = a_sample_of_neurons(rng)
    return t, R, float(rng.choice([0.0, R, R + rng.uniform(0.01, 0.05)]))


def gaussian_bits(t, R, r):
    """From the logarithm of the tail, which SciPy has exactly."""
    return -(math.log(2) + stats.norm.logsf(r, scale=np.sqrt(np.mean(t**2)))) / math.log(2)


def cap_bits(t, R, r):
    """By the t distribution of a sphere's coordinate: x sqrt((d - 1) / (1 - x^2)) ~ t(d - 1)."""
    if r >= R:
        return math.inf
    more = R**2 / np.mean(t**2) - 1
    x = r / R
    return -math.log2(2 * stats.t.sf(x * math.sqrt(more / (1 - x**2)), more))


def _gaussian(spread=lambda t: np.sqrt(np.mean(t**2)), tails=2, log=np.log2):
    return lambda t, R, r: -log(tails * stats.norm.sf(r / spread(t)))


def _cap(mean=lambda t: np.mean(t**2), tails=1, log=np.log2, a=0.5, less=1, half=2, square=2):
    def mistaken(t, R, r):
        d = R**2 / mean(t)
        return -log(tails * stats.beta.sf((r / R) ** square, a, (d - less) / half))

    return mistaken


LAWS = Exercise(
    "02-2", "Fit both laws, and extrapolate", ["bits_needed"],
    [
        equal(
            "the Gaussian law", gaussian_bits, a_sample_of_neurons, part=0,
            hint="-log2 of the probability that |t| >= r under N(0, s^2)",
            misconceptions={
                "norm.sf is for a spread of 1: divide r by s": _gaussian(lambda t: 1.0),
                "s is the root of the mean of t^2; np.std subtracts the mean first":
                    _gaussian(np.std),
                "s is the root of the mean of t^2: take the root":
                    _gaussian(lambda t: np.mean(t**2)),
                "|t| >= r has two tails: double norm.sf": _gaussian(tails=1),
                "bits are log2, not the natural logarithm": _gaussian(log=np.log),
                "bits are log2, not log10": _gaussian(log=np.log10),
                "that is the exponent of the density; the tail's probability is wanted":
                    lambda t, R, r: r**2 / (2 * np.mean(t**2) * np.log(2)),
                "that is the number of neurons; bits are its log2":
                    lambda t, R, r: 1 / (2 * stats.norm.sf(r / np.sqrt(np.mean(t**2)))),
                "the Gaussian law comes first, then the cap law": cap_bits,
            },
        ),
        equal(
            "the cap law below its ceiling", cap_bits, a_sample_of_neurons, part=1,
            hint="-log2 of Pr[Beta(1/2, (d - 1)/2) > (r/R)^2] with d = R^2/mean(t^2)",
            misconceptions={
                "t^2 holds both caps already: do not double beta.sf": _cap(tails=2),
                "t^2 holds both caps already: do not halve beta.sf": _cap(tails=0.5),
                "the law is of (t/R)^2: square r/R": _cap(square=1),
                "the ceiling is missing: the law is of (t/R)^2":
                    lambda t, R, r: -np.log2(
                        stats.beta.sf(r**2, 0.5, (R**2 / np.mean(t**2) - 1) / 2)),
                "d = R^2/mean(t^2): the ceiling belongs into d":
                    lambda t, R, r: -np.log2(
                        stats.beta.sf((r / R) ** 2, 0.5, (1 / np.mean(t**2) - 1) / 2)),
                "d comes from the mean of t^2; np.var subtracts the mean first": _cap(mean=np.var),
                "bits are log2, not the natural logarithm": _cap(log=np.log),
                "bits are log2, not log10": _cap(log=np.log10),
                "the second parameter is (d - 1)/2, not d/2": _cap(less=0),
                "the second parameter is (d - 1)/2, not d - 1": _cap(half=1),
                "the first parameter is 1/2": _cap(a=1.0),
                "that is the Gaussian law's number: the cap law comes second": gaussian_bits,
            },
        ),
        equal(
            "the cap law at its ends", cap_bits, at_the_ends, part=1, draws=9,
            hint="every neuron reaches 0, and no number of them is enough at the ceiling and beyond"
            " it: no bits, and math.inf",
        ),
    ],
)  # fmt: skip

# --- 3. A neuron that AUC loves ---------------------------------------------------------------


def labels(rng):
    """20 to 60 labels, at least a fifth of each kind."""
    n = int(rng.integers(20, 61))
    positive = int(rng.integers(-(-n // 5), n - -(-n // 5) + 1))
    return (torch.tensor(rng.permutation([1.0] * positive + [-1.0] * (n - positive))).float(),)


def _finite(scores):
    if not torch.isfinite(scores).all():
        return "wanted finite scores, received infinite ones or nan: a large number will do"
    return ""


def in_perfect_order(scores, y):
    if fault := _finite(scores):
        return fault
    high, low = scores[y > 0], scores[y < 0]
    auc = float((high[:, None] > low).double().mean() + (high[:, None] == low).double().mean() / 2)
    if auc == 1:
        return ""
    cause = "every positive above every negative, ties count half"
    if auc == 0:
        cause = "that is upside down: positives are to score higher"
    elif float(scores.max()) == float(scores.min()):
        cause = "all scores are the same: they have to follow the labels"
    return f"wanted an AUC of 1, received {auc:.3f}: {cause}"


def weakly_correlated(scores, y):
    if fault := _finite(scores):
        return fault
    spread = float(scores.std())
    if spread == 0:
        return "wanted scores that differ, received the same for all images: follow the labels"
    scores = (scores - scores.mean()) / spread
    found = float(np.corrcoef(scores.numpy(), y.numpy())[0, 1])
    if found < 0.5:
        return ""
    remedy = "make the scores more uneven, AUC does not mind"
    if found > 0.999:
        remedy = "those are the labels themselves, AUC only asks for their order"
    return f"wanted a correlation below .5, received {found:.2f}: {remedy}"


LOVED = Exercise(
    "02-3", "A neuron that AUC loves", ["loved_by_auc"],
    [
        holds("AUC is 1, and the correlation below .5",
              lambda scores, y: in_perfect_order(scores, y) or weakly_correlated(scores, y),
              like=lambda y: y, inputs=labels, points=2, draws=10),
    ],
)  # fmt: skip

# --- 4. Pick by AUC ---------------------------------------------------------------------------


def uneven(rng):
    """As `neurons_and_labels`, with outliers, so that correlation and AUC prefer other neurons."""
    a_train, y_train, a_test, y_test = neurons_and_labels(rng)
    return a_train.sinh().pow(3), y_train, a_test.sinh().pow(3), y_test


def rectified(rng):
    """As `uneven`, rectified, so that many activations tie at zero."""
    while True:
        a_train, y_train, a_test, y_test = uneven(rng)
        a_train, a_test = (a.clamp_min(0) for a in (a_train, a_test))
        ranked = np.sort(np.abs(_aucs(a_train, y_train) - 0.5))
        if ranked[-1] > ranked[-2] + 1e-6:  # no tie for the best neuron
            return a_train, y_train, a_test, y_test


def _aucs(a, y, method="average"):
    """By ranks (Mann and Whitney 1947), one for each column."""
    a, positive = np.asarray(a, dtype=float), np.asarray(y) > 0
    ranks = stats.rankdata(a, axis=0, method=method)[positive].sum(axis=0)
    p, n = positive.sum(), (~positive).sum()
    return (ranks - p * (p + 1) / 2) / (p * n)


def picked_by_auc(a_train, y_train, a_test, y_test):
    train, test = _aucs(a_train, y_train), _aucs(a_test, y_test)
    best = np.abs(train - 0.5).argmax()
    return test[best] if train[best] > 0.5 else 1 - test[best]


def _by_auc(pick, score=None, method="average"):
    def mistaken(a_train, y_train, a_test, y_test):
        train, test = _aucs(a_train, y_train, method), _aucs(a_test, y_test, method)
        best = pick(train, test, _correlations(a_train, y_train))
        if score:
            return score(train[best], test[best])
        return test[best] if train[best] > 0.5 else 1 - test[best]

    return mistaken


def _by_strength(train, test, correlation):
    return np.abs(train - 0.5).argmax()


def _ties_count(value):
    """AUC where a tie counts `value` instead of one half."""

    def aucs(a, y):
        a, positive = np.asarray(a, dtype=float), np.asarray(y) > 0
        high, low = a[positive][:, None], a[~positive]
        return ((high > low) + value * (high == low)).mean(axis=(0, 1))

    def mistaken(a_train, y_train, a_test, y_test):
        train, test = aucs(a_train, y_train), aucs(a_test, y_test)
        best = np.abs(train - 0.5).argmax()
        return test[best] if train[best] > 0.5 else 1 - test[best]

    return mistaken


PICK_AUC_MISTAKES = {
    "a neuron that goes dark counts too: an AUC of .1 is as good as .9, read upside down":
        _by_auc(lambda train, test, correlation: train.argmax()),
    "whether the neuron is read upside down is decided on train, even where that is wrong on test":
        _by_auc(_by_strength, lambda train, test: max(test, 1 - test)),
    "a neuron that is below .5 on train is read upside down: 1 - AUC on test":
        _by_auc(_by_strength, lambda train, test: test),
    "that is its AUC on train; it has to be judged on test":
        _by_auc(_by_strength, lambda train, test: max(train, 1 - train)),
    "that neuron was picked on test: the pick may look at train only":
        _by_auc(lambda train, test, correlation: np.abs(test - 0.5).argmax()),
    "that neuron was picked by correlation: pick by AUC":
        _by_auc(lambda train, test, correlation: np.abs(correlation).argmax()),
    "ties count one half each, not nothing: a rectified neuron has many": _ties_count(0.0),
    "ties count one half each, not one: a rectified neuron has many": _ties_count(1.0),
    "activations that tie share their rank: sorting alone gives them an order by place":
        _by_auc(_by_strength, method="ordinal"),
    "look at all the columns, not at the first 64 only":
        _by_auc(lambda train, test, correlation: np.abs(train[:64] - 0.5).argmax()),
}  # fmt: skip

PICK_BY_AUC = Exercise(
    "02-4", "Pick by AUC", ["best_by_auc"],
    [
        equal("activations that all differ", picked_by_auc, uneven, points=1.5,
              draws=8, misconceptions=PICK_AUC_MISTAKES,
              hint="pick on train the neuron whose AUC is farthest from .5, judge it on test"),
        equal("rectified activations, with many ties", picked_by_auc, rectified, points=1.5,
              draws=8, misconceptions=PICK_AUC_MISTAKES,
              hint="pairs that tie count one half, in the pick and in the score"),
    ],
)  # fmt: skip

# --- 5. Repair: better than luck? -------------------------------------------------------------


def a_layer_and_shuffles(rng):
    """Activations of which one leans to the labels, by as much as luck may; 39 to 79 orders."""
    n, m, s = (int(rng.integers(low, high)) for low, high in ((20, 40), (10, 30), (39, 80)))
    y = np.where(rng.permutation(n) < n * 0.4, 1.0, -1.0)
    a = rng.normal(size=(n, m))
    a[:, int(rng.integers(m))] += rng.choice([-1, 1]) * 0.45 * y
    orders = np.stack([rng.permutation(n) for _ in range(s)])
    return torch.tensor(a).float(), torch.tensor(y).float(), torch.tensor(orders)


def _luck(real, lucky):
    """A version: real(t) -> score from all correlations, lucky(t, best) -> score under luck."""

    def share(a, y, orders, plus=1):
        a, y, orders = (np.asarray(value) for value in (a, y, orders))
        t = _correlations(a, y)
        best = np.abs(t).argmax()
        scores = np.array([lucky(_correlations(a, y[order]), best) for order in orders])
        return ((scores >= real(t)).sum() + plus) / (len(orders) + plus)

    return share


def _best(t, best=None):
    return np.abs(t).max()


chance_by_picking_again = _luck(_best, _best)


def _without_the_real_one(a, y, orders):
    return chance_by_picking_again(a, y, orders, plus=0)


LUCK = Exercise(
    "02-5", "Repair: better than luck?", ["chance_of_luck"],
    [
        equal(
            "the chance that luck does as well",
            lambda a, y, orders: chance_by_picking_again(a, y, orders),
            a_layer_and_shuffles, points=3, draws=10,
            hint="for each order shuffle the labels, pick the best neuron again, compare its score",
            misconceptions={
                "shuffled labels get the neuron that the real ones picked: let luck pick its own":
                    _luck(_best, lambda t, best: abs(t[best])),
                "a neuron that goes dark counts too: compare absolute values":
                    _luck(lambda t: t.max(), lambda t, best: t.max()),
                "the real score may be a dark neuron's: take absolute values on both sides":
                    _luck(_best, lambda t, best: t.max()),
                "the labels as they came are one of the orders: add 1 above and below":
                    _without_the_real_one,
                "add 1 below as well as above": lambda a, y, orders: chance_by_picking_again(
                    a, y, orders) * (len(orders) + 1) / len(orders),
                "add 1 above as well as below": lambda a, y, orders: chance_by_picking_again(
                    a, y, orders) - 1 / (len(orders) + 1),
                "that is the share of orders in which luck does worse":
                    lambda a, y, orders: 1 - chance_by_picking_again(a, y, orders),
                "luck gets its best neuron, not the average one":
                    _luck(_best, lambda t, best: np.abs(t).mean()),
            },
        ),
    ],
)  # fmt: skip

PICTURE = Judgement(
    "02-6", "Is the best neuron's picture a digit?",
    {
        "random labels: the weights lean to the difference of the two groups' means, a blot": 1,
        "why: the pick itself makes the likeness, out of many random patterns": 1,
        "so it does not support the friend; a test against freshly drawn neurons would": 1,
    },
)  # fmt: skip

EXERCISES = [CHOOSE, LAWS, LOVED, PICK_BY_AUC, LUCK, PICTURE]
