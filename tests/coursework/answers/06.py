"""Chapter 06: what students write, wrong and right."""

import numpy as np
import torch
from scipy.linalg import orthogonal_procrustes
from scipy.stats import linregress
from trials import oracle, right, wrong

from helpers import networks, tangent
from helpers.coursework.answers import Unfit, fitted
from helpers.coursework.calls import Open, Stopped

# --- 1. Train without leaving -----------------------------------------------------------------


def _descend(k, k_new, y, rate, steps, divide=True):
    k, k_new, y = (np.asarray(part, float) for part in (k, k_new, y))
    a = np.zeros(len(y))
    for _ in range(steps):
        a = a + rate / (len(y) if divide else 1) * (y - k @ a)
    return k_new @ a


@wrong("06-1", "divide the step by the number of examples")
def linearised_outputs(k, k_new, y, rate, steps):
    return _descend(k, k_new, y, rate, steps, divide=False)


@wrong("06-1", "one step too many")
def linearised_outputs(k, k_new, y, rate, steps):
    return _descend(k, k_new, y, rate, steps + 1)


@wrong("06-1", "compute y - K a anew")
def linearised_outputs(k, k_new, y, rate, steps):
    return np.asarray(k_new) @ np.asarray(y) * rate * steps / len(y)


@wrong("06-1", "after endless steps")
def linearised_outputs(k, k_new, y, rate, steps):
    return np.asarray(k_new) @ np.linalg.lstsq(np.asarray(k), np.asarray(y), rcond=None)[0]


@wrong("06-1", "no factor of 2 left")
def linearised_outputs(k, k_new, y, rate, steps):
    return _descend(k, k_new, y, 2 * rate, steps)


@wrong("06-1", "wanted an array of shape")
def linearised_outputs(k, k_new, y, rate, steps):
    return _descend(k, k, y, rate, steps)


@wrong("06-1", "received a call of linearised")
def linearised_outputs(k, k_new, y, rate, steps):
    net, x = networks.mlp([2, 3, 1], seed=0), torch.ones(len(y), 2)
    y = torch.as_tensor(y).float()
    new = torch.ones(len(k_new), 2)
    return tangent.linearised(net, x, y, new, steps=torch.tensor([steps]), rate=0.01)[0]


@right("06-1")
def linearised_outputs(k, k_new, y, rate, steps):
    return _descend(k, k_new, y, rate, steps)


@right("06-1")
def linearised_outputs(k, k_new, y, rate, steps):
    """A geometric series, with no loop over residuals."""
    k, k_new, y = (torch.as_tensor(part).double() for part in (k, k_new, y))
    step = torch.eye(len(y)).double() - rate / len(y) * k
    total = sum(torch.linalg.matrix_power(step, t) for t in range(steps))
    return k_new @ total @ y * rate / len(y)


@right("06-1")
def linearised_outputs(k, k_new, y, rate, steps):
    k, y = np.asarray(k, float), np.asarray(y, float)
    a, residual = np.zeros(len(y)), y.copy()
    for _ in range(steps):
        a += rate / len(y) * residual
        residual = y - k @ a
    return [float(row @ a) for row in np.asarray(k_new, float)]


# --- 2. Repair: a kernel that only grew -------------------------------------------------------


def _centre(k):
    k = np.asarray(k, float)
    return k - k.mean(0) - k.mean(1, keepdims=True) + k.mean()


def _drift(a, b):
    return np.linalg.norm(b - a) / np.linalg.norm(a)


def _turn(a, b):
    return 1 - (a * b).sum() / np.linalg.norm(a) / np.linalg.norm(b)


@wrong("06-2", "centre both kernels first")
def drift_and_turn(before, after):
    before, after = np.asarray(before), np.asarray(after)
    return _drift(before, after), _turn(before, after)


@wrong("06-2", "relative to the kernel before")
def drift_and_turn(before, after):
    a, b = _centre(before), _centre(after)
    return _drift(b, a), _turn(a, b)


