"""Intervals: coverage in simulations where the truth is known, and edges that are not silent."""

import math

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from scipy.stats import t as student_t

from helpers import rounding, tasks
from helpers.yardstick import METRICS, Reading, intervals
from helpers.yardstick.intervals import interval


def _crossed(rng, seeds, spread_seed, spread_image, noise, pool=300, held_out=150):
    """Values and draws of y = a_seed + b_image + noise, each seed on a random half of the pool."""
    weights = intervals.image_weights(torch.arange(pool)).numpy()
    images = spread_image * rng.standard_normal(pool)
    values, draws = [], []
    for _ in range(seeds):
        ids = rng.permutation(pool)[:held_out]
        y = spread_seed * rng.standard_normal() + images[ids]
        y = y + noise * rng.standard_normal(held_out)
        values.append(y.mean())
        draws.append(weights[:, ids] @ y / weights[:, ids].sum(1))
    return values, draws


@pytest.mark.parametrize(
    ("spread_seed", "spread_image", "noise"), [(1, 0, 0), (0, 1, 0), (0, 0, 1), (0.1, 1, 1)]
)
def test_a_95_percent_interval_covers_whatever_varies(spread_seed, spread_image, noise):
    rng = np.random.default_rng(5)
    covered = []
    for _ in range(100):
        found = interval(*_crossed(rng, 20, spread_seed, spread_image, noise))
        covered.append(found.low <= 0 <= found.high)
    # 100 trials at .95: fewer than 89 hits has probability .004.
    assert sum(covered) >= 89


def test_seeds_alone_would_be_too_sure_where_images_vary():
    """Why images are resampled: with draws left out, the same interval misses the truth."""
    rng = np.random.default_rng(5)
    covered = []
    for _ in range(60):
        values, _ = _crossed(rng, 20, 0.0, 1.0, 0.0)
        found = interval(values)
        covered.append(found.low <= 0 <= found.high)
    assert np.mean(covered) < 0.7


def test_without_draws_the_interval_is_students():
    values = np.random.default_rng(0).standard_normal(200)
    found = interval(values)
    reach = student_t.ppf(0.975, 199) * values.std(ddof=1) / math.sqrt(200)
    assert found.estimate == pytest.approx(values.mean())
    assert found.high - found.estimate == pytest.approx(reach, rel=0.08)
    assert found.estimate - found.low == pytest.approx(found.high - found.estimate)
    assert interval(values, level=0.99).high > found.high
    assert (found.level, found.n) == (0.95, 200)


def test_the_same_numbers_give_the_same_interval():
    values, draws = _crossed(np.random.default_rng(1), 5, 1, 1, 1)
    assert interval(values, draws) == interval(values, draws)


@given(hits=st.integers(0, 20))
@settings(max_examples=21, deadline=None)
def test_shares_get_the_exact_interval(hits):
    found = interval([1.0] * hits + [0.0] * (20 - hits))
    exact = binomtest(hits, 20).proportion_ci(0.95, "exact")
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high))
    assert repr(found) == rounding.interval(hits / 20, exact.low, exact.high)


def test_a_statistic_of_the_mean_curve():
    """The slope through three means; a difference keeps what the columns share out of it."""
    rng = np.random.default_rng(0)
    shared = 10 * rng.standard_normal((30, 1))
    values = shared + np.array([0.0, 1, 2]) + 0.01 * rng.standard_normal((30, 3))
    found = interval(values, statistic=lambda mean: float(mean[2] - mean[0]) / 2)
    assert found.estimate == pytest.approx(1, abs=0.01)
    assert found.high - found.low < 0.02  # the shared part alone would make it 15
    zero_one = interval([0.0, 1, 1, 1], statistic=lambda mean: float(mean) ** 2)
    assert zero_one.estimate == 0.75**2


def test_edges_are_not_silent():
    with pytest.raises(ValueError, match="wanted at least two seeds for an interval, received 1"):
        interval([0.5])
    draws = [np.ones(100), None, np.ones(100)]
    with pytest.raises(ValueError, match="wanted draws for all 3 seeds or for none, received 2"):
        interval([0.5, 0.6, 0.7], draws)
    nowhere = interval([0.5, math.nan, 0.7])
    assert math.isnan(nowhere.low)
    assert math.isnan(nowhere.estimate)
    assert interval([0.5, 0.6], [None, None]) == interval([0.5, 0.6], [math.nan, math.nan])


