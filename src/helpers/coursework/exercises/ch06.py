"""Chapter 06, does training stay in the tangent space: what its exercises ask for."""

import numpy as np

from helpers.coursework import Exercise, Judgement, equal, holds

# --- 1. Train without leaving -----------------------------------------------------------------


def a_kernel_to_descend(rng):
    """Features of train and new inputs, targets, a stable rate and a number of steps."""
    n, q, p = (int(rng.integers(*span)) for span in ((5, 12), (3, 8), (4, 20)))
    phi, new = rng.normal(size=(n, p)), rng.normal(size=(q, p))
    kernel = phi @ phi.T
    rate = float(rng.uniform(0.3, 0.8) * n / np.linalg.eigvalsh(kernel)[-1])
    return kernel, new @ phi.T, rng.normal(size=n), rate, int(rng.integers(2, 8))


def linearised(k, k_new, y, rate, steps):
    """In the kernel's eigenvectors, where every step shrinks the residual by one factor."""
    values, vectors = np.linalg.eigh(k)
    shrunk = (1 - rate * values / len(y)) ** steps
    safe = np.where(np.abs(values) > 1e-10, values, 1.0)
    gain = np.where(np.abs(values) > 1e-10, (1 - shrunk) / safe, rate * steps / len(y))
    return k_new @ vectors @ (gain * (vectors.T @ y))


def _but(change):
    """The same with other arguments: change(k, k_new, y, rate, steps) -> the same five."""
    return lambda k, k_new, y, rate, steps: linearised(*change(k, k_new, y, rate, steps))


def _one_jump(k, k_new, y, rate, steps):
    return k_new @ y * (rate * steps / len(y))


STAY = Exercise(
    "06-1", "Train without leaving", ["linearised_outputs"],
    [
        equal(
            "the outputs on new inputs", linearised, a_kernel_to_descend, points=2, draws=8,
            hint="a starts at 0; each step adds rate / n (y - K a); the outputs are K_new a",
            misconceptions={
                "the loss is a mean: divide the step by the number of examples":
                    _but(lambda k, k_new, y, rate, steps: (k, k_new, y, rate * len(y), steps)),
                "that is one step too many": _but(
                    lambda k, k_new, y, rate, steps: (k, k_new, y, rate, steps + 1)),
                "that is one step too few": _but(
                    lambda k, k_new, y, rate, steps: (k, k_new, y, rate, steps - 1)),
                "the residual changes at every step: compute y - K a anew": _one_jump,
                "that is where it ends after endless steps":
                    lambda k, k_new, y, rate, steps: k_new @ np.linalg.pinv(k) @ y,
                "a mean of squares halved has no factor of 2 left": _but(
                    lambda k, k_new, y, rate, steps: (k, k_new, y, 2 * rate, steps)),
                "these are the residuals' signs turned: add rate / n (y - K a)": _but(
                    lambda k, k_new, y, rate, steps: (k, -k_new, y, rate, steps)),
            },
        ),
    ],
    forbidden=["helpers.tangent.linearised"],
)  # fmt: skip

# --- 2. Repair: a kernel that only grew -------------------------------------------------------


def before_and_after(rng):
    """A kernel of features with a mean, and one that has grown, turned, or both."""
    n, p = int(rng.integers(6, 14)), int(rng.integers(4, 9))
    phi = rng.normal(size=(n, p)) + rng.uniform(0.3, 2)
    later = rng.uniform(0.5, 2) * phi + rng.uniform(0, 1.5) * rng.normal(size=(n, p))
    return phi @ phi.T, later @ later.T


def _centred(k):
    h = np.eye(len(k)) - 1 / len(k)
    return h @ k @ h


def _drift(before, after):
    return float(np.linalg.norm(after - before) / np.linalg.norm(before))


def _unaligned(before, after):
    norms = np.linalg.norm(before) * np.linalg.norm(after)
    return 1 - float((before * after).sum() / norms)


def drift_and_turn(before, after):
    before, after = _centred(before), _centred(after)
    return _drift(before, after), _unaligned(before, after)


def _rows_only(k):
    return k - k.mean(1, keepdims=True)


def _each(measure, centre):
    """A wrong answer whose two numbers both come from `measure`, of kernels centred so."""
    return lambda before, after: 2 * (measure(centre(before), centre(after)),)


GREW = Exercise(
    "06-2", "Repair: a kernel that only grew", ["drift_and_turn"],
    [
        equal(
            "how far it moved", drift_and_turn, before_and_after, part=0, draws=8, tolerance=1e-5,
            hint="the norm of the difference of the centred kernels, over that of the first",
            misconceptions={
                "centre both kernels first": _each(_drift, lambda k: k),
                "centre rows and columns": _each(_drift, _rows_only),
                "relative to the kernel before": _each(
                    lambda a, b: _drift(a, b) * np.linalg.norm(a) / np.linalg.norm(b), _centred),
                "divide by the norm of the kernel before": _each(
                    lambda a, b: float(np.linalg.norm(a - b)), _centred),
                "a norm, not its square": _each(lambda a, b: _drift(a, b) ** 2, _centred),
                "the norm of the difference, not the difference of norms": _each(
                    lambda a, b: abs(np.linalg.norm(b) / np.linalg.norm(a) - 1), _centred),
            },
        ),
        equal(
            "how far it turned", drift_and_turn, before_and_after, part=1, points=2, draws=8,
            tolerance=1e-5, hint="1 minus the cosine of the two centred kernels",
            misconceptions={
                "centre both kernels first": _each(_unaligned, lambda k: k),
                "centre rows and columns": _each(_unaligned, _rows_only),
                "that is the cosine; asked for is 1 minus it": _each(
                    lambda a, b: 1 - _unaligned(a, b), _centred),
                "a kernel is one long vector here, not a set of columns": _each(
                    lambda a, b: 1 - float(np.trace(a @ b) / (
                        np.linalg.norm(a, 2) * np.linalg.norm(b, 2))), _centred),
                "divide by both norms, or growth counts": _each(
                    lambda a, b: 1 - float((a * b).sum() / np.linalg.norm(a) ** 2), _centred),
            },
        ),
    ],
    forbidden=["helpers.tangent.drift", "helpers.tangent.alignment"],
)  # fmt: skip

