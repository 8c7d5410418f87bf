"""Chapter 05: what students write, wrong and right."""

import numpy as np
import torch
from sklearn.linear_model import LinearRegression, Ridge
from torch import nn
from trials import as_right, right, wrong

from helpers import tangent

# --- 1. Differentiate by a hidden bias --------------------------------------------------------


def _arrays(*parts):
    return [np.asarray(part, float) for part in parts]


def _gate(x, w, b):
    x, w, b = _arrays(x, w, b)
    return (x @ w.T + b > 0).astype(float)


def _hidden(x, w, b):
    x, w, b = _arrays(x, w, b)
    return np.maximum(x @ w.T + b, 0)


@wrong("05-1", "that is the activation")
def by_hidden_bias(x, w, b, v):
    return np.asarray(v) * _hidden(x, w, b)


@wrong("05-1", "multiplied by v on its way")
def by_hidden_bias(x, w, b, v):
    return _gate(x, w, b)


@wrong("05-1", "the gate is missing")
def by_hidden_bias(x, w, b, v):
    return np.tile(np.asarray(v), (len(x), 1))


@wrong("05-1", "the gate opens where the unit is on")
def by_hidden_bias(x, w, b, v):
    return np.asarray(v) * (1 - _gate(x, w, b))


@wrong("05-1", "w x + b > 0")
def by_hidden_bias(x, w, b, v):
    return np.asarray(v) * _gate(x, w, np.zeros(len(v)))


@wrong("05-1", "the derivative by v")
def by_hidden_bias(x, w, b, v):
    return _hidden(x, w, b)


@wrong("05-1", "wanted an array of shape")
def by_hidden_bias(x, w, b, v):
    return (np.asarray(v) * _gate(x, w, b)).T


@wrong("05-1", "wanted an array of shape")
def by_hidden_bias(x, w, b, v):
    return (np.asarray(v) * _gate(x, w, b)).sum(1)


@wrong("05-1", "a ReLU's slope is 0 or 1")
def by_hidden_bias(x, w, b, v):
    return torch.sigmoid(torch.as_tensor(x @ w.T + b)) * torch.as_tensor(v)


@right("05-1")
def by_hidden_bias(x, w, b, v):
    return np.asarray(v) * _gate(x, w, b)


@right("05-1")
def by_hidden_bias(x, w, b, v):
    return [[float(v[j]) if sum(float(w[j][k]) * float(row[k]) for k in range(len(row))) + b[j] > 0
             else 0.0 for j in range(len(v))] for row in x]  # fmt: skip


@right("05-1")
def by_hidden_bias(x, w, b, v):
    """By automatic differentiation, one output after the other."""
    x, w, v = (torch.as_tensor(part).double() for part in (x, w, v))
    b = torch.as_tensor(b).double().requires_grad_()
    out = torch.relu(x @ w.T + b) @ v
    return torch.stack([torch.autograd.grad(o, b, retain_graph=True)[0] for o in out])


# --- 2. The kernel without the table ----------------------------------------------------------


def _parts(x, w, b, v):
    x, w, b, v = _arrays(x, w, b, v)
    back = v * _gate(x, w, b)
    return x @ x.T, back @ back.T, _hidden(x, w, b) @ _hidden(x, w, b).T


@wrong("05-2", "the first layer's derivatives are missing")
def kernel_by_hand(x, w, b, v):
    return _parts(x, w, b, v)[2] + 1


@wrong("05-2", "derivatives by v are missing")
def kernel_by_hand(x, w, b, v):
    a, d, _ = _parts(x, w, b, v)
    return (a + 1) * d + 1


@wrong("05-2", "the output bias c has the derivative 1")
def kernel_by_hand(x, w, b, v):
    a, d, h = _parts(x, w, b, v)
    return (a + 1) * d + h


@wrong("05-2", "the hidden biases are missing")
def kernel_by_hand(x, w, b, v):
    a, d, h = _parts(x, w, b, v)
    return a * d + h + 1


@wrong("05-2", "the +1 stands for biases, in both layers")
def kernel_by_hand(x, w, b, v):
    a, d, h = _parts(x, w, b, v)
    return a * d + h


