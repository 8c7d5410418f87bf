"""Chapter 05's targets and networks, and what its single tangent features do."""

from collections.abc import Sequence

import pandas as pd
import torch
from torch import Tensor, nn

from helpers import networks, neurons, seeds, tangent, tasks
from helpers.claims.ch02_neurons import experiments
from helpers.sweeps import kept, sweep
from helpers.tasks import Task
from helpers.yardstick.intervals import averaged, rows, scored, summary

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
    generator = seeds.generator(seed, "inputs of targets")
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
    # No two of a thousand seeds in a row share a test input.
    ids = seed % 1000 * n_test + torch.arange(n_test)
    return Task(x[:n_train], y[:n_train], x[n_train:], y[n_train:], name, ids)


def mlp_for(task: Task, hidden: Sequence[int] = HIDDEN, seed: int = 0) -> nn.Sequential:
    """A random network with these hidden layers and one output for the task's inputs."""
    return networks.mlp([task.x_train[0].numel(), *hidden, 1], seed=seed)


# --- one feature ----------------------------------------------------------------------------------

FEATURE, OWN, FRESH, SPACE = "tangent feature", "own neuron", "fresh neuron", "tangent space"
PICKED = (FEATURE, OWN, FRESH, "best pixel", SPACE)


@kept
def picked(
    seed: int,
    *,
    digits: Sequence[int] = tuple(range(10)),
    labels: str = "true",
    readings: Sequence[str] = PICKED,
    hidden: Sequence[int] = HIDDEN,
    n_train: int = 1000,
) -> pd.DataFrame:
    """The best of single members, picked on train, for every digit; three claims read the runs.

    "tangent feature": the best of one network's P partial derivatives; "own neuron": of its own
    hidden neurons; "fresh neuron": of P others, one wide first layer; "best pixel". Beside them
    "tangent space", ridge on all P derivatives together. `labels`: see `labelled` (with "shown" the
    images are one digit's, so give one). Columns: `target`, `reading`, `candidates`, `parameter`
    (the picked feature's), `part`, `metric`, `value`, `draws`.
    """
    found = [labelled(digit, labels, seed, n_train) for digit in digits]
    first = found[0]
    net = mlp_for(first, hidden, seed)
    total = networks.parameter_count(net)
    wide = mlp_for(first, (total,), seeds.derived(seed, "neurons to compare"))
    y = torch.stack([task.y_train for task in found], dim=1)
    families = {
        FEATURE: lambda: (tangent.strengths(net, first.x_train, y), _derivative(net, total)),
        OWN: lambda: _neurons(net, len(hidden), first.x_train, y),
        FRESH: lambda: _neurons(wide, 1, first.x_train, y),
    }
    records = []
    for name in readings:
        if name in families:
            strength, scores = families[name]()
            places = strength.abs().argmax(0).tolist()
        for column, (digit, task) in enumerate(zip(digits, found, strict=True)):
            told = {"target": f"digit {digit}", "reading": name}
            if name == "best pixel":
                told |= {"candidates": task.x_train[0].numel()}
                records += rows(neurons.best_pixel(task), task, **told)
            elif name == SPACE:
                told |= {"candidates": total}
                records += rows(tangent.kernel_regression(net, task), task, **told)
            else:
                place = places[column]
                sign = 1.0 if strength[place, column] >= 0 else -1.0
                which = tangent.parameter(net, place)[0] if name == FEATURE else ""
                told |= {"candidates": len(strength), "parameter": which}
                records += _scored(lambda x, s=sign, p=place, f=scores: s * f(x, p), task, **told)
    return pd.DataFrame(records)


def labelled(digit: int, labels: str, seed: int, n_train: int) -> Task:
    """A digit against the rest, with its own labels, with random ones, or with its images "shown"
    their labels: every pixel is the label, up to noise."""
    if labels == "shown":
        return experiments.digit(digit, seed, n_train, shows_label=True)
    task = tasks.digits(digit, n_train=n_train, seed=seed)
    if labels == "random":
        return tasks.random_labels(task, seed=seeds.derived(seed, f"labels for digit {digit}"))
    return task


def usable_gates(net: nn.Module, x: Tensor) -> list[int]:
    """First-layer neurons that are on for a tenth to half of the images."""
    on = (networks.activations(net, x, 0) > 0).double().mean(0)
    return torch.nonzero((on > 0.1) & (on < 0.5))[:, 0].tolist()


def gate(net: nn.Module, x: Tensor, unit: int) -> Tensor:
    """1 where the first-layer neuron is on, 0 where it is off, `(n,)`."""
    return (networks.activations(net, x, 0)[:, unit] > 0).float()


def _derivative(net: nn.Module, total: int):
    def scores(x: Tensor, place: int) -> Tensor:
        unit = torch.zeros(total)
        unit[place] = 1.0
        return tangent.jvp(net, x, unit)[:, 0]

    return scores


def _neurons(net: nn.Module, layers: int, x: Tensor, y: Tensor):
    """The strength of every hidden neuron, all layers in a row, and the scores of one of them."""
    strength = [neurons.strengths(net, x, y, layer=layer) for layer in range(layers)]
    ends = torch.tensor([len(part) for part in strength]).cumsum(0)

    def scores(x: Tensor, place: int) -> Tensor:
        layer = int((ends <= place).sum())
        place -= int(ends[layer - 1]) if layer else 0
        return next(networks.chosen_activations(net, x, layer, torch.tensor([place])))[:, 0]

    return torch.cat(strength), scores


def by_reading(
    seeds: int, hidden: Sequence[int], digits: Sequence[int] = (0, 3, 8)
) -> pd.DataFrame:
    """`picked` ready to plot: means over digits by `reading` and `part` ("on train", ...)."""
    grid = {"seed": range(seeds), "digits": [tuple(digits)], "hidden": [tuple(hidden)]}
    frame = sweep(picked, {**grid, "readings": [PICKED[:4]]}, progress=False)
    lot = sweep(picked, {**grid, "readings": [PICKED[:1]], "labels": ["random"]}, progress=False)
    frame = pd.concat([frame, lot.assign(reading=f"{FEATURE}, random labels")])
    frame = frame[frame["metric"] == "correlation"]
    frame = frame.replace({"part": {"train": "on train", "test": "held out"}})
    by = ["reading", "part"]
    return summary(averaged(frame, [*by, "seed"]), by, within=(-1, 1))


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
                found = _scored(lambda x, u=unit: tangent.jvp(net, x, u)[:, 0], task)
                records += [{**common, **record} for record in found]
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
            f"wanted at least fit_on + max(sizes) = {fit_on + max(sizes):,} parameters, received "
            f"a network with {len(strength):,}: lower fit_on or sizes, or widen hidden"
        )
    order = torch.randperm(len(strength), generator=seeds.generator(seed, "parameters apart"))
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


def _scored(scores, task: Task, **told) -> list[dict]:
    """Train and test rows of a detector, from one pass over the images."""
    every = torch.cat([task.x_train, task.x_test])
    train, test = scores(every).split([len(task.x_train), len(task.x_test)])
    return scored(train, test, task, **told)
