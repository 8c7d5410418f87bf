"""Chapter 07: how rare is a good detector in each family, before a label has chosen one?

Every family is sampled, or computed exactly where its members are normal combinations, on held-out
dogs, with no labels used to pick: -log2 of the share of members whose correlation is at least s.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from helpers import features, networks, pruning, seeds, tangent, tasks
from helpers.claims.ceilings import pretrained
from helpers.claims.ch07_dogs.climb import CHANNELS, FIRST, folder
from helpers.data import cifar
from helpers.results.store import load, save
from helpers.sweeps import kept, sweep
from helpers.tasks import Task
from helpers.yardstick import correlations, share_interval
from helpers.yardstick.intervals import summary

WHOLE, LAST = "tangent space, random member", "last layer, random readout"
SAMPLED = {
    "pixel": "one pixel",
    "neuron": "one neuron",
    "derivative": "one partial derivative",
    "mask": "one random mask",
    "net": "one re-drawn network",
}
LEVELS = tuple(np.linspace(0.05, 0.6, 12).round(2))


@kept
def exact(
    seed: int,
    *,
    levels: Sequence[float],
    positive: str = "dog",
    channels: Sequence[int] = CHANNELS,
    n_train: int = 1000,
    n_test: int = 2000,
) -> pd.DataFrame:
    """Bits of luck at each level of correlation for random members of two spans, exactly.

    Columns: `family`, `level`, `value` (bits; infinite where no member can).
    """
    task = tasks.cifar10(positive, n_train=n_train, n_test=n_test, seed=seed)
    net = networks.cnn(channels, seed=seed)
    kernel = tangent.empirical_ntk(net, task.x_test).double()
    values, vectors = torch.linalg.eigh(kernel)
    # Random coefficients act on the test photos through a root of the kernel alone.
    spans = {
        WHOLE: vectors * values.clamp_min(0.0).sqrt(),
        LAST: features.layer_features(net, task.x_test),
    }
    found = []
    for family, phi in spans.items():
        bits = features.random_readout_bits(phi, task.y_test, torch.tensor(levels))
        found += [
            {"family": family, "level": level, "value": float(value)}
            for level, value in zip(levels, bits, strict=True)
        ]
    return pd.DataFrame(found)


def needed(seed: int, *, share: float = 0.5, n_train: int = 1000, **options) -> list[dict]:
    """Bits of luck of a random member of the tangent space that closes `share` of the gap."""
    low = features.pixels(tasks.cifar10("dog", n_train=n_train, n_test=2000, seed=seed))
    high = pretrained(seed, n_train=n_train, metric="correlation")["value"]
    level = round(low.test.correlation * (1 - share) + share * high, 4)
    frame = exact(seed, levels=(level,), n_train=n_train, **options)
    return frame[frame["family"] == WHOLE][["value"]].to_dict("records")


@kept
def sampled(
    seed: int,
    *,
    levels: Sequence[float] = LEVELS,
    positive: str = "dog",
    channels: Sequence[int] = CHANNELS,
    n_train: int = 1000,
    n_test: int = 2000,
    drawn: int = 40,
) -> pd.DataFrame:
    """How many random members of each family reach a level: `family`, `level`, `hits`, `members`.

    All pixels, neurons and derivatives count, with both signs; of masks (half of the weights kept)
    and of networks `drawn` anew as many are sampled.
    """
    task = tasks.cifar10(positive, n_train=n_train, n_test=n_test, seed=seed)
    x, y = task.x_test, task.y_test[:, None]
    net = networks.cnn(channels, seed=seed)
    hidden = range(len(networks.hidden_layers(net)))
    every = {
        "pixel": correlations(x.flatten(1), y),
        "neuron": torch.cat([_by_place(net, task, layer) for layer in hidden]),
        "derivative": tangent.strengths(net, x, y),
        "mask": _scores([_cut(net, seed, k) for k in range(drawn)], task),
        "net": _scores([_redrawn(channels, seed, k) for k in range(drawn)], task),
    }
    found = []
    for family, one in every.items():
        both = torch.cat([one.flatten(), -one.flatten()])
        for level in levels:
            hits = int((both >= level).sum())
            told = {"family": SAMPLED[family], "level": level}
            found.append({**told, "hits": hits, "members": len(both)})
    return pd.DataFrame(found)


def _by_place(net, task: Task, layer: int) -> Tensor:
    parts = task.x_test.split(250)
    columns = torch.cat([networks.activations(net, part, layer).half() for part in parts])
    blocks = columns.split(8192, dim=1)
    return torch.cat([correlations(b.float(), task.y_test[:, None]) for b in blocks])


def _cut(net, seed: int, k: int):
    masks = pruning.random(net, keep=0.5, seed=seeds.derived(seed, f"random mask {k}"))
    return pruning.masked(net, masks)


def _redrawn(channels: Sequence[int], seed: int, k: int):
    return networks.cnn(channels, seed=seeds.derived(seed, f"re-drawn network {k}"))


def _scores(nets: list, task: Task) -> Tensor:
    outputs = torch.cat([networks.outputs(net, task.x_test, block=64) for net in nets], dim=1)
    return correlations(outputs, task.y_test[:, None])


# --- stored results -------------------------------------------------------------------------------


def curves() -> pd.DataFrame:
    """The stored curves: bits of luck (`estimate`, `low`, `high`) by `family` and `score`."""
    return load("07-luck")


def store(number: int = 3, jobs: int = 1) -> None:
    """Measure how rare good members of every family are, and store the curves of chapter 07."""
    told = {"command": "python -m helpers.claims.ch07_dogs.luck", "data": cifar.provenance()}
    grid = {"seed": range(FIRST, FIRST + number)}
    named = {"level": "score"}  # an interval has a level of its own
    spans = sweep(exact, {**grid, "levels": [LEVELS]}, store=folder(), jobs=jobs)
    spans = spans[np.isfinite(spans["value"])].rename(columns=named)
    drawn = sweep(sampled, grid, store=folder(), jobs=jobs).rename(columns=named)
    pooled = drawn.groupby(["family", "score"], sort=False)[["hits", "members"]].sum()
    found = []
    for (family, score), row in pooled.iterrows():
        hits, members = int(row["hits"]), int(row["members"])
        if hits:
            ends = [hits / members, *share_interval(hits, members, 0.95)]
            bits, high, low = -np.log2(ends)
            told_by = {"estimate": bits, "low": low, "high": high, "n": number}
            found.append({"family": family, "score": score, **told_by})
    shown = pd.concat([summary(spans, ["family", "score"]), pd.DataFrame(found)])
    save("07-luck", shown.drop(columns="level"), **told, seeds=number)


if __name__ == "__main__":
    # By its own name: what is kept on disk is told by where its functions come from.
    from helpers.claims.ch07_dogs.luck import store as measure

    measure()
