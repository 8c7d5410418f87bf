"""Presence and finding against regressions with dummies, scikit-learn, and planted effects."""

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from helpers import seeds
from helpers.yardstick import presence


def tables(seed, nets=30, functions=40, effect=0.0, easy=0.5):
    """Present and found at random; easy functions are both, and presence adds `effect`."""
    rng = np.random.default_rng(seed)
    ease = easy * rng.uniform(size=functions)
    there = rng.uniform(size=(nets, functions)) < 0.2 + ease
    found = rng.uniform(size=(nets, functions)) < 0.1 + ease + effect * there
    return there, found


def test_shares_and_kappa_equal_their_definitions():
    """Conditional shares by counting pairs, kappa by scikit-learn."""
    there, found = tables(0, effect=0.3)
    told = presence.presence_and_finding(there, found)
    pairs = list(zip(there.ravel(), found.ravel(), strict=True))
    for name, kind in (("found if present", True), ("found if absent", False)):
        chosen = [f for t, f in pairs if t == kind]
        assert told[name] == pytest.approx(sum(chosen) / len(chosen))
    assert told["kappa"] == pytest.approx(cohen_kappa_score(there.ravel(), found.ravel()))


def test_the_effect_within_a_function_is_the_regression_with_a_dummy_for_each():
    """Least squares on presence, 40 function dummies and 30 network dummies."""
    there, found = tables(1, effect=0.2)
    nets, functions = (index.ravel() for index in np.indices(there.shape))
    design = np.column_stack(
        [there.ravel(), nets[:, None] == np.arange(30), functions[:, None] == np.arange(40)]
    ).astype(float)
    slope = np.linalg.lstsq(design, found.ravel().astype(float), rcond=None)[0][0]
    assert presence.presence_and_finding(there, found)["within a function"] == pytest.approx(slope)


def test_easy_functions_raise_agreement_and_not_the_effect_within_a_function():
    """Without an effect kappa is far from 0, for easy functions are there and found; .3 is seen."""
    told = [
        presence.presence_and_finding(*tables(s, nets=300, effect=e))
        for s, e in ((2, 0.0), (3, 0.3))
    ]
    assert told[0]["kappa"] > 0.05
    assert abs(told[0]["within a function"]) < 0.03
    assert told[1]["within a function"] == pytest.approx(0.3, abs=0.03)


def test_what_the_tables_leave_open_is_nan():
    """Nothing absent: no share of the absent, no effect; all the same: no kappa either."""
    everything, found = np.ones((4, 5), bool), tables(4, nets=4, functions=5)[1]
    told = presence.presence_and_finding(everything, found)
    assert np.isnan([told["found if absent"], told["within a function"]]).all()
    assert told["found if present"] == pytest.approx(found.mean())
    assert np.isnan(presence.presence_and_finding(everything, everything)["kappa"])
    by_function = np.broadcast_to(np.arange(5) % 2 == 0, (4, 5))
    assert np.isnan(presence.presence_and_finding(by_function, found)["within a function"])


def dummies(there, found, *covariates):
    """Least squares with a column for each network and each function: the slow, obvious way."""
    nets, functions = (index.ravel() for index in np.indices(there.shape))
    effects = [index[:, None] == np.arange(index.max() + 1) for index in (nets, functions)]
    regressors = [table.ravel().astype(float) for table in (there, *covariates)]
    design = np.column_stack([*regressors, *effects]).astype(float)
    return np.linalg.lstsq(design, found.ravel().astype(float), rcond=None)[0][: len(regressors)]


def test_a_covariate_is_held_fixed_as_in_the_regression_with_dummies():
    there, found = tables(5, effect=0.2)
    cost = np.random.default_rng(5).normal(size=there.shape) + there
    told = presence.presence_and_finding(there, found, {"cost": cost})
    slopes = dummies(there, found, cost)
    assert [told["within a function"], told["cost"]] == pytest.approx(list(slopes))
    copy = presence.presence_and_finding(there, found, {"copy": there.astype(float)})
    assert np.isnan(copy["within a function"]), "two that are the same cannot be told apart"


def test_a_resample_is_a_table_with_the_drawn_networks_and_functions_copied_out():
    """The interval's ends, from 40 tables written out and fitted with dummies."""
    there, found = tables(6, nets=14, functions=9, effect=0.4)
    told = presence.presence_intervals(there, found, resamples=40, seed=3)["within a function"]
    rng = seeds.numpy(3, "networks and functions")
    counts = [rng.multinomial(k, np.full(k, 1 / k), size=40) for k in there.shape]
    slopes = []
    for nets, functions in zip(*counts, strict=True):
        chosen = np.ix_(np.repeat(np.arange(14), nets), np.repeat(np.arange(9), functions))
        slopes.append(dummies(there[chosen], found[chosen])[0])
    assert (told.low, told.high) == pytest.approx(tuple(np.quantile(slopes, (0.025, 0.975))))
    assert told.n == 14


def test_the_interval_of_the_effect_covers_it():
    """At a nominal 95%, 100 pairs of tables whose effect is .3."""
    hits = 0
    for seed in range(100):
        pair = tables(seed, functions=20, effect=0.3)
        told = presence.presence_intervals(*pair, resamples=200)["within a function"]
        hits += told.low <= 0.3 <= told.high
    assert hits >= 90
