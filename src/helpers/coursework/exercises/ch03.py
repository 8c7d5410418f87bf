"""Chapter 03, linear features: what its exercises ask for."""

import numpy as np
import torch

from helpers import features, networks
from helpers.coursework import Exercise, Judgement, equal

# --- 1. Fit anything --------------------------------------------------------------------------


def _errors(phi, y, bias=True):
    """The largest error of least squares on the first k columns, for k = 0 ... m."""
    found = []
    for k in range(phi.shape[1] + 1):
        columns = np.column_stack([np.full(len(y), float(bias)), phi[:, :k]])
        found.append(np.abs(columns @ np.linalg.lstsq(columns, y, rcond=None)[0] - y).max())
    return np.array(found)


def features_to_fit(rng):
    """Features, labels and a tolerance that some number of columns, or none, just reaches."""
    n, m = int(rng.integers(7, 12)), int(rng.integers(5, 14))
    phi, y = rng.normal(size=(n, m)) + 1, rng.normal(size=n) + rng.uniform(-2, 2)
    errors = np.maximum(_errors(phi, y), 1e-7)
    k = int(rng.integers(0, m + 1))
    above = errors[:k].min() if k else 2 * errors[0]
    tolerance = float(np.sqrt(above * errors[k])) if errors[k] < 0.8 * above else 1.1 * errors[k]
    return phi, y, tolerance


def out_of_reach(rng):
    phi, y, _ = features_to_fit(rng)
    phi = phi[:, : len(y) - 3]
    return phi, y, float(0.5 * _errors(phi, y).min())


def all_needed(rng):
    """Labels that all m columns just reach and fewer do not."""
    while True:
        phi, y, _ = features_to_fit(rng)
        phi = phi[:, : len(y) - 3]
        *before, last = _errors(phi, y)
        if last < 0.8 * min(before):
            return phi, y, float(np.sqrt(last * min(before)))


def _smallest_fit(phi, y, tolerance, errors=_errors):
    reached = np.flatnonzero(errors(phi, y) < tolerance)
    return int(reached[0]) if len(reached) else -1


def _mean_errors(phi, y):
    found = []
    for k in range(phi.shape[1] + 1):
        columns = np.column_stack([np.ones(len(y)), phi[:, :k]])
        left = columns @ np.linalg.lstsq(columns, y, rcond=None)[0] - y
        found.append(np.sqrt(np.mean(left**2)))
    return np.array(found)


def smallest_fit(phi, y, tolerance):
    return _smallest_fit(phi, y, tolerance)


FIT = Exercise(
    "03-1", "Fit anything", ["smallest_fit"],
    [
        equal(
            "the least number of columns", smallest_fit, features_to_fit, draws=14,
            hint="try k = 0, 1, 2, ... and stop at the first whose largest error is below",
            misconceptions={
                "the constant is a column from the start: it saves one feature":
                    lambda phi, y, tolerance: _smallest_fit(
                        phi, y, tolerance, lambda p, z: _errors(p, z, bias=False)),
                "the largest error counts, not the mean one":
                    lambda phi, y, tolerance: _smallest_fit(phi, y, tolerance, _mean_errors),
                "the constant is not one of the k features":
                    lambda phi, y, tolerance: _smallest_fit(phi, y, tolerance) + 1,
                "k = 0 counts too: a constant alone may do":
                    lambda phi, y, tolerance: max(1, _smallest_fit(phi, y, tolerance)),
                "n - 1 is enough in general, but fewer may do: try them":
                    lambda phi, y, tolerance: len(y) - 1,
            },
        ),
        equal(
            "labels that need every column", smallest_fit, all_needed, points=0.5,
            hint="k = m is to be tried too, and no k beyond the last column",
        ),
        equal(
            "labels that all columns together do not reach", smallest_fit, out_of_reach, points=0.5,
            hint="-1 where all m columns do not reach the tolerance",
            misconceptions={
                "where all m columns do not reach the tolerance, return -1":
                    lambda phi, y, tolerance: phi.shape[1],
            },
        ),
    ],
)  # fmt: skip

# --- 2. Take the biases away ------------------------------------------------------------------


def a_network_and_points(rng):
    """A network of one or two hidden layers, with biases or without; points in pairs; a target."""
    depth, bias = int(rng.integers(1, 3)), float(rng.choice([0.0, 0.5]))
    d, width = int(rng.integers(3, 6)), int(rng.integers(5, 9))
    net = networks.mlp([d, *[width] * depth, 1], bias_std=bias, seed=int(rng.integers(1000)))
    half = rng.normal(size=(int(rng.integers(15, 25)), d))
    x = np.concatenate([half, -half])
    y = x[:, 0] * x[:, 1] * x[:, 2] + x[:, 0] + rng.uniform(1, 3)
    return net, torch.tensor(x, dtype=torch.float32), torch.tensor(y, dtype=torch.float32)


