"""Chapter 03, dogs: how much of what training reaches does a readout reach before any training?"""

import math

import pandas as pd
from matplotlib.axes import Axes

from helpers import features, networks, neurons, plots, seeds, yardstick
from helpers.claims.ch03_features.images import images, patches
from helpers.claims.ch03_features.tuning import tuned
from helpers.data import cifar
from helpers.results.store import load, save
from helpers.sweeps import kept, sweep
from helpers.yardstick.intervals import held_out, rows, summary

NEURONS, PATCHES = "1,024 neurons, untrained", "256 patches, untrained"
TWIN, TRAINED = "64 patches, untrained", "64 patches, trained"
PRETRAINED = "pretrained on a million photos"
READINGS = ("best neuron", "pixels", NEURONS, TWIN, PATCHES, TRAINED, PRETRAINED)
RATES = (1e-3, 3e-3)
STEPS = 3200


@kept
def by_reading(
    seed: int,
    *,
    target: str = "dog",
    n_train: int = 2000,
    n_test: int = 2000,
    m: int = 1024,
    filters: int = 64,
    steps: int = STEPS,
    rates: tuple[float, ...] = RATES,
) -> pd.DataFrame:
    """Scores of every reading of the chapter, and of a trained network, on the same photos.

    All readouts are ridge regressions with lambda on validation; "trained" is `tuned` from the
    network that is read out untrained. Columns: `reading`, `settled` (of the trained one), `part`,
    `metric`, `value`, `draws`, `n_train`.
    """
    task = images(target, seed, n_train, n_test)
    dense = features.as_task(networks.mlp([task.x_train[0].numel(), m, 1], seed=seed), task)
    wide, twin = (
        patches(task, m // 4, seed),
        patches(task, filters, seeds.derived(seed, "untrained twin")),
    )
    after = tuned(twin, task.x_train, task.y_train, steps=steps, rates=rates, seed=seed)
    trained = yardstick.Reading.of(TRAINED, after.predict, task, bits=math.inf)
    ways = {
        "best neuron": (neurons.best_pixel(dense), dense),
        "pixels": (features.pixels(task), task),
        NEURONS: (features.linear("neurons", lambda x: x, dense), dense),
        PATCHES: (features.readout(wide, task), task),
        TWIN: (features.readout(twin, task), task),
        TRAINED: (trained, task),
    }
    found = [row for name, (one, on) in ways.items() for row in rows(one, on, reading=name)]
    return pd.DataFrame(found).assign(n_train=n_train, settled=after.settled)


def ladder() -> pd.DataFrame:
    """The stored scores by number of photos, in the order of the ladder, with their provenance."""
    frame = load("03-dogs")
    known = frame.attrs
    frame = frame.iloc[frame["reading"].map(READINGS.index).argsort(kind="stable")]
    frame.attrs = known
    return frame


def share_closed(frame: pd.DataFrame, reading: str, ceiling: str, n_train: int = 2000) -> float:
    """The share of the gap from the pixels to a ceiling that a reading closes."""
    height = frame[frame["n_train"] == n_train].set_index("reading")["estimate"]
    return float((height[reading] - height["pixels"]) / (height[ceiling] - height["pixels"]))


def draw(frame: pd.DataFrame, n_train: int = 2000) -> Axes:
    """A dot with its interval for each reading, the pixels' score as a dotted line."""
    part = frame[frame["n_train"] == n_train]
    rival = part.set_index("reading")["estimate"]["pixels"]
    ax = plots.axes(figsize=(6.4, 3))
    return plots.scores(part, "reading", ax=ax, xlabel="held-out correlation", chance=rival)


def in_words(frame: pd.DataFrame) -> str:
    """The shares of the gap that random features close, in a sentence for each number of photos."""
    lines = []
    for n in sorted(frame["n_train"].unique()):
        one, other = (share_closed(frame, name, TRAINED, n) for name in (TWIN, NEURONS))
        lines.append(
            f"From {n:,} photos the 64 patches close {one:.0%} of the gap between the pixels and "
            f"their own training before it begins, 1,024 neurons {other:.0%}."
        )
    return " ".join(lines)


def store(seeds: int = 20) -> None:
    """Measure the ladder at 1000 and at 2000 photos; store the summary that chapter 03 shows."""
    grid = {"seed": range(3000, 3000 + seeds), "n_train": [1000, 2000]}
    shown = summary(held_out(sweep(by_reading, grid)), ["n_train", "reading"])
    told = {"command": "python -m helpers.claims.ch03_features.dogs", "data": cifar.provenance()}
    save("03-dogs", shown, **told, seeds=seeds)


if __name__ == "__main__":
    store()