# --- 3. Clock or wall? ------------------------------------------------------------------------


def runs_on_the_dial(rng):
    """Scales, steps about a power of them, and which runs have found the target."""
    k = int(rng.integers(6, 12))
    scale = 2.0 ** rng.permutation(np.linspace(-3, 3, k))
    step = np.round(rng.uniform(200, 900) * scale ** rng.uniform(0.5, 1.6) * np.exp(
        rng.normal(size=k) / 4))  # fmt: skip
    found = rng.random(k) < 0.75
    found[:3] = True
    found[-1] = False
    most = float(step.max()) * 3
    return scale, np.where(found, step, most), found


def clock(scale, step, found):
    """The slope of log step against log scale over the runs that found it."""
    return float(np.polyfit(np.log(scale[found]), np.log(step[found]), 1)[0])


CLOCK = Exercise(
    "06-3", "Repair: a clock or a wall?", ["clock"],
    [
        equal(
            "the exponent among runs that found it", clock, runs_on_the_dial, points=2, draws=8,
            hint="a straight line through log step against log scale, of the found runs only",
            misconceptions={
                "a run that has not found it has no step: leave it out":
                    lambda scale, step, found: clock(scale, step, np.ones(len(step), bool)),
                "those are the runs that did not find it":
                    lambda scale, step, found: clock(scale, step, ~found)
                    if (~found).sum() > 1 else 0.0,
                "steps against scales: the axes are exchanged":
                    lambda scale, step, found: clock(step, scale, found),
                "take logarithms of both": lambda scale, step, found: float(
                    np.polyfit(scale[found], step[found], 1)[0]),
                "take the logarithm of the scale as well": lambda scale, step, found: float(
                    np.polyfit(scale[found], np.log(step[found]), 1)[0]),
                "take the logarithm of the steps as well": lambda scale, step, found: float(
                    np.polyfit(np.log(scale[found]), step[found], 1)[0]),
                "the line need not pass through the origin: fit a constant too":
                    lambda scale, step, found: float(
                        (np.log(scale[found]) * np.log(step[found])).sum()
                        / (np.log(scale[found]) ** 2).sum()),
                "that is the correlation; asked for is the slope":
                    lambda scale, step, found: float(np.corrcoef(
                        np.log(scale[found]), np.log(step[found]))[0, 1]),
            },
        ),
    ],
)  # fmt: skip

# --- 4. A reading of your own: turn a network -------------------------------------------------


def weights_and_a_direction(rng):
    m, d = int(rng.integers(3, 12)), int(rng.integers(2, 9))
    return rng.normal(size=(m, d)), rng.normal(size=d)


def _unturned(w, u):
    return np.array(w)


def same_weights(got, w, u):
    """Whether got is WQ with Q orthogonal: then got got^T = W W^T."""
    got, w = np.asarray(got), np.asarray(w)
    if np.abs(got @ got.T - w @ w.T).max() <= 1e-6 * np.abs(w @ w.T).max():
        return ""
    if np.allclose(np.linalg.norm(got), np.linalg.norm(w), rtol=1e-6):
        return "wanted W Q with Q orthogonal, received other singular values: multiply on the right"
    return "wanted W Q with Q orthogonal, received weights of another size: Q keeps lengths"


def sees_it_best(got, w, u):
    """Whether the direction of u is seen with the largest singular value."""
    got, w = np.asarray(got), np.asarray(w)
    seen = float(np.linalg.norm(got @ u) / np.linalg.norm(u))
    top, *_, bottom = np.linalg.svd(w, compute_uv=False)
    if abs(seen - top) <= 1e-6 * top:
        return ""
    told = f"wanted |W Q u| / |u| = {top:.3f}, W's largest singular value, received {seen:.3f}"
    if abs(seen - bottom) <= 1e-6 * top:
        return f"{told}: u lies along the smallest one"
    if abs(seen - float(np.linalg.norm(w @ u) / np.linalg.norm(u))) <= 1e-6 * top:
        return f"{told}: the network has not turned towards u"
    return f"{told}: Q has to carry u onto W's first right singular vector"


TURN = Exercise(
    "06-4", "A reading of your own: turn a network", ["turned"],
    [
        holds(
            "as likely as before, and seen best",
            lambda got, w, u: same_weights(got, w, u) or sees_it_best(got, w, u),
            like=_unturned, inputs=weights_and_a_direction, points=4, draws=10,
            hint="a matrix of the shape of W",
        ),
    ],
    forbidden=["helpers.networks.turned"],
)  # fmt: skip

# --- 5. Find the non sequitur -----------------------------------------------------------------

TIE = Judgement(
    "06-5", "Find the non sequitur",
    {
        "a tie means that nothing better than the tangent space was needed for this score": 1,
        "it does not mean that the network stayed: muP on digits ties and leaves": 1,
        "what would show staying: distance of the functions, drift of the kernel, against width": 1,
        "the parameterisation, the rate and the budget belong into the sentence": 1,
    },
)  # fmt: skip

EXERCISES = [STAY, GREW, CLOCK, TURN, TIE]
