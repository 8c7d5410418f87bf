"""Chapter 03, experiments on images: linear readouts of one layer's features."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd
from torch import nn

from helpers import features, networks, neurons, tasks, yardstick
from helpers.sweeps import sweep
from helpers.tasks import Task
from helpers.yardstick.intervals import held_out, rows, summary
from helpers.yardstick.ridge import LAMBDAS

UNPENALISED = (1e-8,)  # stands for "no ridge": small enough to interpolate, large enough to solve
RIDGES = {"no ridge": UNPENALISED, "lambda on validation": LAMBDAS}


def images(target: str, seed: int, n_train: int, n_test: int) -> Task:
    """A digit against the rest ("digit 3") or a CIFAR-10 class against the rest ("dog")."""
    if target.startswith("digit"):
        return tasks.digits(int(target.split()[1]), n_train=n_train, seed=seed)
    return tasks.cifar10(target, n_train=n_train, n_test=n_test, seed=seed)


def patches(task: Task, filters: int, seed: int) -> nn.Sequential:
    """Random filters for these images: 6x6 with stride 2 on photos, 3x3 on 8x8 digits."""
    channels, size = task.x_train.shape[1:3]
    patch, stride = (6, 2) if size >= 32 else (3, 1)
    return features.random_patches(
        filters, in_channels=channels, patch=patch, stride=stride, seed=seed
    )


def every_digit(
    seed: int,
    *,
    digits: Sequence[int] = tuple(range(10)),
    kinds: Sequence[str] = ("features", "few features", "pixels", "neuron"),
    many: int = 2048,
    few: int = 64,
    n_train: int = 1000,
    shuffled: bool = False,
) -> pd.DataFrame:
    """Readouts of many and of few features, of the pixels, and the best of many neurons, per digit.

    With `shuffled` the labels are drawn by lot. Columns: `target`, `reading` (one of `kinds`),
    `part`, `metric`, `value`, `draws`.
    """
    first = tasks.digits(0, n_train=n_train, seed=seed)
    net = networks.mlp([first.x_train[0].numel(), many, 1], seed=seed)
    phi = features.as_task(net, first)
    ways = {
        "features": (phi, lambda columns: readout_of(columns, many)),
        "few features": (phi, lambda columns: readout_of(columns, few)),
        "pixels": (first, features.pixels),
        "neuron": (phi, lambda columns: best_column(columns, many)),
    }
    found = []
    for digit in digits:
        labels = tasks.digits(digit, n_train=n_train, seed=seed)
        if shuffled:
            labels = tasks.random_labels(labels, seed=seed)
        for kind in kinds:
            inputs, pick = ways[kind]
            task = replace(inputs, y_train=labels.y_train, y_test=labels.y_test)
            found += rows(pick(task), task, target=f"digit {digit}", reading=kind)
    return pd.DataFrame(found)


def labellings(
    seed: int,
    *,
    digit: int = 3,
    labels: Sequence[str] = ("true", "random clusters", "random labels"),
    counts: Sequence[int] = (2048,),
    clusters: int = 100,
    n_train: int = 1000,
    ridges: Sequence[str] = tuple(RIDGES),
) -> pd.DataFrame:
    """True, random and random-cluster labels on the same features, with and without ridge.

    Columns: `labels`, `ridge`, `features`, `edof`, `bits`, `part`, `metric`, `value`, `draws`.
    """
    task = tasks.digits(digit, n_train=n_train, seed=seed)
    net = networks.mlp([task.x_train[0].numel(), max(counts), 1], seed=seed)
    phi = features.as_task(net, task)
    versions = {
        "true": task,
        "random clusters": tasks.cluster_labels(task, k=min(clusters, n_train // 10), seed=seed),
        "random labels": tasks.random_labels(task, seed=seed),
    }
    found = []
    for name in labels:
        version = versions[name]
        columns = replace(phi, y_train=version.y_train, y_test=version.y_test)
        for m in counts:
            for ridge in ridges:
                one = readout_of(columns, m, RIDGES[ridge])
                told = {"labels": name, "ridge": ridge, "features": m}
                price = {"edof": one.detail["edof"], "bits": one.detail["code"]}
                found += rows(one, columns, **told, **price)
    return pd.DataFrame(found)


def readout_of(columns: Task, m: int, lambdas: tuple[float, ...] = LAMBDAS) -> yardstick.Reading:
    """The readout of the first m features, which are the features of a layer of m neurons."""
    return features.linear("features", lambda z: z[:, :m], columns, lambdas=lambdas)


def best_column(columns: Task, m: int) -> yardstick.Reading:
    first = replace(columns, x_train=columns.x_train[:, :m], x_test=columns.x_test[:, :m])
    return neurons.best_pixel(first)


def fits(seeds: int, counts: Sequence[int], n_train: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """`labellings` ready to plot, and what each set of labels was worth in the widest layer.

    The first has a `series` (labels and part) by `ridge` and `features`; the second a row for each
    set of labels, with ridge: held-out correlation, degrees of freedom, bits.
    """
    grid = {"seed": range(seeds), "counts": [tuple(counts)], "n_train": [n_train]}
    frame = sweep(labellings, grid, progress=False)
    frame = frame[frame["metric"] == "correlation"]
    shown = summary(frame, ["ridge", "labels", "part", "features"])
    shown["series"] = shown["labels"] + ", " + shown["part"].replace("test", "held out")
    last = held_out(frame[(frame["features"] == max(counts)) & (frame["ridge"] != "no ridge")])
    worth = last.groupby("labels", sort=False)[["value", "edof", "bits"]].mean()
    worth = worth.reset_index()
    worth.columns = ["labels", "held-out correlation", "degrees of freedom used", "bits"]
    return shown, worth


def blind(frame: pd.DataFrame) -> tuple[float, float]:
    """Correlation of the widest fit to random labels without ridge, on train and held out."""
    rows = frame[(frame["labels"] == "random labels") & (frame["ridge"] == "no ridge")]
    rows = rows[rows["features"] == rows["features"].max()].set_index("part")["estimate"]
    return float(rows["train"]), float(rows["test"])
