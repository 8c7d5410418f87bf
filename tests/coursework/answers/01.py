"""Chapter 01: answers as students write them."""

import itertools

import numpy as np
import torch
from trials import oracle, right, wrong

from helpers.counting import boolean

# --- 01-1 Masks are not functions


@wrong("01-1", "32 is the number of masks")
def behaviours(w, b, v):
    return 2**5


@wrong("01-1", "wanted")
def behaviours(w, b, v):
    return 16 if (w > 0).any() or b > 0 else 1


@wrong("01-1", "without the ReLU you count sums")
def behaviours(w, b, v):
    x = boolean.inputs(3).numpy()
    seen = set()
    for k in itertools.product((0, 1), repeat=5):
        seen.add(tuple((v * k[4] * (x @ (w * k[:3]) + b * k[3])).round(6) + 0.0))
    return len(seen)


@wrong("01-1", "the readout weight counts")
def behaviours(w, b, v):
    x = boolean.inputs(3).numpy()
    seen = set()
    for k in itertools.product((0, 1), repeat=5):
        seen.add(tuple((k[4] * np.maximum(x @ (w * k[:3]) + b * k[3], 0)).round(6) + 0.0))
    return len(seen)


@wrong("01-1", "not the functions that they compute alone")
def behaviours(w, b, v):
    x = boolean.inputs(3).numpy()
    seen = set()
    for k in itertools.product((0, 1), repeat=5):
        seen.add(tuple(v * k[4] * np.maximum(x @ (w * k[:3]) + b * k[3], 0) > 0))
    return len(seen)


@wrong("01-1", "the bias can be cut as well")
def behaviours(w, b, v):
    x = boolean.inputs(3).numpy()
    seen = set()
    for k in itertools.product((0, 1), repeat=4):
        seen.add(tuple((v * k[3] * np.maximum(x @ (w * k[:3]) + b, 0)).round(6) + 0.0))
    return len(seen)


@right("01-1")
def behaviours(w, b, v):
    """Torch, all masks at once."""
    masks = torch.tensor(list(itertools.product((0.0, 1.0), repeat=5))).double()
    w = torch.as_tensor(w).double()
    before = boolean.inputs(3) @ (masks[:, :3] * w).T + masks[:, 3] * b
    return torch.unique((v * masks[:, 4] * before.relu()).T.round(decimals=5) + 0.0, dim=0).shape[0]


@right("01-1")
def behaviours(w, b, v):
    """Loops over bits, in plain Python."""
    seen = set()
    for m in range(32):
        row = []
        for x in itertools.product((0, 1), repeat=3):
            z = sum(w[i] * x[i] for i in range(3) if m >> i & 1) + (b if m & 8 else 0)
            row.append(round(float(v * max(z, 0) if m & 16 else 0), 6) + 0.0)
        seen.add(tuple(row))
    return float(len(seen))


@right("01-1")
def behaviours(w, b, v):
    """NumPy's unique over rows."""
    k = np.array(list(itertools.product((0, 1), repeat=5)))
    z = k[:, :3] * w @ boolean.inputs(3).numpy().T + (k[:, 3] * b)[:, None]
    return len(np.unique(np.round(k[:, 4:] * v * np.maximum(z, 0), 6) + 0.0, axis=0))


# --- 01-2 Turn signs


def _tables(factors, w, b, v, c, cut=lambda f: f > 0):
    seen, h, x = set(), len(b), boolean.inputs(2).numpy()
    for signs in factors(4 * h + 1):
        s = np.array(signs)
        z = np.maximum(x @ (w * s[: 2 * h].reshape(h, 2)).T + b * s[2 * h : 3 * h], 0)
        seen.add(tuple(cut(z @ (v * s[3 * h : 4 * h]) + c * s[-1])))
    return len(seen)


@wrong("01-2", "those are masks")
def functions_by_sign(w, b, v, c):
    return _tables(lambda m: itertools.product((0, 1), repeat=m), w, b, v, c)


@wrong("01-2", "cutting is not among the members")
def functions_by_sign(w, b, v, c):
    return _tables(lambda m: itertools.product((-1, 0, 1), repeat=m), w, b, v, c)


@wrong("01-2", "members are not functions")
def functions_by_sign(w, b, v, c):
    return 2 ** (w.size + b.size + v.size + 1)


@wrong("01-2", "count truth tables, not lists of outputs")
def functions_by_sign(w, b, v, c):
    signs = lambda m: itertools.product((-1, 1), repeat=m)  # noqa: E731
    return _tables(signs, w, b, v, c, cut=lambda f: f.round(6))


