"""Chapter 02, digits: the best single neuron of random layers, and what training does to it."""

import math
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace

import pandas as pd
import torch
from torch import Tensor, nn

from helpers import features, networks, neurons, tasks
from helpers.seeds import derived, generator
from helpers.sweeps import kept, sweep
from helpers.tasks import Task
from helpers.training import train
from helpers.yardstick import Reading
from helpers.yardstick.intervals import averaged, held_out, rows, scored, summary

WIDTHS = tuple(2**k for k in range(4, 17))
CLUSTERS = 100  # about ten training images each: as fine-grained as a concept can be learnt
DIGITS = tuple(range(10))
RANDOM, MEANINGLESS = "random labels", "random clusters"

# --- experiments: rows for one seed ---------------------------------------------------------------


def best_of_m(
    seed: int,
    *,
    digits: Sequence[int] = DIGITS,
    widths: Sequence[int] = WIDTHS,
    depth: int = 1,
    activation: str = "relu",
    n_train: int = 1000,
) -> pd.DataFrame:
    """The best of m random neurons, picked on train, for every digit and both label controls.

    Columns: `target`, `neurons`, `part`, `metric`, `value`, `draws`. `depth` is the hidden layer
    that the neurons stand in; the layers before it have 256 neurons.
    """
    found = {f"digit {each}": digit(each, seed, n_train) for each in digits}
    first = next(iter(found.values()))
    controls = {
        RANDOM: tasks.random_labels(first, seed=seed),
        MEANINGLESS: tasks.cluster_labels(first, k=min(CLUSTERS, n_train // 10), seed=seed),
    }
    pixels = first.x_train[0].numel()
    sizes = [pixels, *[256] * (depth - 1), max(widths), 1]
    net = networks.mlp(sizes, activation=activation, seed=seed)
    return picked(net, found | controls, widths, depth - 1)


def digit(positive: int, seed: int, n_train: int, *, shows_label: bool = False) -> Task:
    """A digit against the rest; with `shows_label` every pixel of an image is its label.

    In that world each neuron whose weights do not cancel is a detector: what must be found there.
    """
    task = tasks.digits(positive, n_train=n_train, seed=seed)
    return labelled(task, seed) if shows_label else task


def labelled(task: Task, seed: int) -> Task:
    """The task with images whose every pixel is their label, up to a little noise."""
    draw = generator(seed, "noise on labels")

    def shown(y: Tensor, x: Tensor) -> Tensor:
        noise = torch.randn(x.shape, generator=draw)
        return y.view(-1, *[1] * (x.dim() - 1)) + 0.3 * noise

    return replace(
        task, x_train=shown(task.y_train, task.x_train), x_test=shown(task.y_test, task.x_test)
    )


def against_pixels(
    seed: int, *, digits: Sequence[int] = DIGITS, n_train: int = 1000, picked_for: str = "the digit"
) -> pd.DataFrame:
    """The best of 64 random neurons and the best of the 64 pixels, per digit.

    `picked_for="random labels"` picks the neuron for those and scores it on the digit.
    Columns: `target`, `reading`, `part`, `metric`, `value`, `draws`.
    """
    found = []
    for each in digits:
        task = digit(each, seed, n_train)
        pixels = task.x_train[0].numel()
        net = networks.mlp([pixels, pixels, 1], seed=seed)
        choose_on = tasks.random_labels(task, seed=seed) if picked_for == RANDOM else task
        neuron = neurons.best_neuron(net, choose_on)
        readings = {
            "neuron": Reading.of("neuron", neuron.scores, task, bits=neuron.bits),
            "pixel": neurons.best_pixel(task),
        }
        for name, one in readings.items():
            found += rows(one, task, target=f"digit {each}", reading=name)
    return pd.DataFrame(found)


@kept  # two claims read it
def up_to_the_readout(
    seed: int,
    *,
    digits: Sequence[int] = DIGITS,
    width: int = 65536,
    read: int = 1024,
    n_train: int = 1000,
    shows_label: bool = False,
) -> pd.DataFrame:
    """Best pixel, best of `width` neurons, and the readout of `read` others, per digit.

    `shows_label`: as in `digit`. Columns: `target`, `reading`, `part`, `metric`, `value`, `draws`.
    """
    found = []
    for each in digits:
        task = digit(each, seed, n_train, shows_label=shows_label)
        pixels = task.x_train[0].numel()
        net = networks.mlp([pixels, width, 1], seed=seed)
        layer = networks.mlp([pixels, read, 1], seed=seed)
        readings = {
            "best pixel": neurons.best_pixel(task),
            "best neuron": neurons.best_neuron(net, task),
            "readout": features.readout(layer, task),
        }
        for name, one in readings.items():
            found += rows(one, task, target=f"digit {each}", reading=name)
    return pd.DataFrame(found)


def trained_neurons(
    seed: int,
    *,
    digits: Sequence[int] = DIGITS,
    width: int = 256,
    steps: int = 400,
    n_train: int = 1000,
) -> pd.DataFrame:
    """The best neuron before and after training, and what the network loses without it.

    Columns: `target`, `reading`, `part`, `metric`, `value`, `draws`. "re-drawn" is another
    untrained network: what a second throw of the dice gives; the network without a neuron drawn at
    random is the null of the one without its best.
    """
    found = []
    for each in digits:
        task = digit(each, seed, n_train)
        pixels = task.x_train[0].numel()
        again = derived(seed, "re-drawn network")
        net, redrawn = (networks.mlp([pixels, width, 1], seed=s) for s in (seed, again))
        after = train(net, task, steps=steps, seed=seed).net
        best = neurons.best_neuron(after, task)
        other = int(torch.randint(width, (1,), generator=generator(seed, f"silenced {each}")))
        readings = {
            "best pixel": neurons.best_pixel(task),
            "best neuron, untrained": neurons.best_neuron(net, task),
            "best neuron, re-drawn": neurons.best_neuron(redrawn, task),
            "best neuron, trained": best,
            "network": output(after, task),
            "network without its best neuron": output(silenced(after, best.detail["index"]), task),
            "network without a random neuron": output(silenced(after, other), task),
        }
        for name, one in readings.items():
            found += rows(one, task, target=f"digit {each}", reading=name)
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


def silenced(net: nn.Sequential, index: int) -> nn.Sequential:
    """A copy of a network with one hidden layer whose readout ignores one hidden neuron."""
    copy = deepcopy(net)
    with torch.no_grad():
        copy[-1].weight[:, index] = 0
    return copy


def output(net: nn.Module, task: Task) -> Reading:
    """The network's own output as a reading."""
    return Reading.of("network", lambda x: net(x).flatten(), task, bits=math.nan)


# --- over seeds, ready to plot --------------------------------------------------------------------


def curves(seeds: int, widths: Sequence[int]) -> pd.DataFrame:
    """`best_of_m` over seeds: estimate, low, high by `part`, `series`, `neurons` and `metric`.

    The ten digits are one series, their mean.
    """
    frame = sweep(best_of_m, {"seed": range(seeds), "widths": [list(widths)]}, progress=False)
    is_digit = frame["target"].str.startswith("digit")
    frame["series"] = frame["target"].mask(is_digit, "ten digits")
    by = ["part", "series", "neurons", "metric"]
    return summary(averaged(frame, [*by, "seed"]), by)


def before_and_after(seeds: int, steps: int, digits: Sequence[int] = (0, 3, 5, 8)) -> pd.DataFrame:
    """`trained_neurons` over seeds, held out, mean over digits: one row per `reading`."""
    grid = {"seed": range(seeds), "digits": [tuple(digits)], "steps": [steps]}
    frame = held_out(sweep(trained_neurons, grid, progress=False))
    return summary(averaged(frame, ["reading", "seed"]), ["reading"])


# --- inside ---------------------------------------------------------------------------------------


def picked(
    net: nn.Sequential, found: dict[str, Task], widths: Sequence[int], layer: int = 0
) -> pd.DataFrame:
    """Rows for the running best of the layer's neurons; each distinct pick is scored once.

    All tasks have the images of the first.
    """
    first = next(iter(found.values()))
    y = torch.stack([task.y_train for task in found.values()], dim=1)
    strength = neurons.strengths(net, first.x_train, y, layer=layer)
    _, places = neurons.running_best(strength, widths)
    picks = places.unique()
    train_scores, test_scores = (
        torch.cat(list(networks.chosen_activations(net, x, layer, picks)), dim=1)
        for x in (first.x_train, first.x_test)
    )
    records = []
    for column, (name, task) in enumerate(found.items()):
        done: dict[int, list[dict]] = {}
        for row, width in enumerate(widths):
            place = int(places[row, column])
            if place not in done:
                k = int(torch.searchsorted(picks, place))
                sign = 1.0 if strength[place, column] >= 0 else -1.0
                done[place] = scored(sign * train_scores[:, k], sign * test_scores[:, k], task)
            labels = {"target": name, "neurons": width}
            records += [{**labels, **record} for record in done[place]]
    return pd.DataFrame(records)
