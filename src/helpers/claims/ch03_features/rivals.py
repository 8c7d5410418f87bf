"""Chapter 03: targets that a readout misses, and learners that do not, on the same examples."""

import math
from collections.abc import Callable, Sequence

import pandas as pd
import torch
from torch import Tensor

from helpers import features, networks, seeds
from helpers.claims.ch03_features.tuning import tuned
from helpers.features import polynomials
from helpers.yardstick.ridge import fit_features

PARITY, HERMITE = "parity of 3", "He_4"
READOUT, TRAINED, TOLD = "readout", "trained network", "told the shape"
RATES = (1e-3, 3e-3)


def learners(
    seed: int,
    *,
    target: str = PARITY,
    who: Sequence[str] = (READOUT, TRAINED),
    d: int = 30,
    n_train: int = 2000,
    width: int = 2048,
    hidden: int = 512,
    steps: int = 3000,
    rates: Sequence[float] = RATES,
) -> pd.DataFrame:
    """Held-out R^2 of several learners of one noiseless target, on the same examples.

    "parity of 3" is the product of three of d random signs, "He_4" the Hermite polynomial of degree
    4 of one direction on the sphere. "readout": ridge on `width` random neurons; "trained network":
    `hidden` neurons, `tuned`; "told the shape": one unit He_4(v.x), of which only
    the direction v is learnt. Columns: `learner`, `value`, `settled` (see `tuned`).
    """
    generator = seeds.generator(seed, "examples of a target")
    x, y = examples(target, 2 * n_train, d, generator)
    (x_test, y_test), (x, y) = (x[n_train:], y[n_train:]), (x[:n_train], y[:n_train])
    ways = {
        READOUT: lambda: (readout(x, y, width, seed), True),
        TRAINED: lambda: network(x, y, hidden, steps, rates, seed),
        TOLD: lambda: (told_the_shape(x, y, generator), True),
    }
    records = []
    for learner in who:
        predict, settled = ways[learner]()
        error = (predict(x_test) - y_test).square().mean()
        value = float(1 - error / y_test.var(correction=0))
        records.append({"learner": learner, "value": value, "settled": settled})
    return pd.DataFrame(records)


def examples(target: str, n: int, d: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Inputs `(n, d)` and the target's values `(n,)`. Raises ValueError for an unknown target."""
    if target == PARITY:
        x = torch.randint(0, 2, (n, d), generator=generator).float() * 2 - 1
        return x, x[:, :3].prod(1)
    if target == HERMITE:
        x = polynomials.sphere(n, d, generator=generator)
        w = torch.randn(d, generator=generator, dtype=torch.float64)
        return x.float(), polynomials.hermite(4, x @ w / w.norm()).float()
    raise ValueError(f"wanted a target among {(PARITY, HERMITE)}, received {target!r}")


def readout(x: Tensor, y: Tensor, width: int, seed: int) -> Callable[[Tensor], Tensor]:
    """The prediction of ridge on the features of one random layer."""
    net = networks.mlp([x.shape[1], width, 1], seed=seed)
    fit = fit_features(features.layer_features(net, x), y)
    return lambda points: fit.predict(features.layer_features(net, points))


def network(
    x: Tensor, y: Tensor, hidden: int, steps: int, rates: Sequence[float], seed: int
) -> tuple[Callable[[Tensor], Tensor], bool]:
    """The prediction of a trained network, and whether its training had settled (`tuned`)."""
    net = networks.mlp([x.shape[1], hidden, 1], seed=seed)
    found = tuned(net, x, y, steps=steps, rates=rates, seed=seed)
    return found.predict, found.settled


def told_the_shape(
    x: Tensor, y: Tensor, generator: torch.Generator, *, starts: int = 16, steps: int = 300
) -> Callable[[Tensor], Tensor]:
    """The prediction a + b He_4(v.x): v by gradient ascent on the correlation, best of `starts`."""
    v = torch.randn(x.shape[1], starts, generator=generator).requires_grad_()
    ascent = torch.optim.Adam([v], lr=0.03)
    target = (y - y.mean()) / (y - y.mean()).norm()

    def unit(points: Tensor) -> Tensor:
        along = points @ (v / v.norm(dim=0))
        return (along**4 - 6 * along**2 + 3) / math.sqrt(
            24
        )  # `polynomials.hermite` has no gradient

    for _ in range(steps):
        a = unit(x)
        a = a - a.mean(0)
        reached = target @ a / a.norm(dim=0)
        ascent.zero_grad()
        (-reached.sum()).backward()
        ascent.step()
    pick = int(reached.argmax())
    with torch.no_grad():
        fit = fit_features(unit(x)[:, pick : pick + 1], y)

    def predict(points: Tensor) -> Tensor:
        with torch.no_grad():
            return fit.predict(unit(points)[:, pick : pick + 1])

    return predict
