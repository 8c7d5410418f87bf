"""Chapter 04, second half: subnetworks that search finds."""

import math
from collections.abc import Sequence
from copy import deepcopy

import numpy as np
import torch
from scipy.stats import spearmanr
from torch import nn

from helpers import boolean, cifar, counting, intervals, networks, pruning, stacked, tasks, tiny
from helpers.claims.ten_digits import TenDigits, accuracy, ten_digits
from helpers.masks import Masks, own_generator
from helpers.stored import save
from helpers.sweeps import sweep
from helpers.training import train
from helpers.yardstick import correlations, reading

# Rules were written after pilot runs on the seeds 0 to 9, so the claims draw other ones.
FRESH = 1000
FEW = 0.07  # of the weights: where a winning ticket is said to win
CROSS_ENTROPY = nn.functional.cross_entropy


# --- edge-popup against training ------------------------------------------------------------------


def popup(
    seed: int, *, widths: Sequence[int] = (16, 64, 256), keep: float = 0.5, steps: int = 300
) -> list[dict]:
    """Held-out accuracy on ten digits of masks of an untrained network, and of training it.

    All arms see the same images as often: `steps` batches of 128. Columns: `width` (of 64-w-10),
    `arm`, `value`, `draws`.
    """
    task = ten_digits(seed)
    options = {"seeds": [seed, seed], "loss": CROSS_ENTROPY, "steps": steps}
    records = []
    for width in widths:
        net = networks.mlp([64, width, 10], seed=seed)
        constant = pruning.signed_constant(net)
        masks = pruning.edge_popup_many([net, constant], [task] * 2, keep=keep, **options)
        options_one = {**options, "seeds": [seed]}
        (trained,) = stacked.train([net], [task], **options_one)
        arms = {
            "mask, normal weights": pruning.masked(net, masks[0]),
            "mask, signed constants": pruning.masked(constant, masks[1]),
            "random mask": pruning.masked(net, pruning.random(net, keep=keep, seed=seed)),
            "trained": trained,
        }
        records += [{"width": width, "arm": k, **accuracy(v, task)} for k, v in arms.items()]
    return records


def popup_dogs(
    seed: int,
    *,
    n_train: int = 1000,
    n_test: int = 1000,
    channels: Sequence[int] = (12, 12, 12),
    steps: int = 200,
) -> list[dict]:
    """Held-out scores for "dog" of a mask of an untrained convolutional network, and of training.

    Columns: `arm`, `part`, `metric`, `value`, `draws`. Both arms get `steps` batches of 64.
    """
    task = tasks.cifar10("dog", n_train=n_train, n_test=n_test, seed=seed)
    net = networks.cnn(channels, seed=seed)
    trained = train(net, task, steps=steps, batch=64, lr=3e-3, seed=seed).net
    chance = pruning.masked(net, pruning.random(net, keep=0.5, layerwise=True, seed=seed))
    found = {
        "mask of the untrained network": pruning.subnetwork(
            net, task, keep=0.5, steps=steps, batch=64, seed=seed
        ),
        "trained": _whole("trained", trained, task),
        "random mask": _whole("random mask", chance, task),
    }
    return [row for arm, one in found.items() for row in intervals.rows(one, task, arm=arm)]


def _whole(name, net, task):
    return reading(name, lambda x: net(x).flatten(), task, bits=math.nan)


# --- lottery tickets ------------------------------------------------------------------------------


def magnitude_rounds(
    net: nn.Module, task: TenDigits, *, keep: float, rounds: int, steps: int, seed: int
) -> Masks:
    """Iterative magnitude pruning with rewinding to the initialisation.

    Each round trains from the initial weights under the masks so far and keeps the largest of
    those that are left, the same share every round, over the whole net; biases stay.
    Source: Frankle & Carbin 2019.
    """
    masks = pruning.magnitude(net, keep=1.0, biases=False)
    for number in range(1, rounds + 1):
        (trained,) = stacked.train(
            [net], [task], seeds=[seed], masks=[masks], steps=steps, loss=CROSS_ENTROPY
        )
        # Weights that are pruned are zero, so they are never among the largest of those left.
        share = keep ** (number / rounds)
        masks = pruning.magnitude(trained, keep=share, biases=False)
    return masks


def arms_of_a_ticket(net: nn.Module, masks: Masks, seed: int) -> dict[str, tuple]:
    """Initial network and masks of each arm: what a winning ticket is compared with."""
    fresh = _redrawn(net, seed)
    anywhere = pruning.random(net, keep=pruning.kept(masks), biases=False, seed=seed)
    return {
        "winning ticket": (net, masks),
        "weights drawn anew": (fresh, masks),
        "original signs, magnitudes shuffled": (_shuffled_magnitudes(net, masks, seed), masks),
        "original magnitudes, random signs": (_random_signs(net, masks, seed), masks),
        "mask shuffled in each layer": (net, pruning.shuffled(masks, seed=seed)),
        "random mask": (net, anywhere),
    }


def tickets(
    seed: int,
    *,
    sizes: Sequence[int] = (64, 100, 50, 10),
    keep: float = FEW,
    rounds: int = 10,
    steps: int = 100,
    patience: Sequence[int] = (1, 16),
) -> list[dict]:
    """Held-out accuracy of a winning ticket and of its controls, at 1 and at 16 times the steps.

    Columns: `arm`, `patience` (0: not trained at all), `value`, `draws`.
    """
    task = ten_digits(seed)
    net = networks.mlp(sizes, seed=seed)
    masks = magnitude_rounds(net, task, keep=keep, rounds=rounds, steps=steps, seed=seed)
    arms = arms_of_a_ticket(net, masks, seed)
    records = [
        {"arm": name, "patience": 0, **accuracy(pruning.masked(*arm), task)}
        for name, arm in arms.items()
    ]
    for factor in patience:
        trained = stacked.train(
            [start for start, _ in arms.values()],
            [task] * len(arms),
            seeds=[seed] * len(arms),
            masks=[m for _, m in arms.values()],
            steps=factor * steps,
            loss=CROSS_ENTROPY,
        )
        records += [
            {"arm": name, "patience": factor, **accuracy(one, task)}
            for name, one in zip(arms, trained, strict=True)
        ]
    return records


