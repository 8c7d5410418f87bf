"""Chapter 03: what gradient descent on a readout has found by step t, and which layer to read."""

import math
from collections.abc import Sequence

import pandas as pd
import torch
from torch import nn

from helpers import features, networks, tasks, yardstick
from helpers.claims.ch03_features.images import readout_of
from helpers.sweeps import sweep
from helpers.tasks import Task
from helpers.training import train
from helpers.yardstick import descent
from helpers.yardstick.intervals import held_out, resampled_scores, rows, summary

STEPS = (1, 4, 16, 64, 400, 2500, 16_000, 100_000, 1_000_000)


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
    found = [_correlation(raw, readout_of(raw, width).scores(raw.x_test), "ridge", 0, math.nan)]
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


def _correlation(task: Task, scores: torch.Tensor, how: str, step: int, fitted: float) -> dict:
    draws = resampled_scores(scores, task, 0.0)["correlation"]
    value = yardstick.evaluate(scores, task.y_test, 0.0).correlation
    return {"how": how, "step": step, "value": value, "draws": draws, "fitted": fitted}


def by_step(seeds: int, marks: Sequence[int]) -> tuple[pd.DataFrame, float]:
    """`found_by_step` ready to plot, without ridge, and the height of ridge."""
    grid = {"seed": range(seeds), "steps": [tuple(marks)], "adam": [(16, 64, 400)]}
    shown = summary(sweep(found_by_step, grid, progress=False), ["how", "step"])
    ridge = shown["how"] == "ridge"
    return shown[~ridge], float(shown.loc[ridge, "estimate"].iloc[0])


def by_layer(seeds: int, steps: int) -> pd.DataFrame:
    """`depths` ready to plot: held-out correlation by `network` and `layer`."""
    frame = sweep(depths, {"seed": range(seeds), "steps": [steps]}, progress=False)
    return summary(held_out(frame), ["network", "layer"])


def along(frame: pd.DataFrame, how: str, marks: Sequence[int]) -> list[float]:
    """The estimates of one way of descent at these steps, in a frame of `by_step`."""
    return frame[frame["how"] == how].set_index("step")["estimate"][list(marks)].tolist()
