"""The experiments of chapter 01 at a small size, against plainer ways to the same numbers."""

import numpy as np
import pandas as pd
import pytest
import torch

from helpers import counting, networks
from helpers.claims.ch01_counting import claims, experiments
from helpers.counting import boolean, small_nets


def test_the_census_counts_what_counting_expresses():
    """Every row of the census is the size of the set of truth tables, M = 5 h + 1."""
    frame = pd.DataFrame(experiments.census(3, widths=(2, 3)))
    assert frame["weights"].tolist() == [11] * 5 + [16] * 5
    for row in frame.itertuples():
        net = experiments.random_net(3, row.hidden)
        assert row.functions == len(counting.expressible(net, row.reading))
    assert frame["rank"].notna().sum() == 4


def test_beyond_31_weights_the_census_gives_a_lower_bound():
    """Wider nets have no exact subnetwork count; sampled masks find most of what there is.

    The masks of a net that lacks half of its hidden units are masks of the whole net, and those
    can be counted.
    """
    frame = pd.DataFrame(experiments.census(0, widths=(8,))).set_index("reading")
    assert "subnetwork" not in frame.index
    net = experiments.random_net(0, 8)
    sampled = counting.some_masks(net, seed=0)
    assert frame.loc["subnetwork, at least", "functions"] == sampled.sum()
    half = networks.mlp([3, 4, 1])
    with torch.no_grad():
        half[1].weight.copy_(net[1].weight[:4]), half[1].bias.copy_(net[1].bias[:4])
        half[3].weight.copy_(net[3].weight[:, :4]), half[3].bias.copy_(net[3].bias)
    counted = counting.expressed(half, "subnetwork")
    assert counted.sum() > 10
    assert (sampled & counted).sum() > 0.9 * counted.sum()


def test_trained_counts_the_functions_that_descent_arrives_at():
    """Two nets at two widths: as many functions as `descend` finds for each net alone."""
    frame = experiments.trained([0, 1], widths=(2, 3), steps=20)
    for row in frame.itertuples():
        net = small_nets.stack([experiments.random_net(row.seed, row.hidden)])
        alone = small_nets.descend(net, np.arange(256), 3, steps=20).step
        assert row.functions == (alone >= 0).sum()


def test_shares_are_distributions_over_functions():
    """All four shares sum to one, and masks that exist are counted by counting."""
    frame = experiments.shares(0, hidden=3, redrawn=5000)
    assert np.allclose(frame[["subnetwork", "redrawn", "features", "tangent space"]].sum(), 1)
    exact = counting.mask_counts(experiments.random_net(0, 3)) / 2**16
    assert np.allclose(frame["subnetwork"], exact)


def test_rarities_are_those_of_the_masks_of_all_the_networks_together():
    frame = experiments.rarity_of_functions(2, hidden=2)
    nets = [experiments.random_net(seed, 2) for seed in range(2)]
    pooled = sum(counting.mask_counts(net) for net in nets) / 2**12
    assert np.allclose(2.0 ** -frame["bits"], pooled)
    assert abs(frame["place"] - boolean.circuit_sizes(3)).max() <= 0.3


def test_presence_and_finding_look_at_the_same_network():
    """Within the budget 0 a net finds its own function alone, which every span expresses."""
    frame = experiments.presence_by_reading(
        0, nets=5, hidden=3, budgets=(0,), readings=("features", "tangent space")
    ).set_index(["reading", "score"])["value"]
    for reading in ("features", "tangent space"):
        assert frame[reading, "found if absent"] == 0
        assert frame[reading, "found if present"] > 0


def test_the_departure_of_what_was_kept_in_the_space_is_zero_and_of_the_rest_is_not():
    told = {
        learner: experiments.presence_by_reading(
            0, nets=3, hidden=3, learner=learner, budgets=(60,), readings=("tangent space",)
        ).set_index("score")["value"]
        for learner in experiments.LEARNERS
    }
    assert told["kept in the tangent space"]["departure"] == 0
    assert min(told["Adam"]["departure"], told["gradient descent"]["departure"]) > 0.2


@pytest.mark.parametrize("claim", claims.CLAIMS, ids=lambda claim: claim.id)
def test_claims_draw_networks_that_nobody_has_looked_at(claim):
    """Sentences and rules of this chapter were written before any seed from 3000 on was drawn."""
    assert claim.first_seed >= 3000
