"""The dial: from rich to lazy on one network, out to the exact kernel limit."""

from collections.abc import Sequence

import pandas as pd
import torch
from torch import nn

from helpers import networks, tangent
from helpers.claims.ch06_lazy.problems import FOLDER, LAZIEST, looks, problem, rate_for, search
from helpers.results.store import load, save
from helpers.sweeps import kept, sweep
from helpers.yardstick.intervals import slope

PARITY = "parity of 3 in 12 bits"
SCALES = (1 / 16, 1 / 4, 1 / 2, 1.0, 2.0, 4.0)
MOST = 20_000  # steps of a network
MOST_KERNEL = 100_000  # steps of kernel gradient descent, which cost nothing


@kept
def turned_up(
    seed: int,
    *,
    target: str = PARITY,
    scales: Sequence[float] = SCALES,
    n: int = 300,
    width: int = 128,
    most: int = MOST,
    most_kernel: int = MOST_KERNEL,
) -> pd.DataFrame:
    """One network trained at every scale, and by its kernel: `scale`, `found`, `step`, `value`.

    `value` is the held-out correlation. d-m-1 ReLU network, "ntk", rate .5 / (largest eigenvalue of
    K_0 / n) at every scale.
    """
    on = problem(target, n=n, seed=seed)
    net = networks.mlp([on.x.shape[1], width, 1], parameterization="ntk", seed=seed)
    rate = rate_for(net, on.x)
    records = []
    for scale in (*scales, LAZIEST):
        at = looks(most_kernel if scale == LAZIEST else most)
        result = search(net, on, rate=rate, scale=scale, at=at)
        records.append(
            {
                "scale": scale,
                "found": float(result.found),
                "step": result.step,
                "value": result.correlation,
            }
        )
    return pd.DataFrame(records)


def name(scale: float) -> str:
    """The scale in words."""
    return "exact kernel" if scale == LAZIEST else f"scale {scale:g}"


def share_found(seed: int, **options) -> pd.DataFrame:
    """Whether the network finds the target at each scale, 1 or 0."""
    frame = turned_up(seed=seed, **options)
    return pd.DataFrame({"case": frame["scale"].map(name), "value": frame["found"]})


def clock(seed: int, *, between: tuple[float, float] = (0.25, 2.0), **options) -> dict:
    """The slope of log steps against log scale, where the scale lies between two values."""
    frame = turned_up(seed=seed, **options)
    return {"value": slope(frame[frame["scale"].between(*between)], "scale", "step")}


def expressed(net: nn.Module, d: int) -> float:
    """The share of the target that the span of the tangent features holds on all 2^d inputs."""
    x = 1.0 - 2.0 * ((torch.arange(2**d)[:, None] >> torch.arange(d)) & 1)
    y = x[:, :3].prod(1).double()
    phi = tangent.features(net, x).double()
    gram = phi.T @ phi
    gram.diagonal().add_(1e-10 * float(gram.trace()) / len(gram))
    inside = phi @ torch.linalg.solve(gram, phi.T @ y)
    return 1 - float((y - inside).square().sum() / y.square().sum())


def expressible(seed: int, *, width: int = 128, d: int = 12) -> dict:
    """`expressed` of the dial's network: can its tangent space hold the parity at all?"""
    net = networks.mlp([d, width, 1], parameterization="ntk", seed=seed)
    return {"value": expressed(net, d)}


def courses() -> pd.DataFrame:
    """The stored runs, one row for each seed and scale, with their provenance."""
    return load("06-dial")


def store(seeds: int = 20, first: int = 3100) -> None:
    """Measure the dial and store every run, as chapter 06 shows it."""
    frame = sweep(turned_up, {"seed": range(first, first + seeds)}, store=FOLDER)
    command = "python -m helpers.claims.ch06_lazy.dial"
    save("06-dial", frame, command=command, seeds=seeds, data=f"{PARITY}, 300 examples")


if __name__ == "__main__":
    # By its own name: what is kept on disk is told by where its functions come from.
    from helpers.claims.ch06_lazy.dial import store as measure

    measure()
