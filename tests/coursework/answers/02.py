"""Chapter 02: what students write, wrong and right."""

import math

import numpy as np
import torch
from scipy.stats import beta, mannwhitneyu, norm, rankdata
from sklearn.metrics import roc_auc_score
from trials import oracle, right, wrong

from helpers.yardstick import correlations

# --- 1. Choose on test, and see ---------------------------------------------------------------


def _scores(a, y):
    return correlations(a, y[:, None])[:, 0]


def _both(a_train, y_train, a_test, y_test):
    return _scores(a_train, y_train), _scores(a_test, y_test)


@wrong("02-1", "counts too: pick by the absolute value")
def honest_and_not(a_train, y_train, a_test, y_test):
    tr, te = _both(a_train, y_train, a_test, y_test)
    p = tr.argmax()
    return float(tr[p].sign() * te[p]), float(te.abs().max())


@wrong("02-1", "look at all the columns")
def honest_and_not(a_train, y_train, a_test, y_test):
    tr, te = _both(a_train, y_train, a_test, y_test)
    p = tr[:64].abs().argmax()
    return float(tr[p].sign() * te[p]), float(te.abs().max())


@wrong("02-1", "worst neuron on train")
def honest_and_not(a_train, y_train, a_test, y_test):
    tr, te = _both(a_train, y_train, a_test, y_test)
    p = tr.abs().argmin()
    return float(tr[p].sign() * te[p]), float(te.abs().max())


@wrong("02-1", "pick on train by |correlation|")
def honest_and_not(a_train, y_train, a_test, y_test):
    tr, te = _both(a_train, y_train, a_test, y_test)
    return float(tr[0].sign() * te[0]), float(te.abs().max())


@wrong("02-1", "its sign comes from train")
def honest_and_not(a_train, y_train, a_test, y_test):
    tr, te = _both(a_train, y_train, a_test, y_test)
    return te[tr.abs().argmax()].abs(), te.abs().max()


@wrong("02-1", "that is its score on train")
def honest_and_not(a_train, y_train, a_test, y_test):
    tr, te = _both(a_train, y_train, a_test, y_test)
    return tr.abs().max(), te.abs().max()


@wrong("02-1", "two picks are wanted")
def honest_and_not(a_train, y_train, a_test, y_test):
    tr, te = _both(a_train, y_train, a_test, y_test)
    p = tr.abs().argmax()
    return tr[p].sign() * te[p], te[p].abs()


@wrong("02-1", "never negative")
def honest_and_not(a_train, y_train, a_test, y_test):
    tr, te = _both(a_train, y_train, a_test, y_test)
    p, q = tr.abs().argmax(), te.abs().argmax()
    return tr[p].sign() * te[p], te[q]


@wrong("02-1", "honest comes first")
def honest_and_not(a_train, y_train, a_test, y_test):
    tr, te = _both(a_train, y_train, a_test, y_test)
    p = tr.abs().argmax()
    return te.abs().max(), tr[p].sign() * te[p]


@wrong("02-1", "wanted at least 1 values")
def honest_and_not(a_train, y_train, a_test, y_test):
    return 0.0


@wrong("02-1", "the same comes out for every input")
def honest_and_not(a_train, y_train, a_test, y_test):
    return 0.01, 0.2


@right("02-1")
def honest_and_not(a_train, y_train, a_test, y_test):
    """NumPy, in a loop."""
    a_train, y_train, a_test, y_test = map(np.asarray, (a_train, y_train, a_test, y_test))
    train = [np.corrcoef(column, y_train)[0, 1] for column in a_train.T]
    test = [np.corrcoef(column, y_test)[0, 1] for column in a_test.T]
    pick = int(np.argmax(np.abs(train)))
    return np.array([math.copysign(1, train[pick]) * test[pick], max(map(abs, test))])


@right("02-1")
def honest_and_not(a_train, y_train, a_test, y_test):
    """float64, tensors returned as a list."""
    tr, te = _both(a_train.double(), y_train.double(), a_test.double(), y_test.double())
    best = max(range(len(tr)), key=lambda j: abs(tr[j]))
    return [te[best] if tr[best] > 0 else -te[best], max(te.max(), -te.min())]


@right("02-1")
def honest_and_not(a_train, y_train, a_test, y_test):
    """Standardised by hand, and one tensor."""

    def score(a, y):
        a, y = a - a.mean(0), y - y.mean()
        return (a * y[:, None]).sum(0) / (a.norm(dim=0) * y.norm())

    tr, te = score(a_train, y_train), score(a_test, y_test)
    index = tr.square().argmax()
    return torch.stack([te[index] * torch.sign(tr[index]), te.square().max().sqrt()])