@wrong("05-2", "D is the gate times v")
def kernel_by_hand(x, w, b, v):
    a, _, h = _parts(x, w, b, v)
    return (a + 1) * (_gate(x, w, b) @ _gate(x, w, b).T) + h + 1


@wrong("05-2", "the gate is missing")
def kernel_by_hand(x, w, b, v):
    a, _, h = _parts(x, w, b, v)
    return (a + 1) * float(np.asarray(v) @ np.asarray(v)) + h + 1


@wrong("05-2", "entry by entry, not as matrices")
def kernel_by_hand(x, w, b, v):
    a, d, h = _parts(x, w, b, v)
    return (a + 1) @ d + h + 1


def _as_net(w, b, v):
    m, d = np.shape(w)
    net = nn.Sequential(nn.Linear(d, m), nn.ReLU(), nn.Linear(m, 1)).double()
    with torch.no_grad():
        net[0].weight.copy_(torch.as_tensor(w))
        net[0].bias.copy_(torch.as_tensor(b))
        net[2].weight.copy_(torch.as_tensor(v)[None])
    return net


@wrong("05-2", "received a call of empirical_ntk")
def kernel_by_hand(x, w, b, v):
    return tangent.empirical_ntk(_as_net(w, b, v), torch.as_tensor(x).double())


@wrong("05-2", "received a call of features")
def kernel_by_hand(x, w, b, v):
    phi = tangent.features(_as_net(w, b, v), torch.as_tensor(x).double())
    return phi @ phi.T


@right("05-2")
def kernel_by_hand(x, w, b, v):
    a, d, h = _parts(x, w, b, v)
    return (a + 1) * d + h + 1


@right("05-2")
def kernel_by_hand(x, w, b, v):
    x, w, b, v = (torch.as_tensor(part).float() for part in (x, w, b, v))
    x1 = torch.cat([x, torch.ones(len(x), 1)], 1)
    before = x @ w.T + b
    h1 = torch.cat([before.relu(), torch.ones(len(x), 1)], 1)
    return torch.einsum("id,jd,im,jm->ij", x1, x1, v * (before > 0), v * (before > 0)) + h1 @ h1.T


@right("05-2")
def kernel_by_hand(x, w, b, v):
    n, kernel = len(x), np.zeros((len(x), len(x)))
    for i in range(n):
        for j in range(n):
            s = 1.0
            for k in range(len(v)):
                p = float(np.dot(w[k], x[i]) + b[k])
                q = float(np.dot(w[k], x[j]) + b[k])
                s += max(p, 0) * max(q, 0)
                if p > 0 and q > 0:
                    s += float(v[k]) ** 2 * (float(np.dot(x[i], x[j])) + 1)
            kernel[i, j] = s
    return kernel.tolist()


# --- 3. Parities fill the space exactly -------------------------------------------------------


@wrong("05-3", "scale parities to length 1")
def projections(basis, signs):
    return ((np.asarray(basis).T @ np.asarray(signs)) ** 2).sum(0)


@wrong("05-3", "the squared length is asked for")
def projections(basis, signs):
    return np.linalg.norm(np.asarray(basis).T @ np.asarray(signs), axis=0) / len(signs) ** 0.5


@wrong("05-3", "square each product before")
def projections(basis, signs):
    return (np.asarray(basis).T @ np.asarray(signs)).sum(0) ** 2 / len(signs)


@wrong("05-3", "divide once")
def projections(basis, signs):
    return ((np.asarray(basis).T @ np.asarray(signs)) ** 2).sum(0) / len(signs) ** 2


@wrong("05-3", "wanted an array of shape")
def projections(basis, signs):
    return ((np.asarray(basis).T @ np.asarray(signs)) ** 2).sum(1) / len(signs)


@wrong("05-3", "a sum over the basis is wanted")
def projections(basis, signs):
    return ((np.asarray(basis).T @ np.asarray(signs)) ** 2).mean(0) / len(signs)


