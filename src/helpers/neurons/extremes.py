"""What to expect of the best of m neurons: the laws, fitted, and the ceiling that they run into."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from scipy.optimize import minimize_scalar
from scipy.stats import beta, norm
from torch import Tensor

from helpers import seeds
from helpers.networks import ACTIVATIONS
from helpers.yardstick import log2_choose


@dataclass(frozen=True)
class CapLaw:
    """Correlations of random neurons as projections of a random direction on a sphere.

    t = R u, with u one coordinate of a uniform point on the unit sphere in d dimensions, so that
    (t/R)^2 ~ Beta(1/2, (d - 1)/2): `ceiling` is R, the correlation of the best neuron there could
    be; `dimension` is d, the effective dimension, any number above 1. As d grows with R^2/d fixed
    this becomes the Gaussian law, which has no ceiling.
    """

    ceiling: float
    dimension: float

    def best_of(self, m, quantile=0.5):
        """The given quantile (the median) of the largest |t| among m neurons; broadcasts."""
        share = -np.expm1(np.log(quantile) / np.asarray(m, dtype=float))
        return self.ceiling * np.sqrt(beta.isf(share, 0.5, (self.dimension - 1) / 2))

    def bits(self, r: float) -> float:
        """-log2 of the share of neurons with |t| >= r: infinite beyond the ceiling."""
        if r >= self.ceiling:
            return math.inf
        log_share = beta.logsf((max(r, 0.0) / self.ceiling) ** 2, 0.5, (self.dimension - 1) / 2)
        return float(-log_share / math.log(2))


@dataclass(frozen=True)
class GaussianLaw:
    """Correlations of random neurons as draws from N(0, sd^2)."""

    sd: float

    def best_of(self, m, quantile=0.5):
        """The given quantile (the median) of the largest |t| among m neurons; broadcasts."""
        share = -np.expm1(np.log(quantile) / np.asarray(m, dtype=float))
        return self.sd * norm.isf(share / 2)

    def bits(self, r: float) -> float:
        """-log2 of the share of neurons with |t| >= r."""
        return float(-(norm.logsf(max(r, 0.0) / self.sd) + math.log(2)) / math.log(2))


def expected_best(law: CapLaw | GaussianLaw, m: int) -> float:
    """The mean of the largest |t| among m neurons: the average over its quantiles."""
    return float(np.mean(law.best_of(m, (np.arange(200) + 0.5) / 200)))


def observed_best(strength: Float[Tensor, "n"], m: int) -> float:
    """The mean of the largest |t| over all choices of m of these n neurons, exactly.

    The i-th smallest is the largest of C(i - 1, m - 1) of the C(n, m) choices.
    """
    values = np.sort(strength.abs().double().numpy())
    rank = np.arange(m, len(values) + 1)  # an earlier one is the largest of no m
    ways = np.exp2(log2_choose(rank - 1, m - 1) - log2_choose(len(values), m))
    return float(values[m - 1 :] @ ways)


def cap_law(ceiling: float, strength: Float[Tensor, "m"], *, fit: str = "spread") -> CapLaw:
    """The cap law with this ceiling R, its dimension d fitted to these correlations.

    `fit="spread"` matches the root mean square: d = R^2/rms^2. `fit="tail"` matches the best of
    2, 4, ..., n/4 of the neurons instead, by least squares: where neurons are not spread evenly
    over their sphere, the tail has a smaller dimension than the bulk.

    Raises ValueError for a ceiling that the correlations exceed on average, and unknown names.
    """
    rms = float(strength.double().square().mean().sqrt())
    if not 0 < rms < ceiling:
        raise ValueError(f"wanted a ceiling above the correlations' size {rms:.3f}, got {ceiling}")
    if fit == "spread":
        return CapLaw(ceiling, (ceiling / rms) ** 2)
    if fit != "tail":
        raise ValueError(f"wanted fit 'spread' or 'tail', received {fit!r}")
    sizes = [2**k for k in range(1, int(math.log2(len(strength))) - 1)]
    observed = [observed_best(strength, m) for m in sizes]

    def error(log_d: float) -> float:
        law = CapLaw(ceiling, math.exp(log_d))
        return sum((expected_best(law, m) - o) ** 2 for m, o in zip(sizes, observed, strict=True))

    bounds = (math.log(1.5), math.log(10 * (ceiling / rms) ** 2))
    return CapLaw(ceiling, math.exp(minimize_scalar(error, bounds=bounds, method="bounded").x))


def fitted_laws(strength: Float[Tensor, "m"], ceiling: float) -> dict[str, CapLaw | GaussianLaw]:
    """The three laws fitted to these correlations: "cap", "cap_tail" and "gaussian".

    Raises ValueError as `cap_law`.
    """
    return {
        "cap": cap_law(ceiling, strength),
        "cap_tail": cap_law(ceiling, strength, fit="tail"),
        "gaussian": GaussianLaw(float(strength.square().mean().sqrt())),
    }


def optimised_neuron(
    x: Float[Tensor, "n d"],
    y: Float[Tensor, "n t"],
    *,
    activation: str = "relu",
    restarts: int = 8,
    steps: int = 400,
    seed: int = 0,
) -> Float[Tensor, "t"]:
    """The ceiling R: the largest correlation that gradient ascent finds for one neuron, per target.

    Every restart of every target is one column of the same matrix product. R is a correlation on
    these very images, and a local optimum: the true bound may lie above it, held out it is lower.

    Raises ValueError for an unknown activation.
    """
    if activation not in ACTIVATIONS:
        raise ValueError(
            f"wanted an activation among {tuple(ACTIVATIONS)}, received {activation!r}"
        )
    generator = seeds.generator(seed, "neurons to optimise")
    t = y.shape[1]
    w = torch.randn(x.shape[1], restarts * t, generator=generator) / math.sqrt(x.shape[1])
    b = 0.5 * torch.randn(restarts * t, generator=generator)
    targets = (y - y.mean(0)).repeat(1, restarts)
    act = ACTIVATIONS[activation]()
    w, b = w.requires_grad_(), b.requires_grad_()
    ascent = torch.optim.Adam([w, b], lr=0.03)
    best = torch.zeros(t)
    for _ in range(steps):
        a = act(x @ w + b)
        a = a - a.mean(0)
        r = (a * targets).sum(0) / (a.norm(dim=0) * targets.norm(dim=0)).clamp_min(1e-6)
        best = torch.maximum(best, r.detach().abs().view(restarts, t).amax(0))
        ascent.zero_grad()
        (-r.abs().sum()).backward()
        ascent.step()
    return best
