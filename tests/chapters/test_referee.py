"""The referee of mask search: exact counts, exact chances, and hits that are hits."""

import itertools

import numpy as np
import pytest
import torch

from helpers import counting
from helpers.claims.ch01_counting.experiments import random_net
from helpers.claims.ch04_pruning import referee, referee_wide


@pytest.fixture(scope="module")
def small():
    """A 3-1-1 network, all of its 64 masks, and what each computes."""
    net = random_net(3, 1)
    masks = torch.tensor(list(itertools.product([False, True], repeat=6)))
    return net, masks, referee.functions_of(net, masks)


def test_masked_networks_are_counted_as_the_referee_counts_them(small):
    net, _, codes = small
    assert np.array_equal(np.bincount(codes, minlength=256), counting.mask_counts(net))


def test_guessings_chance_is_that_of_drawing_masks(small):
    _, masks, codes = small
    target = int(np.bincount(codes).argsort()[-2])
    share = float((codes == target).mean())
    rng = np.random.default_rng(0)
    drawn = codes[rng.integers(len(masks), size=(20_000, 5))]
    assert referee.chance(share, 5) == pytest.approx((drawn == target).any(1).mean(), abs=0.015)
    assert referee.chance(1e-12, 1000) == pytest.approx(1e-9, rel=1e-6), "no digits are lost"


def test_targets_are_of_their_class_and_have_a_mask():
    net = random_net(2, 4)
    counts = counting.mask_counts(net)
    total = sum(p.numel() for p in net.parameters())
    frame = referee.by_rarity(counts, 2**total, each=3, classes=((2, 6), (6, 12)), seed=1)
    assert (counts[frame["target"]] > 0).all()
    for name, part in frame.groupby("class"):
        low, high = (int(word) for word in name.split(" bits")[0].split(" to "))
        assert part["bits"].between(low, high, inclusive="left").all()
        assert len(part) <= 3
    assert np.allclose(2.0 ** -frame["bits"], frame["share"])


def test_no_search_finds_a_function_that_has_no_mask(small):
    """And each finds what every other mask computes."""
    net, _, codes = small
    counts = np.bincount(codes, minlength=256)
    absent = np.flatnonzero(counts == 0)[[0, 40, 100]]
    common = np.array([int(counts.argmax())])
    for wanted, found in ((absent, False), (common, True)):
        hits = (
            referee._popup(net, wanted, [0.5, 0.7], 30, 0),
            referee._flips(net, wanted, 4, 60, 0),
            referee._sized(net, wanted, 200, 0),
        )
        for hit in hits:
            assert hit.shape == wanted.shape
            assert (hit == found).all()


def test_every_method_is_judged_on_the_same_targets():
    frame = referee.searches(2, width=3, evaluations=60, runs=3, each=2, classes=((4, 8), (8, 12)))
    methods = {referee.ONE, referee.MANY, referee.BLIND, referee.SIZED, referee.FLIPS}
    assert set(frame["method"]) == methods
    assert frame["found"].between(0, 1).all()
    assert len({tuple(part["target"]) for _, part in frame.groupby("method")}) == 1
    exact = frame[frame["method"] == referee.BLIND]
    assert np.allclose(exact["found"], 1 - (1 - exact["share"]) ** 60)
    rows = referee.ahead(2, width=3, evaluations=60, runs=3, each=2, classes=((4, 8), (8, 12)))
    assert [row["case"] for row in rows] == [referee.ONE, referee.MANY, referee.FLIPS]


def test_in_a_wide_network_search_is_ahead_of_the_best_guess_and_flips_are_not():
    small = {"width": 64, "evaluations": 60, "n_train": 400}
    rows = {row["case"]: row for row in referee_wide.wide(0, **small)}
    assert rows[referee_wide.MASK]["value"] > 0.3
    assert -0.3 < rows[referee_wide.FLIPS]["value"] < 0.1
    same = referee_wide.wide(0, mask=referee_wide.GUESS, **small)
    assert same[0]["value"] == 0