def _share_fitted(net, x, y, *, layer="last hidden", bias=True, centred=True, plain=False):
    x, y = torch.as_tensor(x).float(), np.asarray(y, float)
    phi = x.numpy() if plain else features.layer_features(net, x, layer=layer).numpy()
    columns = np.column_stack([np.full(len(y), float(bias)), phi.astype(float)])
    left = y - columns @ np.linalg.lstsq(columns, y, rcond=None)[0]
    whole = y - y.mean() if centred else y
    return 1 - (left**2).sum() / (whole**2).sum()


def share_fitted(net, x, y):
    return _share_fitted(net, x, y)


BIASES = Exercise(
    "03-2", "Take the biases away", ["share_fitted"],
    [
        equal(
            "R^2 of the last hidden layer", share_fitted, a_network_and_points, points=3, draws=8,
            tolerance=1e-3, hint="least squares on the last hidden features and a constant",
            misconceptions={
                "fit a constant too: a column of ones, or centre features and target":
                    lambda net, x, y: _share_fitted(net, x, y, bias=False),
                "compare with the variance of y, its mean taken off":
                    lambda net, x, y: _share_fitted(net, x, y, centred=False),
                "take the last hidden layer, not the first":
                    lambda net, x, y: _share_fitted(net, x, y, layer=0),
                "read the features of the network, not the inputs":
                    lambda net, x, y: _share_fitted(net, x, y, plain=True),
                "R^2 is one minus the share that is left":
                    lambda net, x, y: 1 - _share_fitted(net, x, y),
                "that is the correlation: R^2 is its square":
                    lambda net, x, y: _share_fitted(net, x, y) ** 0.5,
            },
        ),
    ],
)  # fmt: skip

# --- 3. Stop early ----------------------------------------------------------------------------


def a_descent(rng):
    """Centred features and labels, more columns than rows or fewer; a stable rate; some steps."""
    n, m = int(rng.integers(5, 10)), int(rng.integers(3, 14))
    phi, y = rng.normal(size=(n, m)), rng.normal(size=n)
    phi, y = phi - phi.mean(0), y - y.mean()
    lr = rng.uniform(0.2, 1.0) / np.linalg.eigvalsh(phi.T @ phi / n).max()
    return phi, y, float(lr), int(rng.integers(2, 40))


def no_step_yet(rng):
    phi, y, lr, _ = a_descent(rng)
    return phi, y, lr, 0


def weights_after(phi, y, lr, t):
    n = len(y)
    w = np.zeros(phi.shape[1])
    for _ in range(int(t)):
        w = w - lr * phi.T @ (phi @ w - y) / n
    return w


EARLY = Exercise(
    "03-3", "Stop early", ["weights_after"],
    [
        equal(
            "the weights after t steps", weights_after, a_descent, points=3, draws=10,
            hint="along each eigenvector: (1 - (1 - lr mu)^t) / mu times its share of phi^T y / n",
            misconceptions={
                "1/n belongs to the loss: into the eigenvalues and into phi^T y":
                    lambda phi, y, lr, t: len(y) * weights_after(phi, y, lr, t),
                "that is where descent ends: stop after t steps":
                    lambda phi, y, lr, t: np.linalg.pinv(phi) @ y,
                "that is one step too many":
                    lambda phi, y, lr, t: weights_after(phi, y, lr, t + 1),
                "that is one step too few":
                    lambda phi, y, lr, t: weights_after(phi, y, lr, t - 1),
                "that is a single long step: t lr is not t steps of lr":
                    lambda phi, y, lr, t: weights_after(phi, y, lr * t, 1),
                "descend: the sign is turned": lambda phi, y, lr, t: -weights_after(phi, y, lr, t),
            },
        ),
        equal(
            "the weights before the first step", weights_after, no_step_yet,
            hint="from zero: no step, no weights",
        ),
    ],
)  # fmt: skip

# --- 4. Repair: the features that were chosen too well ---------------------------------------


def images_by_lot(rng):
    """Features and labels of train and test, a number of features to keep, a penalty."""
    n, q, m = (int(rng.integers(low, high)) for low, high in ((20, 30), (15, 25), (12, 20)))
    y_train, y_test = (np.where(rng.random(size) < 0.4, 1.0, -1.0) for size in (n, q))
    phi_train = rng.normal(size=(n, m)) + rng.normal(size=m)
    phi_test = rng.normal(size=(q, m)) + rng.normal(size=m)
    lean = rng.normal(size=m) * (rng.random(m) < 0.4)
    phi_train += 0.6 * y_train[:, None] * lean
    phi_test += 0.6 * y_test[:, None] * lean
    return phi_train, y_train, phi_test, y_test, int(rng.integers(2, 7)), rng.uniform(0.5, 30)


def _columns(phi, y, k, signed=False):
    found = np.corrcoef(np.column_stack([y, phi]), rowvar=False)[0, 1:]
    return np.argsort(-(found if signed else np.abs(found)), kind="stable")[:k]


