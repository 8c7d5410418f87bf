"""Chapter 05's experiments: single tangent features, spans, neighbours, the census, the width."""

import math
from collections.abc import Sequence
from functools import cache

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from helpers import networks, neurons, ridge, tangent, tasks, yardstick
from helpers.intervals import resampled_scores, rows
from helpers.tasks import Task

HIDDEN = (128, 128)  # of the networks on digits: 24,961 parameters
CLUSTERS = 100
TARGETS = ("digit 8", "random clusters", "parity of 2", "single index")
CHANNELS = (48, 48, 48)  # of the network on photos: 42,961 parameters


# --- targets --------------------------------------------------------------------------------------


def target(name: str, *, n_train: int, seed: int) -> Task:
    """The task called "digit 8", "random clusters", "random labels", "parity of k", "single index".

    Parities are products of the first k of 20 random signs. The single-index target asks of 20
    normal numbers whether their projection on one direction is large, whatever its sign.
    """
    if name.startswith("digit"):
        return tasks.digits(int(name.split()[1]), n_train=n_train, seed=seed)
    if name == "random labels":
        return tasks.random_labels(tasks.digits(8, n_train=n_train, seed=seed), seed=seed)
    if name == "random clusters":
        digits = tasks.digits(8, n_train=n_train, seed=seed)
        return tasks.cluster_labels(digits, k=min(CLUSTERS, n_train // 2), seed=seed)
    n_test, d = 1000, 20
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(n_train + n_test, d, generator=generator)
    if name.startswith("parity of"):
        x = x.sign()
        y = x[:, : int(name.split()[-1])].prod(1)
    elif name == "single index":
        direction = torch.randn(d, generator=generator)
        along = x @ direction / direction.norm()
        y = torch.where(along.abs() > 0.6745, 1.0, -1.0)  # the median of |N(0, 1)|
    else:
        raise ValueError(f"wanted a target among {TARGETS}, received {name!r}")
    ids = seed * n_test + torch.arange(n_test)  # no two seeds share a test input
    return Task(x[:n_train], y[:n_train], x[n_train:], y[n_train:], name, ids)


def mlp_for(task: Task, hidden: Sequence[int] = HIDDEN, seed: int = 0) -> nn.Sequential:
    """A random network with these hidden layers and one output for the task's inputs."""
    return networks.mlp([task.x_train[0].numel(), *hidden, 1], seed=seed)


# --- one feature ----------------------------------------------------------------------------------


def picked(
    seed: int,
    *,
    digits: Sequence[int] = tuple(range(10)),
    labels: Sequence[str] = ("random labels", "random clusters"),
    sizes: Sequence[int] = (16, 64, 256, 1024, 4096),
    hidden: Sequence[int] = HIDDEN,
    n_train: int = 1000,
) -> pd.DataFrame:
    """The best of m tangent features and of m random neurons, picked on train, at equal m.

    The features are a random sample of one network's (the largest m: all P of them); the neurons
    those of one wide first layer. Columns: `target`, `reading`, `candidates`, `parameter` (the
    picked feature's), `part`, `metric`, `value`, `draws`.
    """
    names = [*(f"digit {digit}" for digit in digits), *labels]
    found = {name: target(name, n_train=n_train, seed=seed) for name in names}
    first = next(iter(found.values()))
    y = torch.stack([task.y_train for task in found.values()], dim=1)
    net = mlp_for(first, hidden, seed)
    strength = tangent.strengths(net, first.x_train, y)
    order = torch.randperm(len(strength), generator=torch.Generator().manual_seed(seed))
    sizes = [m for m in sizes if m < len(strength)] + [len(strength)]
    wide = mlp_for(first, (len(strength),), seed + 10_000)
    layer = neurons.strengths(wide, first.x_train, y)

    def feature(x: Tensor, place: int) -> Tensor:
        unit = torch.zeros(len(strength))
        unit[order[place]] = 1.0
        return tangent.along(net, x, unit)[:, 0]

    def neuron(x: Tensor, place: int) -> Tensor:
        return next(networks.chosen_activations(wide, x, 0, torch.tensor([place])))[:, 0]

    records = []
    for name, values, scores in (
        ("tangent feature", strength[order], feature),
        ("single neuron", layer, neuron),
    ):
        _, places = neurons.running_best(values, sizes)
        for column, (goal, task) in enumerate(found.items()):
            done: dict[int, list[dict]] = {}
            for row, m in enumerate(sizes):
                place = int(places[row, column])
                if place not in done:
                    sign = 1.0 if values[place, column] >= 0 else -1.0
                    done[place] = _scored(lambda x, s=sign, p=place, f=scores: s * f(x, p), task)
                which = ""
                if name == "tangent feature":
                    which = tangent.parameter(net, int(order[place]))[0]
                common = {"target": goal, "reading": name, "candidates": m, "parameter": which}
                records += [{**common, **record} for record in done[place]]
    return pd.DataFrame(records)


def by_kind(
    seed: int,
    *,
    digits: Sequence[int] = (0, 3, 8),
    hidden: Sequence[int] = HIDDEN,
    n_train: int = 1000,
) -> pd.DataFrame:
    """The best tangent feature of each layer and kind (weights, biases), beside the best pixel.

    Columns: `target`, `reading`, `candidates`, `part`, `metric`, `value`, `draws`.
    """
    found = [tasks.digits(digit, n_train=n_train, seed=seed) for digit in digits]
    y = torch.stack([task.y_train for task in found], dim=1)
    net = mlp_for(found[0], hidden, seed)
    strength = tangent.strengths(net, found[0].x_train, y)
    records = []
    for column, task in enumerate(found):
        records += rows(neurons.best_pixel(task), task, reading="best pixel", candidates=64)
        start = 0
        for name, p in net.named_parameters():
            part = strength[start : start + p.numel(), column]
            unit = torch.zeros(len(strength))
            index = int(part.abs().argmax())
            unit[start + index] = part[index].sign()
            label = _kind(net, name)
            common = {"reading": label, "candidates": p.numel()}
            if part.abs().max() > 0:  # the last bias is a constant
                scored = _scored(lambda x, u=unit: tangent.along(net, x, u)[:, 0], task)
                records += [{**common, **record} for record in scored]
            start += p.numel()
        for record in records:
            record.setdefault("target", task.name)
    return pd.DataFrame(records)


def _kind(net: nn.Sequential, name: str) -> str:
    """ "layer 2 weights" for "3.weight"; the last layer is the readout."""
    layers = [str(place) for place, module in enumerate(net) if hasattr(module, "weight")]
    number = layers.index(name.split(".")[0])
    place = "readout" if number == len(layers) - 1 else f"layer {number + 1}"
    return f"{place} {'weights' if name.endswith('weight') else 'biases'}"


def _scored(scores, task: Task) -> list[dict]:
    """Train and test rows of a detector, from one pass over the images."""
    every = torch.cat([task.x_train, task.x_test])
    return _judged(*scores(every).split([len(task.x_train), len(task.x_test)]), task)


def _judged(train: Tensor, test: Tensor, task: Task) -> list[dict]:
    """Train and test rows of a detector from its scores."""
    cut = yardstick.best_cut(train, task.y_train)
    draws = resampled_scores(test, task, cut)
    records = []
    for part, found, y in (("train", train, task.y_train), ("test", test, task.y_test)):
        for metric, value in vars(yardstick.evaluate(found, y, cut)).items():
            resampled = draws[metric] if part == "test" else None
            records.append({"part": part, "metric": metric, "value": value, "draws": resampled})
    return records


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
            one, m = _linear("pixels", lambda x: x.flatten(1), task), task.x_train[0].numel()
            found += rows(one, task, reading="pixels", features=m)
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
            one = _linear("wide", lambda x, net=wide: networks.activations(net, x), task)
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
        judged = _judged(fit.predict(inner), fit.predict(outer), task)
        found += [{"reading": name, "features": m, **record} for record in judged]
    return pd.DataFrame(found)


def _linear(name: str, features, task: Task) -> yardstick.Reading:
    """Ridge regression on given features, by way of their kernel."""
    phi = features(task.x_train)
    fit = ridge.fit_kernel(phi @ phi.T, task.y_train)
    weights = phi.T @ fit.coefficients.to(phi)
    offset = float(task.y_train.mean() - phi.mean(0) @ weights)
    bits = yardstick.code_length(fit.bits, len(task.y_train))
    return yardstick.reading(name, lambda x: features(x) @ weights + offset, task, bits=bits)


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


def slope(frame: pd.DataFrame) -> float:
    """The slope of log value against log width."""
    return float(np.polyfit(np.log(frame["width"]), np.log(frame["value"]), 1)[0])