@wrong("01-2", "biases have signs as well")
def functions_by_sign(w, b, v, c):
    h = len(b)

    def signs(m):
        for s in itertools.product((-1, 1), repeat=3 * h):
            yield (*s[: 2 * h], *[1] * h, *s[2 * h :], 1)

    return _tables(signs, w, b, v, c)


@wrong("01-2", "wanted")
def functions_by_sign(w, b, v, c):
    """One sign for each unit."""
    h = len(b)

    def signs(m):
        for s in itertools.product((-1, 1), repeat=h + 1):
            yield (*[1] * (3 * h), *s)

    return _tables(signs, w, b, v, c)


@right("01-2")
def functions_by_sign(w, b, v, c):
    """Torch, all signs at once."""
    h = len(b)
    s = torch.tensor(list(itertools.product((-1.0, 1.0), repeat=4 * h + 1))).double()
    w, b, v = (torch.as_tensor(each).double() for each in (w, b, v))
    W = s[:, : 2 * h].reshape(-1, h, 2) * w
    z = torch.einsum("khi,xi->kxh", W, boolean.inputs(2)) + (s[:, 2 * h : 3 * h] * b)[:, None]
    f = torch.einsum("kxh,kh->kx", z.relu(), s[:, 3 * h : 4 * h] * v) + s[:, -1:] * c
    return (f > 0).unique(dim=0).shape[0]


@right("01-2")
def functions_by_sign(w, b, v, c):
    """Codes as integers, in plain Python."""
    h, codes = len(b), set()
    for s in itertools.product((-1, 1), repeat=4 * h + 1):
        code = 0
        for j, (p, q) in enumerate(itertools.product((0, 1), repeat=2)):
            f = c * s[-1]
            for u in range(h):
                z = w[u][0] * s[2 * u] * p + w[u][1] * s[2 * u + 1] * q + b[u] * s[2 * h + u]
                f += v[u] * s[3 * h + u] * max(z, 0)
            code |= (f > 0) << j
        codes.add(int(code))
    return len(codes)


@right("01-2")
def functions_by_sign(w, b, v, c):
    return float(_tables(lambda m: itertools.product((1, -1), repeat=m), w, b, v, c))


# --- 01-3 A certificate


@wrong("01-3", "all zeros prove nothing")
def certificate(n):
    return np.zeros(2**n)


@wrong("01-3", "wanted nothing below 0 where parity is true")
def certificate(n):
    odd = boolean.inputs(n).sum(1) % 2 == 1
    return np.where(odd, -1.0, 1.0)


@wrong("01-3", "sum to zero")
def certificate(n):
    return (boolean.inputs(n).sum(1) % 2 == 1).double()


@wrong("01-3", "wanted")
def certificate(n):
    return np.array([-1.0, 1.0, 1.0, -1.0])


@wrong("01-3", "every coordinate")
def certificate(n):
    odd = boolean.inputs(n).numpy().sum(1) % 2 == 1
    y = np.zeros(2**n)
    y[np.flatnonzero(odd)[0]], y[np.flatnonzero(~odd)[0]] = 1, -1
    return y


@wrong("01-3", "wanted")
def certificate(n):
    return np.ones((2**n, n))


@right("01-3")
def certificate(n):
    return [-((-1) ** sum(bits)) for bits in itertools.product((0, 1), repeat=n)]


@right("01-3")
def certificate(n):
    """A Kronecker product, in torch."""
    y, one = torch.tensor([-1.0]), torch.tensor([1.0, -1.0])
    for _ in range(n):
        y = torch.kron(y, one)
    return y


@right("01-3")
def certificate(n):
    """A single square of the cube is enough."""
    y = np.zeros(2**n)
    y[:4] = [-1, 1, 1, -1]
    return 7 * y


@oracle("01-3")
def is_certificate(answer, rng):
    n = int(rng.integers(2, 5))
    try:
        y = np.asarray(answer(n), float)
    except (TypeError, ValueError):
        return False
    if y.shape != (2**n,) or not np.isfinite(y).all():
        return False
    x = np.array(list(itertools.product((0, 1), repeat=n)))
    odd = x.sum(1) % 2 == 1
    zero = abs(y.sum()) < 1e-6 and np.abs(x.T @ y).max() < 1e-6
    return bool(zero and (y[odd] >= 0).all() and (y[~odd] <= 0).all() and y[odd].max() > 0)


# --- 01-4 The width where everything fits


@wrong("01-4", "append a column of ones")
def share_of_noise(noise):
    return boolean.sign_patterns(np.asarray(noise)).mean()


