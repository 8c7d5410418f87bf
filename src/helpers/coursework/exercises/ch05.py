"""Chapter 05, the tangent space: what its exercises ask for."""

import numpy as np
import torch
from torch.func import jacrev

from helpers.coursework import Exercise, Judgement, equal

# --- 1. Differentiate by a hidden bias --------------------------------------------------------


def one_layer(rng):
    """Inputs and the parameters of one hidden ReLU layer; about half of the gates are open."""
    n, d, m = (int(rng.integers(low, high)) for low, high in ((5, 12), (2, 6), (3, 9)))
    x, w = rng.normal(size=(n, d)), rng.normal(size=(m, d))
    return x, w, rng.normal(size=m) / 2, rng.normal(size=m)


def _output(parameters, x):
    w, b, v, c = parameters
    return torch.relu(x @ w.T + b) @ v + c


def _jacobian(x, w, b, v):
    """Derivatives of the outputs by w, b, v and c, by automatic differentiation: (n, ...) each."""
    x, *parameters = (torch.as_tensor(np.asarray(part)).double() for part in (x, w, b, v, 0.0))
    return [part.numpy() for part in jacrev(_output)(tuple(parameters), x)]


def by_hidden_bias(x, w, b, v):
    return _jacobian(x, w, b, v)[1]


def _before(x, w, b):
    return x @ w.T + b


def _gate(x, w, b):
    return (_before(x, w, b) > 0) * 1.0


BIAS = Exercise(
    "05-1", "Differentiate by a hidden bias", ["by_hidden_bias"],
    [
        equal(
            "one derivative for each input and hidden bias", by_hidden_bias, one_layer, points=2,
            draws=8, hint="1 where the unit is on and 0 where it is off, times what the readout"
            " makes of it",
            misconceptions={
                "that is the activation; a bias shifts what is inside the ReLU, whose slope"
                " is 0 or 1": lambda x, w, b, v: v * np.maximum(_before(x, w, b), 0),
                "what the unit does is multiplied by v on its way to the output":
                    lambda x, w, b, v: _gate(x, w, b),
                "a unit that is off does not move: the gate is missing":
                    lambda x, w, b, v: np.broadcast_to(v, (len(x), len(v))),
                "the gate opens where the unit is on": lambda x, w, b, v: v * (1 - _gate(x, w, b)),
                "the bias belongs into the gate: w x + b > 0":
                    lambda x, w, b, v: v * _gate(x, w, 0 * b),
                "that is the derivative by v": lambda x, w, b, v: np.maximum(_before(x, w, b), 0),
                "that is the derivative of a sigmoid; a ReLU's slope is 0 or 1":
                    lambda x, w, b, v: v / (1 + np.exp(-_before(x, w, b))),
            },
        ),
    ],
)  # fmt: skip

# --- 2. The kernel without the table ----------------------------------------------------------


def kernel_by_hand(x, w, b, v):
    """From the table of all derivatives."""
    table = np.concatenate([part.reshape(len(x), -1) for part in _jacobian(x, w, b, v)], 1)
    return table @ table.T


def _kernel(first=1.0, second=1.0, *, weights=1.0, hidden_bias=1.0, output_bias=1.0, weighted=True,
            gated=True):  # fmt: skip
    """The kernel with parts left out."""

    def kernel(x, w, b, v):
        hidden = np.maximum(_before(x, w, b), 0)
        back = (v if weighted else 1.0) * (_gate(x, w, b) if gated else np.ones_like(hidden))
        inner = weights * (x @ x.T) + hidden_bias
        return first * inner * (back @ back.T) + second * (hidden @ hidden.T) + output_bias

    return kernel


