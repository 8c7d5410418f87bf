"""Chapter 05, span level: who is inside whom, and what P derivatives hold of a whole cube.

Here there are more inputs than features (n > P), or all inputs there are, so that a span is judged
by what it holds and not by how it is scaled. And how the kernel settles with width.
"""

import math
from collections.abc import Sequence

import pandas as pd
import torch
from torch import Tensor

from helpers import networks, seeds, tangent, tasks, yardstick
from helpers.sweeps import kept, sweep
from helpers.yardstick.intervals import averaged, summary

TWIN, NEAR = 0.99, 0.01  # |correlation| with one feature; share of variance outside the span
ONE, OUTSIDE = "correlation with nearest derivative", "variance outside their span"
OTHERS = "another network's neurons"
DERIVATIVES = "derivatives"
NEURONS = "neurons of one layer"
DEEP = "neurons of a second layer"


# --- who is inside whom ---------------------------------------------------------------------------


@kept
def neighbours(
    seed: int, *, d: int = 6, hidden: Sequence[int] = (8, 8, 8), n: int = 8_000
) -> pd.DataFrame:
    """How near every neuron of a network comes to its tangent features, to one and to their span.

    Inputs are normal in d dimensions, about forty times as many as features, so that least
    squares on them is as good as on the whole distribution. The same for the neurons of a re-drawn
    network. Columns: `layer`, `neurons` ("own", "re-drawn"), `one` (the largest |correlation|
    with a feature), `outside` (the share of variance outside the span, 1 - R^2). A row a neuron
    that is on for more than a twentieth of the inputs.
    """
    generator = seeds.generator(seed, "inputs of neighbours")
    x = torch.randn(n, d, generator=generator, dtype=torch.float64)
    net = networks.mlp([d, *hidden, 1], seed=seed).double()
    other = networks.mlp([d, *hidden, 1], seed=seeds.derived(seed, "re-drawn neighbours")).double()
    phi = tangent.features(net, x)
    basis = span(phi)
    frames = []
    for label, source in (("own", net), ("re-drawn", other)):
        for layer in range(len(hidden)):
            a = networks.activations(source, x, layer)
            a = a[:, (a > 0).double().mean(0) > 0.05]  # a dead neuron is no question
            left = (a - basis @ (basis.T @ a)).square().sum(0)
            outside = left / (a - a.mean(0)).square().sum(0)
            best = yardstick.correlations(phi, a).abs().amax(0)
            told = {"one": best.numpy(), "outside": outside.numpy()}
            frames.append(pd.DataFrame({"layer": f"layer {layer + 1}", "neurons": label, **told}))
    return pd.concat(frames, ignore_index=True)


def by_layer(seeds: int, n: int = 3_000) -> pd.DataFrame:
    """`neighbours` ready to plot: means over a layer by `nearest`, `whose` and `layer`."""
    frame = sweep(neighbours, {"seed": range(seeds), "n": [n]}, progress=False)
    names = {"one": ONE, "outside": OUTSIDE, "own": "its own neurons", "re-drawn": OTHERS}
    frame = frame.rename(columns={**names, "neurons": "whose"}).replace({"whose": names})
    frame["layer"] = frame["layer"].str[-1].astype(int)
    by = ["nearest", "whose", "layer"]
    frame = frame.melt(["seed", "whose", "layer"], [ONE, OUTSIDE], "nearest")
    return summary(averaged(frame, [*by, "seed"]), by, within=(0, 1))


def twins(frame: pd.DataFrame) -> list[int]:
    """The layers whose every neuron is, up to a factor, a derivative: in a `by_layer` frame."""
    one = frame[(frame["nearest"] == ONE) & (frame["whose"] != OTHERS)]
    return one.loc[one["estimate"] > 0.9999, "layer"].tolist()


# --- a cube and its parities ----------------------------------------------------------------------