@wrong("01-4", "the share of all 256 is wanted")
def share_of_noise(noise):
    return boolean.sign_patterns(np.column_stack([noise, np.ones(8)])).sum()


@wrong("01-4", "the rank is not the share")
def share_of_noise(noise):
    return np.linalg.matrix_rank(np.column_stack([noise, np.ones(8)])) / 8


@wrong("01-4", "append a column of ones")
def share_of_noise(noise):
    return boolean.sign_patterns(np.column_stack([noise, np.zeros(8)])).mean()


@wrong("01-4", "the same comes out for every input")
def share_of_noise(noise):
    return 1.0


@wrong("01-4", "it is the rank that counts")
def share_of_noise(noise):
    phi = np.random.default_rng(0).standard_normal(noise.shape)
    return boolean.sign_patterns(np.column_stack([phi, np.ones(8)])).mean()


@right("01-4")
def share_of_noise(noise):
    """The constant first, scaled."""
    return boolean.sign_patterns(np.column_stack([5 * np.ones(8), noise])).sum() / 256


@right("01-4")
def share_of_noise(noise):
    """Torch."""
    phi = torch.cat([torch.as_tensor(noise), torch.ones(8, 1)], dim=1).double().numpy()
    return torch.tensor(boolean.sign_patterns(phi)).double().mean()


@right("01-4")
def share_of_noise(noise):
    """One function at a time."""
    reached = boolean.sign_patterns(np.hstack([noise, [[1.0]] * 8]))
    return sum(1 for k in range(256) if reached[k]) / 2**8


# --- 01-5 Repair


@wrong("01-5", "easy functions still raise it")
def within_functions(present, found):
    return found[present].mean() - found[~present].mean()


@wrong("01-5", "you compared functions within a network")
def within_functions(present, found):
    found, present = np.asarray(found), np.asarray(present)
    d = [
        f[p].mean() - f[~p].mean()
        for p, f in zip(present, found, strict=True)
        if p.any() and not p.all()
    ]
    return np.mean(d)


@wrong("01-5", "leave out functions that are present everywhere or nowhere")
def within_functions(present, found):
    d = [
        f[p].mean() - f[~p].mean() if p.any() and not p.all() else 0.0
        for p, f in zip(present.T, found.T, strict=True)
    ]
    return np.mean(d)


@wrong("01-5", "present minus absent is wanted")
def within_functions(present, found):
    d = [
        f[~p].mean() - f[p].mean()
        for p, f in zip(present.T, found.T, strict=True)
        if p.any() and not p.all()
    ]
    return np.mean(d) if d else 0


@wrong("01-5", "every function counts the same")
def within_functions(present, found):
    rows = [(p, f) for p, f in zip(present.T, found.T, strict=True) if p.any() and not p.all()]
    if not rows:
        return 0.0
    d = [f[p].mean() - f[~p].mean() for p, f in rows]
    return np.average(d, weights=[p.sum() for p, _ in rows])


@wrong("01-5", "return 0 if")
def within_functions(present, found):
    d = [
        f[p].mean() - f[~p].mean()
        for p, f in zip(present.T, found.T, strict=True)
        if p.any() and not p.all()
    ]
    return np.mean(d)


@right("01-5")
def within_functions(present, found):
    """Torch, with masks."""
    p, f = torch.as_tensor(present).double(), torch.as_tensor(found).double()
    n = p.sum(0)
    keep = (n > 0) & (n < len(p))
    if not keep.any():
        return torch.tensor(0.0)
    d = (p * f).sum(0) / n - ((1 - p) * f).sum(0) / (len(p) - n)
    return d[keep].mean()


@right("01-5")
def within_functions(present, found):
    """Plain lists."""
    total, count = 0.0, 0
    for j in range(len(present[0])):
        yes = [f[j] for p, f in zip(present, found, strict=True) if p[j]]
        no = [f[j] for p, f in zip(present, found, strict=True) if not p[j]]
        if yes and no:
            total, count = total + sum(yes) / len(yes) - sum(no) / len(no), count + 1
    return total / count if count else 0


@right("01-5")
def within_functions(present, found):
    """Means that are nan where nothing is there."""
    with np.errstate(invalid="ignore"):
        yes = np.where(present, found, np.nan)
        no = np.where(present, np.nan, found)
        keep = present.any(0) & ~present.all(0)
        return (
            float((np.nanmean(yes[:, keep], 0) - np.nanmean(no[:, keep], 0)).mean())
            if keep.any()
            else 0.0
        )
