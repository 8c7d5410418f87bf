"""Chapter 05's spans: of one layer's or all derivatives; neighbours, the census, the width."""

import math
from collections.abc import Sequence
from functools import cache

import pandas as pd
import torch
from torch import Tensor

from helpers import features, networks, neurons, ridge, tangent, tasks, yardstick
from helpers.claims.tangent_features import HIDDEN, judged, mlp_for, target
from helpers.intervals import rows

CHANNELS = (48, 48, 48)  # of the network on photos: 42,961 parameters
SMALL_DOGS = {"channels": (8, 8), "n_train": 300, "n_test": 300}


# --- spans ----------------------------------------------------------------------------------------


def spans(
    seed: int,
    name: str,
    *,
    readings: Sequence[str] = ("pixels", "readout", "layers", "whole", "wide readout"),
    hidden: Sequence[int] = HIDDEN,
    n_train: int = 1000,
) -> pd.DataFrame:
    """Ridge regression in the spans of one network, and in rivals, on the target `name`.

    "pixels": the inputs; "readout": the last hidden layer; "layers": each layer's partial
    derivatives; "whole": all of them; "wide readout": the last hidden layer of a network that has
    as many neurons there as the first one has parameters. Columns: `target`, `reading`, `features`
    (their number), `part`, `metric`, `value`, `draws`.
    """
    task = target(name, n_train=n_train, seed=seed)
    net = mlp_for(task, hidden, seed)
    weighted = [str(place) for place, module in enumerate(net) if hasattr(module, "weight")]
    total = networks.parameter_count(net)
    shares = tangent.empirical_ntk(net, task.x_train, by_layer=True)
    found = []
    for reading in readings:
        if reading == "pixels":
            m = task.x_train[0].numel()
            found += rows(features.pixels(task), task, reading="pixels", features=m)
        elif reading == "readout":
            one = tangent.kernel_regression(net, task, parts=weighted[-1:], shares=shares)
            found += rows(one, task, reading="features", features=hidden[-1])
        elif reading == "layers":
            for number, part in enumerate(weighted[:-1], start=1):
                one = tangent.kernel_regression(net, task, parts=[part], shares=shares)
                m = one.detail["parameters"]
                found += rows(one, task, reading=f"layer {number}", features=m)
        elif reading == "whole":
            one = tangent.kernel_regression(net, task, shares=shares)
            found += rows(one, task, reading="tangent space", features=total)
        elif reading == "wide readout":
            wide = mlp_for(task, (*hidden[:-1], total), seed + 10_000)
            one = features.readout(wide, task)
            found += rows(one, task, reading="wide readout", features=total)
        else:
            raise ValueError(f"no reading is called {reading!r}")
    return pd.DataFrame(found).assign(target=name)


@cache
def dog_spans(
    seed: int,
    *,
    readings: Sequence[str] = ("single", "spans"),
    positive: str = "dog",
    channels: Sequence[int] = CHANNELS,
    n_train: int = 1000,
    n_test: int = 1000,
) -> pd.DataFrame:
    """Photos: the best neuron and feature ("single"), every layer's span and the whole ("spans").

    The net is a small random convolutional one. Columns as in `spans`, without `target`. Three
    claims and a figure ask for the same runs, hence the cache.
    """
    task = tasks.cifar10(positive, n_train=n_train, n_test=n_test, seed=seed)
    net = networks.cnn(channels, seed=seed)
    found = []
    if "single" in readings:
        for one in (neurons.best_neuron(net, task), tangent.best_feature(net, task)):
            m = round(2**one.bits)
            found += rows(one, task, reading=one.name, features=m)
    if "spans" not in readings:
        return pd.DataFrame(found)
    # Two kernels serve every span.
    train = tangent.empirical_ntk(net, task.x_train, by_layer=True)
    test = tangent.empirical_ntk(net, task.x_test, task.x_train, by_layer=True)
    kernels = {f"layer {k}": (train[part], test[part]) for k, part in enumerate(train, start=1)}
    kernels["features"] = kernels.pop(f"layer {len(train)}")
    kernels["tangent space"] = (sum(train.values()), sum(test.values()))
    sizes = [sum(p.numel() for p in net[int(part)].parameters()) for part in train]
    for (name, (inner, outer)), m in zip(kernels.items(), [*sizes, sum(sizes)], strict=True):
        fit = ridge.fit_kernel(inner, task.y_train)
        scored = judged(fit.predict(inner), fit.predict(outer), task)
        found += [{"reading": name, "features": m, **record} for record in scored]
    return pd.DataFrame(found)


