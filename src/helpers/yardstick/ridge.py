"""Ridge regression with a free bias, for features and for kernels."""

import math
from contextlib import suppress
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from helpers import seeds

LAMBDAS = tuple(10.0**k for k in range(-7, 3))


@dataclass(frozen=True)
class Ridge:
    """A fitted ridge regression: `predict(rows) = rows @ coefficients + offset`.

    For features, rows are features and coefficients `(m,)`; for a kernel, rows are k(x, x_train)
    and coefficients `(n,)`. `lam` is the penalty in absolute units, `edof` the effective degrees
    of freedom tr K (K + lam)^-1 (K centred, the bias not counted), `bits` the code length of the
    weights: the KL divergence of their posterior from their prior.
    """

    coefficients: Float[Tensor, "k"]
    offset: float
    lam: float
    edof: float
    bits: float

    def predict(self, rows: Float[Tensor, "n k"]) -> Float[Tensor, "n"]:
        """Scores `(n,)` in the precision of the fit."""
        return rows.to(self.coefficients) @ self.coefficients + self.offset


def fit_features(
    phi: Float[Tensor, "n m"],
    y: Float[Tensor, "n"],
    *,
    lambdas: tuple[float, ...] = LAMBDAS,
    validation: float = 0.2,
    seed: int = 0,
) -> Ridge:
    """Ridge on features: the cheaper of primal (m <= n) and dual (m > n), in float64.

    `lambdas` are relative to the mean squared length of a centred feature vector; the one with the
    least squared error on a random part of the training images is used to refit on all of them.
    One lambda needs no validation. A lambda too small for the rounding of the input is passed over.

    Raises ValueError for mismatched rows, entries that are not finite and a penalty <= 0.
    """
    phi, y = _checked(phi, y, lambdas)
    if phi.shape[1] > len(phi):
        middle = phi.mean(0)
        phi = phi - middle  # a large common offset would cost the kernel its digits
        fit = fit_kernel(phi @ phi.T, y, lambdas=lambdas, validation=validation, seed=seed)
        weights = phi.T @ fit.coefficients
        offset = float(y.mean() - middle @ weights)
        return Ridge(weights, offset, fit.lam, fit.edof, fit.bits)

    def prepare(rows: Tensor):
        mean, bias = phi[rows].mean(0), y[rows].mean()
        centred, target = phi[rows] - mean, y[rows] - bias
        gram, moment = centred.T @ centred, (centred.T @ target)[:, None]

        def solve(lam: float, priced: bool) -> Ridge:
            factor, scaled = _factor(gram, lam, len(rows))
            weights = torch.cholesky_solve(moment, factor)[:, 0]
            price = (math.nan, math.nan)
            if priced:
                residual = target - centred @ weights
                price = _price(gram, scaled, weights.square().sum(), residual)
            return Ridge(weights, float(bias - mean @ weights), scaled, *price)

        return solve

    return _selected(prepare, phi, y, lambdas, validation, seed)


def fit_kernel(
    kernel: Float[Tensor, "n n"],
    y: Float[Tensor, "n"],
    *,
    lambdas: tuple[float, ...] = LAMBDAS,
    validation: float = 0.2,
    seed: int = 0,
) -> Ridge:
    """Kernel ridge regression with a free bias (the kernel is centred), as `fit_features`.

    Raises ValueError as `fit_features`, and for a kernel that is not square or, with every lambda,
    not positive definite.
    """
    kernel, y = _checked(kernel, y, lambdas)
    if kernel.shape[0] != kernel.shape[1]:
        raise ValueError(f"wanted a square kernel, received {tuple(kernel.shape)}")

    def prepare(rows: Tensor):
        part, bias = kernel[rows][:, rows], y[rows].mean()
        mean, centred = part.mean(0), centre(part)

        def solve(lam: float, priced: bool) -> Ridge:
            factor, scaled = _factor(centred, lam, len(rows))
            alpha = torch.cholesky_solve((y[rows] - bias)[:, None], factor)[:, 0]
            price = (math.nan, math.nan)
            if priced:
                # The residual is lam alpha; as a difference it would drown in rounding.
                price = _price(centred, scaled, alpha @ centred @ alpha, scaled * alpha)
            # The coefficients sum to zero, so centring a test row only shifts the offset. What
            # rounding leaves of the sum would meet the whole mean of an uncentred test row.
            alpha = alpha - alpha.mean()
            coefficients = torch.zeros(len(kernel), dtype=kernel.dtype)
            coefficients[rows] = alpha
            return Ridge(coefficients, float(bias - mean @ alpha), scaled, *price)

        return solve

    return _selected(prepare, kernel, y, lambdas, validation, seed)


