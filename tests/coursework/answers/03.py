"""Chapter 03: what students write, wrong and right."""

import numpy as np
import torch
from sklearn.linear_model import LinearRegression, Ridge
from trials import right, wrong

from helpers import features

# --- 1. Fit anything --------------------------------------------------------------------------


def _reach(columns, y, tolerance, norm=np.max):
    fit = columns @ np.linalg.lstsq(columns, y, rcond=None)[0]
    return norm(np.abs(fit - y)) < tolerance


@wrong("03-1", "it saves one feature")
def smallest_fit(phi, y, tolerance=1e-6):
    for k in range(phi.shape[1] + 1):
        if np.abs(phi[:, :k] @ np.linalg.lstsq(phi[:, :k], y, rcond=None)[0] - y).max() < tolerance:
            return k
    return -1


@wrong("03-1", "the largest error counts")
def smallest_fit(phi, y, tolerance=1e-6):
    for k in range(phi.shape[1] + 1):
        columns = np.column_stack([np.ones(len(y)), phi[:, :k]])
        if _reach(columns, y, tolerance, lambda e: np.sqrt(np.mean(e**2))):
            return k
    return -1


@wrong("03-1", "the constant is not one of the k")
def smallest_fit(phi, y, tolerance=1e-6):
    for k in range(phi.shape[1] + 1):
        if _reach(np.column_stack([np.ones(len(y)), phi[:, :k]]), y, tolerance):
            return k + 1
    return -1


@wrong("03-1", "fewer may do")
def smallest_fit(phi, y, tolerance=1e-6):
    return len(y) - 1


@wrong("03-1", "")
def smallest_fit(phi, y, tolerance=1e-6):
    for k in range(phi.shape[1] + 1):
        if _reach(np.column_stack([np.ones(len(y)), phi[:, :k]]), y, 1e-6):
            return k
    return -1


@wrong("03-1", "return -1")
def smallest_fit(phi, y, tolerance=1e-6):
    for k in range(phi.shape[1] + 1):
        if _reach(np.column_stack([np.ones(len(y)), phi[:, :k]]), y, tolerance):
            return k
    return phi.shape[1]


@right("03-1")
def smallest_fit(phi, y, tolerance=1e-6):
    phi, y = np.asarray(phi, float), np.asarray(y, float)
    for k in range(phi.shape[1] + 1):
        if _reach(np.column_stack([np.ones(len(y)), phi[:, :k]]), y, tolerance):
            return k
    return -1


@right("03-1")
def smallest_fit(phi, y, tolerance=1e-6):
    if np.abs(y - y.mean()).max() < tolerance:
        return 0
    for k in range(1, phi.shape[1] + 1):
        model = LinearRegression().fit(phi[:, :k], y)
        if np.abs(model.predict(phi[:, :k]) - y).max() < tolerance:
            return k
    return -1


@right("03-1")
def smallest_fit(phi, y, tolerance=1e-6):
    phi, y = torch.as_tensor(phi).double(), torch.as_tensor(y).double()
    errors = []
    for k in range(phi.shape[1] + 1):
        z, t = phi[:, :k] - phi[:, :k].mean(0), y - y.mean()
        left = t - z @ (torch.linalg.pinv(z) @ t) if k else t
        errors.append(float(left.abs().max()))
    return next((k for k, error in enumerate(errors) if error < tolerance), -1)


# --- 2. Take the biases away ------------------------------------------------------------------


def _phi(net, x, **options):
    return features.layer_features(net.float(), torch.as_tensor(x).float(), **options).double()


def _r2(phi, y, ones=True, centred=True):
    y = torch.as_tensor(y).double()
    columns = torch.cat([torch.ones(len(y), 1).double(), phi], 1) if ones else phi
    left = y - columns @ torch.linalg.lstsq(columns, y[:, None], driver="gelsd").solution[:, 0]
    whole = y - y.mean() if centred else y
    return 1 - (left @ left) / (whole @ whole)


@wrong("03-2", "fit a constant too")
def share_fitted(net, x, y):
    return _r2(_phi(net, x), y, ones=False)


@wrong("03-2", "its mean taken off")
def share_fitted(net, x, y):
    return _r2(_phi(net, x), y, centred=False)


@wrong("03-2", "not the first")
def share_fitted(net, x, y):
    return _r2(_phi(net, x, layer=0), y)


@wrong("03-2", "not the inputs")
def share_fitted(net, x, y):
    return _r2(torch.as_tensor(x).double(), y)


@wrong("03-2", "one minus the share")
def share_fitted(net, x, y):
    return 1 - _r2(_phi(net, x), y)


