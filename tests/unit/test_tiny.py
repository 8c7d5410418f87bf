"""Stacks of tiny nets against the modules they stand for."""

import numpy as np
import pytest
import torch
from torch import nn

from helpers import boolean, networks, tiny


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_a_stack_computes_what_its_modules_compute(activation):
    """Outputs and functions of stacked nets equal those of the modules, one by one."""
    nets = [networks.mlp([3, 4, 1], activation=activation, seed=s) for s in range(5)]
    stacked = tiny.outputs(tiny.stack(nets), 3, activation=activation)
    x = boolean.inputs(3).float()
    for net, row, code in zip(
        nets, stacked, tiny.functions(tiny.stack(nets), 3, activation=activation), strict=True
    ):
        expected = net(x)[:, 0]
        assert torch.allclose(row, expected, atol=1e-6)
        assert boolean.to_table(code, 3) == tuple((expected > 0).tolist())


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_drawn_nets_have_the_law_of_networks_mlp(activation):
    """The standard deviation of every parameter agrees with that of modules drawn one by one."""
    drawn = tiny.draw(3, 2, 20_000, activation=activation).std(dim=0)
    modules = [networks.mlp([3, 2, 1], activation=activation, seed=s) for s in range(1500)]
    assert torch.allclose(drawn, tiny.stack(modules).std(dim=0), rtol=0.12)


def test_function_counts_are_a_histogram_of_drawn_functions():
    """Counts sum to the number of nets and repeat with the seed."""
    counts = tiny.function_counts(3, 4, 70_000, seed=1)
    assert counts.sum() == 70_000
    assert (counts == tiny.function_counts(3, 4, 70_000, seed=1)).all()
    assert (counts != tiny.function_counts(3, 4, 70_000, seed=2)).any()
    # Two blocks of 2^16 nets are different nets: equal blocks would make every count even.
    assert (tiny.function_counts(3, 4, 2**17, seed=1) % 2).any()


def test_descent_equals_torchs_adam_on_one_net():
    """A pair arrives at the step at which torch.optim.Adam alone first computes the target."""
    codes = np.array([0b10000000, 0b01101001, 0b11101000, 0b11111111])
    nets = [networks.mlp([3, 4, 1], seed=s) for s in range(3)]
    arrived = tiny.descend(tiny.stack(nets), codes, 3, steps=150, learning_rate=0.05)
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
    nets = tiny.draw(3, 3, 6)
    arrived = tiny.descend(nets, np.arange(256), 3, steps=0)
    assert (arrived >= 0).sum() == 6
    assert (arrived.argmax(axis=1) == tiny.functions(nets, 3)).all()


def test_rows_of_the_wrong_length_are_refused():
    """A row that is no 3-h-1 net names the expected length and the way to make one."""
    with pytest.raises(ValueError, match=r"h \(3 \+ 2\) \+ 1 parameters per net, received 7"):
        tiny.outputs(torch.zeros(2, 7), 3)
