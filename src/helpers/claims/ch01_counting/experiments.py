"""Chapter 01: how many functions can a small random network express, and which are found?

Every function returns a tidy frame (or its rows), ready to be drawn or judged. Networks are counted
exactly, so a number varies from network to network and with nothing else.
"""

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
import pandas as pd
import torch
from torch import nn

from helpers import counting, networks, seeds
from helpers.counting import boolean, small_nets
from helpers.networks import parameter_count
from helpers.results.store import save
from helpers.sweeps import sweep
from helpers.yardstick.presence import presence_and_finding, presence_intervals

WIDTHS = (2, 3, 4, 6, 8, 10)
EXACT = 31  # weights and biases up to which every mask is counted
KEPT = "kept in the tangent space"
# Ways to train: Adam at its usual rate for nets so small, plain gradient descent at one that finds
# about as much, and Adam on the first-order expansion, which cannot leave the tangent space.
LEARNERS = {
    "Adam": {"optimiser": torch.optim.Adam, "learning_rate": 0.03},
    "gradient descent": {"optimiser": torch.optim.SGD, "learning_rate": 0.5},
    KEPT: {
        "optimiser": torch.optim.Adam,
        "learning_rate": 0.03,
        "linear": True,
    },
}
BATCH = 1000  # networks of one batch have seeds BATCH * seed + 0, 1, 2, ...


def random_net(seed: int, hidden: int, *, n: int = 3, activation: str = "relu") -> nn.Sequential:
    """The untrained net with n inputs, one hidden layer and one output that `seed` stands for."""
    return networks.mlp([n, hidden, 1], activation=activation, seed=seed)


# --- how much each reading expresses --------------------------------------------------------------


def census(
    seed: int, *, widths: Sequence[int] = WIDTHS, n: int = 3, activation: str = "relu"
) -> list[dict]:
    """How many functions of n bits each reading of an untrained net expresses, width by width.

    Columns: `hidden`, `weights` (M), `reading`, `functions`, `rank` (of a span, else nan). Every
    number is exact but "subnetwork, at least": beyond 31 weights 17 million masks are sampled.
    """
    records = []
    for hidden in widths:
        net = random_net(seed, hidden, n=n, activation=activation)
        weights = parameter_count(net)
        found = {
            reading: counting.expressed(net, reading).sum()
            for reading in counting.READINGS
            if reading != "subnetwork" or weights <= EXACT
        }
        if weights > EXACT:
            found["subnetwork, at least"] = counting.some_masks(net, seed=seed).sum()
        ranks = {
            reading: np.linalg.matrix_rank(counting.span(net, reading))
            for reading in ("features", "tangent space")
        }
        for reading, functions in found.items():
            rank = float(ranks.get(reading, np.nan))
            setting = {"hidden": hidden, "weights": weights, "reading": reading}
            records.append({**setting, "functions": int(functions), "rank": rank})
    return records


def trained(
    seeds: Sequence[int], *, widths: Sequence[int] = WIDTHS, n: int = 3, steps: int = 1000
) -> pd.DataFrame:
    """How many of all functions of n bits Adam finds from each net, as further rows of `census`."""
    functions = np.arange(2**2**n)
    frames = []
    for hidden in widths:
        nets = small_nets.stack([random_net(seed, hidden, n=n) for seed in seeds])
        step = small_nets.descend(nets, functions, n, steps=steps).step
        frames.append(
            pd.DataFrame({"seed": list(seeds), "functions": (step >= 0).sum(1)}).assign(
                hidden=hidden, weights=nets.shape[1], reading="trained", rank=np.nan
            )
        )
    return pd.concat(frames, ignore_index=True)


def quantiles(frame: pd.DataFrame, by: Sequence[str], value: str = "functions") -> pd.DataFrame:
    """Median over nets, with the 10th and 90th percentile as `low` and `high`: a spread of nets."""
    levels = {"estimate": 0.5, "low": 0.1, "high": 0.9}
    grouped = frame.groupby(list(by), sort=False)[value]
    return pd.DataFrame({name: grouped.quantile(q) for name, q in levels.items()}).reset_index()


def census_summary(counts: pd.DataFrame) -> pd.DataFrame:
    """Counts ready to plot: `quantity` is "functions" or, for the two spans, "rank"."""
    by = ["reading", "hidden", "weights"]
    functions = quantiles(counts, by)
    rank = quantiles(counts.dropna(subset="rank"), by, "rank")
    parts = [functions.assign(quantity="functions"), rank.assign(quantity="rank")]
    return pd.concat(parts, ignore_index=True)


def every_reading(nets: int, *, widths: Sequence[int] = WIDTHS, steps: int = 1000) -> pd.DataFrame:
    """`census_summary` of this many networks at each width; "trained" is what Adam finds."""
    counts = sweep(census, {"seed": range(nets), "widths": [widths]})
    return census_summary(pd.concat([counts, trained(range(nets), widths=widths, steps=steps)]))


# --- which functions are common -------------------------------------------------------------------


def shares(seed: int, *, hidden: int = 4, n: int = 3, redrawn: int = 200_000) -> pd.DataFrame:
    """The share of each family's members that compute each function, beside its circuit size.

    Columns: `function`, `gates`, and shares that sum to 1: `subnetwork` (all 2^M masks, exactly),
    `redrawn` (other untrained nets of the same shape) and `features`, `tangent space` (Gaussian
    coefficients over the same net's spans), the last three sampled `redrawn` times.
    """
    net = random_net(seed, hidden, n=n)
    masks = counting.mask_counts(net)
    drawn = small_nets.function_counts(n, hidden, redrawn, seed=seed)
    spans = {
        name: counting.span_shares(counting.span(net, name), draws=redrawn, seed=seed)
        for name in ("features", "tangent space")
    }
    return pd.DataFrame(
        {
            "function": np.arange(len(masks)),
            "gates": boolean.circuit_sizes(n),
            "subnetwork": masks / masks.sum(),
            "redrawn": drawn / redrawn,
            **spans,
        }
    )


