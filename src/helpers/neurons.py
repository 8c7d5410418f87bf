"""Reading 1: does a single neuron light up for the target?"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from scipy.optimize import minimize_scalar
from scipy.special import gammaln
from scipy.stats import beta, norm
from torch import Tensor, nn

from helpers.networks import (
    ACTIVATIONS,
    activations,
    chosen_activations,
    hidden_layers,
    layer_position,
)
from helpers.tasks import Task
from helpers.yardstick import Reading, correlations, reading


def best_neuron(net: nn.Sequential, task: Task, *, layer: int | str = "all") -> Reading:
    """The hidden neuron that lights up for the target best, picked on train.

    Best means the largest absolute correlation on train; a neuron that goes dark for the target
    counts with its sign turned. A neuron of a convolutional layer is one channel at one place.
    `layer` is a hidden layer's number or "all". The price is log2 of the number of neurons that
    could have been picked.

    Raises TypeError for a network that is not an `nn.Sequential`, ValueError for a wrong layer.
    """
    positions = hidden_layers(net)
    layers = range(len(positions))
    if layer != "all":
        layers = [positions.index(layer_position(net, layer))]
    picks, count = [], 0
    for number in layers:
        found = activations(net, task.x_train, number)
        strength = correlations(found, task.y_train[:, None])[:, 0]
        index = int(strength.abs().argmax())
        picks.append((float(strength[index]), number, index))
        count += len(strength)
    strength, number, index = max(picks, key=lambda pick: abs(pick[0]))
    sign = 1.0 if strength >= 0 else -1.0
    return reading(
        "single neuron",
        lambda x: sign * activations(net, x, number)[:, index],
        task,
        bits=math.log2(count),
        detail={"layer": number, "index": index, "sign": sign, "neurons": count},
    )


def best_pixel(task: Task) -> Reading:
    """The trivial rival: the input coordinate that correlates best with the target on train."""
    strength = correlations(task.x_train.flatten(1), task.y_train[:, None])[:, 0]
    index = int(strength.abs().argmax())
    sign = 1.0 if strength[index] >= 0 else -1.0
    return reading(
        "best pixel",
        lambda x: sign * x.flatten(1)[:, index],
        task,
        bits=math.log2(len(strength)),
        detail={"index": index, "sign": sign, "pixels": len(strength)},
    )


def strengths(
    net: nn.Sequential, x: Tensor, y: Float[Tensor, "n t"], *, layer: int = 0
) -> Float[Tensor, "m t"]:
    """Correlation of every neuron of a fully connected layer with every one of t targets.

    Raises ValueError for a layer that the network does not have or that is not fully connected.
    """
    linear = net[layer_position(net, layer) - 1]
    if not isinstance(linear, nn.Linear):
        raise ValueError(
            f"wanted a fully connected layer, received {type(linear).__name__}: "
            "use networks.activations and yardstick.correlations"
        )
    every = torch.arange(linear.out_features)
    parts = chosen_activations(net, x, layer, every)
    return torch.cat([correlations(part, y) for part in parts])


def running_best(
    strength: Float[Tensor, "m t"], sizes: Sequence[int]
) -> tuple[Float[Tensor, "sizes t"], Tensor]:
    """Best absolute value among the first m neurons, for each m in `sizes`, and where it stands.

    `strength` is `(m, t)` for t targets. The first m of a layer of independent neurons are a layer
    of m neurons, so one wide layer gives the whole curve. Raises ValueError for a size outside the
    layer.
    """
    if min(sizes) < 1 or max(sizes) > len(strength):
        raise ValueError(f"wanted sizes in [1, {len(strength)}], received {list(sizes)}")
    values, places = strength.abs().cummax(0)
    rows = torch.tensor([size - 1 for size in sizes])
    return values[rows], places[rows]


# --- what to expect of the best of m --------------------------------------------------------------


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
    n, rank = len(values), np.arange(1, len(values) + 1)
    log_ways = _log_choose(rank - 1, m - 1) - _log_choose(np.array(n), m)
    return float(values @ np.exp(log_ways))


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


def _log_choose(n: np.ndarray, k: int) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        value = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    return np.where(n >= k, value, -np.inf)


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
    generator = torch.Generator().manual_seed(seed)
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
