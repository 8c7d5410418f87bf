"""The share of a gap, against Fieller's interval."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student_t

from helpers.yardstick.gaps import share_of_gap


def _frames(means, noise, seeds=20, seed=0, draws=None):
    """Score, rival and ceiling with a part in common (the luck of the split) and one of each."""
    rng = np.random.default_rng(seed)
    luck, images = rng.normal(0, noise, seeds), rng.normal(0, noise, (seeds, draws or 1))
    frames = []
    for mean in means:
        values = mean + luck + rng.normal(0, noise / 3, seeds)
        frame = pd.DataFrame({"seed": np.arange(3000, 3000 + seeds), "value": values})
        if draws:
            frame["draws"] = list(values[:, None] + images)
        frames.append(frame)
    return frames


def _fieller(score, rival, ceiling, level=0.95):
    """All r for which the mean of (score - rival) - r (ceiling - rival) may be zero (t-test)."""
    a = (score["value"] - rival["value"]).to_numpy()
    b = (ceiling["value"] - rival["value"]).to_numpy()
    n, t2 = len(a), student_t.ppf(0.5 + level / 2, len(a) - 1) ** 2
    (vaa, vab), (_, vbb) = np.cov(a, b) / n
    roots = np.roots(
        [b.mean() ** 2 - t2 * vbb, 2 * (t2 * vab - a.mean() * b.mean()), a.mean() ** 2 - t2 * vaa]
    )
    return sorted(roots.real)


@pytest.mark.parametrize("means", [(0.7, 0.6, 0.9), (0.62, 0.42, 0.74), (0.95, 0.6, 0.9)])
def test_the_share_of_a_gap_has_fiellers_interval(means):
    frames = _frames(means, 0.03)
    found = share_of_gap(*frames)
    score, rival, ceiling = (frame["value"].mean() for frame in frames)
    assert found.estimate == pytest.approx((score - rival) / (ceiling - rival))
    low, high = _fieller(*frames)
    assert found.low == pytest.approx(low, abs=0.15 * (high - low))
    assert found.high == pytest.approx(high, abs=0.15 * (high - low))


def test_the_interval_of_a_share_covers_it():
    """At a nominal 95%, 200 measurements of twenty seeds whose true share is known: 1/3."""
    hits = 0
    for seed in range(200):
        found = share_of_gap(*_frames((0.7, 0.6, 0.9), 0.05, seed=seed))
        hits += found.low <= 1 / 3 <= found.high
    assert 0.90 <= hits / 200 <= 0.99


def test_what_score_rival_and_ceiling_share_on_the_images_cancels():
    """Resampled images that move all three alike leave the share where it is."""
    with_draws = share_of_gap(*_frames((0.7, 0.6, 0.9), 0.03, draws=50))
    bare = share_of_gap(
        *(f.drop(columns="draws") for f in _frames((0.7, 0.6, 0.9), 0.03, draws=50))
    )
    assert with_draws.estimate == bare.estimate
    width = with_draws.high - with_draws.low
    assert width == pytest.approx(bare.high - bare.low, rel=0.1)


def test_no_share_of_a_gap_that_may_be_none():
    found = share_of_gap(*_frames((0.7, 0.6, 0.602), 0.05))
    assert math.isnan(found.estimate)
    assert math.isnan(found.low)


def test_a_share_wants_the_same_seeds_and_the_same_images():
    score, rival, ceiling = _frames((0.7, 0.6, 0.9), 0.03, draws=5)
    with pytest.raises(ValueError, match="wanted the same seeds for score, rival and ceiling"):
        share_of_gap(score, rival, ceiling.assign(seed=range(20)))
    with pytest.raises(ValueError, match="wanted draws for score, rival and ceiling or for none"):
        share_of_gap(score, rival.drop(columns="draws"), ceiling)