def test_a_draw_in_which_one_seed_lacks_a_class_uses_the_others():
    rng = np.random.default_rng(0)
    values, draws = rng.random(10), rng.random((10, 100))
    draws[3, 7] = np.nan
    found = interval(values, draws)
    draws[3, 7] = 0.5
    assert found.high == pytest.approx(interval(values, draws).high, rel=0.02)


def test_an_image_weighs_the_same_in_every_split():
    ids = torch.tensor([3, 0, 1500])
    weights = intervals.image_weights(ids)
    assert weights.shape == (intervals.DRAWS, 3)
    assert torch.equal(weights, intervals.image_weights(torch.arange(1797))[:, ids])
    every = intervals.image_weights(torch.arange(1797))
    # Poisson(1): mean 1, variance 1; 179,700 draws.
    assert float(every.mean()) == pytest.approx(1, abs=0.01)
    assert float(every.var()) == pytest.approx(1, abs=0.02)


def test_rows_hold_both_parts_every_metric_and_the_draws():
    task = tasks.digits(3, n_train=900, seed=0)
    found = Reading.of("middle", lambda x: x[:, 0, 4, 4], task, bits=0.0)
    frame = pd.DataFrame(intervals.rows(found, task, seed=0, reading="middle"))
    assert list(frame["part"]) == ["train"] * 3 + ["test"] * 3
    assert list(frame["metric"]) == 2 * list(METRICS)
    test = frame[frame["part"] == "test"]
    for _, row in test.iterrows():
        assert row["value"] == getattr(found.test, row["metric"])
        assert row["draws"].shape == (intervals.DRAWS,)
        assert row["draws"].mean() == pytest.approx(row["value"], abs=0.02)


def _frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "seed": [0, 1, 2] * 2,
            "reading": ["a"] * 3 + ["b"] * 3,
            "value": [3.0, 5, 7, 1.0, 2, 3],
            "draws": [np.full(100, v) for v in (3.0, 5, 7, 1, 2, 3)],
        }
    )


def test_summary_has_one_row_per_group():
    found = intervals.summary(_frame(), ["reading"])
    assert list(found["reading"]) == ["a", "b"]
    assert list(found["estimate"]) == [5, 2]
    assert list(found["n"]) == [3, 3]
    assert (found["low"] < found["estimate"]).all()


def test_summary_refuses_to_count_a_seed_twice():
    with pytest.raises(ValueError, match="a seed has several rows; average them or add a column"):
        intervals.summary(_frame().assign(one=1), ["one"])


def test_paired_differences_match_by_seed_whatever_the_order():
    frame = _frame().sample(frac=1, random_state=0)
    found = intervals.paired(frame, "reading", "a", "b", on=["seed"]).sort_values("seed")
    assert list(found["value"]) == [2, 3, 4]
    assert [draw[0] for draw in found["draws"]] == [2, 3, 4]
    with pytest.raises(ValueError, match=r"'a' and 'b' were not measured on the same \['seed'\]"):
        intervals.paired(frame[frame["value"] != 3.0], "reading", "a", "b", on=["seed"])


def test_a_range_in_whole_numbers_gives_bounds_that_are_numbers_all_the_same():
    """Values so near the bound that the interval ends on it, as those of a neuron's twin do."""
    found = interval([1 - 2e-12, 1.0], within=(0, 1))
    assert isinstance(found.high, float)
    assert isinstance(found.low, float)
    assert found.high <= 1


@pytest.mark.parametrize("name", ["n", "level", "low"])
def test_a_group_with_the_name_of_an_intervals_column_is_refused(name):
    """It would be overwritten without a word."""
    frame = pd.DataFrame({"seed": [0, 1], name: [5, 5], "value": [0.1, 0.2]})
    with pytest.raises(ValueError, match=rf"received \['{name}'\]: rename them"):
        intervals.summary(frame, [name])
