"""Chapter 02: does a single neuron already light up for the target?"""

import math
from collections.abc import Sequence
from copy import deepcopy

import pandas as pd
import torch
from torch import Tensor, nn

from helpers import cifar, networks, neurons, tasks
from helpers.intervals import averaged, resampled_scores, rows, summary
from helpers.stored import save
from helpers.sweeps import sweep
from helpers.tasks import Task
from helpers.training import train
from helpers.yardstick import best_cut, evaluate, reading

WIDTHS = tuple(2**k for k in range(4, 17))
CLUSTERS = 100  # about ten training images each: as fine-grained as a concept can be learnt
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


# --- experiments ----------------------------------------------------------------------------------


def best_of_m(
    seed: int,
    *,
    digits: Sequence[int] = tuple(range(10)),
    widths: Sequence[int] = WIDTHS,
    depth: int = 1,
    activation: str = "relu",
    n_train: int = 1000,
) -> pd.DataFrame:
    """The best of m random neurons, picked on train, for every digit and both label controls.

    Columns: `target`, `neurons`, `part`, `metric`, `value`, `draws`. `depth` is the hidden layer
    that the neurons stand in; the layers before it have 256 neurons.
    """
    found = [tasks.digits(digit, n_train=n_train, seed=seed) for digit in digits]
    controls = [
        tasks.random_labels(found[0], seed=seed),
        tasks.cluster_labels(found[0], k=min(CLUSTERS, n_train // 10), seed=seed),
    ]
    names = [f"digit {digit}" for digit in digits] + ["random labels", "random clusters"]
    pixels = found[0].x_train[0].numel()
    sizes = [pixels, *[256] * (depth - 1), max(widths), 1]
    net = networks.mlp(sizes, activation=activation, seed=seed)
    return _picked(net, dict(zip(names, found + controls, strict=True)), widths, depth - 1)


def best_of_m_photos(
    seed: int, positive: str, *, widths: Sequence[int], n_train: int, n_test: int
) -> pd.DataFrame:
    """As `best_of_m`, for one CIFAR-10 class against the rest (balanced) and random labels."""
    task = tasks.cifar10(positive, n_train=n_train, n_test=n_test, seed=seed)
    net = networks.mlp([task.x_train[0].numel(), max(widths), 1], seed=seed)
    every = {positive: task, "random labels": tasks.random_labels(task, seed=seed)}
    frame = _picked(net, every, widths, 0)
    pixel = pd.DataFrame(rows(neurons.best_pixel(task), task, target="best pixel", neurons=1))
    return pd.concat([frame, pixel], ignore_index=True)


def trained_neurons(
    seed: int,
    *,
    digits: Sequence[int] = tuple(range(10)),
    width: int = 256,
    steps: int = 400,
    n_train: int = 1000,
) -> pd.DataFrame:
    """The best neuron before and after training, and what the network loses without it.

    Columns: `target`, `reading`, `part`, `metric`, `value`, `draws`. "re-drawn" is another
    untrained network: what a second throw of the dice gives.
    """
    found = []
    for digit in digits:
        task = tasks.digits(digit, n_train=n_train, seed=seed)
        net = networks.mlp([task.x_train[0].numel(), width, 1], seed=seed)
        redrawn = networks.mlp([task.x_train[0].numel(), width, 1], seed=seed + 10_000)
        after = train(net, task, steps=steps, seed=seed).net
        best = neurons.best_neuron(after, task)
        whole = reading("network", lambda x, net=after: net(x).flatten(), task, bits=math.nan)
        ablated = without_neuron(after, best.detail["index"])
        rest = reading("ablated", lambda x, net=ablated: net(x).flatten(), task, bits=math.nan)
        readings = {
            "best pixel": neurons.best_pixel(task),
            "untrained": neurons.best_neuron(net, task),
            "re-drawn": neurons.best_neuron(redrawn, task),
            "trained": best,
            "whole trained network": whole,
            "the same without that neuron": rest,
        }
        for name, one in readings.items():
            found += rows(one, task, target=f"digit {digit}", reading=name)
    return pd.DataFrame(found)


def every_neuron(task: Task, *, width: int = 4096, seed: int = 0) -> pd.DataFrame:
    """Correlation of each neuron of a random first layer, `train` and `held_out`, with the task."""
    net = networks.mlp([task.x_train[0].numel(), width, 1], seed=seed)
    parts = {"train": (task.x_train, task.y_train), "held_out": (task.x_test, task.y_test)}
    return pd.DataFrame(
        {
            part: neurons.strengths(net, x, y[:, None])[:, 0].numpy()
            for part, (x, y) in parts.items()
        }
    )


def without_neuron(net: nn.Sequential, index: int) -> nn.Sequential:
    """A copy of a network with one hidden layer whose readout ignores one hidden neuron."""
    copy = deepcopy(net)
    with torch.no_grad():
        copy[-1].weight[:, index] = 0
    return copy


def laws(
    seed: int,
    *,
    digits: Sequence[int] = tuple(range(10)),
    fit_on: int = 1024,
    widths: Sequence[int] = WIDTHS,
    n_train: int = 1000,
) -> pd.DataFrame:
    """Best of m on train against what three laws predict from `fit_on` other neurons.

    The cap laws also need the ceiling R, the best neuron that gradient ascent finds on the same
    training images. Columns: `target`, `neurons`, `measured`; `cap`, `cap_tail` and `gaussian` (the
    predictions).
    """
    found = [tasks.digits(digit, n_train=n_train, seed=seed) for digit in digits]
    x = found[0].x_train
    y = torch.stack([task.y_train for task in found], dim=1)
    net = networks.mlp([x[0].numel(), max(widths) + fit_on, 1], seed=seed)
    strength, apart = neurons.strengths(net, x, y).split([max(widths), fit_on])
    best, _ = neurons.running_best(strength, widths)
    ceilings = neurons.optimised_neuron(x.flatten(1), y, seed=seed)
    records = []
    for column, digit in enumerate(digits):
        fitted = neurons.fitted_laws(apart[:, column], float(ceilings[column]))
        for row, width in enumerate(widths):
            predicted = {name: neurons.expected_best(law, width) for name, law in fitted.items()}
            labels = {"target": f"digit {digit}", "neurons": width}
            measured = {"measured": float(best[row, column])}
            records.append({**labels, **measured, **predicted})
    return pd.DataFrame(records)


def _picked(
    net: nn.Sequential, found: dict[str, Task], widths: Sequence[int], layer: int
) -> pd.DataFrame:
    """Rows for the running best of the layer's neurons; each distinct pick is scored once."""
    first = next(iter(found.values()))
    y = torch.stack([task.y_train for task in found.values()], dim=1)
    strength = neurons.strengths(net, first.x_train, y, layer=layer)
    values, places = neurons.running_best(strength, widths)
    picks = places.unique()
    train_scores, test_scores = (
        torch.cat(list(networks.chosen_activations(net, x, layer, picks)), dim=1)
        for x in (first.x_train, first.x_test)
    )
    records = []
    for column, (name, task) in enumerate(found.items()):
        scored: dict[int, list[dict]] = {}
        for row, width in enumerate(widths):
            place = int(places[row, column])
            if place not in scored:
                k = int(torch.searchsorted(picks, place))
                sign = 1.0 if strength[place, column] >= 0 else -1.0
                scored[place] = _scored(sign * train_scores[:, k], sign * test_scores[:, k], task)
            value = float(values[row, column])
            on_train = {"part": "train", "metric": "correlation", "value": value, "draws": None}
            labels = {"target": name, "neurons": width}
            records += [{**labels, **record} for record in (on_train, *scored[place])]
    return pd.DataFrame(records)


def _scored(train_scores: Tensor, test_scores: Tensor, task: Task) -> list[dict]:
    cut = best_cut(train_scores, task.y_train)
    draws = resampled_scores(test_scores, task, cut)
    values = vars(evaluate(test_scores, task.y_test, cut))
    return [
        {"part": "test", "metric": metric, "value": values[metric], "draws": draws[metric]}
        for metric in draws
    ]


def against_pixels(seed: int, *, digits: Sequence[int] = tuple(range(10)), n_train: int = 1000):
    """Held-out correlation, best of 64 random neurons minus best of the 64 pixels."""
    records = []
    for digit in digits:
        task = tasks.digits(digit, n_train=n_train, seed=seed)
        pixels = task.x_train[0].numel()
        net = networks.mlp([pixels, pixels, 1], seed=seed)
        ours, theirs = (
            next(row for row in rows(one, task) if row["part"] == "test")
            for one in (neurons.best_neuron(net, task), neurons.best_pixel(task))
        )
        records.append(
            {
                "case": f"digit {digit}",
                "value": ours["value"] - theirs["value"],
                "draws": ours["draws"] - theirs["draws"],
            }
        )
    return records


# --- stored runs


def store_photos(seeds: int = 20, jobs: int = 1, store: str = ".cache/photos") -> None:
    """Measure all CIFAR-10 classes; store the summary and the dog neurons that chapter 02 shows."""
    told = {"command": "python -m helpers.claims.single_neurons", "data": cifar.provenance()}
    dog = tasks.cifar10("dog", n_train=2000, n_test=2000, seed=0)
    save("02-dog-neurons", every_neuron(dog), **told, seeds=1)
    sizes = {"dog, all photos": (WIDTHS, 2000, 2000), "equal photos": (WIDTHS[:9], 1112, 224)}
    found = []
    for label, (widths, n_train, n_test) in sizes.items():
        grid = {
            "seed": range(seeds),
            "positive": ("dog",) if label.startswith("dog") else CLASSES,
            "widths": [widths],
            "n_train": [n_train],
            "n_test": [n_test],
        }
        frame = sweep(best_of_m_photos, grid, store=store, jobs=jobs)
        frame = frame[frame["metric"].isin(("correlation", "auc"))]
        by = ["positive", "target", "neurons", "part", "metric"]
        found.append(summary(frame, by).assign(sample=label, photos=n_train))
    save("02-photos", pd.concat(found, ignore_index=True), **told, seeds=seeds)


def store_laws(seeds: int = 20, jobs: int = 1, store: str = ".cache/laws") -> None:
    """Measure all laws on ten digits and store the summary that chapter 02 shows."""
    frame = sweep(laws, {"seed": range(seeds), "widths": [WIDTHS]}, store=store, jobs=jobs)
    names = ["measured", "cap", "cap_tail", "gaussian"]
    long = frame.melt(["seed", "target", "neurons"], names, "law", "value")
    per_seed = averaged(long, ["law", "neurons", "seed"])
    shown = summary(per_seed, ["law", "neurons"])
    save("02-laws", shown, command="python -m helpers.claims.single_neurons", seeds=seeds)


if __name__ == "__main__":
    store_laws()
    store_photos()