# --- 2. Fit both laws, and extrapolate --------------------------------------------------------


def _bits(gaussian=None, cap=None):
    """A wrong law beside a right one."""

    def bits_needed(t, R, r):
        s = np.sqrt(np.mean(t**2))
        d = (R / s) ** 2
        fair = -np.log2(2 * norm.sf(r / s))
        bent = -np.log2(beta.sf((r / R) ** 2, 0.5, (d - 1) / 2)) if r < R else math.inf
        return (
            gaussian(t, R, r, s) if gaussian else fair, cap(t, R, r, d) if cap else bent,
        )  # fmt: skip

    return bits_needed


for words, law in {
    "divide r by s": lambda t, R, r, s: -np.log2(2 * norm.sf(r)),
    "the same comes out for every input": lambda t, R, r, s: 0.0,
    "not the natural logarithm": lambda t, R, r, s: -np.log(2 * norm.sf(r / s)),
    "exponent of the density": lambda t, R, r, s: r**2 / (2 * s**2 * np.log(2)),
    "np.std subtracts the mean first": lambda t, R, r, s: -np.log2(2 * norm.sf(r / np.std(t))),
    "two tails": lambda t, R, r, s: -np.log2(norm.sf(r / s)),
    "take the root": lambda t, R, r, s: -np.log2(2 * norm.sf(r / s**2)),
    "number of neurons": lambda t, R, r, s: 1 / (2 * norm.sf(r / s)),
    "the sign is turned": lambda t, R, r, s: np.log2(2 * norm.sf(r / s)),
}.items():
    wrong("02-2", words, bits_needed=_bits(gaussian=law))
for words, law in {
    "do not double beta.sf": lambda t, R, r, d: (
        -np.log2(2 * beta.sf((r / R) ** 2, 0.5, (d - 1) / 2))
    ),
    "square r/R": lambda t, R, r, d: -np.log2(beta.sf(r / R, 0.5, (d - 1) / 2)),
    "the ceiling is missing": lambda t, R, r, d: -np.log2(beta.sf(r**2, 0.5, (d - 1) / 2)),
    "not d/2": lambda t, R, r, d: -np.log2(beta.sf((r / R) ** 2, 0.5, d / 2)),
    "np.var subtracts the mean first": lambda t, R, r, d: (
        -np.log2(beta.sf((r / R) ** 2, 0.5, (R**2 / np.var(t) - 1) / 2))
    ),
    "and math.inf": lambda t, R, r, d: -math.log2(beta.sf((r / R) ** 2, 0.5, (d - 1) / 2)),
    "the ceiling belongs into d": lambda t, R, r, d: (
        -np.log2(beta.sf((r / R) ** 2, 0.5, (1 / np.mean(t**2) - 1) / 2))
    ),
}.items():
    wrong("02-2", words, bits_needed=_bits(cap=law))


@right("02-2")
def bits_needed(t, R, r):
    """A loop, plain Python."""
    mean = sum(float(value) ** 2 for value in t) / len(t)
    gaussian = -math.log2(math.erfc(r / math.sqrt(2 * mean)))
    if r >= R:
        return gaussian, math.inf
    return gaussian, -math.log2(beta.sf((r / R) ** 2, 0.5, (R**2 / mean - 1) / 2))


@right("02-2")
def bits_needed(t, R, r):
    """Tensors, the tail as 1 - cdf of the chi-square law."""
    mean = torch.as_tensor(t).double().square().mean()
    gaussian = -torch.log2(torch.special.erfc(r / (2 * mean).sqrt()))
    with np.errstate(divide="ignore"):
        cap = -np.log2(beta.sf(min(r / R, 1) ** 2, 0.5, (R**2 / float(mean) - 1) / 2))
    return torch.stack([gaussian, torch.as_tensor(cap)])


@right("02-2")
def bits_needed(t, R, r):
    """Both caps one by one, by integrating sin^(d-2)."""
    mean = np.mean(np.square(t))
    if r >= R:
        return [-(norm.logsf(r, scale=mean**0.5) / np.log(2)) - 1, np.inf]
    d = R**2 / mean
    angle = np.linspace(0, np.pi / 2, 200_001)
    weight = np.sin(angle) ** (d - 2)
    weight[0] = 0
    share = np.trapezoid(np.where(np.cos(angle) >= r / R, weight, 0), angle)
    share /= np.trapezoid(weight, angle)
    return [-(norm.logsf(r, scale=mean**0.5) / np.log(2)) - 1, -np.log2(share)]


