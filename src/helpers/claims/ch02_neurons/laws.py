"""Chapter 02, extremes: what three laws predict of the best of m, and the best neuron by depth."""

from collections.abc import Sequence

import pandas as pd
import torch

from helpers import networks, neurons, tasks
from helpers.claims.ch02_neurons.experiments import DIGITS, WIDTHS, best_of_m
from helpers.results.store import load, save
from helpers.sweeps import sweep
from helpers.tasks import Task
from helpers.yardstick.intervals import averaged, held_out, summary

LAWS = {"cap": "cap law", "cap_tail": "cap law, tail", "gaussian": "Gaussian law"}


def laws(
    seed: int,
    *,
    digits: Sequence[int] = DIGITS,
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


def shown(names: Sequence[str] = ("measured", *LAWS)) -> pd.DataFrame:
    """The stored run, ready to plot: `law` in words, `neurons`, estimate, low, high."""
    frame = load("02-laws")
    told = frame.attrs
    frame = frame[frame["law"].isin(names)].replace({"law": LAWS})
    frame.attrs = told
    return frame


def neurons_needed(task: Task, correlation: float, *, seed: int = 0) -> dict[str, float]:
    """Bits (log2 of the neurons to draw) for a correlation on train, by law; and the ceiling R."""
    net = networks.mlp([task.x_train[0].numel(), 1024, 1], seed=seed)
    sample = neurons.strengths(net, task.x_train, task.y_train[:, None])[:, 0]
    ceiling = float(neurons.optimised_neuron(task.x_train.flatten(1), task.y_train[:, None]))
    fitted = neurons.fitted_laws(sample, ceiling)
    return {LAWS[name]: law.bits(correlation) for name, law in fitted.items()} | {"R": ceiling}


def by_depth(seeds: int, width: int, digits: Sequence[int] = (0, 3, 8)) -> pd.DataFrame:
    """Held-out correlation of the best neuron of layers 1 to 3, by `activation` and `depth`."""
    grid = {
        "seed": range(seeds),
        "depth": [1, 2, 3],
        "activation": ["relu", "tanh"],
        "widths": [[width]],
        "digits": [tuple(digits)],
    }
    frame = held_out(sweep(best_of_m, grid, progress=False))
    frame = frame[frame["target"].str.startswith("digit")]
    by = ["activation", "depth"]
    return summary(averaged(frame, [*by, "seed"]), by)


def store(seeds: int = 20, jobs: int = 1, folder: str = ".cache/laws") -> None:
    """Measure all laws on ten digits and store the summary that the appendix shows."""
    frame = sweep(laws, {"seed": range(seeds), "widths": [WIDTHS]}, store=folder, jobs=jobs)
    long = frame.melt(["seed", "target", "neurons"], ["measured", *LAWS], "law", "value")
    per_seed = averaged(long, ["law", "neurons", "seed"])
    command = "python -m helpers.claims.ch02_neurons.laws"
    save("02-laws", summary(per_seed, ["law", "neurons"]), command=command, seeds=seeds)


if __name__ == "__main__":
    store()
