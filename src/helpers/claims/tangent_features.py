"""Chapter 05's targets and networks, and what its single tangent features do."""

from collections.abc import Sequence

import pandas as pd
import torch
from torch import Tensor, nn

from helpers import networks, neurons, tangent, tasks, yardstick
from helpers.intervals import resampled_scores, rows
from helpers.masks import own_generator
from helpers.tasks import Task

HIDDEN = (128, 128)  # of the networks on digits: 24,961 parameters
CLUSTERS = 100
TARGETS = ("digit 8", "random clusters", "parity of 2", "single index")


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
    # Not the network's own stream: its first layer would be the first of these very inputs.
    generator = own_generator(seed, "inputs")
    x = torch.randn(n_train + n_test, d, generator=generator)
    if name.startswith("parity of"):
        x = torch.where(x > 0, 1.0, -1.0)
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


def laws(
    seed: int,
    *,
    digits: Sequence[int] = tuple(range(10)),
    hidden: Sequence[int] = HIDDEN,
    fit_on: int = 1024,
    sizes: Sequence[int] = tuple(2**k for k in range(15)),
    n_train: int = 1000,
) -> pd.DataFrame:
    """Best of m tangent features on train against what chapter 02's laws predict from others.

    `fit_on` randomly chosen features of one network serve the fit; the m are drawn from the rest.
    The cap laws' ceiling is 1: some setting of the network's parameters makes a derivative (the one
    by a readout weight) as good as any labels on the training images. Columns: `target`,
    `candidates`, `measured`, `cap`, `cap_tail`, `gaussian`.

    Raises ValueError when the network has fewer than `fit_on + max(sizes)` parameters.
    """
    found = [tasks.digits(digit, n_train=n_train, seed=seed) for digit in digits]
    y = torch.stack([task.y_train for task in found], dim=1)
    net = mlp_for(found[0], hidden, seed)
    strength = tangent.strengths(net, found[0].x_train, y)
    if len(strength) < fit_on + max(sizes):
        raise ValueError(
            f"wanted at least {fit_on + max(sizes)} parameters, the network has {len(strength)}"
        )
    order = torch.randperm(len(strength), generator=torch.Generator().manual_seed(seed))
    apart, rest = strength[order[:fit_on]], strength[order[fit_on:]]
    best, _ = neurons.running_best(rest, sizes)
    records = []
    for column, task in enumerate(found):
        fitted = neurons.fitted_laws(apart[:, column], ceiling=1.0)
        for row, m in enumerate(sizes):
            predicted = {name: neurons.expected_best(law, m) for name, law in fitted.items()}
            measured = {"candidates": m, "measured": float(best[row, column])}
            records.append({"target": task.name, **measured, **predicted})
    return pd.DataFrame(records)


def _scored(scores, task: Task) -> list[dict]:
    """Train and test rows of a detector, from one pass over the images."""
    every = torch.cat([task.x_train, task.x_test])
    return judged(*scores(every).split([len(task.x_train), len(task.x_test)]), task)


def judged(train: Tensor, test: Tensor, task: Task) -> list[dict]:
    """Train and test rows of a detector from its scores."""
    cut = yardstick.best_cut(train, task.y_train)
    draws = resampled_scores(test, task, cut)
    records = []
    for part, found, y in (("train", train, task.y_train), ("test", test, task.y_test)):
        for metric, value in vars(yardstick.evaluate(found, y, cut)).items():
            resampled = draws[metric] if part == "test" else None
            records.append({"part": part, "metric": metric, "value": value, "draws": resampled})
    return records
