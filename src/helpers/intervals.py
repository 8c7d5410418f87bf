"""Intervals that resample seeds, splits and test images together.

Every seed draws its own network and its own split, and all seeds share one pool of test images.
Resampling the seeds alone treats the images as the whole world; resampling the images alone treats
the networks so. The pigeonhole bootstrap (Owen 2007, "The pigeonhole bootstrap", Annals of Applied
Statistics 1:386) resamples both: seeds with replacement, images with Poisson(1) weights that every
seed shares. It is known to err on the wide side. What it does not resample is the pool that the
training images are drawn from: splits of one pool are alike.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cache

import numpy as np
import pandas as pd
import torch
from scipy.stats import t as student_t

from helpers.tasks import Task
from helpers.yardstick import METRICS, Reading, share_interval, weighted_scores

DRAWS = 100
SEED_RESAMPLES = 10  # per draw of the images


@dataclass(frozen=True)
class Interval:
    """An estimate with its interval: `level` is the coverage aimed at, `n` the number of seeds."""

    estimate: float
    low: float
    high: float
    level: float
    n: int

    def __repr__(self) -> str:
        return f"{self.estimate:.3f} [{self.low:.3f}, {self.high:.3f}]"


def rows(reading: Reading, task: Task, /, *, draws: int = DRAWS, **labels) -> list[dict]:
    """Tidy rows of one reading: train and test, every metric, with resampled test values.

    Each row has `labels`, `part`, `metric`, `value` and `draws` (`(draws,)` values of the same
    score on resampled test images; None on train).
    """
    train = [
        {**labels, "part": "train", "metric": metric, "value": value, "draws": None}
        for metric, value in asdict(reading.train).items()
    ]
    scores = reading.scores(task.x_test)
    resampled = resampled_scores(scores, task, reading.cut, draws)
    test = [
        {**labels, "part": "test", "metric": metric, "value": value, "draws": resampled[metric]}
        for metric, value in asdict(reading.test).items()
    ]
    return train + test


def held_out(frame: pd.DataFrame, metric: str = "correlation", part: str = "test") -> pd.DataFrame:
    """The rows of one metric on one part, held out unless told."""
    return frame[(frame["part"] == part) & (frame["metric"] == metric)]


def resampled_scores(
    scores: torch.Tensor, task: Task, cut: float, draws: int = DRAWS
) -> dict[str, np.ndarray]:
    """Each metric on `draws` resamples of the test images, `(draws,)`."""
    weights = image_weights(task.test_ids, draws)
    values = weighted_scores(scores, task.y_test, cut, weights)
    return {metric: values[metric].numpy() for metric in METRICS}


def image_weights(ids: torch.Tensor, draws: int = DRAWS) -> torch.Tensor:
    """Poisson(1) weights `(draws, n)`: image id i has the same weights in every split."""
    return torch.from_numpy(_poisson(int(ids.max()) + 1, draws)[ids.numpy()].T.astype(np.float64))


def interval(
    values: Iterable,
    draws: Iterable | None = None,
    *,
    level: float = 0.95,
    statistic: Callable[[np.ndarray], float] = float,
) -> Interval:
    """The interval of `statistic(mean over seeds)`.

    `values` is `(seeds,)` or `(seeds, k)`; `draws`, if test images were involved, is
    `(seeds, draws)` or `(seeds, draws, k)`. `statistic` maps the mean `(k,)` to a number: a
    difference, a ratio, a slope. Values that are all 0 or 1 get Clopper & Pearson's exact interval
    for a share (unless there are draws or a statistic of their own); for all others it is estimate
    +- Student's t times the standard deviation of the statistic over the pigeonhole bootstrap. A
    value that is not finite gives an interval of nan.

    Raises ValueError for fewer than two seeds, and for draws of some seeds only.
    """
    values = np.asarray(list(values), dtype=float)
    seeds = len(values)
    if seeds < 2:
        raise ValueError(f"wanted at least two seeds for an interval, received {seeds}")
    if not np.isfinite(values).all():
        return Interval(math.nan, math.nan, math.nan, level, seeds)
    estimate = float(statistic(values.mean(0)))
    found = [draw for draw in (() if draws is None else draws) if _given(draw)]
    if found and len(found) < seeds:
        raise ValueError(f"wanted draws for all {seeds} seeds or for none, received {len(found)}")
    if not found and values.ndim == 1 and statistic is float and np.isin(values, (0, 1)).all():
        hits = int(values.sum())
        return Interval(hits / seeds, *share_interval(hits, seeds, level), level, seeds)
    table = np.stack([np.asarray(draw, float) for draw in found]) if found else values[:, None]
    repeats = SEED_RESAMPLES * (1 if found else DRAWS)
    rng = np.random.default_rng(0)
    means = []
    for column in table.swapaxes(0, 1):
        # A seed whose resampled images lack a class says nothing in that draw.
        present = np.isfinite(column.reshape(seeds, -1)).all(1)
        chosen = rng.integers(seeds, size=(repeats, seeds))
        chosen = chosen[present[chosen].any(1)]
        weights = present[chosen][(...,) + (None,) * (column.ndim - 1)]
        means.append((np.nan_to_num(column)[chosen] * weights).sum(1) / weights.sum(1))
    means = np.concatenate(means)
    replicates = means if statistic is float else [statistic(mean) for mean in means]
    # Resampling S seeds understates their variance by (S - 1)/S.
    spread = np.std(replicates) * np.sqrt(seeds / (seeds - 1))
    reach = float(student_t.ppf(0.5 + level / 2, seeds - 1) * spread)
    return Interval(estimate, estimate - reach, estimate + reach, level, seeds)


def summary(frame: pd.DataFrame, by: Sequence[str], *, level: float = 0.95) -> pd.DataFrame:
    """One row per group of `by`: `estimate`, `low`, `high` and `n` over the seeds in it.

    Raises ValueError where a seed has several rows in a group: they are no independent values.
    """
    records = []
    for key, group in frame.groupby(list(by), sort=False, observed=True):
        one_row_per_seed(group, str(key))
        found = interval(group["value"], group.get("draws"), level=level)
        records.append({**dict(zip(by, key, strict=True)), **asdict(found)})
    return pd.DataFrame(records)


def averaged(frame: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """One row per group of `by` (which names the seed too): mean `value` and mean `draws`.

    For a mean over targets that is taken seed by seed, before anything is resampled.
    """
    records = []
    for key, group in frame.groupby(list(by), sort=False, observed=True):
        record = {**dict(zip(by, key, strict=True)), "value": float(group["value"].mean())}
        if "draws" in group and not group["draws"].isna().any():
            record["draws"] = np.mean(np.stack(list(group["draws"])), axis=0)
        else:
            record["draws"] = None
        records.append(record)
    return pd.DataFrame(records)


def slope(frame: pd.DataFrame, x: str = "width", y: str = "value") -> float:
    """The slope of log y against log x, by least squares: the exponent of a power law."""
    return float(np.polyfit(np.log(frame[x]), np.log(frame[y]), 1)[0])


def one_row_per_seed(group: pd.DataFrame, name: str) -> None:
    """Raises ValueError if a seed has several rows, which an interval would take for many seeds."""
    if "seed" in group and group["seed"].duplicated().any():
        raise ValueError(
            f"{name}: a seed has several rows; average them or add a column to group by"
        )


def paired(frame: pd.DataFrame, column: str, first, second, on: Sequence[str]) -> pd.DataFrame:
    """Differences first - second, seed by seed: the two values of `column` matched by `on`.

    Values and draws are subtracted row by row, so what both share (the split, the images, the
    luck of the initialisation) cancels.
    """
    on = list(on)
    left, right = (frame[frame[column] == name].set_index(on) for name in (first, second))
    if len(left) != len(right) or set(left.index) != set(right.index):
        raise ValueError(f"{first!r} and {second!r} were not measured on the same {on}")
    right = right.loc[left.index]
    difference = left[["value"]] - right[["value"]]
    if "draws" in frame:
        difference["draws"] = [
            np.asarray(a) - np.asarray(b) if _given(a) and _given(b) else None
            for a, b in zip(left["draws"], right["draws"], strict=True)
        ]
    return difference.reset_index()


def _given(draw) -> bool:
    # pandas turns a None among arrays into nan.
    return draw is not None and np.ndim(draw) > 0


@cache
def _poisson(pool: int, draws: int) -> np.ndarray:
    # Drawn image by image, so that a larger pool keeps the weights of the smaller one.
    return np.random.default_rng(2007).poisson(1.0, size=(pool, draws)).astype(np.uint8)