def _honest_score(phi_train, y_train, phi_test, y_test, k, lam, pick="train", bias=True):
    """Ridge on the k columns that correlate best with the labels; `pick` says on which images."""
    phi = {"train": phi_train, "test": phi_test, "both": np.concatenate([phi_train, phi_test])}
    y = {"train": y_train, "test": y_test, "both": np.concatenate([y_train, y_test])}
    signed = pick == "signed"
    where = "train" if signed else pick
    chosen = _columns(phi[where], y[where], int(k), signed)
    mean, shift = (phi_train[:, chosen].mean(0), y_train.mean()) if bias else (0.0, 0.0)
    z = phi_train[:, chosen] - mean
    w = np.linalg.solve(z.T @ z + lam * np.eye(len(chosen)), z.T @ (y_train - shift))
    return np.corrcoef(phi_test[:, chosen] @ w, y_test)[0, 1]


def _picked_on(pick, **options):
    return lambda phi_train, y_train, phi_test, y_test, k, lam: _honest_score(
        phi_train, y_train, phi_test, y_test, k, lam, pick, **options
    )


def honest_score(phi_train, y_train, phi_test, y_test, k, lam):
    return _honest_score(phi_train, y_train, phi_test, y_test, k, lam)


REPAIR = Exercise(
    "03-4", "Too good for a lottery", ["honest_score"],
    [
        equal(
            "the held-out score of an honest choice", honest_score, images_by_lot, points=3,
            draws=10, hint="everything that looks at labels may look at train only",
            misconceptions={
                "the columns are still chosen with the test labels in sight": _picked_on("both"),
                "the columns are chosen on test": _picked_on("test"),
                "a feature that goes dark for the target is as good: take |correlation|":
                    _picked_on("signed"),
                "the bias has to be free: centre features and labels":
                    _picked_on("train", bias=False),
                "that is the score on train":
                    lambda phi_train, y_train, phi_test, y_test, k, lam: _honest_score(
                        phi_train, y_train, phi_train, y_train, k, lam),
                "keep k columns, not all of them":
                    lambda phi_train, y_train, phi_test, y_test, k, lam: _honest_score(
                        phi_train, y_train, phi_test, y_test, phi_train.shape[1], lam),
            },
        ),
    ],
)  # fmt: skip

# --- 5. One bit a neuron ----------------------------------------------------------------------


def a_layer(rng):
    """Activations on train and test and train labels; more neurons than images, or fewer."""
    n, q, m = (int(rng.integers(low, high)) for low, high in ((10, 20), (8, 15), (5, 30)))
    y = np.where(rng.random(n) < 0.4, 1.0, -1.0)
    y[:2] = 1.0, -1.0
    return np.abs(rng.normal(size=(n, m))) + 1, y, np.abs(rng.normal(size=(q, m))) + 1


def by_signs(a_train, y_train, a_test):
    signs = np.sign((y_train - y_train.mean()) @ a_train)
    return a_test @ signs


def bits_of_signs(a_train, y_train, a_test):
    return float(min(a_train.shape[1], len(y_train)))


SIGNS = Exercise(
    "03-5", "One bit a neuron", ["signed_readout"],
    [
        equal(
            "the scores on new images", by_signs, a_layer, part=0, points=2,
            hint="each neuron's sign is that of its covariance with the labels, on train",
            misconceptions={
                "centre: a neuron that is always loud would get the majority's sign":
                    lambda a_train, y_train, a_test: a_test @ np.sign(y_train @ a_train),
                "one bit a neuron: weights are +1 and -1, nothing between":
                    lambda a_train, y_train, a_test: a_test @ (
                        (y_train - y_train.mean()) @ a_train),
                "keep the dark neurons too, with a minus sign":
                    lambda a_train, y_train, a_test: a_test @ (
                        ((y_train - y_train.mean()) @ a_train) > 0).astype(float),
                "turned round: a neuron that goes along with the label counts with plus":
                    lambda a_train, y_train, a_test: -by_signs(a_train, y_train, a_test),
                "these are the scores of the train images; new ones are asked for":
                    lambda a_train, y_train, a_test: by_signs(a_train, y_train, a_train),
                "a sum is asked for, not a mean":
                    lambda a_train, y_train, a_test: by_signs(
                        a_train, y_train, a_test) / a_train.shape[1],
            },
        ),
        equal(
            "the price in bits", bits_of_signs, a_layer, part=1, draws=10,
            hint="one bit a neuron, and at most one a label",
            misconceptions={
                "no choice made from n labels costs more than n bits":
                    lambda a_train, y_train, a_test: a_train.shape[1],
                "log2 m names one neuron; here every neuron has a sign":
                    lambda a_train, y_train, a_test: np.log2(a_train.shape[1]),
                "one bit a neuron: labels are the limit, not the price":
                    lambda a_train, y_train, a_test: len(y_train),
            },
        ),
    ],
)  # fmt: skip

CONTAINS = Judgement(
    "03-6", '"The features contain the concept"',
    {
        "held-out score asked for: with m >= n a perfect fit on train is counting": 1,
        "random labels on the same images: 1 on train, 0 held out": 1,
        "a rival of equal size or a price: clusters, pixels, bits of the choice": 1,
    },
)  # fmt: skip

EXERCISES = [FIT, BIASES, EARLY, REPAIR, SIGNS, CONTAINS]
