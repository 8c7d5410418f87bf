"""Intervals of bounded quantities stay inside the bounds, and cover where values are skewed."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from helpers.yardstick import RANGES, intervals
from helpers.yardstick.intervals import interval

RUNS, SEEDS = 1000, 20
SKEWED = {
    "97% ones in 100 draws a seed": ((0, 1), 0.97, lambda r, s: r.binomial(100, 0.97, s) / 100),
    "shares near 1": ((0, 1), 8 / 9, lambda r, s: r.beta(8, 1, s)),
    "shares near 0": ((0, 1), 0.1, lambda r, s: r.beta(1, 9, s)),
    "shares at 0": ((0, 1), 0.5 / 40.5, lambda r, s: r.beta(0.5, 40, s)),
    "shares in the middle": ((0, 1), 0.5, lambda r, s: r.beta(20, 20, s)),
    "correlations near 1": ((-1, 1), 1 - 2 / 9, lambda r, s: 1 - 2 * r.beta(1, 8, s)),
    "Gaussian, unbounded": (intervals.ANYWHERE, 0.3, lambda r, s: 0.3 + r.standard_normal(s)),
}


@pytest.mark.parametrize("name", SKEWED)
def test_the_interval_covers_skewed_values_and_gaussian_ones(name):
    """A user would have believed that twenty seeds near 1 bound the mean as Gaussian ones do."""
    within, truth, draw = SKEWED[name]
    rng = np.random.default_rng(0)
    found = [interval(row, within=within) for row in draw(rng, (RUNS, SEEDS))]
    covered = np.mean([one.low <= truth <= one.high for one in found])
    # At .95, 1,000 runs give less than .93 with probability .003; "shares at 0" covers .923.
    assert covered >= (0.9 if name == "shares at 0" else 0.93)
    widest = 2.2 * np.mean([3.0 * row.std() / math.sqrt(SEEDS) for row in draw(rng, (RUNS, SEEDS))])
    assert np.mean([one.high - one.low for one in found]) < max(widest, 0.25)  # no blank cheque


def test_no_interval_covers_what_no_seed_has_met():
    """A user would have believed [.996, 1.001]; one network in twenty is bad, and most batches of
    twenty seeds say nothing true about it. Hundreds of networks do."""
    rng = np.random.default_rng(0)

    def covers(seeds):
        bad = rng.random((300, seeds)) < 0.05
        values = np.where(bad, 0.6, 0.999)
        truth = 0.05 * 0.6 + 0.95 * 0.999
        found = [interval(row, within=(0, 1)) for row in values]
        return np.mean([one.low <= truth <= one.high for one in found])

    assert covers(20) < 0.75
    assert covers(400) > 0.9


bounded = st.sampled_from([(0.0, 1.0), (-1.0, 1.0), (0.0, 100.0), (0.0, math.inf)])
shares = st.floats(0, 1) | st.sampled_from([0.0, 1.0, 1e-300, 1 - 2**-53, 0.5])


@given(
    within=bounded,
    places=st.lists(shares, min_size=2, max_size=30),
    level=st.sampled_from([0.5, 0.95, 0.9999]),
    resampled=st.booleans(),
)
@settings(max_examples=200, deadline=None)
def test_no_bound_ever_leaves_the_range(within, places, level, resampled):
    """A user would have believed in a share of -.004 and a correlation of 1.01."""
    low, high = within[0], min(within[1], 100.0)
    values = low + np.array(places) * (high - low)
    draws = np.stack([values, values[::-1]], axis=1) if resampled else None
    found = interval(values, draws, level=level, within=within)
    assert within[0] <= found.low <= found.estimate <= found.high <= within[1]


@pytest.mark.parametrize(("value", "hits"), [(1.0, 20), (0.0, 0)])
def test_seeds_that_all_reach_the_bound_leave_room_for_what_they_did_not_meet(value, hits):
    """A user would have believed from [1, 1] that no network fails."""
    exact = binomtest(hits, 20).proportion_ci(0.95, "exact")
    for within in ((0, 1), (-1, 1)):
        found = interval([within[0] + value * (within[1] - within[0])] * 20, within=within)
        scale = within[1] - within[0]
        assert found.low == pytest.approx(within[0] + scale * exact.low)
        assert found.high == pytest.approx(within[0] + scale * exact.high)
    with_draws = interval([value] * 20, np.full((20, 100), value), within=(0, 1))
    assert (with_draws.low, with_draws.high) == pytest.approx((exact.low, exact.high))
    inside = interval([0.5] * 20, within=(0, 1))
    assert (inside.low, inside.high) == (0.5, 0.5)


def test_every_metric_knows_its_range():
    """A user would have believed that a table may show a held-out AUC of 1.02."""
    values = [0.5, 0.999, 0.999]
    frame = pd.DataFrame({"seed": [0, 1, 2], "metric": "auc", "value": values, "one": 1})
    found = intervals.summary(frame, ["one"]).iloc[0]
    assert 0 <= found["low"] < found["high"] <= 1
    assert interval(values).high > 1
    free = intervals.summary(frame.drop(columns="metric"), ["one"]).iloc[0]
    assert free["high"] == interval(values).high
    both = pd.concat([frame.assign(arm="a"), frame.assign(arm="b", value=[0.6, 1.0, 1.0])])
    gap = intervals.paired(both, "arm", "a", "b", on=["seed", "metric"])
    assert set(gap["metric"]) == {"difference in auc"}
    assert intervals.range_of(gap) == (-1, 1)
    told = intervals.summary(frame.drop(columns="metric"), ["one"], within=RANGES["auc"]).iloc[0]
    assert told["high"] == found["high"]


def test_a_value_beyond_its_range_is_an_error_and_rounding_is_not():
    """A user would have believed that percent may be given where shares are asked for."""
    with pytest.raises(ValueError, match=r"wanted an estimate in \[0, 1\], received 97"):
        interval([97.0, 97.0], within=(0, 1))
    assert interval([1 + 1e-9, 1 + 1e-9], within=(0, 1)).high == 1