KERNEL = Exercise(
    "05-2", "The kernel without the table", ["kernel_by_hand"],
    [
        equal(
            "the kernel over all parameters", kernel_by_hand, one_layer, points=3, draws=8,
            hint="for each layer (A A^T + 1) times D D^T, entry by entry: what goes in, and how"
            " the output moves with what comes out",
            misconceptions={
                "the first layer's derivatives are missing": _kernel(first=0),
                "the readout's derivatives by v are missing": _kernel(second=0),
                "the output bias c has the derivative 1 everywhere": _kernel(output_bias=0),
                "the hidden biases are missing: A A^T + 1": _kernel(hidden_bias=0),
                "the +1 stands for biases, in both layers":
                    _kernel(hidden_bias=0, output_bias=0),
                "the hidden weights are missing: their inputs are x": _kernel(weights=0),
                "D is the gate times v": _kernel(weighted=False),
                "D is 0 where a unit is off: the gate is missing": _kernel(gated=False),
                "the two factors are multiplied entry by entry, not as matrices":
                    lambda x, w, b, v: (x @ x.T + 1) @ (
                        (v * _gate(x, w, b)) @ (v * _gate(x, w, b)).T)
                    + np.maximum(_before(x, w, b), 0) @ np.maximum(_before(x, w, b), 0).T + 1,
            },
        ),
    ],
    forbidden=["helpers.tangent.empirical_ntk", "helpers.tangent.features"],
)  # fmt: skip

# --- 3. Parities fill the space exactly -------------------------------------------------------