def rarity_of_functions(nets: int, *, hidden: int = 4) -> pd.DataFrame:
    """How rare each of the 256 functions is among all masks of this many networks.

    Columns: `function`, `gates` (of its smallest circuit), `place` (the same, spread out for a
    figure), `kind` ("one plane" for a threshold function), `share` of the masks that compute it,
    `bits` of rarity (infinite for none).
    """
    counts = sum(counting.mask_counts(random_net(seed, hidden)) for seed in range(nets))
    gates = boolean.circuit_sizes(3)
    planes = np.where(boolean.threshold_functions(3), "one plane", "no single plane")
    shift = seeds.numpy(0, "places in the figure").uniform(-0.3, 0.3, len(gates))
    share = counts / counts.sum()
    return pd.DataFrame(
        {
            "function": np.arange(len(counts)),
            "gates": gates,
            "place": gates + shift,
            "kind": planes,
            "share": share,
            "bits": counting.rarity(share),
        }
    )


# --- was it there, and was it found? --------------------------------------------------------------


def presence_by_reading(
    seed: int,
    *,
    nets: int = 20,
    hidden: int = 4,
    learner: str = "Adam",
    budgets: Sequence[int] = (1000,),
    readings: Sequence[str] = ("neuron", "subnetwork", "features", "tangent space"),
    shuffled: bool = False,
) -> pd.DataFrame:
    """Which functions untrained 3-h-1 nets express, and which training finds from them.

    Columns: `reading`, `steps` (the budget), `score`, `value`. The scores are those of
    `presence_and_finding` and "departure": the median, over what was found, of how far training had
    left the tangent space on arrival (`small_nets.departure`). With `shuffled` every network is
    judged by the presence in its neighbour: nothing within a function can hang together then.
    """
    batch = [random_net(BATCH * seed + k, hidden) for k in range(nets)]
    stacked, most = small_nets.stack(batch), max(budgets)
    descent = small_nets.descend(stacked, np.arange(256), 3, steps=most, **LEARNERS[learner])
    left = departures(stacked, descent, LEARNERS[learner])
    records = []
    for reading in readings:
        there = np.stack([counting.expressed(net, reading) for net in batch])
        there = np.roll(there, 1, axis=0) if shuffled else there
        for steps in budgets:
            found = (descent.step >= 0) & (descent.step <= steps)
            told = presence_and_finding(there, found) | {
                "departure": float(np.nanmedian(left[found]))
            }
            setting = {"reading": reading, "steps": steps}
            records += [{**setting, "score": name, "value": told[name]} for name in told]
    return pd.DataFrame(records)


def departures(nets, descent: small_nets.Descent, learner: dict) -> np.ndarray:
    """How far each pair had left the tangent space on arrival; 0 for a learner that cannot."""
    if learner.get("linear"):
        return np.zeros(descent.step.shape)
    return small_nets.departure(nets, descent.weights, 3)


def there_and_found(nets: int, *, steps: int = 1000, hidden: int = 4) -> pd.DataFrame:
    """Was it there, and was it found? Scores with intervals over networks and functions.

    Columns: `row`, `score` (those of `presence_and_finding`), `estimate`, `low`, `high`. One row
    per reading for training by Adam, and one for the tangent space where training is kept in it.
    """
    batch = [random_net(seed, hidden) for seed in range(nets)]
    stacked, targets = small_nets.stack(batch), np.arange(256)
    found = {
        learner: small_nets.descend(stacked, targets, 3, steps=steps, **LEARNERS[learner]).step >= 0
        for learner in ("Adam", KEPT)
    }
    there = {
        reading: np.stack([counting.expressed(net, reading) for net in batch])
        for reading in ("neuron", "subnetwork", "features", "tangent space")
    }
    rows = [(reading, there[reading], found["Adam"]) for reading in there]
    rows.append((KEPT, there["tangent space"], found[KEPT]))
    return pd.DataFrame(
        {"row": row, "score": score, **asdict(told)}
        for row, present, arrived in rows
        for score, told in presence_intervals(present, arrived).items()
    )


def widening(widths: Sequence[int], *, nets: int = 3, steps: int = 300) -> pd.DataFrame:
    """Do wide networks stay in the tangent space, and is anything still absent there?

    Columns: `hidden`, `departure` (the median on arrival, by gradient descent) and `absent` (share
    of the 256 functions that the tangent space lacks).
    """
    records = []
    for hidden in widths:
        batch = [random_net(seed, hidden) for seed in range(nets)]
        stacked, learner = small_nets.stack(batch), LEARNERS["gradient descent"]
        descent = small_nets.descend(stacked, np.arange(256), 3, steps=steps, **learner)
        left = small_nets.departure(stacked, descent.weights, 3)[descent.step > 0]
        absent = np.mean([~counting.expressed(net, "tangent space") for net in batch])
        records.append({"hidden": hidden, "departure": np.median(left), "absent": absent})
    return pd.DataFrame(records)


def store_census(nets: int = 50, steps: int = 1000) -> None:
    """Count at full size, for the figure of the book's front page."""
    command = "python -m helpers.claims.ch01_counting.experiments"
    save("01-census", every_reading(nets, steps=steps), command=command, seeds=nets, steps=steps)


if __name__ == "__main__":
    store_census()