@wrong("05-3", "outside of the span")
def projections(basis, signs):
    return 1 - ((np.asarray(basis).T @ np.asarray(signs)) ** 2).sum(0) / len(signs)


@right("05-3")
def projections(basis, signs):
    basis, signs = np.asarray(basis), np.asarray(signs) / np.sqrt(len(signs))
    return ((basis @ (basis.T @ signs)) ** 2).sum(0)


@right("05-3")
def projections(basis, signs):
    fit = LinearRegression(fit_intercept=False).fit(np.asarray(basis), np.asarray(signs))
    return np.mean(fit.predict(np.asarray(basis)) ** 2, axis=0)


@right("05-3")
def projections(basis, signs):
    basis, found = np.asarray(basis), []
    for parity in np.asarray(signs).T:
        unit = parity / np.linalg.norm(parity)
        found.append(sum(float(column @ unit) ** 2 for column in basis.T))
    return found


# --- 4. Repair: two kernels that look alike ---------------------------------------------------


def _cosine(a, b):
    a, b = _arrays(a, b)
    return float((a * b).sum() / np.sqrt((a**2).sum() * (b**2).sum()))


def _answer(centre):
    def cosines(first, second):
        first, second = _arrays(first, second)
        return _cosine(first, second), _cosine(centre(first), centre(second))

    return cosines


def _centred(k):
    return k - k.mean(0) - k.mean(1, keepdims=True) + k.mean()


wrong("05-4", "nothing is centred yet", cosines=_answer(lambda k: k))
wrong("05-4", "leaves the rows' and columns' means", cosines=_answer(lambda k: k - k.mean()))
wrong("05-4", "columns are centred, rows are not", cosines=_answer(lambda k: k - k.mean(0)))
wrong("05-4", "rows are centred, columns are not",
      cosines=_answer(lambda k: k - k.mean(1, keepdims=True)))  # fmt: skip
wrong("05-4", "without keepdim they are taken off columns",
      cosines=_answer(lambda k: k - k.mean(0) - k.mean(1) + k.mean()))  # fmt: skip
wrong("05-4", "has to be added back: the total mean",
      cosines=_answer(lambda k: k - k.mean(0) - k.mean(1, keepdims=True)))  # fmt: skip


@wrong("05-4", "centre both kernels")
def cosines(first, second):
    return _cosine(first, second), _cosine(_centred(np.asarray(first)), second)


@wrong("05-4", "norms of the centred kernels")
def cosines(first, second):
    first, second = _arrays(first, second)
    norms = np.linalg.norm(first) * np.linalg.norm(second)
    return (first * second).sum() / norms, (_centred(first) * _centred(second)).sum() / norms


@wrong("05-4", "that is the cosine after centring")
def cosines(first, second):
    first, second = (_centred(k) for k in _arrays(first, second))
    return _cosine(first, second), _cosine(first, second)


@wrong("05-4", "divide by both norms")
def cosines(first, second):
    first, second = _arrays(first, second)
    return (first * second).sum(), _cosine(_centred(first), _centred(second))


@wrong("05-4", "received a call of alignment")
def cosines(first, second):
    first, second = (torch.as_tensor(k) for k in (first, second))
    return _cosine(first, second), tangent.alignment(first, second)


right("05-4", cosines=_answer(_centred))
as_right("05-4", "line 6: 2 -> 3", "a third number changes neither of the two that are asked for")


@right("05-4")
def cosines(first, second):
    first, second = (torch.as_tensor(k).double() for k in (first, second))
    h = torch.eye(len(first)).double() - 1 / len(first)
    pairs = [(first, second), (h @ first @ h, h @ second @ h)]
    return [torch.cosine_similarity(a.flatten(), b.flatten(), dim=0) for a, b in pairs]


