"""Chapter 04, second half: masks that search finds, and functions that masks held."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from helpers import counting, networks, pruning, seeds, tasks
from helpers.claims.ch04_pruning import tickets
from helpers.claims.ch04_pruning.ten_digits import LOSS, LR, accuracy, ten_digits
from helpers.counting import small_nets
from helpers.results.store import save
from helpers.sweeps import sweep
from helpers.training import train
from helpers.yardstick import Reading, intervals

MASK, RANDOM, TRAINED = "mask, signed constants", "random mask", "trained"

# --- edge-popup against training ------------------------------------------------------------------


def popup(
    seed: int,
    *,
    widths: Sequence[int] = (16, 64, 256),
    keep: float = 0.5,
    steps: int = 300,
    normal: bool = True,
) -> list[dict]:
    """Held-out accuracy on ten digits of masks of an untrained network, and of training it.

    All arms see the same images as often: `steps` batches of 128. Columns: `width` (of 64-w-10),
    `arm`, `value`, `draws`. Without `normal` the mask over normal weights is left out.
    """
    task = ten_digits(seed)
    options = {"loss": LOSS, "steps": steps}
    records = []
    for width in widths:
        net = networks.mlp([64, width, 10], seed=seed)
        constant = pruning.signed_constant(net)
        searched = {MASK: constant} | ({"mask, normal weights": net} if normal else {})
        masks = pruning.edge_popup_many(
            list(searched.values()),
            [task] * len(searched),
            keep=keep,
            seeds=[seed] * len(searched),
            **options,
        )
        arms = {
            **{
                name: pruning.masked(one, mask)
                for (name, one), mask in zip(searched.items(), masks, strict=True)
            },
            RANDOM: pruning.masked(constant, pruning.random(net, keep=keep, seed=seed)),
            TRAINED: train(net, task, lr=LR, seed=seed, **options).net,
        }
        records += [{"width": width, "arm": k, **accuracy(v, task)} for k, v in arms.items()]
    return records


def popup_dogs(
    seed: int,
    *,
    n_train: int = 1000,
    n_test: int = 1000,
    channels: Sequence[int] = (32, 32, 32),
    steps: int = 300,
    batch: int = 64,
) -> list[dict]:
    """Held-out scores for "dog" of a mask of an untrained convolutional network, and of training.

    As for digits the mask keeps half of signed constants, and all arms get as many batches.
    Columns: `arm`, `part`, `metric`, `value`, `draws`.
    """
    task = tasks.cifar10("dog", n_train=n_train, n_test=n_test, seed=seed)
    net = networks.cnn(channels, seed=seed)
    constant = pruning.signed_constant(net)
    chance = pruning.random(net, keep=0.5, layerwise=True, seed=seed)
    options = {"steps": steps, "batch": batch, "seed": seed}
    found = {
        MASK: pruning.subnetwork(constant, task, keep=0.5, **options),
        RANDOM: _whole(RANDOM, pruning.masked(constant, chance), task),
        TRAINED: _whole(TRAINED, train(net, task, lr=LR, **options).net, task),
    }
    return [row for arm, one in found.items() for row in intervals.rows(one, task, arm=arm)]


def _whole(name, net, task):
    return Reading.of(name, lambda x: networks.outputs(net, x)[:, 0], task, bits=math.nan)


# --- present against found, exactly ---------------------------------------------------------------


def present_and_found(
    seed: int,
    *,
    width: int,
    steps: int = 1000,
    nets: int = 20,
    reading: str = "subnetwork",
    functions: Sequence[int] = tuple(range(256)),
) -> tuple[np.ndarray, np.ndarray]:
    """Two tables (nets, functions) of three-bit functions and a batch of untrained 3-h-1 nets.

    Present: some mask of all weights and biases (or another `reading`) computes the function on all
    eight inputs; every mask is counted. Found: Adam from these weights computes it within `steps`.
    """
    own = seeds.derived(seed, "small networks") % 2**31
    batch = [networks.mlp([3, width, 1], seed=own + k) for k in range(nets)]
    present = np.stack([counting.expressed(net, reading)[list(functions)] for net in batch])
    targets = np.array(functions)
    step = small_nets.descend(small_nets.stack(batch), targets, 3, steps=steps).step
    return present, step >= 0


def store(seeds: int = 20) -> None:
    """Measure what chapter 04 shows of masks and tickets, and store the summaries."""
    told = {"command": "python -m helpers.claims.ch04_pruning.found", "seeds": seeds}
    chosen = range(3000, 3000 + seeds)
    frames = [tickets.tickets(s, patience=(1, 16)).assign(seed=s) for s in chosen]
    save("04-tickets", intervals.summary(pd.concat(frames), ["arm", "patience"]), **told)
    frame = sweep(popup, {"seed": chosen}, progress=False)
    save("04-popup", intervals.summary(frame, ["width", "arm"]), **told)


if __name__ == "__main__":
    store()