def a_space_of_functions(rng):
    """An orthonormal basis of functions on the cube, and some of the parities, shuffled."""
    d = int(rng.integers(3, 6))
    n = 2**d
    cube = np.array([[1 - 2 * (i >> k & 1) for k in range(d)] for i in range(n)], float)
    subsets = [[k for k in range(d) if i >> k & 1] for i in range(n)]
    signs = np.stack([cube[:, s].prod(1) for s in subsets], 1)
    signs = signs[rng.permutation(n)][:, rng.permutation(n)]
    basis = np.linalg.qr(rng.normal(size=(n, int(rng.integers(2, n)))))[0]
    return basis, signs[:, : int(rng.integers(n // 2, n + 1))]


def projections(basis, signs):
    """The part of each parity that least squares explains: r^2 without a constant."""
    left = signs - basis @ np.linalg.lstsq(basis, signs, rcond=None)[0]
    return 1 - (left**2).sum(0) / (signs**2).sum(0)


def _shares(basis, signs):
    return basis.T @ signs


PARITIES = Exercise(
    "05-3", "Parities fill the space exactly", ["projections"],
    [
        equal(
            "how much of each parity lies in the span", projections, a_space_of_functions, points=3,
            draws=8, hint="the squared products with the basis, summed over the basis, for a parity"
            " of length 1",
            misconceptions={
                "scale parities to length 1: their entries are plus and minus one":
                    lambda basis, signs: (_shares(basis, signs) ** 2).sum(0),
                "the squared length is asked for": lambda basis, signs: projections(
                    basis, signs) ** 0.5,
                "square each product before they are summed":
                    lambda basis, signs: _shares(basis, signs).sum(0) ** 2 / len(signs),
                "products are squared: signs must not cancel":
                    lambda basis, signs: _shares(basis, signs).sum(0) / len(signs) ** 0.5,
                "the squared length of a parity is the number of inputs: divide once":
                    lambda basis, signs: (_shares(basis, signs) ** 2).sum(0) / len(signs) ** 2,
                "sum over the basis; one number for each parity is left":
                    lambda basis, signs: (_shares(basis, signs) ** 2).sum(1) / len(signs),
                "a sum over the basis is wanted, not a mean":
                    lambda basis, signs: (_shares(basis, signs) ** 2).mean(0) / len(signs),
                "that is what lies outside of the span":
                    lambda basis, signs: 1 - projections(basis, signs),
            },
        ),
    ],
)  # fmt: skip

# --- 4. Repair: two kernels that look alike ---------------------------------------------------


def two_kernels(rng):
    """Kernels of features with a mean, partly shared; now and then one that is not symmetric."""
    n, m = int(rng.integers(6, 14)), int(rng.integers(4, 9))
    shared = rng.normal(size=(n, m))
    kernels = []
    for _ in range(2):
        a = shared + rng.uniform(0.3, 2) * rng.normal(size=(n, m)) + rng.uniform(0.3, 2)
        kernels.append(a @ a.T)
    if rng.random() < 0.3:
        kernels[0] = kernels[0] + 0.5 * rng.normal(size=(n, n))
    return kernels[0], kernels[1]


def _both_sides(k):
    h = np.eye(len(k)) - 1 / len(k)
    return h @ k @ h


def _cosine(first, second):
    return float((first * second).sum() / (np.linalg.norm(first) * np.linalg.norm(second)))


def cosines(first, second):
    return _cosine(first, second), _cosine(_both_sides(first), _both_sides(second))


def _centred_by(centre):
    return lambda first, second: (0.0, _cosine(centre(first), centre(second)))


ALIKE = Exercise(
    "05-4", "Repair: two kernels that look alike", ["cosines"],
    [
        equal(
            "the cosine as they come", cosines, two_kernels, part=0, draws=8, tolerance=1e-5,
            hint="the sum of products over all entries, divided by both norms",
            misconceptions={
                "divide by both norms, or size counts": lambda first, second: (
                    float((first * second).sum()), 0.0),
                "that is the cosine after centring": lambda first, second: (
                    cosines(first, second)[1], 0.0),
                "a kernel is one long vector here: Frobenius norm, not the spectral one":
                    lambda first, second: (float((first * second).sum() / (
                        np.linalg.norm(first, 2) * np.linalg.norm(second, 2))), 0.0),
                "the trace of first @ second takes one of them transposed":
                    lambda first, second: (float(np.trace(first @ second) / (
                        np.linalg.norm(first) * np.linalg.norm(second))), 0.0),
                "the cosine is not to be squared":
                    lambda first, second: (cosines(first, second)[0] ** 2, 0.0),
            },
        ),
        equal(
            "the cosine after centring", cosines, two_kernels, part=1, points=2, draws=8,
            tolerance=1e-5, hint="subtract row means and column means, add back the total mean",
            misconceptions={
                "nothing is centred yet": _centred_by(lambda k: k),
                "taking off the total mean leaves the rows' and columns' means":
                    _centred_by(lambda k: k - k.mean()),
                "columns are centred, rows are not": _centred_by(lambda k: k - k.mean(0)),
                "rows are centred, columns are not":
                    _centred_by(lambda k: k - k.mean(1, keepdims=True)),
                "row means belong to rows: without keepdim they are taken off columns":
                    _centred_by(lambda k: k - k.mean(0) - k.mean(1) + k.mean()),
                "what was taken off twice has to be added back: the total mean":
                    _centred_by(lambda k: k - k.mean(0) - k.mean(1, keepdims=True)),
                "the total mean is added back, not taken off a third time":
                    _centred_by(lambda k: k - k.mean(0) - k.mean(1, keepdims=True) - k.mean()),
                "centre both kernels, not only one of them": lambda first, second: (
                    0.0, _cosine(_both_sides(first), second)),
                "divide by the norms of the centred kernels": lambda first, second: (
                    0.0, float((_both_sides(first) * _both_sides(second)).sum() / (
                        np.linalg.norm(first) * np.linalg.norm(second)))),
            },
        ),
    ],
    forbidden=["helpers.tangent.alignment"],
)  # fmt: skip

# --- 5. A reading of your own: move the biases only -------------------------------------------


def a_task_for_biases(rng):
    """Images of train and test, labels, one hidden layer and a penalty."""
    n, q, d, m = (int(rng.integers(*span)) for span in ((8, 16), (5, 10), (2, 6), (4, 20)))
    x_train, x_test = rng.normal(size=(n, d)), rng.normal(size=(q, d))
    y_train = np.where(rng.random(n) < 0.4, 1.0, -1.0)
    w, b, v = rng.normal(size=(m, d)), rng.normal(size=m) / 2, rng.normal(size=m)
    return x_train, y_train, x_test, w, b, v, float(rng.uniform(0.2, 5))


def by_biases(x_train, y_train, x_test, w, b, v, lam):
    """Ridge on the derivatives themselves, by least squares with lam as more rows."""
    g, new = by_hidden_bias(x_train, w, b, v), by_hidden_bias(x_test, w, b, v)
    rows = np.concatenate([g, np.sqrt(lam) * np.eye(g.shape[1])])
    labels = np.concatenate([y_train, np.zeros(g.shape[1])])
    return new @ np.linalg.lstsq(rows, labels, rcond=None)[0]


def _kernel_scores(g, new, y, lam):
    return new @ g.T @ np.linalg.solve(g @ g.T + lam * np.eye(len(y)), y)


def _other_features(features):
    """The same regression on other features: (x, w, b, v) -> table."""
    return lambda x_train, y_train, x_test, w, b, v, lam: _kernel_scores(
        features(x_train, w, b, v), features(x_test, w, b, v), y_train, lam
    )


def _other(change):
    """The same with other arguments: change(n, lam) -> lam."""
    return lambda x_train, y_train, x_test, w, b, v, lam: by_biases(
        x_train, y_train, x_test, w, b, v, change(len(y_train), lam)
    )


BIASES = Exercise(
    "05-5", "A reading of your own: move the biases only", ["by_biases"],
    [
        equal(
            "the scores of new images", by_biases, a_task_for_biases, points=4, draws=8,
            hint="K(new, train) (K(train, train) + lam)^-1 y; K = G G^T of exercise 1's table G",
            misconceptions={
                "what moves is the biases: the features are gates times v, not activations":
                    _other_features(lambda x, w, b, v: np.maximum(_before(x, w, b), 0)),
                "the derivative by a bias is the gate times v": _other_features(
                    lambda x, w, b, v: _gate(x, w, b)),
                "these are the inputs' features; the network's derivatives are wanted":
                    _other_features(lambda x, w, b, v: x),
                "only hidden biases move: no constant, no output bias":
                    _other_features(lambda x, w, b, v: np.column_stack(
                        [np.ones(len(x)), by_hidden_bias(x, w, b, v)])),
                "all parameters move here; only the hidden biases are to":
                    _other_features(lambda x, w, b, v: np.concatenate(
                        [part.reshape(len(x), -1) for part in _jacobian(x, w, b, v)], 1)),
                "lam is added to the kernel as it is, not times n": _other(lambda n, lam: n * lam),
                "lam is added to the kernel as it is, and is no square root":
                    _other(lambda n, lam: lam**0.5),
                "without lam this is interpolation: add it on the diagonal":
                    _other(lambda n, lam: 1e-9),
                "labels are taken as they are, their mean is not taken off":
                    lambda x_train, y_train, x_test, w, b, v, lam: by_biases(
                        x_train, y_train - y_train.mean(), x_test, w, b, v, lam),
                "these are the scores of the train images; new ones are asked for":
                    lambda x_train, y_train, x_test, w, b, v, lam: by_biases(
                        x_train, y_train, x_train, w, b, v, lam),
            },
        ),
    ],
    forbidden=["helpers.tangent.kernel_regression"],
)  # fmt: skip

# --- 6. Is this the place for the line? -------------------------------------------------------

PLACE = Judgement(
    "05-6", "Is this the place for the line?",
    {
        "with more independent features than images any labels fit, random ones too": 1,
        "held out, and at equal numbers of features: other wide families do as well": 1,
        "the labels, at a stated price in bits, choose the member": 1,
        "a measurement that could still convince: equal price, meaningless targets, or whether"
        " training stays in this space": 1,
    },
)  # fmt: skip

EXERCISES = [BIAS, KERNEL, PARITIES, ALIKE, BIASES, PLACE]