@wrong("03-2", "its square")
def share_fitted(net, x, y):
    return _r2(_phi(net, x), y) ** 0.5


@right("03-2")
def share_fitted(net, x, y):
    return LinearRegression().fit(_phi(net, x), np.asarray(y)).score(_phi(net, x), np.asarray(y))


@right("03-2")
def share_fitted(net, x, y):
    return float(_r2(_phi(net, x), y))


@right("03-2")
def share_fitted(net, x, y):
    phi = _phi(net, x).numpy()
    phi, y = phi - phi.mean(0), np.asarray(y, float) - np.mean(np.asarray(y, float))
    return np.sum((phi @ (np.linalg.pinv(phi) @ y)) ** 2) / np.sum(y**2)


# --- 3. Stop early ----------------------------------------------------------------------------


def _spectrum(phi, y, scale):
    mu, v = np.linalg.eigh(phi.T @ phi / scale)
    return mu, v, v.T @ (phi.T @ y / scale)


def _closed(phi, y, lr, t, power=0):
    phi, y = np.asarray(phi, float), np.asarray(y, float)
    mu, v, pull = _spectrum(phi, y, len(y))
    flat = mu < 1e-12 * mu.max()
    safe = np.where(flat, 1.0, mu)
    return v @ (np.where(flat, lr * t, (1 - (1 - lr * mu) ** (t + power)) / safe) * pull)


@wrong("03-3", "1/n belongs to the loss")
def weights_after(phi, y, lr, t):
    return _closed(phi, y, lr, t) * len(y)


@wrong("03-3", "stop after t steps")
def weights_after(phi, y, lr, t):
    return np.linalg.lstsq(phi, y, rcond=None)[0]


@wrong("03-3", "one step too many")
def weights_after(phi, y, lr, t):
    return _closed(phi, y, lr, t, power=1)


@wrong("03-3", "a single long step")
def weights_after(phi, y, lr, t):
    return lr * t * phi.T @ y / len(y)


@wrong("03-3", "the sign is turned")
def weights_after(phi, y, lr, t):
    return -_closed(phi, y, lr, t)


@wrong("03-3", "")
def weights_after(phi, y, lr, t):
    mu, v, pull = _spectrum(np.asarray(phi), np.asarray(y), len(y))
    return v @ ((1 - lr * mu) ** t * pull)


@right("03-3")
def weights_after(phi, y, lr, t):
    return _closed(phi, y, lr, t)


@right("03-3")
def weights_after(phi, y, lr, t):
    phi, y = torch.as_tensor(phi).double(), torch.as_tensor(y).double()
    w = torch.zeros(phi.shape[1], dtype=torch.float64)
    for _ in range(t):
        w -= lr * phi.T @ (phi @ w - y) / len(y)
    return w


@right("03-3")
def weights_after(phi, y, lr, t):
    phi, y = np.asarray(phi, float), np.asarray(y, float)
    keep = np.eye(phi.shape[1]) - lr * phi.T @ phi / len(y)
    steps = [np.linalg.matrix_power(keep, s) for s in range(t)]
    return lr * sum(steps, np.zeros_like(keep)) @ phi.T @ y / len(y)


# --- 4. Too good for a lottery ----------------------------------------------------------------


def _strength(phi, y):
    z, t = phi - phi.mean(0), y - y.mean()
    return (t @ z) / np.linalg.norm(z, axis=0)


def _score(phi_train, y_train, phi_test, y_test, chosen, lam):
    model = Ridge(alpha=lam).fit(phi_train[:, chosen], y_train)
    return np.corrcoef(model.predict(phi_test[:, chosen]), y_test)[0, 1]


@wrong("03-4", "with the test labels in sight")
def honest_score(phi_train, y_train, phi_test, y_test, k, lam):
    both = np.concatenate([phi_train, phi_test]), np.concatenate([y_train, y_test])
    chosen = np.argsort(-np.abs(_strength(*both)))[:k]
    return _score(phi_train, y_train, phi_test, y_test, chosen, lam)


@wrong("03-4", "chosen on test")
def honest_score(phi_train, y_train, phi_test, y_test, k, lam):
    chosen = np.argsort(-np.abs(_strength(phi_test, y_test)))[:k]
    return _score(phi_train, y_train, phi_test, y_test, chosen, lam)


@wrong("03-4", "take |correlation|")
def honest_score(phi_train, y_train, phi_test, y_test, k, lam):
    chosen = np.argsort(-_strength(phi_train, y_train))[:k]
    return _score(phi_train, y_train, phi_test, y_test, chosen, lam)


