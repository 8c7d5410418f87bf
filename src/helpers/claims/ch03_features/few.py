"""Chapter 03: between one neuron and a readout of all: the best k of m."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from helpers import features, networks, neurons, tasks, yardstick
from helpers.claims.ch03_features.images import images, patches
from helpers.data import cifar
from helpers.results.store import load, save
from helpers.sweeps import sweep
from helpers.tasks import Task
from helpers.yardstick.intervals import held_out, rows, summary

SIZES = (1, 2, 4, 8, 16, 32, 64, 128)
SIGNS, FREE = "neurons, signs", "neurons, free weights"
PIXELS, LOT = "pixels, free weights", "random labels, signs"
CHOICES = (FREE, SIGNS, PIXELS, LOT)


def layer(target: str, task: Task, m: int, seed: int) -> Task:
    """The task with m random features for images: neurons for digits, patches for photos."""
    if target.startswith("digit"):
        return features.as_task(networks.mlp([task.x_train[0].numel(), m, 1], seed=seed), task)
    return features.as_task(patches(task, m // 4, seed), task)


def by_size(
    seed: int,
    *,
    target: str = "digit 3",
    sizes: Sequence[int] = SIZES,
    choices: Sequence[str] = CHOICES,
    m: int = 1024,
    n_train: int = 1000,
    n_test: int = 2000,
) -> pd.DataFrame:
    """Held-out scores of the best k of m features, with signs and with free weights, by k.

    Beside them k pixels with free weights and k features picked for random labels; at k = m "free
    weights" is the readout of all. Features are neurons of one layer for digits, averaged patches
    for photos. Columns: `target`, `choice`, `k`, `bits`, `part`, `metric`, `value`, `draws`.
    """
    task = images(target, seed, n_train, n_test)
    columns = layer(target, task, m, seed)
    lot = tasks.random_labels(task, seed=seed)
    flat = {"x_train": task.x_train.flatten(1), "x_test": task.x_test.flatten(1)}
    ways = {
        FREE: (columns, "free"),
        SIGNS: (columns, "signs"),
        PIXELS: (replace(task, **flat), "free"),
        LOT: (replace(columns, y_train=lot.y_train, y_test=lot.y_test), "signs"),
    }
    found = []
    for choice in choices:
        inputs, weights = ways[choice]
        most = m - 1 if choice == FREE else inputs.x_train.shape[1]  # all with free weights: below
        ks = [k for k in sizes if k <= most]
        picked = neurons.best_groups(inputs.x_train, inputs.y_train, ks, weights=weights)
        for k, group in picked.items():
            one = yardstick.Reading.of(choice, group.scores, inputs, bits=group.bits)
            found += rows(one, inputs, choice=choice, k=k, bits=one.bits)
        if choice == FREE:
            every = features.linear(choice, lambda x: x, inputs)
            found += rows(every, inputs, choice=choice, k=m, bits=every.bits)
    return pd.DataFrame(found).assign(target=target)


def curves(seeds: int, **options) -> pd.DataFrame:
    """`by_size` over seeds, ready to plot: estimate, low and high by `target`, `choice` and `k`."""
    return _shown(sweep(by_size, {"seed": range(seeds), **listed(options)}, progress=False))


def with_dogs(digits: pd.DataFrame) -> pd.DataFrame:
    """The curves of digits and, from the stored run, those of dogs; each its own `panel`."""
    names = {"digit 3": "digit 3: neurons", "dog": "dogs: random patches"}
    both = pd.concat([digits, load("03-few-dogs")], ignore_index=True)
    return both.assign(panel=both["target"].map(names))


def along(frame: pd.DataFrame, choice: str, sizes: Sequence[int]) -> list[float]:
    """The estimates of one way to choose at these sizes, in a frame of `curves`."""
    return frame[frame["choice"] == choice].set_index("k")["estimate"][list(sizes)].tolist()


def listed(options: dict) -> dict:
    """Options as the one-valued axes that `sweep` wants."""
    return {name: [value] for name, value in options.items()}


def _shown(frame: pd.DataFrame) -> pd.DataFrame:
    return summary(held_out(frame), ["target", "choice", "k"]).drop(columns=["level", "n"])


def store(seeds: int = 20) -> None:
    """Measure the best k of 1,024 patches on dogs; store the summary chapter 03 shows."""
    grid = {"seed": range(seeds), "target": ["dog"], "n_train": [2000]}
    told = {"command": "python -m helpers.claims.ch03_features.few", "data": cifar.provenance()}
    save("03-few-dogs", _shown(sweep(by_size, grid)), **told, seeds=seeds)


if __name__ == "__main__":
    store()
