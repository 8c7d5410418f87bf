"""A circuit among others: what is planted, what is shuffled, what is cut off, what is found."""

from itertools import pairwise

import pytest
import torch
from torch import nn

from helpers import networks
from helpers.claims.ch04_pruning import tangled
from helpers.claims.ch04_pruning.planted import accuracies

SMALL = {"steps": 600, "pool": 2**13, "surrounds": (0.1, 1.0)}


def layers(net):
    return [layer for layer in net if isinstance(layer, nn.Linear)]


@pytest.mark.parametrize("bits", [2, 3, 4, 6])
def test_alone_the_plant_is_the_parity_and_in_ordinary_size(bits):
    net = tangled.start("planted", 3, bits=bits, surround=1e-6)
    task = tangled.inputs(3, bits, pool=500)
    assert accuracies(net, task) == {"value": 1.0, "train": 1.0}
    first, last = layers(net)
    assert torch.allclose(first.weight[:bits].norm(dim=1), torch.tensor(2.0).sqrt(), atol=1e-4)
    mean_square = last.weight[0, :bits].square().mean().detach()
    assert float(mean_square) == pytest.approx(1 / 64, rel=1e-4)


def test_shuffled_edges_have_the_sizes_and_not_the_circuit():
    planted, shuffled, plain = (
        tangled.start(arm, 5, bits=3, surround=1e-6) for arm in tangled.ARMS
    )
    one, other = (layers(net)[0].weight[:3].abs().sort(1).values for net in (planted, shuffled))
    assert torch.allclose(one, other, atol=1e-5)
    assert torch.equal(layers(planted)[1].weight[0, :3], layers(shuffled)[1].weight[0, :3])
    task = tangled.inputs(5, 3, pool=500)
    assert accuracies(shuffled, task)["value"] < 0.75
    drawn = networks.mlp([20, 64, 1], seed=5)
    assert torch.allclose(layers(plain)[0].weight, 1e-6 * layers(drawn)[0].weight)
    with pytest.raises(ValueError, match="wanted an arm among"):
        tangled.start("tangled", 0, bits=3)


def test_the_three_starts_share_everything_around_the_plant():
    """And `into` touches the planted units' other edges alone."""
    nets = [tangled.start(arm, 7, bits=3, surround=0.5) for arm in tangled.ARMS]
    for net in nets[1:]:
        for one, other in zip(layers(nets[0]), layers(net), strict=True):
            kept = slice(3, None)
            mine = one.weight[kept] if one is layers(nets[0])[0] else one.weight[:, kept]
            theirs = other.weight[kept] if other is layers(net)[0] else other.weight[:, kept]
            assert torch.equal(mine, theirs)
    loud = tangled.start("planted", 7, bits=3, surround=1.0)
    quiet = tangled.start("planted", 7, bits=3, surround=1.0, into=0.1)
    (one, _), (other, _) = layers(loud), layers(quiet)
    assert torch.allclose(other.weight[:3, 3:], 0.1 * one.weight[:3, 3:])
    assert torch.equal(other.weight[:3, :3], one.weight[:3, :3])
    assert torch.equal(other.weight[3:], one.weight[3:])


def test_cutting_off_the_plant_leaves_what_the_others_say():
    net = tangled.start("planted", 2, bits=3)
    x = tangled.inputs(2, 3, pool=50).x_train
    first, last = layers(net)
    hidden = first(x).relu()[:, 3:]
    with torch.no_grad():
        assert torch.allclose(
            tangled.without(net, 3)(x)[:, 0], hidden @ last.weight[0, 3:] + last.bias, atol=1e-5
        )


def test_a_plant_that_speaks_alone_is_seen_and_found_sooner_and_is_used():
    frame = tangled.searches(1, bits=3, intos=(0.1,), **SMALL)
    at = frame.set_index(["arm", "surround", "into"])
    assert len(at) == 3 * 2 + 2
    assert at.loc[("planted", 0.1, 0.1), "readout"] > 0.95
    assert at.loc[("shuffled", 0.1, 0.1), "readout"] < 0.7
    steps = at["steps"]
    assert tangled.head_start(steps, 0.1) > 1
    assert tangled.head_start(steps, 0.1, of="shuffled") == 0
    assert at.loc[("planted", 0.1, 0.1), "without"] < at.loc[("shuffled", 0.1, 0.1), "without"]
    never = tangled.searches(1, bits=6, steps=3, surrounds=(1.0,), pool=2**10)
    assert not never["found"].any()
    assert (never["steps"] == 3).all(), "who has not found it counts with the budget"


def test_looks_are_at_most_a_twentieth_apart():
    marks = tangled.looks(3000)
    assert marks[0] == 1
    assert marks[-1] == 3000
    assert all(b - a <= max(1, 0.05 * a + 1) for a, b in pairwise(marks))