# --- who is inside whom ---------------------------------------------------------------------------


def neighbours(
    seed: int, *, d: int = 6, hidden: Sequence[int] = (8, 8, 8), n: int = 8_000
) -> pd.DataFrame:
    """For the neurons of each layer: the nearest single tangent feature, the nearest combination.

    Inputs are normal in d dimensions, about forty times as many as features, so that least
    squares on them is as good as on the whole distribution. "one feature" is the largest
    |correlation|, "span" the share of the neuron's variance outside, 1 - R^2. The same for the
    neurons of a re-drawn network as the control. Columns: `layer`, `neurons` ("own",
    "re-drawn"), `nearest`, `value` (of the layer's neuron that fares worst).
    """
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(n, d, generator=generator, dtype=torch.float64)
    net = networks.mlp([d, *hidden, 1], seed=seed).double()
    other = networks.mlp([d, *hidden, 1], seed=seed + 10_000).double()
    phi = tangent.features(net, x)
    basis = span(phi)
    records = []
    for label, source in (("own", net), ("re-drawn", other)):
        for layer in range(len(hidden)):
            a = networks.activations(source, x, layer)
            a = a[:, (a > 0).double().mean(0) > 0.05]  # a dead neuron is no question
            left = (a - basis @ (basis.T @ a)).square().sum(0)
            outside = left / (a - a.mean(0)).square().sum(0)
            best = yardstick.correlations(phi, a).abs().amax(0)
            common = {"layer": f"layer {layer + 1}", "neurons": label}
            records.append({**common, "nearest": "span", "value": float(outside.max())})
            records.append({**common, "nearest": "one feature", "value": float(best.min())})
    return pd.DataFrame(records)


# --- the parity census ----------------------------------------------------------------------------


def census(seed: int, *, d: int = 10, hidden: Sequence[int] = (16,)) -> pd.DataFrame:
    """How much of the parities of each degree lies in the span, on all 2^d inputs.

    Columns: `space` ("tangent space", "features": the last hidden layer and a bias), `dimension`,
    `degree`, `parities` (how many), `value`: the mean squared length of their projections.
    """
    net = networks.mlp([d, *hidden, 1], seed=seed).double()
    x = cube(d)
    ones = torch.ones(len(x), 1, dtype=x.dtype)
    spaces = {
        "tangent space": tangent.features(net, x),
        "features": torch.cat([networks.activations(net, x), ones], 1),
    }
    signs, degree = parities(d)
    records = []
    for name, columns in spaces.items():
        basis = span(columns)
        inside = (basis.T @ signs).square().sum(0) / len(x)
        for k in range(d + 1):
            records.append(
                {
                    "space": name,
                    "dimension": basis.shape[1],
                    "degree": k,
                    "parities": math.comb(d, k),
                    "value": float(inside[degree == k].mean()),
                }
            )
    return pd.DataFrame(records)


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


# --- the width ------------------------------------------------------------------------------------


def kernel_spread(
    seed: int,
    *,
    widths: Sequence[int] = (32, 64, 128, 256, 512, 1024),
    nets: int = 12,
    images: int = 40,
    activation: str = "relu",
) -> pd.DataFrame:
    """How much the initial kernel differs between networks, by width (NTK parameterisation).

    `value` is the root mean squared distance of a kernel from the mean over `nets` networks,
    relative to that mean.
    """
    x = tasks.digits(0, n_train=images, seed=seed).x_train
    records = []
    for width in widths:
        kernels = torch.stack(
            [
                tangent.empirical_ntk(
                    networks.mlp(
                        [64, width, width, 1],
                        parameterization="ntk",
                        activation=activation,
                        seed=nets * seed + number,
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