def centre(kernel: Float[Tensor, "n n"]) -> Float[Tensor, "n n"]:
    """The kernel of the features minus their mean: row, column and total means removed."""
    return kernel - kernel.mean(0) - kernel.mean(1, keepdim=True) + kernel.mean()


def _selected(prepare, rows, y, lambdas, validation, seed) -> Ridge:
    """The fit on all rows with the lambda that does best on held-out training rows.

    `prepare(rows)` does what all lambdas share and returns `solve(lam, priced)`.
    """
    n = len(y)
    ranked = lambdas
    if len(lambdas) > 1:
        order = torch.randperm(n, generator=seeds.generator(seed, "validation part"))
        held = max(1, round(validation * n))
        if n - held < 2:
            raise ValueError(f"wanted more rows to choose lambda with, received {n}")
        out, fit = order[:held], order[held:]
        solve = prepare(fit)

        def error(lam: float) -> float:
            try:
                return float((solve(lam, False).predict(rows[out]) - y[out]).square().mean())
            except torch.linalg.LinAlgError:
                return math.inf

        ranked = sorted(lambdas, key=error)
    solve = prepare(torch.arange(n))
    for lam in ranked:
        # A kernel rounded to float32 is not positive definite at the smallest penalties.
        with suppress(torch.linalg.LinAlgError):
            return solve(lam, True)
    raise ValueError(
        f"the kernel is not positive definite with any of the relative penalties {lambdas}: "
        "compute it in float64, or allow larger ones"
    )


def _factor(gram: Tensor, lam: float, n: int) -> tuple[Tensor, float]:
    """Cholesky factor of gram + lam * (mean squared length), and that penalty in absolute units."""
    scaled = lam * (float(gram.trace()) / n or 1.0)
    gram = gram.clone()
    gram.diagonal().add_(scaled)
    return torch.linalg.cholesky(gram), scaled


def _price(gram: Tensor, lam: float, weight_norm: Tensor, residual: Tensor) -> tuple[float, float]:
    """Effective degrees of freedom, and the code length of the weights in bits.

    Bits are KL(posterior || prior) = (log det(I + K/lam) - edof + |w|^2/s^2) / (2 ln 2) for weights
    N(0, s^2) and noise sigma^2 = lam s^2, with sigma^2 = |residual|^2 / (n - 1 - edof); the bias
    takes the one.
    """
    n = len(residual)
    # A centred gram matrix has at most n - 1 eigenvalues that are not zero.
    values = torch.linalg.eigvalsh(gram).clamp_min(0).flip(0)[: n - 1]
    edof = float((values / (values + lam)).sum())
    # n - 1 - edof, summed without cancellation: near interpolation it is tiny, as the residual is.
    free = n - 1 - len(values) + float((lam / (values + lam)).sum())
    noise = float(residual.square().sum()) / free
    norm = float(weight_norm) * lam / max(noise, 1e-300)
    return edof, (float((values / lam).log1p().sum()) - edof + norm) / (2 * math.log(2))


def _checked(rows: Tensor, y: Tensor, lambdas: tuple[float, ...]) -> tuple[Tensor, Tensor]:
    if len(rows) != len(y):
        raise ValueError(f"wanted one label per row, received {len(rows)} rows, {len(y)} labels")
    if not lambdas or min(lambdas) <= 0:
        raise ValueError(f"wanted penalties above zero, received {lambdas}")
    rows, y = rows.detach().double(), y.detach().double()
    if not bool(torch.isfinite(rows).all()):
        raise ValueError("wanted finite features, received nan or infinity: check the network")
    if not bool(torch.isfinite(y).all()):
        raise ValueError("wanted finite labels, received nan or infinity")
    return rows, y