def followed(
    seed: int,
    *,
    sizes: Sequence[int] = (64, 100, 50, 10),
    rounds: int = 10,
    steps: int = 100,
) -> list[dict]:
    """The hidden units of a winning ticket from the initialisation to the end of training.

    Per arm and hidden layer: `itself`, the mean |correlation| of a unit after training with itself
    before; `aligned_before` and `aligned_after`, the mean over units of the largest
    |correlation| with a digit's label; `rank`, Spearman's correlation between the two over units.
    All on held-out images, over units that are alive before and after. "dense" is unpruned.
    """
    task = ten_digits(seed)
    net = networks.mlp(sizes, seed=seed)
    masks = magnitude_rounds(net, task, keep=FEW, rounds=rounds, steps=steps, seed=seed)
    arms = arms_of_a_ticket(net, masks, seed)
    all_kept = {name: torch.ones_like(mask) for name, mask in masks.items()}
    followed_arms = {
        "winning ticket": arms["winning ticket"],
        "weights drawn anew": arms["weights drawn anew"],
        "dense": (net, all_kept),
    }
    labels = nn.functional.one_hot(task.y_test, 10).float()
    records = []
    for name, (start, kept) in followed_arms.items():
        (end,) = stacked.train(
            [start], [task], seeds=[seed], masks=[kept], steps=steps, loss=CROSS_ENTROPY
        )
        before = pruning.masked(start, kept)
        same = pruning.unit_correlations(before, end, task.x_test)
        for layer, itself in enumerate(same):
            alive = ~itself.isnan()
            aligned = [
                correlations(networks.activations(one, task.x_test, layer), labels)
                .abs()
                .amax(1)[alive]
                for one in (before, end)
            ]
            records.append(
                {
                    "arm": name,
                    "layer": layer + 1,
                    "itself": float(itself[alive].abs().mean()),
                    "aligned_before": float(aligned[0].mean()),
                    "aligned_after": float(aligned[1].mean()),
                    "rank": float(spearmanr(*aligned).statistic),
                }
            )
    return records


def _redrawn(net, seed):
    """A network of the same shape, drawn again."""
    linear = [m for m in net if isinstance(m, nn.Linear)]
    sizes = [linear[0].in_features, *[m.out_features for m in linear]]
    return networks.mlp(sizes, seed=seed + 7 * FRESH)


def _shuffled_magnitudes(net, masks, seed):
    """A copy whose kept weights keep their signs and exchange magnitudes within their layer."""
    g = own_generator(seed, "magnitudes")
    new = deepcopy(net)
    with torch.no_grad():
        for name, p in new.named_parameters():
            if name in masks:
                sizes = p[masks[name]].abs()
                order = torch.randperm(len(sizes), generator=g)
                p[masks[name]] = p[masks[name]].sign() * sizes[order]
    return new


def _random_signs(net, masks, seed):
    """A copy whose kept weights keep their magnitudes and get signs at random."""
    g = own_generator(seed, "signs")
    new = deepcopy(net)
    with torch.no_grad():
        for name, p in new.named_parameters():
            if name in masks:
                p *= 2.0 * torch.randint(0, 2, p.shape, generator=g) - 1
    return new


# --- present against found, exactly ---------------------------------------------------------------

CELLS = {
    (True, True): "present, found",
    (True, False): "present, not found",
    (False, True): "absent, found",
    (False, False): "absent, not found",
}


def cells(seed: int, *, width: int, steps: int = 1000) -> list[dict]:
    """The exact two-by-two table for all 256 functions of three bits and one untrained 3-h-1 net.

    Present: some mask of all weights and biases computes the function on all eight inputs (every
    mask is counted). Found: Adam from these weights computes it within `steps`. Columns: `cell`,
    `value` (share of the 256 functions), `parity` (1 if the cell holds the parity).
    """
    net = networks.mlp([3, width, 1], seed=seed)
    present = counting.expressed(net, "subnetwork")
    arrived = tiny.descend(tiny.stack([net]), np.arange(256), 3, steps=steps)[0] >= 0
    records = []
    for (is_present, is_found), name in CELLS.items():
        inside = (present == is_present) & (arrived == is_found)
        parity = float(inside[boolean.parity(3)])
        records.append({"cell": name, "value": inside.mean(), "parity": parity})
    return records


def store(seeds: int = 20, jobs: int = 1, cache: str = ".cache/found") -> None:
    """Measure what chapter 04 shows of masks that search finds, and store the summaries."""
    runs = {
        "04-popup": (popup, {}, ["width", "arm"]),
        "04-tickets": (tickets, {}, ["arm", "patience"]),
        "04-cells": (cells, {"width": (2, 3, 4, 5, 6)}, ["width", "cell"]),
        "04-popup-dogs": (popup_dogs, {}, ["arm", "part", "metric"]),
    }
    for name, (function, grid, by) in runs.items():
        grid = {"seed": range(FRESH, FRESH + seeds), **grid}
        frame = sweep(function, grid, store=cache, jobs=jobs)
        known = {"command": "python -m helpers.claims.found_subnetworks", "seeds": seeds}
        if function is popup_dogs:
            known["data"] = cifar.provenance()
        save(name, intervals.summary(frame, by), **known)


if __name__ == "__main__":
    store()