@wrong("03-4", "the bias has to be free")
def honest_score(phi_train, y_train, phi_test, y_test, k, lam):
    chosen = np.argsort(-np.abs(_strength(phi_train, y_train)))[:k]
    model = Ridge(alpha=lam, fit_intercept=False).fit(phi_train[:, chosen], y_train)
    return np.corrcoef(model.predict(phi_test[:, chosen]), y_test)[0, 1]


@wrong("03-4", "the score on train")
def honest_score(phi_train, y_train, phi_test, y_test, k, lam):
    chosen = np.argsort(-np.abs(_strength(phi_train, y_train)))[:k]
    return _score(phi_train, y_train, phi_train, y_train, chosen, lam)


@wrong("03-4", "keep k columns")
def honest_score(phi_train, y_train, phi_test, y_test, k, lam):
    return _score(phi_train, y_train, phi_test, y_test, np.arange(phi_train.shape[1]), lam)


@right("03-4")
def honest_score(phi_train, y_train, phi_test, y_test, k, lam):
    chosen = np.argsort(-np.abs(_strength(phi_train, y_train)))[:k]
    return _score(phi_train, y_train, phi_test, y_test, chosen, lam)


@right("03-4")
def honest_score(phi_train, y_train, phi_test, y_test, k, lam):
    phi_train, y_train, phi_test, y_test = (
        torch.as_tensor(part).double() for part in (phi_train, y_train, phi_test, y_test)
    )
    z, t = phi_train - phi_train.mean(0), y_train - y_train.mean()
    chosen = ((t @ z) / z.norm(dim=0)).abs().topk(k).indices
    z = z[:, chosen]
    # The dual form: the same ridge, solved among the images.
    dual = torch.linalg.solve(z @ z.T + lam * torch.eye(len(z)).double(), t)
    scores = (phi_test[:, chosen] - phi_train[:, chosen].mean(0)) @ (z.T @ dual)
    return torch.corrcoef(torch.stack([scores, y_test]))[0, 1]


@right("03-4")
def honest_score(phi_train, y_train, phi_test, y_test, k, lam):
    strengths = [abs(np.corrcoef(column, y_train)[0, 1]) for column in np.asarray(phi_train).T]
    chosen = sorted(range(len(strengths)), key=lambda j: -strengths[j])[:k]
    return _score(np.asarray(phi_train), y_train, np.asarray(phi_test), y_test, chosen, lam)


# --- 5. One bit a neuron ----------------------------------------------------------------------


def _lean(a, y):
    return (np.asarray(y) - np.mean(y)) @ np.asarray(a)


def _bits(a, y):
    return min(np.shape(a)[1], len(y))


@wrong("03-5", "centre: a neuron that is always loud")
def signed_readout(a_train, y_train, a_test):
    return a_test @ np.sign(y_train @ a_train), _bits(a_train, y_train)


@wrong("03-5", "nothing between")
def signed_readout(a_train, y_train, a_test):
    return a_test @ _lean(a_train, y_train), _bits(a_train, y_train)


@wrong("03-5", "keep the dark neurons too")
def signed_readout(a_train, y_train, a_test):
    return a_test @ (_lean(a_train, y_train) > 0).astype(float), _bits(a_train, y_train)


@wrong("03-5", "more than n bits")
def signed_readout(a_train, y_train, a_test):
    return a_test @ np.sign(_lean(a_train, y_train)), a_train.shape[1]


@wrong("03-5", "log2 m names one neuron")
def signed_readout(a_train, y_train, a_test):
    return a_test @ np.sign(_lean(a_train, y_train)), np.log2(a_train.shape[1])


@wrong("03-5", "a sum is asked for")
def signed_readout(a_train, y_train, a_test):
    return a_test @ np.sign(_lean(a_train, y_train)) / a_test.shape[1], _bits(a_train, y_train)


@right("03-5")
def signed_readout(a_train, y_train, a_test):
    return a_test @ np.sign(_lean(a_train, y_train)), _bits(a_train, y_train)


@right("03-5")
def signed_readout(a_train, y_train, a_test):
    a, y, new = (torch.as_tensor(part).double() for part in (a_train, y_train, a_test))
    signs = torch.sign(a[y > 0].mean(0) - a[y < 0].mean(0))
    return (new * signs).sum(1), torch.tensor(min(a.shape[1], len(y)))


@right("03-5")
def signed_readout(a_train, y_train, a_test):
    total = [0.0] * len(a_test)
    for j in range(np.shape(a_train)[1]):
        column = np.asarray(a_train)[:, j]
        sign = 1 if np.cov(column, np.asarray(y_train))[0, 1] > 0 else -1
        total = [value + sign * float(row[j]) for value, row in zip(total, a_test, strict=True)]
    return total, float(min(np.shape(a_train)[1], len(y_train)))
