"""Chapter 03, experiments on images: linear readouts of one layer's features."""

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import torch
from torch import nn

from helpers import cifar, descent, features, networks, neurons, tasks, yardstick
from helpers.intervals import resampled_scores, rows, summary
from helpers.ridge import LAMBDAS
from helpers.stored import save
from helpers.sweeps import sweep
from helpers.tasks import Task
from helpers.training import train

COUNTS = tuple(2**k for k in range(4, 14))
DOG_COUNTS = (16, 64, 256, 1024)
# Adam's rate for `patches`, the best of .001 and .01 on validation images (a split that no claim
# uses). The loss is squared, as ridge's: the logistic one gives a lower correlation at equal AUC.
RATES = {"digit": 1e-2, "photo": 1e-3}
UNPENALISED = (1e-8,)  # stands for "no ridge": small enough to interpolate, large enough to solve
STEPS = (1, 4, 16, 64, 400, 2500, 16_000, 100_000, 1_000_000)


def images(target: str, seed: int, n_train: int, n_test: int) -> Task:
    """A digit against the rest ("digit 3") or a CIFAR-10 class against the rest ("dog")."""
    if target.startswith("digit"):
        return tasks.digits(int(target.split()[1]), n_train=n_train, seed=seed)
    return tasks.cifar10(target, n_train=n_train, n_test=n_test, seed=seed)


