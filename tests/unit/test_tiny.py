"""Stacks of tiny nets against the modules they stand for."""

import numpy as np
import pytest
import torch
from torch import nn

from helpers import counting, networks, tangent
from helpers.counting import boolean, small_nets


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_a_stack_computes_what_its_modules_compute(activation):
    """Outputs and functions of stacked nets equal those of the modules, one by one."""
    nets = [networks.mlp([3, 4, 1], activation=activation, seed=s) for s in range(5)]
    stacked = small_nets.outputs(small_nets.stack(nets), 3, activation=activation)
    x = boolean.inputs(3).float()
    for net, row, code in zip(
        nets,
        stacked,
        small_nets.functions(small_nets.stack(nets), 3, activation=activation),
        strict=True,
    ):
        expected = net(x)[:, 0]
        assert torch.allclose(row, expected, atol=1e-6)
        assert boolean.to_table(code, 3) == tuple((expected > 0).tolist())


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_drawn_nets_have_the_law_of_networks_mlp(activation):
    """The standard deviation of every parameter agrees with that of modules drawn one by one."""
    drawn = small_nets.draw(3, 2, 20_000, activation=activation).std(dim=0)
    modules = [networks.mlp([3, 2, 1], activation=activation, seed=s) for s in range(1500)]
    assert torch.allclose(drawn, small_nets.stack(modules).std(dim=0), rtol=0.12)


def test_function_counts_are_a_histogram_of_drawn_functions():
    """Counts sum to the number of nets and repeat with the seed."""
    counts = small_nets.function_counts(3, 4, 70_000, seed=1)
    assert counts.sum() == 70_000
    assert (counts == small_nets.function_counts(3, 4, 70_000, seed=1)).all()
    assert (counts != small_nets.function_counts(3, 4, 70_000, seed=2)).any()
    # Two blocks of 2^16 nets are different nets: equal blocks would make every count even.
    assert (small_nets.function_counts(3, 4, 2**17, seed=1) % 2).any()


def test_descent_equals_torchs_adam_on_one_net():
    """A pair arrives at the step at which torch.optim.Adam alone first computes the target."""
    codes = np.array([0b10000000, 0b01101001, 0b11101000, 0b11111111])
    nets = [networks.mlp([3, 4, 1], seed=s) for s in range(3)]
    descent = small_nets.descend(small_nets.stack(nets), codes, 3, steps=150, learning_rate=0.05)
    arrived = descent.step
    x = boolean.inputs(3).float()
    for s in range(3):
        for t, code in enumerate(codes):
            net = networks.mlp([3, 4, 1], seed=s)
            optimiser = torch.optim.Adam(net.parameters(), lr=0.05)
            wanted = torch.tensor(boolean.to_table(code, 3))
            first = -1
            for step in range(151):
                f = net(x)[:, 0]
                if ((f > 0) == wanted).all():
                    first = step
                    break
                loss = nn.functional.softplus(torch.where(wanted, -f, f)).mean()
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
            assert abs(arrived[s, t] - first) <= 1


def test_the_function_of_the_untrained_net_is_found_at_step_zero():
    """Exactly one target per net needs no step: the function it computes already."""
    nets = small_nets.draw(3, 3, 6)
    arrived = small_nets.descend(nets, np.arange(256), 3, steps=0).step
    assert (arrived >= 0).sum() == 6
    assert (arrived.argmax(axis=1) == small_nets.functions(nets, 3)).all()


@pytest.mark.parametrize(("optimiser", "rate"), [(torch.optim.Adam, 0.05), (torch.optim.SGD, 1.0)])
def test_kept_in_the_tangent_space_training_finds_only_what_the_space_expresses(optimiser, rate):
    """A first-order expansion finds none that the exact count denies, and most of the others."""
    nets = [networks.mlp([3, 3, 1], seed=s) for s in range(4)]
    options = {"optimiser": optimiser, "learning_rate": rate, "linear": True, "steps": 300}
    found = small_nets.descend(small_nets.stack(nets), np.arange(256), 3, **options).step >= 0
    present = np.stack([counting.expressed(net, "tangent space") for net in nets])
    assert not found[~present].any()
    assert found[present].mean() > 0.6


def test_rounding_about_zero_is_no_function_found():
    """Far from its target a space of low rank ends at 0 everywhere, and signs of 1e-8 are noise."""
    nets = [networks.mlp([3, 4, 1], seed=seed) for seed in (3_019_009, 3_022_000)]
    found = small_nets.descend(
        small_nets.stack(nets), np.arange(256), 3, linear=True, steps=1000, learning_rate=0.03
    )
    present = np.stack([counting.expressed(net, "tangent space") for net in nets])
    assert not (found.step >= 0)[~present].any()


def test_the_expansion_is_the_tangent_of_the_net():
    """It equals `tangent.linearize` of each module, for steps large and small."""
    nets = [networks.mlp([3, 2, 1], seed=s) for s in range(3)]
    stacked = small_nets.stack(nets)
    steps = torch.randn(3, 5, stacked.shape[1], generator=torch.Generator().manual_seed(0))
    rows = (stacked[:, None] + steps).flatten(0, 1)
    found = small_nets.expansion(stacked, 3)(rows, torch.arange(3).repeat_interleave(5))
    x = boolean.inputs(3).float()
    for net, row, step in zip(nets, found.unflatten(0, (3, 5)), steps, strict=True):
        linear = tangent.linearize(net)
        expected = torch.stack([linear(x, one).reshape(-1) for one in step])
        assert torch.allclose(row, expected.float(), atol=1e-5)


def test_departure_is_zero_in_the_last_layer_and_not_elsewhere():
    """The output is linear in readout and bias, so that moving only these stays in the space."""
    nets = small_nets.draw(3, 4, 3)
    moved = torch.zeros(3, 2, 21)
    moved[:, 0, -5:] = 1.0
    moved[:, 1] = 1.0
    left = small_nets.departure(nets, nets[:, None] + moved, 3)
    assert left[:, 0].max() < 1e-5
    assert left[:, 1].min() > 0.05


def test_rows_of_the_wrong_length_are_refused():
    """A row that is no 3-h-1 net names the expected length and the way to make one."""
    with pytest.raises(ValueError, match=r"h \(3 \+ 2\) \+ 1 parameters per net, received 7"):
        small_nets.outputs(torch.zeros(2, 7), 3)
