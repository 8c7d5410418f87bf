import itertools

import numpy as np
import pytest
import torch
from torch import nn

from helpers import networks
from helpers.pruning import build


def box(n, *shape):
    return torch.rand(n, *shape, generator=torch.Generator().manual_seed(9)) * 4 - 2


def test_a_built_network_computes_the_target_on_positive_and_negative_inputs():
    target = networks.mlp([5, 4, 3], seed=1)
    built = build.build(target, samples=60)
    x = box(500, 5)
    with torch.no_grad():
        assert torch.allclose(built.pruned()(x), target(x), atol=2e-4)
    assert built.worst_weight < 1e-4


def test_the_built_network_is_the_drawn_one_masked_and_counts_are_its_counts():
    target = networks.mlp([3, 4, 2])
    built = build.build(target, samples=30, seed=2)
    shapes = [tuple(m.weight.shape) for m in built.net if isinstance(m, nn.Linear)]
    assert shapes == [(120, 3), (4, 120), (150, 4), (2, 150)]
    assert built.drawn == 120 * 4 + 4 * 121 + 150 * 5 + 2 * 151
    drawn, pruned = (dict(net.named_parameters()) for net in (built.net, built.pruned()))
    assert sum(int((p != 0).sum()) for p in pruned.values()) == built.kept
    assert all(((p == drawn[n]) | (p == 0)).all() for n, p in pruned.items())
    assert built.wanted == 3 * 4 + 4 + 4 * 2 + 2


def test_first_layer_units_keep_at_most_one_incoming_edge():
    masks = build.build(networks.mlp([3, 4, 2]), samples=12).masks
    for first in ("1", "5"):
        edges = torch.cat([masks[f"{first}.weight"], masks[f"{first}.bias"][:, None]], 1)
        assert edges.sum(1).max() == 1


def test_more_samples_bring_the_worst_weight_nearer():
    """Of nine draws the median: ten samples cannot reach the largest weight, sixty come within."""
    target = networks.mlp([4, 3, 1])
    few, some, many = (
        np.median([build.build(target, samples=f, seed=s).worst_weight for s in range(9)])
        for f in (10, 40, 60)
    )
    assert few > 2 * some > 100 * many


def test_a_sparse_target_draws_no_block_for_unused_inputs_and_keeps_nothing_for_zeros():
    target = networks.mlp([6, 2, 1])
    with torch.no_grad():
        target[1].weight[:, 2:] = 0
        target[1].weight[1] = 0
        target[1].bias.zero_()
    built = build.build(target, samples=40)
    assert built.net[1].out_features == 40 * 3  # two inputs and the bias column
    assert not built.masks["3.weight"][1].any()
    assert not built.masks["3.bias"].any()
    with torch.no_grad():
        assert torch.allclose(built.pruned()(box(99, 6)), target(box(99, 6)), atol=2e-3)


def test_powers_of_two_build_binary_fractions_exactly_and_depend_on_no_seed():
    target = networks.mlp([3, 4, 1])
    with torch.no_grad():
        for p in target.parameters():
            p.copy_((p.clamp(-3, 3) * 64).round() / 64)  # eight powers: 2 down to 1/64
    one, other = (build.build(target, samples=32, draw=build.powers_of_two, seed=s) for s in (0, 1))
    assert one.worst_weight == 0
    with torch.no_grad():
        assert torch.equal(one.pruned()(box(50, 3)), other.pruned()(box(50, 3)))
        assert torch.allclose(one.pruned()(box(50, 3)), target(box(50, 3)), atol=1e-5)


@pytest.mark.parametrize("k", [1, 2, 3, 8])
def test_the_parity_network_is_the_product_on_the_whole_cube(k):
    x = torch.tensor(list(itertools.product([-1.0, 1.0], repeat=k + 1)))
    bits = list(range(1, k + 1))
    with torch.no_grad():
        assert torch.allclose(build.parity_net(bits, k + 1)(x)[:, 0], x[:, bits].prod(1))


def test_parity_of_eight_bits_is_planted_in_a_random_network():
    bits = [3, 7, 8, 20, 21, 30, 35, 39]
    built = build.build(build.parity_net(bits, 40), samples=200)
    x = torch.randint(0, 2, (256, 40), generator=torch.Generator().manual_seed(0)) * 2.0 - 1
    x[:, bits] = torch.tensor(list(itertools.product([-1.0, 1.0], repeat=8)))
    with torch.no_grad():
        assert (built.pruned()(x)[:, 0].sign() == x[:, bits].prod(1)).all()


def test_other_targets_are_refused():
    with pytest.raises(TypeError, match=r"received .'Flatten', 'Linear', 'Tanh', 'Linear'"):
        build.build(networks.mlp([2, 2, 1], activation="tanh"), samples=2)
    with pytest.raises(ValueError, match="at least one sample a weight, received 0"):
        build.build(networks.mlp([2, 2, 1]), samples=0)
    with pytest.raises(ValueError, match=r"different bits from 0 to 4, received \[1, 1\]"):
        build.parity_net([1, 1], 5)