# --- 3. A neuron that AUC loves ---------------------------------------------------------------


@wrong("02-3", "those are the labels themselves")
def loved_by_auc(y):
    return y


@wrong("02-3", "received infinite ones")
def loved_by_auc(y):
    return torch.where(y > 0, math.inf, -math.inf)


@wrong("02-3", "upside down")
def loved_by_auc(y):
    return -y * torch.arange(1.0, len(y) + 1) ** 4


@wrong("02-3", "make the scores more uneven")
def loved_by_auc(y):
    return y + torch.linspace(0, 0.5, len(y))


@wrong("02-3", "all scores are the same")
def loved_by_auc(y):
    return torch.zeros(len(y))


@wrong("02-3", "every positive above every negative")
def loved_by_auc(y):
    scores = torch.zeros(len(y))
    scores[torch.nonzero(y > 0)[0]] = 1e4
    return scores


@wrong("02-3", "wanted an array of shape")
def loved_by_auc(y):
    return (y > 0).float()[:, None] * 100


@right("02-3")
def loved_by_auc(y):
    """NumPy: the positives grow exponentially."""
    y = np.asarray(y)
    scores = np.zeros(len(y))
    scores[y > 0] = 3.0 ** np.arange((y > 0).sum())
    return scores


@right("02-3")
def loved_by_auc(y):
    """A loop over plain numbers."""
    scores, seen = [], 0
    for label in y.tolist():
        seen += label > 0
        scores.append(0 if label < 0 else 10_000 if seen == 1 else 1)
    return scores


@right("02-3")
def loved_by_auc(y):
    """float64, moved and scaled: AUC and correlation do not mind."""
    y = y.double()
    first = (y > 0) & ((y > 0).cumsum(0) == 1)
    return 5 - 1e3 * (1 - (y > 0).double() - 1e6 * first)


@oracle("02-3")
def loved(answer, rng):
    y = rng.permutation(np.repeat([1.0, -1.0], [int(rng.integers(5, 20)), 20]))
    scores = np.asarray(answer(torch.tensor(y).float()), dtype=float).ravel()
    if len(scores) != len(y) or not np.isfinite(scores).all():
        return False
    return roc_auc_score(y > 0, scores) == 1 and np.corrcoef(scores, y)[0, 1] < 0.5


# --- 4. Pick by AUC ---------------------------------------------------------------------------


def _auc(scores, y):
    return roc_auc_score(np.asarray(y) > 0, np.asarray(scores))


def _columns(a, y):
    """By the t statistic of Mann and Whitney, as SciPy has it."""
    a, up = a.double().numpy(), (y > 0).numpy()
    return mannwhitneyu(a[up], a[~up], method="asymptotic").statistic / (up.sum() * (~up).sum())


@wrong("02-4", "read upside down")
def best_by_auc(a_train, y_train, a_test, y_test):
    return _auc(a_test[:, _columns(a_train, y_train).argmax()], y_test)


@wrong("02-4", "decided on train")
def best_by_auc(a_train, y_train, a_test, y_test):
    found = _auc(a_test[:, abs(_columns(a_train, y_train) - 0.5).argmax()], y_test)
    return max(found, 1 - found)


@wrong("02-4", "picked by correlation")
def best_by_auc(a_train, y_train, a_test, y_test):
    tr = correlations(a_train, y_train[:, None])[:, 0]
    pick = tr.abs().argmax()
    found = _auc(a_test[:, pick], y_test)
    return found if tr[pick] > 0 else 1 - found


@wrong("02-4", "ties count one half each, not nothing")
def best_by_auc(a_train, y_train, a_test, y_test):
    def aucs(a, y):
        return (a[y > 0][:, None] > a[y < 0][None]).double().mean((0, 1))

    train, test = aucs(a_train, y_train), aucs(a_test, y_test)
    pick = (train - 0.5).abs().argmax()
    return test[pick] if train[pick] > 0.5 else 1 - test[pick]


@wrong("02-4", "it has to be judged on test")
def best_by_auc(a_train, y_train, a_test, y_test):
    return 0.5 + abs(_columns(a_train, y_train) - 0.5).max()


@wrong("02-4", "that neuron was picked on test")
def best_by_auc(a_train, y_train, a_test, y_test):
    train, test = _columns(a_train, y_train), _columns(a_test, y_test)
    pick = abs(test - 0.5).argmax()
    return test[pick] if train[pick] > 0.5 else 1 - test[pick]