def by_count(
    seed: int,
    *,
    target: str = "digit 3",
    counts: Sequence[int] = COUNTS,
    n_train: int = 1000,
    n_test: int = 2000,
    filters: int = 64,
    steps: int = 400,
) -> pd.DataFrame:
    """Held-out scores against the number of features m, every reading on the same images.

    "single neuron" is the best of m, "features" the readout of m random ReLU neurons, "patches" of
    m averaged random filters, "pixels" of the raw image (m is their number). "trained" is a network
    of patches of which every weight was trained, "untrained twin" the readout of the same network
    before: both have `filters` filters, 4 features each. Columns: `target`,
    `reading`, `features`, `part`, `metric`, `value`, `draws`.
    """
    task = images(target, seed, n_train, n_test)
    found = rows(features.pixels(task), task, reading="pixels", features=task.x_train[0].numel())
    dense = networks.mlp([task.x_train[0].numel(), max(counts), 1], seed=seed)
    for name, net in (("features", dense), ("patches", patches(task, max(counts) // 4, seed))):
        columns = features.as_task(net, task)
        for m in counts:
            found += rows(_first(columns, m), columns, reading=name, features=m)
        if name == "features":
            for m in counts:
                best = _best_column(columns, m)
                found += rows(best, columns, reading="single neuron", features=m)
    if steps:
        twin = patches(task, filters, seed + 10_000)
        lr = RATES["digit" if target.startswith("digit") else "photo"]
        after = train(twin, task, steps=steps, lr=lr, loss="squared", seed=seed).net
        whole = yardstick.reading("trained", lambda x: after(x).flatten(), task, bits=math.nan)
        before = features.readout(twin, task)
        found += rows(whole, task, reading="trained", features=4 * filters)
        found += rows(before, task, reading="untrained twin", features=4 * filters)
    return pd.DataFrame(found).assign(target=target)


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
    kinds: Sequence[str] = ("features", "few features", "pixels", "single neuron"),
    many: int = 2048,
    few: int = 64,
    n_train: int = 1000,
) -> pd.DataFrame:
    """Readouts of many and of few features, of the pixels, and the best of many neurons, per digit.

    Columns: `target`, `reading` (one of `kinds`), `part`, `metric`, `value`, `draws`.
    """
    first = tasks.digits(0, n_train=n_train, seed=seed)
    net = networks.mlp([first.x_train[0].numel(), many, 1], seed=seed)
    phi = features.as_task(net, first)
    ways = {
        "features": (phi, lambda columns: _first(columns, many)),
        "few features": (phi, lambda columns: _first(columns, few)),
        "pixels": (first, features.pixels),
        "single neuron": (phi, lambda columns: _best_column(columns, many)),
    }
    found = []
    for digit in digits:
        labels = tasks.digits(digit, n_train=n_train, seed=seed)
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
    ridges: Sequence[str] = ("lambda on validation", "no ridge"),
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
                lambdas = UNPENALISED if ridge == "no ridge" else LAMBDAS
                one = _first(columns, m, lambdas)
                told = {"labels": name, "ridge": ridge, "features": m}
                price = {"edof": one.detail["edof"], "bits": one.detail["code"]}
                found += rows(one, columns, **told, **price)
    return pd.DataFrame(found)


def depths(
    seed: int,
    *,
    digit: int = 3,
    layers: int = 4,
    width: int = 256,
    steps: int = 400,
    n_train: int = 1000,
) -> pd.DataFrame:
    """A readout of each hidden layer, before and after training all of them.

    Columns: `network`, `layer` (from 1), `part`, `metric`, `value`, `draws`.
    """
    task = tasks.digits(digit, n_train=n_train, seed=seed)
    net = networks.mlp([task.x_train[0].numel(), *[width] * layers, 1], seed=seed)
    after = train(net, task, steps=steps, seed=seed).net
    found = []
    for name, one in (("untrained", net), ("trained", after)):
        for layer in range(layers):
            found += rows(
                features.readout(one, task, layer=layer), task, network=name, layer=layer + 1
            )
    return pd.DataFrame(found)


def found_by_step(
    seed: int,
    *,
    digit: int = 3,
    width: int = 1024,
    steps: Sequence[int] = STEPS,
    adam: Sequence[int] = (400,),
    n_train: int = 1000,
) -> pd.DataFrame:
    """Held-out correlation of a readout that gradient descent found by step t, and of ridge.

    From zero, full batches, squared error, learning rate 1/(largest eigenvalue): "raw features" as
    the network has them, with the bias as one more weight, "centred features" with their training
    mean taken off. "Adam" is the book's usual budget (batches of 128, learning rate .001) on raw
    features. Columns: `how`, `step`, `value`, `draws`, `fitted` (share of the training labels'
    energy), and "ridge" at step 0.
    """
    task = tasks.digits(digit, n_train=n_train, seed=seed)
    net = networks.mlp([task.x_train[0].numel(), width, 1], seed=seed)
    raw = features.as_task(net, task)
    found = [_correlation(raw, _first(raw, width).scores(raw.x_test), "ridge", 0, math.nan)]
    mean = raw.x_train.mean(0)
    ones = [torch.ones(len(x), 1) for x in (raw.x_train, raw.x_test)]
    designs = {
        "raw features": [
            torch.cat(p, 1) for p in zip((raw.x_train, raw.x_test), ones, strict=True)
        ],
        "centred features": [raw.x_train - mean, raw.x_test - mean],
    }
    at = torch.tensor(list(steps))
    for how, (x, x_test) in designs.items():
        x, x_test = x.double(), x_test.double()
        y = raw.y_train - (raw.y_train.mean() if how == "centred features" else 0.0)
        ways = descent.directions(x @ x.T)
        lr = 1 / float(ways.values[0])
        scores = x_test @ (x.T @ ways.coefficients(y, lr, at).T)
        fitted = ways.found(y, lr, at)
        for column, step in enumerate(steps):
            share = float(fitted[column])
            found.append(_correlation(raw, scores[:, column], how, step, share))
    start = nn.Sequential(nn.Flatten(), nn.Linear(width, 1))
    for parameter in start.parameters():
        nn.init.zeros_(parameter)
    run = train(start, raw, steps=max(adam), loss="squared", snapshots=tuple(adam), seed=seed)
    for step, net in run.snapshots.items():
        with torch.no_grad():
            scores = net(raw.x_test).flatten()
        found.append(_correlation(raw, scores, "Adam", step, math.nan))
    return pd.DataFrame(found)


def target_directions(seed: int, *, digit: int = 3, width: int = 1024, n_train: int = 1000):
    """Each eigen-direction of the centred features: the target's energy in it, and its speed.

    Columns: `direction` (from 1), `value` (its eigenvalue relative to the largest), `energy`.
    """
    task = tasks.digits(digit, n_train=n_train, seed=seed)
    net = networks.mlp([task.x_train[0].numel(), width, 1], seed=seed)
    phi = features.layer_features(net, task.x_train).double()
    phi = phi - phi.mean(0)
    ways = descent.directions(phi @ phi.T)
    energy = ways.energy(task.y_train - task.y_train.mean())
    return pd.DataFrame(
        {
            "direction": np.arange(1, n_train + 1),
            "value": (ways.values / ways.values[0]).numpy(),
            "energy": energy.numpy(),
        }
    )


def rarities(
    seed: int,
    *,
    digit: int = 3,
    width: int = 256,
    members: int = 2**15,
    redrawn: int = 2**10,
    scores: Sequence[float] = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8),
    n_train: int = 1000,
) -> pd.DataFrame:
    """How rare, in bits, is a member with held-out correlation >= s: three families, one digit.

    "random readout" is exact (`features.random_readout_bits`), "single neuron" and "re-drawn net"
    are sampled, nan where the sample has no hit. The last score is the fitted readout's own.
    Columns: `family`, `score`, `value`, `fitted` (whether the score is the fitted readout's),
    `code` (the fitted readout's code length in bits).
    """
    task = tasks.digits(digit, n_train=n_train, seed=seed)
    pixels = task.x_train[0].numel()
    net = networks.mlp([pixels, width, 1], seed=seed)
    columns = features.as_task(net, task)
    fit = _first(columns, width)
    levels = [*scores, fit.test.correlation]
    exact = features.random_readout_bits(columns.x_test, task.y_test, torch.tensor(levels))
    wide = networks.mlp([pixels, members, 1], seed=seed + 10_000)
    neuron = neurons.strengths(wide, task.x_test, task.y_test[:, None])[:, 0]
    outputs = [
        networks.mlp([pixels, width, 1], seed=10**6 + redrawn * seed + k) for k in range(redrawn)
    ]
    with torch.no_grad():
        whole = torch.cat([one(task.x_test) for one in outputs], dim=1)
    nets = yardstick.correlations(whole, task.y_test[:, None])[:, 0]
    records = []
    for s, bits in zip(levels, exact, strict=True):
        # One sign counts in all three families; letting detectors be turned round costs each a bit.
        values = {
            "single neuron": yardstick.rarity(s, neuron).bits,
            "random readout": float(bits),
            "re-drawn net": yardstick.rarity(s, nets).bits,
        }
        for family, value in values.items():
            value = value if math.isfinite(value) else math.nan
            told = {"family": family, "score": s, "value": value}
            records.append({**told, "fitted": s == levels[-1], "code": fit.bits})
    return pd.DataFrame(records)


def _first(columns: Task, m: int, lambdas: tuple[float, ...] = LAMBDAS) -> yardstick.Reading:
    """The readout of the first m features, which are the features of a layer of m neurons."""
    return features.linear("features", lambda z: z[:, :m], columns, lambdas=lambdas)


def _best_column(columns: Task, m: int) -> yardstick.Reading:
    first = replace(columns, x_train=columns.x_train[:, :m], x_test=columns.x_test[:, :m])
    return neurons.best_pixel(first)


def _correlation(task: Task, scores: torch.Tensor, how: str, step: int, fitted: float) -> dict:
    draws = resampled_scores(scores, task, 0.0)["correlation"]
    value = yardstick.evaluate(scores, task.y_test, 0.0).correlation
    return {"how": how, "step": step, "value": value, "draws": draws, "fitted": fitted}


@cache
def dogs(seed: int, *, counts: tuple[int, ...] = DOG_COUNTS, **options) -> pd.DataFrame:
    """`by_count` for dogs on 2000 photos, kept: three claims and one figure read it."""
    return by_count(seed, target="dog", counts=counts, **{"n_train": 2000, **options})


def store_dogs(seeds: int = 20) -> None:
    """Measure the dog's readouts by number of features; store the summary chapter 03 shows."""
    frame = sweep(dogs, {"seed": range(seeds)})
    frame = frame[frame["metric"].isin(("correlation", "auc"))]
    shown = summary(frame, ["target", "reading", "features", "part", "metric"])
    told = {"command": "python -m helpers.claims.readouts", "data": cifar.provenance()}
    save("03-dogs", shown, **told, seeds=seeds)


if __name__ == "__main__":
    store_dogs()
