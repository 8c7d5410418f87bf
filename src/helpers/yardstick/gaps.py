"""A score placed between the best trivial rival and a ceiling: the share of the gap it closes."""

import math

import numpy as np
import pandas as pd

from helpers.yardstick.intervals import Interval, interval


def share_of_gap(
    score: pd.DataFrame, rival: pd.DataFrame, ceiling: pd.DataFrame, *, level: float = 0.95
) -> Interval:
    """(score - rival) / (ceiling - rival), of the means over seeds: 0 at the rival, 1 at the top.

    Each frame has `seed`, `value` and, if test images were involved, `draws`: one row a seed, the
    same seeds in all three, measured on the same images at the same n. What they share cancels:
    seeds and images are resampled together. Outside [0, 1] the score is below its rival or above
    its ceiling. An interval of nan says that the gap itself is not clearly above zero, so that a
    share of it means nothing.

    >>> share_of_gap(tangent, pixels, pretrained)
    0.610 [0.554, 0.667]

    Raises ValueError if the seeds differ, or if draws are given for some frames only.
    """
    tables = [frame.set_index("seed").sort_index() for frame in (score, rival, ceiling)]
    seeds = [list(table.index) for table in tables]
    if not seeds[0] == seeds[1] == seeds[2]:
        raise ValueError(
            f"wanted the same seeds for score, rival and ceiling, received {seeds[0]}, {seeds[1]} "
            f"and {seeds[2]}: measure the three in one run"
        )
    values = np.column_stack([table["value"] for table in tables])
    found = [[_draws(table, seed) for table in tables] for seed in seeds[0]]
    given = {draw is not None for row in found for draw in row}
    if len(given) > 1:
        raise ValueError(
            "wanted draws for score, rival and ceiling or for none of them, received some: score "
            "all three on the same resampled images"
        )
    draws = [np.stack(row, axis=-1) for row in found] if given == {True} else None
    gap = interval(values, draws, level=level, statistic=lambda mean: mean[2] - mean[1])
    if not gap.low > 0:
        return Interval(math.nan, math.nan, math.nan, level, len(values))
    return interval(values, draws, level=level, statistic=_share)


def _share(mean: np.ndarray) -> float:
    return float((mean[0] - mean[1]) / (mean[2] - mean[1]))


def _draws(table: pd.DataFrame, seed: int) -> np.ndarray | None:
    # pandas turns a None among arrays into nan.
    draw = table["draws"][seed] if "draws" in table else None
    return np.asarray(draw, float) if draw is not None and np.ndim(draw) > 0 else None