@wrong("02-4", "1 - AUC on test")
def best_by_auc(a_train, y_train, a_test, y_test):
    return _auc(a_test[:, abs(_columns(a_train, y_train) - 0.5).argmax()], y_test)


@wrong("02-4", "look at all the columns")
def best_by_auc(a_train, y_train, a_test, y_test):
    a_train, a_test = a_train[:, :64], a_test[:, :64]
    train, test = _columns(a_train, y_train), _columns(a_test, y_test)
    pick = abs(train - 0.5).argmax()
    return test[pick] if train[pick] > 0.5 else 1 - test[pick]


@right("02-4")
def best_by_auc(a_train, y_train, a_test, y_test):
    """scikit-learn for the test score, SciPy's statistic for the pick."""
    train = _columns(a_train, y_train)
    pick = abs(train - 0.5).argmax()
    found = _auc(a_test[:, pick], y_test)
    return found if train[pick] > 0.5 else 1 - found


@right("02-4")
def best_by_auc(a_train, y_train, a_test, y_test):
    """Mid-ranks, float64."""

    def aucs(a, y):
        ranks, up = rankdata(a.double().numpy(), axis=0), (y > 0).numpy()
        p, q = up.sum(), (~up).sum()
        return (ranks[up].sum(0) - p * (p + 1) / 2) / (p * q)

    train, test = aucs(a_train, y_train), aucs(a_test, y_test)
    signs = np.where(train < 0.5, -1, 1)
    pick = (signs * (train - 0.5)).argmax()
    return np.float64(0.5 + signs[pick] * (test[pick] - 0.5))


@right("02-4")
def best_by_auc(a_train, y_train, a_test, y_test):
    """Pair by pair, with the sign of a difference."""

    def centred(column, y):
        return (column[y > 0][:, None] - column[y < 0]).sign().double().mean() / 2

    train = [centred(column, y_train) for column in a_train.T]
    pick = max(range(len(train)), key=lambda j: abs(train[j]))
    return torch.tensor([0.5 + train[pick].sign() * centred(a_test[:, pick], y_test)])


# --- 5. Repair: better than luck? -------------------------------------------------------------


def _share(a, y, orders, score, real=None, plus=1):
    real = score(_scores(a, y)) if real is None else real
    lucky = torch.stack([torch.as_tensor(score(_scores(a, y[order]))) for order in orders])
    return float(((lucky >= real).sum() + plus) / (len(orders) + plus))


@wrong("02-5", "let luck pick its own")
def chance_of_luck(a, y, orders):
    pick = _scores(a, y).abs().argmax()
    return _share(a, y, orders, lambda t: t[pick].abs())


@wrong("02-5", "compare absolute values")
def chance_of_luck(a, y, orders):
    return _share(a, y, orders, lambda t: t.max())


@wrong("02-5", "add 1 above and below")
def chance_of_luck(a, y, orders):
    return _share(a, y, orders, lambda t: t.abs().max(), plus=0)


@wrong("02-5", "in which luck does worse")
def chance_of_luck(a, y, orders):
    return 1 - _share(a, y, orders, lambda t: t.abs().max())


@wrong("02-5", "not the average one")
def chance_of_luck(a, y, orders):
    return _share(a, y, orders, lambda t: t.abs().mean(), real=_scores(a, y).abs().max())


@wrong("02-5", "on both sides")
def chance_of_luck(a, y, orders):
    return _share(a, y, orders, lambda t: t.max(), real=_scores(a, y).abs().max())


@wrong("02-5", "add 1 below as well")
def chance_of_luck(a, y, orders):
    return _share(a, y, orders, lambda t: t.abs().max()) * (len(orders) + 1) / len(orders)


@right("02-5")
def chance_of_luck(a, y, orders):
    """A loop."""
    return _share(a, y, orders, lambda t: t.abs().max())


@right("02-5")
def chance_of_luck(a, y, orders):
    """NumPy, the layer shuffled instead of the labels, by the inverse order."""
    a, y, orders = (np.asarray(value) for value in (a, y, orders))

    def best(y):
        return max(abs(np.corrcoef(column, y)[0, 1]) for column in a.T)

    return np.mean([best(y[order]) >= best(y) - 1e-9 for order in [np.arange(len(y)), *orders]])


@right("02-5")
def chance_of_luck(a, y, orders):
    """float64, squares instead of absolute values."""
    a, y = a.double() - a.double().mean(0), y.double() - y.double().mean()
    a = a / a.norm(dim=0)
    both = torch.cat([y[None], y[orders]])
    best = (both @ a).square().amax(1)
    return (best >= best[0]).double().mean()
