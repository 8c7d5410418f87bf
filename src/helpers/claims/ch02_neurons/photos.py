"""Chapter 02, photographs: the best random neuron for a dog, and for every other class."""

import math
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from helpers import networks, neurons, tasks
from helpers.claims.ch02_neurons.experiments import RANDOM, WIDTHS, every_neuron, labelled, picked
from helpers.claims.ch03_features.dogs import RATES, STEPS
from helpers.claims.ch03_features.images import patches
from helpers.claims.ch03_features.tuning import tuned
from helpers.data import cifar
from helpers.keys import key
from helpers.results.store import load, save
from helpers.sweeps import sweep
from helpers.yardstick import Reading
from helpers.yardstick.intervals import held_out, rows, summary

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
TRAINED = "64 patches, trained"


def best_of_m_photos(
    seed: int,
    positive: str,
    *,
    widths: Sequence[int],
    n_train: int,
    n_test: int,
    shows_label: bool = False,
) -> pd.DataFrame:
    """As `best_of_m`, for one CIFAR-10 class against the rest (balanced) and random labels."""
    task = tasks.cifar10(positive, n_train=n_train, n_test=n_test, seed=seed)
    task = labelled(task, seed) if shows_label else task
    net = networks.mlp([task.x_train[0].numel(), max(widths), 1], seed=seed)
    every = {positive: task, RANDOM: tasks.random_labels(task, seed=seed)}
    frame = picked(net, every, widths)
    pixel = pd.DataFrame(rows(neurons.best_pixel(task), task, target="best pixel", neurons=1))
    return pd.concat([frame, pixel], ignore_index=True)


def up_to_training(
    seed: int,
    *,
    positive: str = "dog",
    width: int = 65536,
    n_train: int = 2000,
    n_test: int = 2000,
    filters: int = 64,
    steps: int = STEPS,
    rates: tuple[float, ...] = RATES,
) -> pd.DataFrame:
    """Best pixel, best of `width` neurons, and a convolutional net trained, on the same photos.

    Columns: `reading`, `settled` (training had turned before its last look), `part`, `metric`,
    `value`, `draws`.
    """
    task = tasks.cifar10(positive, n_train=n_train, n_test=n_test, seed=seed)
    net = networks.mlp([task.x_train[0].numel(), width, 1], seed=seed)
    after = tuned(
        patches(task, filters, seed),
        task.x_train,
        task.y_train,
        steps=steps,
        rates=rates,
        seed=seed,
    )
    readings = {
        "best pixel": neurons.best_pixel(task),
        "best neuron": neurons.best_neuron(net, task),
        TRAINED: Reading.of(TRAINED, after.predict, task, bits=math.inf),
    }
    found = [row for name, one in readings.items() for row in rows(one, task, reading=name)]
    return pd.DataFrame(found).assign(settled=after.settled)


def curves() -> pd.DataFrame:
    """The stored run on dogs, ready to plot: `series` by `neurons`; provenance in `.attrs`."""
    frame = load("02-photos")
    told = frame.attrs
    frame = frame.query("sample == 'dog, all photos' and metric == 'correlation'")
    frame = frame.assign(series=frame["target"] + ", " + frame["part"])
    frame.attrs = told
    return frame


def every_class() -> pd.DataFrame:
    """The stored run on all classes at their widest layer, held out, best first."""
    frame = load("02-photos")
    told = frame.attrs
    frame = frame.query("sample == 'equal photos' and metric == 'correlation' and part == 'test'")
    frame = frame[(frame["target"] == frame["positive"])]
    frame = frame[frame["neurons"] == frame["neurons"].max()]
    frame = frame.sort_values("estimate", ascending=False)
    frame.attrs = told
    return frame


def live(seeds: int = 2) -> pd.DataFrame:
    """A small version of the stored run: mean held-out correlation by `target` and `neurons`."""
    grid = {
        "seed": range(seeds),
        "positive": ["dog"],
        "widths": [[16, 256]],
        "n_train": [600],
        "n_test": [600],
    }
    frame = held_out(sweep(best_of_m_photos, grid, progress=False))
    return frame.groupby(["target", "neurons"], as_index=False)["value"].mean()


def store(seeds: int = 20, jobs: int = 1, folder: str = ".cache/photos") -> None:
    """Measure dogs and all classes; store the summary and the dog neurons that chapter 02 shows."""
    told = {"command": "python -m helpers.claims.ch02_neurons.photos", "data": cifar.provenance()}
    dog = tasks.cifar10("dog", n_train=2000, n_test=2000, seed=0)
    save("02-dog-neurons", every_neuron(dog), **told, seeds=1)
    sizes = {"dog, all photos": (WIDTHS, 2000, 2000), "equal photos": (WIDTHS[:9], 4000, 1000)}
    found = []
    for label, (widths, n_train, n_test) in sizes.items():
        grid = {
            "seed": range(seeds),
            "positive": ("dog",) if label.startswith("dog") else CLASSES,
            "widths": [widths],
            "n_train": [n_train],
            "n_test": [n_test],
        }
        kept = Path(folder) / key(told["data"])  # other photos, other results
        frame = sweep(best_of_m_photos, grid, store=kept, jobs=jobs)
        frame = frame[frame["metric"].isin(("correlation", "auc"))]
        by = ["positive", "target", "neurons", "part", "metric"]
        found.append(summary(frame, by).assign(sample=label, photos=n_train))
    save("02-photos", pd.concat(found, ignore_index=True), **told, seeds=seeds)


if __name__ == "__main__":
    store()