@wrong("06-2", "a norm, not its square")
def drift_and_turn(before, after):
    a, b = _centre(before), _centre(after)
    return _drift(a, b) ** 2, _turn(a, b)


@wrong("06-2", "asked for is 1 minus it")
def drift_and_turn(before, after):
    a, b = _centre(before), _centre(after)
    return _drift(a, b), 1 - _turn(a, b)


@wrong("06-2", "or growth counts")
def drift_and_turn(before, after):
    a, b = _centre(before), _centre(after)
    return _drift(a, b), 1 - (a * b).sum() / (a * a).sum()


@wrong("06-2", "not the difference of norms")
def drift_and_turn(before, after):
    a, b = _centre(before), _centre(after)
    return abs(np.linalg.norm(b) - np.linalg.norm(a)) / np.linalg.norm(a), _turn(a, b)


@wrong("06-2", "received a call of alignment, drift")
def drift_and_turn(before, after):
    before, after = torch.as_tensor(before), torch.as_tensor(after)
    return tangent.drift(before, after), 1 - tangent.alignment(before, after)


@right("06-2")
def drift_and_turn(before, after):
    a, b = _centre(before), _centre(after)
    return _drift(a, b), _turn(a, b)


@right("06-2")
def drift_and_turn(before, after):
    n = len(before)
    h = torch.eye(n).double() - torch.ones(n, n).double() / n
    a, b = (h @ torch.as_tensor(k).double() @ h for k in (before, after))
    return (b - a).norm() / a.norm(), 1 - torch.trace(a @ b) / (a.norm() * b.norm())


@right("06-2")
def drift_and_turn(before, after):
    a, b = _centre(before).ravel(), _centre(after).ravel()
    cosine = np.dot(a, b) / np.sqrt(np.dot(a, a) * np.dot(b, b))
    return [np.sqrt(((b - a) ** 2).sum() / (a**2).sum()), 1 - cosine]


# --- 3. Repair: a clock or a wall? ------------------------------------------------------------


def _log(*parts):
    return [np.log(np.asarray(part, float)) for part in parts]


@wrong("06-3", "leave it out")
def clock(scale, step, found):
    return np.polyfit(*_log(scale, step), 1)[0]


@wrong("06-3", "the axes are exchanged")
def clock(scale, step, found):
    x, y = _log(scale, step)
    keep = np.asarray(found, bool)
    return np.polyfit(y[keep], x[keep], 1)[0]


@wrong("06-3", "take logarithms of both")
def clock(scale, step, found):
    keep = np.asarray(found, bool)
    return np.polyfit(np.asarray(scale)[keep], np.asarray(step)[keep], 1)[0]


@wrong("06-3", "fit a constant too")
def clock(scale, step, found):
    x, y = (part[np.asarray(found, bool)] for part in _log(scale, step))
    return (x @ y) / (x @ x)


@wrong("06-3", "asked for is the slope")
def clock(scale, step, found):
    x, y = (part[np.asarray(found, bool)] for part in _log(scale, step))
    return np.corrcoef(x, y)[0, 1]


@wrong("06-3", "the logarithm of the scale as well")
def clock(scale, step, found):
    keep = np.asarray(found, bool)
    return np.polyfit(np.asarray(scale)[keep], np.log(np.asarray(step))[keep], 1)[0]


@right("06-3")
def clock(scale, step, found):
    x, y = (part[np.asarray(found, bool)] for part in _log(scale, step))
    return linregress(x, y).slope


@right("06-3")
def clock(scale, step, found):
    pairs = [(np.log2(a), np.log2(b)) for a, b, ok in zip(scale, step, found, strict=True) if ok]
    x, y = np.transpose(pairs)
    return np.cov(x, y)[0, 1] / np.var(x, ddof=1)


