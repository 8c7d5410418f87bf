"""Chapter 07's stored runs as its figures, tables and sentences show them."""

import math

import pandas as pd
from matplotlib.axes import Axes

from helpers import ladder, plots
from helpers.claims.ch07_dogs import climb, luck
from helpers.tasks import Task
from helpers.yardstick.intervals import rows

NAMES = {
    "features": "last layer",
    "layer 1": "derivatives by layer 1",
    "layer 2": "derivatives by layer 2",
    "layer 3": "derivatives by layer 3",
    "layer 4": "derivatives by the readout",
    climb.PATCHES: "as many random patches",
}
FEW = (climb.PIXELS, "tangent space", climb.PATCHES, "trained", climb.CEILING)


def ladder_at(n_train: int = 1000, metric: str = "correlation", labels: str = "true"):
    """The stored ladder at one number of photos, from the lowest rung to the ceiling."""
    frame = climb.ladder_of_dogs()
    kept = (frame["n_train"] == n_train) & (frame["metric"] == metric)
    frame = frame[kept & (frame["labels"] == labels)]
    rung = frame["reading"].map(NAMES).fillna(frame["reading"])
    return frame.assign(rung=rung).reset_index(drop=True)


def share(reading: str, n_train: int = 1000) -> float:
    """The share of the gap from the pixels to the ceiling that a reading closes."""
    height = ladder_at(n_train).set_index("reading")["estimate"]
    low, high = height[climb.PIXELS], height[climb.CEILING]
    return float((height[reading] - low) / (high - low))


def draw_ladder(n_train: int = 1000) -> Axes:
    """A dot with its interval for each reading, the pixels' score as a dotted line."""
    frame = ladder_at(n_train)
    rival = frame.set_index("reading")["estimate"][climb.PIXELS]
    ax = plots.axes(figsize=(6.4, 5))
    return plots.scores(frame, "rung", ax=ax, xlabel="held-out correlation", chance=rival)


def by_photos() -> pd.DataFrame:
    """Held-out correlation of a few readings by number of photos."""
    frame = pd.concat([ladder_at(n) for n in sorted(climb.COUNTS)])
    return frame[frame["reading"].isin(FEW)]


def prices(n_train: int = 1000) -> pd.DataFrame:
    """Bits that name each reading's choice, as they are and at most n, beside its score.

    In the order of their price. What no code was written for costs n bits.
    """
    frame = ladder_at(n_train)
    frame = frame[frame["reading"] != climb.CEILING]
    bits = frame["code"].clip(upper=n_train)
    return frame.assign(bits=bits).sort_values("bits", kind="stable").reset_index(drop=True)


def draw_prices(n_train: int = 1000) -> Axes:
    """A dot with its interval for each reading, from the cheapest choice to the dearest."""
    frame = prices(n_train)
    name = frame["rung"] + [f", {bits:,.0f} bits" for bits in frame["bits"]]
    ax = plots.axes(figsize=(6.4, 4.8))
    return plots.scores(
        frame.assign(name=name), "name", ax=ax, xlabel="held-out correlation", chance=None
    )


def as_table(n_train: int = 1000) -> pd.DataFrame:
    """The ladder with shares of the gap and prices, ready to be read."""
    frame = prices(n_train)
    code = [
        "n bits at most" if math.isinf(code) else f"{code:,.0f}" if code >= 100 else f"{code:.0f}"
        for code in frame["code"]
    ]
    table = {
        "reading": frame["rung"],
        "held-out correlation": frame["estimate"].round(2),
        "share of the gap": [round(share(name, n_train), 2) for name in frame["reading"]],
        "code, bits": code,
        "price, bits": frame["bits"].round().astype(int),
    }
    return pd.DataFrame(table)


def draw_luck() -> Axes:
    """Bits of luck against the score that is asked for, a line for each family."""
    labels = {"xlabel": "held-out correlation at least", "ylabel": "bits of luck"}
    ax = plots.axes(figsize=(6.4, 5.2))
    return plots.curves(luck.curves(), "score", "family", ax=ax, logy=True, **labels)


def specials(n_train: int = 1000) -> pd.DataFrame:
    """AUC for dogs and for labels by lot of clusters, in the same spans."""
    told = {"true": "dogs", "clusters": f"{climb.CLUSTERS} clusters, labels by lot"}
    frame = pd.concat([ladder_at(n_train, "auc", name).assign(target=told[name]) for name in told])
    return frame[frame["reading"].isin(climb.SPANS)]


def live(task: Task, net, **options) -> pd.DataFrame:
    """One loop over the ladder on a network and a task: held-out correlations and prices."""
    found = []
    for name, read in ladder.READINGS.items():
        one = read(net, task, **options.get(name, {}))
        found += rows(one, task, reading=name, bits=one.bits)
    frame = pd.DataFrame(found)
    return frame[(frame["part"] == "test") & (frame["metric"] == "correlation")]
