"""Polynomials on the sphere, and how much of each degree one layer of random neurons holds.

Inputs are uniform on the sphere of radius sqrt(d) in d dimensions, so their entries have mean
square 1, as the book's images have. There everything splits by degree k: the spherical harmonics of
degree k form a space of dimension N_k, and along a direction w they are the Gegenbauer polynomial
P_k(w.x / d), with P_k(1) = 1. See Ghorbani, Mei, Misiakiewicz & Montanari 2021, "Linearized
two-layers neural networks in high dimension".
"""

import math
from functools import cache

import torch
from jaxtyping import Float
from scipy.special import eval_chebyt, eval_gegenbauer, eval_hermitenorm, roots_gegenbauer
from torch import Tensor

DEGREES = 24  # features' components above this degree count as noise of their own


def sphere(n: int, d: int, *, generator: torch.Generator) -> Float[Tensor, "n d"]:
    """n points, uniform on the sphere of radius sqrt(d)."""
    x = torch.randn(n, d, generator=generator, dtype=torch.float64)
    return math.sqrt(d) * x / x.norm(dim=1, keepdim=True)


def dimension(k: int, d: int) -> int:
    """N_k, the number of linearly independent harmonics of degree k in d dimensions."""
    _check(k, d)
    return math.comb(d + k - 1, k) - (math.comb(d + k - 3, k - 2) if k >= 2 else 0)


def gegenbauer(k: int, d: int, t: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """P_k(t) in d dimensions, with P_k(1) = 1; Legendre's for d = 3, Chebyshev's for d = 2."""
    _check(k, d)
    alpha, points = (d - 2) / 2, t.double().numpy()
    if d == 2:
        values = eval_chebyt(k, points)
    else:
        values = eval_gegenbauer(k, alpha, points) / eval_gegenbauer(k, alpha, 1.0)
    return torch.as_tensor(values).to(t)


def hermite(k: int, t: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """He_k(t) / sqrt(k!), of variance 1 for t ~ N(0, 1); He_4 is t^4 - 6 t^2 + 3.

    Raises ValueError for k < 0.
    """
    if k < 0:
        raise ValueError(f"wanted a degree >= 0, received {k}")
    values = eval_hermitenorm(k, t.double().numpy()) / math.sqrt(math.factorial(k))
    return torch.as_tensor(values).to(t)


def harmonic(k: int, x: Float[Tensor, "n d"], w: Float[Tensor, "d"]) -> Float[Tensor, "n"]:
    """The harmonic of degree k along w, of variance 1 on the sphere: sqrt(N_k) P_k(w.x/|w||x|)."""
    d = x.shape[1]
    cosine = (x @ w) / (x.norm(dim=1) * w.norm())
    return math.sqrt(dimension(k, d)) * gegenbauer(k, d, cosine)


def relu_components(
    norms: Float[Tensor, "m"], biases: Float[Tensor, "m"], d: int, *, degrees: int = DEGREES
) -> tuple[Float[Tensor, "m degrees"], Float[Tensor, "m"]]:
    """Components of relu(w.x + b) by degree 0 ... degrees, `(m, degrees + 1)`, and E relu^2 `(m,)`.

    relu(w.x + b) = sum_k c_k sqrt(N_k) P_k(w.x / (|w| sqrt(d))), and c_k^2 is the variance of
    degree k. Without a bias c_k = 0 for odd k >= 3: relu(t) = t/2 + |t|/2 is linear plus even.
    """
    nodes, weights = (part.to(norms) for part in _quadrature(d))
    values = (norms[:, None] * math.sqrt(d) * nodes + biases[:, None]).relu()
    basis = torch.stack(
        [math.sqrt(dimension(k, d)) * gegenbauer(k, d, nodes) for k in range(degrees + 1)]
    )
    return values * weights @ basis.T, values.square() @ weights


def population_share(
    w: Float[Tensor, "m d"], b: Float[Tensor, "m"], targets: Float[Tensor, "t d"], k: int
) -> Float[Tensor, "t"]:
    """R^2 of the best readout of m ReLU neurons for the degree-k harmonic along each target.

    This is the population value (n infinite, no ridge, free bias): what is *expressible*, with no
    training set in between. Averaged over all degree-k harmonics it is at most m / N_k.

    Raises ValueError for k outside [1, 24] and fewer than 3 dimensions.
    """
    m, d = w.shape
    if not 1 <= k <= DEGREES or d < 3:
        raise ValueError(f"wanted k in [1, {DEGREES}] and d >= 3, received k={k}, d={d}")
    w, b, targets = w.detach().double(), b.detach().double(), targets.double()
    components, second = relu_components(w.norm(dim=1), b, d)
    units, aims = (v / v.norm(dim=1, keepdim=True) for v in (w, targets))
    cosine = units @ units.T
    gram = torch.zeros(m, m, dtype=torch.float64)
    before, now = torch.ones_like(cosine), cosine
    for j in range(1, DEGREES + 1):  # all degrees by recurrence: one pass over the matrix each
        gram.addcmul_(components[:, j : j + 1] * components[:, j], now)
        before, now = now, ((2 * j + d - 2) * cosine * now - j * before) / (j + d - 2)
    # What is left has so high a degree that two different neurons hardly share any of it.
    rest = second - components.square().sum(1)
    gram.diagonal().add_(rest.clamp_min(0.0) + 1e-12 * float(second.mean()))
    moment = components[:, k : k + 1] * gegenbauer(k, d, units @ aims.T)
    return (moment * torch.cholesky_solve(moment, torch.linalg.cholesky(gram))).sum(0)


@cache
def _quadrature(d: int, nodes: int = 600) -> tuple[Tensor, Tensor]:
    """Gauss's nodes and weights for one coordinate of a point on the unit sphere."""
    points, weights = roots_gegenbauer(nodes, (d - 2) / 2)
    # Exactly symmetric, so that odd components of even functions vanish to rounding.
    points, weights = (points - points[::-1]) / 2, (weights + weights[::-1]) / 2
    return torch.from_numpy(points), torch.from_numpy(weights / weights.sum())


def _check(k: int, d: int) -> None:
    if k < 0 or d < 2:
        raise ValueError(f"wanted a degree >= 0 and a dimension >= 2, received k={k}, d={d}")