@right("06-3")
def clock(scale, step, found):
    keep = torch.as_tensor(found).bool()
    x, y = (torch.as_tensor(part).double()[keep].log() for part in (scale, step))
    table = torch.stack([x, torch.ones_like(x)], 1)
    return torch.linalg.lstsq(table, y[:, None]).solution[0, 0]


# --- 4. A reading of your own: turn a network -------------------------------------------------


def _reflected(w, u, place=0):
    w, u = np.asarray(w, float), np.asarray(u, float)
    aim = np.linalg.svd(w, full_matrices=True)[2][place]
    normal = u / np.linalg.norm(u) - aim
    return w - 2 * np.outer(w @ normal, normal) / (normal @ normal)


@wrong("06-4", "has not turned towards u")
def turned(w, u):
    return w


@wrong("06-4", "u lies along the smallest one")
def turned(w, u):
    w = np.asarray(w, float)
    u = np.asarray(u, float) / np.linalg.norm(u)
    least = np.linalg.eigh(w.T @ w)[1][:, 0]
    normal = u - least
    return w - 2 * np.outer(w @ normal, normal) / (normal @ normal)


@wrong("06-4", "Q keeps lengths")
def turned(w, u):
    """The top direction is added instead of turned to."""
    w, u = np.asarray(w, float), np.asarray(u, float)
    return w + 3 * np.outer(w[:, 0], u) / np.linalg.norm(u)


@wrong("06-4", "Q keeps lengths")
def turned(w, u):
    return _reflected(w, u) * 1.5


@wrong("06-4", "multiply on the right")
def turned(w, u):
    """The rows are turned, not the inputs."""
    w = np.asarray(w, float)
    return np.linalg.qr(np.random.default_rng(0).normal(size=(len(w), len(w))))[0] @ w


@wrong("06-4", "wanted an array of shape")
def turned(w, u):
    return _reflected(w, u).T


@right("06-4")
def turned(w, u):
    return _reflected(w, u)


@right("06-4")
def turned(w, u):
    """Rebuilt from the singular value decomposition with another basis that begins with u."""
    w, u = torch.as_tensor(w).double(), torch.as_tensor(u).double()
    left, values, _ = torch.linalg.svd(w, full_matrices=False)
    d = len(u)
    drawn = torch.randn(d, d, generator=torch.Generator().manual_seed(3)).double()
    drawn[:, 0] = u
    basis = torch.linalg.qr(drawn).Q[:, : len(values)]
    return left @ torch.diag(values) @ basis.T


@right("06-4")
def turned(w, u):
    """The orthogonal matrix nearest to one that carries u to the top singular vector."""
    w, u = np.asarray(w, float), np.asarray(u, float)
    aim = np.linalg.svd(w)[2][0]
    one, other = (np.outer(v / np.linalg.norm(v), [1.0]) for v in (u, aim))
    fill = np.random.default_rng(1).normal(size=(len(u), len(u) - 1))
    first, second = (np.linalg.qr(np.hstack([v, fill]))[0] for v in (one, other))
    first[:, 0], second[:, 0] = one[:, 0], other[:, 0]
    q = orthogonal_procrustes(second.T, first.T)[0]
    return w @ q


@oracle("06-4")
def is_turned(answer, rng):
    m, d = int(rng.integers(3, 9)), int(rng.integers(2, 7))
    w, u = rng.normal(size=(m, d)), rng.normal(size=d)
    try:
        got = np.asarray(fitted(answer(w.copy(), u.copy()), torch.as_tensor(w)))
    except (Unfit, Stopped, Open):
        return False
    values, top = np.linalg.svd(w, compute_uv=False), np.linalg.norm(got @ u) / np.linalg.norm(u)
    kept = np.allclose(np.linalg.svd(got, compute_uv=False), values, atol=1e-7)
    left = np.allclose(got @ got.T, w @ w.T, atol=1e-6)
    return bool(kept and left and abs(top - values[0]) < 1e-6)