@kept
def held(seed: int, *, d: int = 10, hidden: Sequence[int] = (12, 12)) -> pd.DataFrame:
    """How much of the parities of each degree three spans of one dimension hold, on all 2^d inputs.

    "derivatives": a network's tangent space, of dimension r; "neurons of one layer": a constant and
    r - 1 neurons of the first layer of another network; "neurons of a second layer": of the last
    one of a network of the same depth. Columns: `space`, `dimension`, `degree`, `parities` (how
    many), `value`: the mean squared length of their projections.

    Raises ValueError unless the network has fewer parameters than there are inputs.
    """
    x, total = cube(d), 2**d
    net = networks.mlp([d, *hidden, 1], seed=seed).double()
    if networks.parameter_count(net) >= total:
        raise ValueError(
            f"wanted fewer parameters than the 2^{d} = {total:,} inputs, received "
            f"{networks.parameter_count(net):,}: lower hidden, or raise d"
        )
    basis = span(tangent.features(net, x))
    r = basis.shape[1]
    spaces = {DERIVATIVES: basis}
    for name, front in ((NEURONS, ()), (DEEP, tuple(hidden[:-1]))):
        other = networks.mlp([d, *front, 4 * r, 1], seed=seeds.derived(seed, name)).double()
        ones = torch.ones(total, 1, dtype=x.dtype)
        spaces[name] = first_independent(torch.cat([ones, networks.activations(other, x)], 1), r)
    signs, degree = parities(d)
    records = []
    for name, columns in spaces.items():
        inside = (columns.T @ signs).square().sum(0) / total
        records += [
            {
                "space": name,
                "dimension": columns.shape[1],
                "degree": k,
                "parities": math.comb(d, k),
                "value": float(inside[degree == k].mean()),
            }
            for k in range(d + 1)
        ]
    return pd.DataFrame(records)


def by_degree(seeds: int, d: int) -> pd.DataFrame:
    """`held` ready to plot: `space` by `degree`, and what an even share of the dimensions is."""
    frame = sweep(held, {"seed": range(seeds), "d": [d]}, progress=False)
    shown = summary(frame, ["space", "degree"], within=(0, 1))
    shown.attrs["dimension"] = float(frame["dimension"].mean())
    return shown


def cube(d: int) -> Tensor:
    """All 2^d inputs of signs, (2^d, d) in float64."""
    numbers = torch.arange(2**d)[:, None]
    return 1.0 - 2.0 * ((numbers >> torch.arange(d)) & 1).double()


def parities(d: int) -> tuple[Tensor, Tensor]:
    """Every parity on the cube as a column, (2^d, 2^d), and its degree."""
    bits = (torch.arange(2**d)[:, None] >> torch.arange(d)) & 1
    return 1.0 - 2.0 * ((bits @ bits.T) % 2).double(), bits.sum(1)


def span(columns: Tensor) -> Tensor:
    """An orthonormal basis of the column space, by singular values above 1e-9 of the largest."""
    left, values, _ = torch.linalg.svd(columns, full_matrices=False)
    return left[:, values > 1e-9 * values[0]]


def first_independent(columns: Tensor, r: int) -> Tensor:
    """An orthonormal basis of the first r columns that depend on none before them (Gram-Schmidt).

    Raises ValueError where there are fewer than r.
    """
    basis = columns.new_zeros(len(columns), r)
    rank = 0
    for column in columns.T:
        left = column.clone()
        for _ in range(2):  # the second pass takes away what rounding left of the first
            left -= basis @ (basis.T @ left)
        if left.norm() > 1e-6 * column.norm() > 0:
            basis[:, rank] = left / left.norm()
            rank += 1
            if rank == r:
                return basis
    raise ValueError(f"wanted {r} independent columns, received {rank}: give more of them")


# --- the width ------------------------------------------------------------------------------------


def kernel_spread(
    seed: int,
    *,
    widths: Sequence[int] = (32, 64, 128, 256, 512, 1024),
    nets: int = 12,
    images: int = 40,
    bottleneck: int | None = None,
) -> pd.DataFrame:
    """How much the initial kernel differs between networks, by width (NTK parameterisation).

    `value` is the root mean squared distance of a kernel from the mean over `nets` networks,
    relative to that mean. With a `bottleneck` the second hidden layer keeps that width.
    """
    x = tasks.digits(0, n_train=images, seed=seed).x_train
    records = []
    for width in widths:
        sizes = [64, width, bottleneck or width, 1]
        kernels = torch.stack(
            [
                tangent.empirical_ntk(
                    networks.mlp(
                        sizes,
                        parameterization="ntk",
                        seed=seeds.derived(nets * seed + number, "kernels that spread"),
                    ),
                    x,
                )
                for number in range(nets)
            ]
        ).double()
        mean = kernels.mean(0)
        spread = ((kernels - mean).square().sum((1, 2)).sum() / (nets - 1)).sqrt()
        records.append({"width": width, "value": float(spread / mean.norm())})
    return pd.DataFrame(records)
