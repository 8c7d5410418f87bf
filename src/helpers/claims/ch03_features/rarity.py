"""Chapter 03: the prices of a readout, and how rare a good one is among random ones."""

import math
from collections.abc import Sequence

import pandas as pd
import torch
from torch import nn

from helpers import features, networks, neurons, seeds, tasks, yardstick
from helpers.claims.ch03_features.images import readout_of
from helpers.sweeps import sweep
from helpers.tasks import Task
from helpers.yardstick.intervals import summary


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

    "random readout" is exact (`features.random_readout_bits`), "neuron" and "re-drawn net"
    are sampled, nan where the sample has no hit. The last score is the fitted readout's own.
    Columns: `family`, `score`, `value`, `fitted` (whether the score is the fitted readout's),
    `code` (the fitted readout's code length in bits).
    """
    task = tasks.digits(digit, n_train=n_train, seed=seed)
    pixels = task.x_train[0].numel()
    net = networks.mlp([pixels, width, 1], seed=seed)
    columns = features.as_task(net, task)
    fit = readout_of(columns, width)
    levels = [*scores, fit.test.correlation]
    exact = features.random_readout_bits(columns.x_test, task.y_test, torch.tensor(levels))
    wide = networks.mlp([pixels, members, 1], seed=seeds.derived(seed, "neurons to sample"))
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
            "neuron": yardstick.rarity(s, neuron).bits,
            "random readout": float(bits),
            "re-drawn net": yardstick.rarity(s, nets).bits,
        }
        for family, value in values.items():
            value = value if math.isfinite(value) else math.nan
            told = {"family": family, "score": s, "value": value}
            records.append({**told, "fitted": s == levels[-1], "code": fit.bits})
    return pd.DataFrame(records)


def by_score(seeds: int, redrawn: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """`rarities` ready to plot, scores that every sample reached; and the fitted readouts' own."""
    frame = sweep(rarities, {"seed": range(seeds), "redrawn": [redrawn]}, progress=False)
    fitted = frame["fitted"]
    seen = frame[~fitted].groupby(["family", "score"])
    seen = seen.filter(lambda part: part["value"].notna().all())
    return summary(seen, ["family", "score"]), frame[fitted & (frame["family"] == "random readout")]


def prices(net: nn.Module, task: Task, found: yardstick.Reading) -> pd.DataFrame:
    """The prices of one fitted readout in bits, from the cheapest question to the dearest."""
    phi = features.layer_features(net, task.x_test)
    score = torch.tensor([found.test.correlation])
    rare = float(features.random_readout_bits(phi, task.y_test, score)[0])
    asked = {
        "Which one neuron?": math.log2(phi.shape[1]),
        "How lucky is a random readout that scores as well?": rare,
        "Which readout, as precisely as the data ask?": found.detail["code"],
        "What can the labels pay for at most?": float(len(task.y_train)),
    }
    return pd.DataFrame({"question": asked.keys(), "bits": [round(b) for b in asked.values()]})
