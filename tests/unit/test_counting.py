"""Every reading of a small net against the plainest possible enumeration."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from torch import nn

from helpers import counting, networks
from helpers.counting import boolean

SEEDS = st.integers(0, 10**6)
ACTIVATIONS = st.sampled_from(["relu", "tanh", "gelu"])


def naive_mask_counts(net):
    """One forward pass per mask: 2^M nets with their cut weights set to zero."""
    net = nn.Sequential(*net).double()
    n = next(m.in_features for m in net if isinstance(m, nn.Linear))
    whole = nn.utils.parameters_to_vector(net.parameters()).detach()
    counts = np.zeros(2**2**n, dtype=int)
    with torch.no_grad():
        for mask in itertools.product((0.0, 1.0), repeat=len(whole)):
            cut = whole * torch.tensor(mask, dtype=torch.float64)
            nn.utils.vector_to_parameters(cut, net.parameters())
            counts[boolean.to_code(tuple(net(boolean.inputs(n))[:, 0] > 0))] += 1
        nn.utils.vector_to_parameters(whole, net.parameters())
    return counts


def batched_mask_counts(net, n, h, act):
    """All masks of a one-hidden-layer net at once, by the matrix formula of the net."""
    m = h * (n + 2) + 1
    masks = torch.tensor(np.arange(2**m)[:, None] >> np.arange(m) & 1).double()
    w, b, v, c = (masks * nn.utils.parameters_to_vector(net.parameters()).detach()).split(
        [n * h, h, h, 1], dim=1
    )
    before = torch.einsum("khn,jn->kjh", w.reshape(-1, h, n), boolean.inputs(n)) + b[:, None]
    f = torch.einsum("kjh,kh->kj", act(before), v) + c
    return np.bincount((f > 0).long() @ (1 << torch.arange(2**n)), minlength=2**2**n)


def integer_net(seed, n, h):
    """Weights in {-1, 0, 1}: sums that are exactly zero abound."""
    net = networks.mlp([n, h, 1], seed=seed)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for p in net.parameters():
            p.copy_(torch.randint(-1, 2, p.shape, generator=generator))
    return net


@settings(max_examples=4, deadline=None)
@given(SEEDS, ACTIVATIONS)
def test_mask_counts_equal_one_forward_pass_per_mask(seed, activation):
    """On a 3-2-1 net, 2^11 nets built one by one compute each function equally often."""
    net = networks.mlp([3, 2, 1], activation=activation, seed=seed)
    assert (counting.mask_counts(net) == naive_mask_counts(net)).all()


@settings(max_examples=8, deadline=None)
@given(SEEDS, st.sampled_from([(3, 3), (2, 3), (4, 2), (1, 4)]), st.booleans())
def test_mask_counts_equal_all_masks_of_larger_nets(seed, shape, ties):
    """Up to M = 16, exact ties between weights included, every mask is counted once."""
    n, h = shape
    net = integer_net(seed, n, h) if ties else networks.mlp([n, h, 1], seed=seed)
    expected = batched_mask_counts(net.double(), n, h, torch.relu)
    assert (counting.mask_counts(net) == expected).all()


def test_ties_that_rounding_would_break_are_false():
    """Weights +-0.1 and their sums: exact fractions and mask_counts agree on f(x) <= 0."""
    net = networks.mlp([2, 2, 1], seed=3).double()
    with torch.no_grad():
        for i, p in enumerate(net.parameters()):
            p.copy_(torch.where(torch.arange(p.numel()).reshape(p.shape) % 2 == i % 2, 0.1, -0.1))
    whole = [
        Fraction(w).limit_denominator(10)
        for w in nn.utils.parameters_to_vector(net.parameters()).tolist()
    ]
    counts = np.zeros(16, dtype=int)
    for mask in itertools.product((0, 1), repeat=9):
        p = [w * k for w, k in zip(whole, mask, strict=True)]
        code = 0
        for j, (x, y) in enumerate(itertools.product((0, 1), repeat=2)):
            hidden = [max(p[2 * u] * x + p[2 * u + 1] * y + p[4 + u], 0) for u in range(2)]
            code |= (p[6] * hidden[0] + p[7] * hidden[1] + p[8] > 0) << j
        counts[code] += 1
    assert (counting.mask_counts(net) == counts).all()


@pytest.mark.parametrize(("shape", "activation"), [((3, 6), "tanh"), ((4, 5), "relu")])
def test_thirty_one_weights_are_all_counted(shape, activation):
    """At M = 31 the counts sum to 2^31, and single random masks fall where they are counted."""
    n, h = shape
    net = networks.mlp([n, h, 1], activation=activation, seed=1).double()
    counts = counting.mask_counts(net)
    assert counts.sum() == 2**31
    whole = nn.utils.parameters_to_vector(net.parameters()).detach()
    generator = torch.Generator().manual_seed(0)
    sampled = np.zeros(len(counts))
    for _ in range(2000):
        mask = torch.randint(0, 2, whole.shape, generator=generator)
        nn.utils.vector_to_parameters(whole * mask, net.parameters())
        sampled[boolean.to_code(tuple(net(boolean.inputs(n))[:, 0] > 0))] += 1
    assert (counts[sampled > 0] > 0).all()
    common = np.argmax(counts)
    share = counts[common] / 2**31
    assert abs(sampled[common] / 2000 - share) < 5 * np.sqrt(share * (1 - share) / 2000)


def test_sampled_masks_are_masks():
    """What sampled masks compute is a part of what all masks compute, and most of it."""
    net = networks.mlp([3, 5, 1], seed=5)
    every, some = counting.mask_counts(net) > 0, counting.some_masks(net, sums=1000)
    assert not (some & ~every).any()
    assert some.sum() > 0.8 * every.sum()


def test_too_many_sums_are_refused():
    """A net whose sums cannot be enumerated is refused, with the way out."""
    with pytest.raises(ValueError, match=r"wanted at most .* sums to enumerate.*some_masks"):
        counting.mask_counts(networks.mlp([3, 14, 1], seed=0))


def test_a_net_without_biases_has_fewer_masks():
    """Bias-free layers are counted too: 2^(3h + h) masks, all false at the all-zero input."""
    net = nn.Sequential(nn.Linear(3, 2, bias=False), nn.ReLU(), nn.Linear(2, 1, bias=False))
    counts = counting.mask_counts(net)
    assert counts.sum() == 2**8
    assert counts[1::2].sum() == 0


@settings(max_examples=3, deadline=None)
@given(SEEDS, st.integers(1, 5), ACTIVATIONS)
def test_spans_equal_linear_programs(seed, h, activation):
    """Features and tangent space reach exactly what a linear program can separate."""
    net = networks.mlp([3, h, 1], activation=activation, seed=seed)
    x = boolean.inputs(3)
    double = nn.Sequential(*net).double()
    hidden = double[:-1](x).detach().numpy()
    gradients = [
        torch.cat(
            [
                g.flatten()
                for g in torch.autograd.grad(double(row[None])[0, 0], list(double.parameters()))
            ]
        ).numpy()
        for row in x
    ]
    for reading, phi in (
        ("features", np.column_stack([hidden, np.ones(8)])),
        ("tangent space", np.stack(gradients)),
    ):
        codes = np.random.default_rng(seed).choice(256, size=80, replace=False).tolist()
        expressible = counting.expressible(net, reading)
        for table in (boolean.to_table(code, 3) for code in codes):
            a = np.where(np.array(table)[:, None], -phi, phi)
            b = np.where(table, -1.0, 0.0)
            feasible = linprog(np.zeros(phi.shape[1]), a, b, bounds=(None, None)).status == 0
            assert (table in expressible) == feasible


@settings(max_examples=20, deadline=None)
@given(SEEDS, ACTIVATIONS)
def test_neurons_equal_their_definition(seed, activation):
    """Both layers of a 3-4-2-1 net: the sign of each activation, then every cut of its sum."""
    net = networks.mlp([3, 4, 2, 1], activation=activation, seed=seed)
    double = nn.Sequential(*net).double()
    x = boolean.inputs(3)
    own, free = set(), set()
    for before in (double[:2](x), double[:4](x)):
        for column in before.detach().numpy().T:
            own |= {tuple((column > 0).tolist()), tuple((column <= 0).tolist())}
            for cut in [column.min() - 1, *column]:
                free |= {tuple((column > cut).tolist()), tuple((column <= cut).tolist())}
    assert counting.expressible(net, "neuron") == own
    assert counting.expressible(net, "neuron, free cut") == free


def test_a_planted_neuron_is_expressible_in_every_reading():
    """AND as a hidden unit with a positive readout is found by all five readings."""
    net = networks.mlp([2, 1, 1], seed=0)
    with torch.no_grad():
        for p, value in zip(net.parameters(), ([1.0, 1.0], [-1.5], [1.0], [0.0]), strict=True):
            p.copy_(torch.tensor(value).reshape(p.shape))
    conjunction = (False, False, False, True)
    for reading in counting.READINGS:
        assert conjunction in counting.expressible(net, reading)
        assert boolean.to_table(boolean.parity(2), 2) not in counting.expressible(net, "neuron")


def test_rank_eight_makes_everything_expressible():
    """Eight independent features of three bits reach all 256 functions, whatever they are."""
    net = networks.mlp([3, 40, 1], seed=0)
    assert np.linalg.matrix_rank(counting.span(net, "features")) == 8
    assert len(counting.expressible(net, "features")) == 256


def test_parameterisations_with_scales_are_read_like_the_standard_one():
    """An "ntk" net computes what its scaled weights compute: same counts as the folded net."""
    net = networks.mlp([3, 2, 1], parameterization="ntk", seed=2)
    assert (counting.mask_counts(net) == naive_mask_counts(net)).all()


def test_span_shares_agree_with_the_exact_orthants_of_a_full_span():
    """With orthogonal features all functions are equally likely; impossible ones have share 0."""
    shares = counting.span_shares(np.eye(4), draws=200_000)
    assert shares.sum() == pytest.approx(1)
    assert abs(shares - 1 / 16).max() < 0.004
    x = np.column_stack([boolean.inputs(2).numpy(), np.ones(4)])
    sampled = counting.span_shares(x)
    assert set(np.flatnonzero(sampled)) <= set(np.flatnonzero(boolean.threshold_functions(2)))


def test_rarity_is_minus_log2_of_a_share():
    """A quarter is two bits, everything zero bits, nothing infinitely many."""
    assert counting.rarity(np.array([0.25, 1.0, 0.0])).tolist() == [2.0, 0.0, np.inf]


@pytest.mark.parametrize(
    ("net", "reading", "message"),
    [
        (networks.mlp([3, 2, 1]), "sub", "wanted a reading, received 'sub': choose one of neuron"),
        (networks.mlp([5, 2, 1]), "neuron", "wanted 1 to 4 input bits, got 5"),
        (networks.mlp([3, 2, 2]), "neuron", "a last Linear with one output, received 3-2 -> 2-2"),
        (networks.mlp([3, 1]), "neuron", "at least one hidden layer"),
        (
            networks.mlp([3, 2, 2, 1]),
            "subnetwork",
            "one hidden layer to .* received 2",
        ),
        (
            nn.Sequential(nn.Linear(3, 2), nn.LayerNorm(2), nn.Linear(2, 1)),
            "features",
            "received a network in which 1 is LayerNorm",
        ),
    ],
)
def test_what_cannot_be_enumerated_is_refused(net, reading, message):
    """Unknown readings, too many bits, other shapes and other layers raise and say why."""
    with pytest.raises((TypeError, ValueError), match=message):
        counting.expressible(net, reading)
