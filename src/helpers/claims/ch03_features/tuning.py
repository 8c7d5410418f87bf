"""Chapter 03: training as well as the training examples can tell, the rival of every readout."""

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace

import torch
from jaxtyping import Float
from torch import Tensor, nn

from helpers import seeds
from helpers.networks import outputs
from helpers.training import train


@dataclass(frozen=True)
class Tuned:
    """A trained network, its rate and step, and whether the error had `settled`: it had turned
    before the last look at it."""

    net: nn.Module
    rate: float
    step: int
    settled: bool

    def predict(self, x: Float[Tensor, "n *shape"]) -> Float[Tensor, "n"]:
        """The network's single output."""
        return outputs(self.net, x)[:, 0]


def tuned(
    net: nn.Module,
    x: Float[Tensor, "n *shape"],
    y: Float[Tensor, "n"],
    *,
    rates: Sequence[float],
    steps: int,
    looks: int = 32,
    seed: int = 0,
) -> Tuned:
    """The network trained by Adam on the squared error, rate and step chosen on validation.

    A fifth of the examples is held back and looked at `looks` times with every rate; the best rate
    and step then train on all of them. Computed on a GPU where there is one.

    Raises ValueError as `training.train`.
    """
    device = "cuda" if torch.cuda.is_available() else "cpu"
    order = torch.randperm(len(y), generator=seeds.generator(seed, "validation split"))
    out, kept = order[: len(y) // 5], order[len(y) // 5 :]
    net, x, y = copy.deepcopy(net).to(device), x.to(device), y.to(device)
    told = {"loss": _squared_error, "seed": seed}
    at = tuple(max(1, steps * (look + 1) // looks) for look in range(looks))
    best = (math.inf, 0.0, 0)
    for rate in rates:
        part = SimpleNamespace(x_train=x[kept], y_train=y[kept])
        run = train(net, part, steps=steps, lr=rate, snapshots=at, **told)
        for step, one in run.snapshots.items():
            error = _squared_error(outputs(one, x[out]), y[out])
            best = min(best, (float(error), rate, step))
    _, rate, step = best
    every = SimpleNamespace(x_train=x, y_train=y)
    after = train(net, every, steps=step, lr=rate, **told).net
    return Tuned(after.cpu(), rate, step, step < at[-1])


def _squared_error(found: Tensor, y: Tensor) -> Tensor:
    return (found[:, 0] - y).square().mean()