@right("05-4")
def cosines(first, second):
    tables, n = [np.asarray(k).tolist() for k in (first, second)], len(first)
    found = []
    for _ in range(2):
        a, b = ([number for row in table for number in row] for table in tables)
        dots = [sum(p * q for p, q in zip(s, t, strict=True)) for s, t in ((a, b), (a, a), (b, b))]
        found.append(dots[0] / (dots[1] * dots[2]) ** 0.5)
        rows = [[sum(row) / n for row in table] for table in tables]
        columns = [[sum(c) / n for c in zip(*table, strict=True)] for table in tables]
        tables = [[[t[i][j] - r[i] - c[j] + sum(r) / n for j in range(n)] for i in range(n)]
                  for t, r, c in zip(tables, rows, columns, strict=True)]  # fmt: skip
    return found


# --- 5. A reading of your own: move the biases only -------------------------------------------


def _table(x, w, b, v):
    return np.asarray(v) * _gate(x, w, b)


def _scores(g, new, y, lam):
    return new @ g.T @ np.linalg.solve(g @ g.T + lam * np.eye(len(g)), np.asarray(y, float))


def _on(features):
    """The same regression on other features, or with another penalty."""

    def by_biases(x_train, y_train, x_test, w, b, v, lam):
        return _scores(features(x_train, w, b, v), features(x_test, w, b, v), y_train, lam)

    return by_biases


wrong("05-5", "gates times v, not activations", by_biases=_on(lambda x, w, b, v: _hidden(x, w, b)))
wrong("05-5", "the derivative by a bias is the gate times v",
      by_biases=_on(lambda x, w, b, v: _gate(x, w, b)))  # fmt: skip
wrong("05-5", "these are the inputs' features", by_biases=_on(lambda x, w, b, v: np.asarray(x)))


@wrong("05-5", "no constant, no output bias")
def by_biases(x_train, y_train, x_test, w, b, v, lam):
    g, new = _table(x_train, w, b, v), _table(x_test, w, b, v)
    g, new = (np.column_stack([table, np.ones(len(table))]) for table in (g, new))
    return _scores(g, new, y_train, lam)


@wrong("05-5", "not times n")
def by_biases(x_train, y_train, x_test, w, b, v, lam):
    g, new = _table(x_train, w, b, v), _table(x_test, w, b, v)
    return _scores(g, new, y_train, lam * len(g))


@wrong("05-5", "add it on the diagonal")
def by_biases(x_train, y_train, x_test, w, b, v, lam):
    g, new = _table(x_train, w, b, v), _table(x_test, w, b, v)
    return new @ np.linalg.pinv(g) @ np.asarray(y_train)


@wrong("05-5", "their mean is not taken off")
def by_biases(x_train, y_train, x_test, w, b, v, lam):
    g, new = _table(x_train, w, b, v), _table(x_test, w, b, v)
    return _scores(g, new, np.asarray(y_train) - np.mean(np.asarray(y_train)), lam)


@wrong("05-5", "K = G G^T")
def by_biases(x_train, y_train, x_test, w, b, v, lam):
    return Ridge(lam).fit(_table(x_train, w, b, v), y_train).predict(_table(x_test, w, b, v))


@wrong("05-5", "wanted an array of shape")
def by_biases(x_train, y_train, x_test, w, b, v, lam):
    g = _table(x_train, w, b, v)
    return _scores(g, g, y_train, lam)


@right("05-5")
def by_biases(x_train, y_train, x_test, w, b, v, lam):
    return _scores(_table(x_train, w, b, v), _table(x_test, w, b, v), y_train, lam)


@right("05-5")
def by_biases(x_train, y_train, x_test, w, b, v, lam):
    ridge = Ridge(lam, fit_intercept=False).fit(_table(x_train, w, b, v), np.asarray(y_train))
    return ridge.predict(_table(x_test, w, b, v)).tolist()


@right("05-5")
def by_biases(x_train, y_train, x_test, w, b, v, lam):
    """The weights of the biases first, from the normal equations."""
    x_train, y_train, x_test, w, b, v = (
        torch.as_tensor(part).double() for part in (x_train, y_train, x_test, w, b, v)
    )
    g = v * (x_train @ w.T + b > 0)
    moves = torch.linalg.inv(g.T @ g + lam * torch.eye(len(v)).double()) @ g.T @ y_train
    return (v * (x_test @ w.T + b > 0)) @ moves
