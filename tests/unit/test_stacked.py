import pytest
import torch

from helpers import networks, pruning, stacked, tasks


def test_stacking_and_unstacking_give_the_nets_back():
    nets = [networks.mlp([4, 3, 1], seed=s) for s in range(3)]
    again = stacked.unstack(nets[0], stacked.stack(nets))
    x = torch.ones(2, 4)
    assert all(torch.equal(a(x), b(x)) for a, b in zip(nets, again, strict=True))


def test_losses_are_those_of_the_nets_one_by_one():
    nets = [networks.mlp([4, 3, 1], seed=s) for s in range(3)]
    g = torch.Generator().manual_seed(0)
    x, y = torch.randn(3, 7, 4, generator=g), torch.randn(3, 7, generator=g).sign()
    together = stacked.losses(nets[0], stacked.stack(nets), x, y, stacked.logistic)
    alone = [stacked.logistic(n(a), b) for n, a, b in zip(nets, x, y, strict=True)]
    assert torch.allclose(together, torch.stack(alone))


def test_a_net_is_trained_as_it_would_be_alone_with_torchs_adam():
    task = tasks.digits(3, n_train=100)
    net = networks.mlp([64, 5, 1])
    masks = pruning.random(net, keep=0.5)
    (ours, _) = stacked.train([net, net], [task] * 2, seeds=[3, 4], masks=[masks] * 2, steps=20)
    twin = pruning.masked(net, masks)
    adam = torch.optim.Adam(twin.parameters(), lr=3e-3)
    for _, (x, y) in zip(range(20), stacked.batches([task], 128, [3]), strict=False):
        adam.zero_grad()
        stacked.logistic(twin(x[0]), y[0]).backward()
        adam.step()
    for a, b in zip(ours.parameters(), twin.parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-5)
    assert all((dict(ours.named_parameters())[n][~m] == 0).all() for n, m in masks.items())


def test_training_leaves_the_nets_alone_and_learns():
    task = tasks.digits(3, n_train=400)
    net = networks.mlp([64, 16, 1])
    before = stacked.stack([net])
    (trained,) = stacked.train([net], [task], seeds=[0], steps=200)
    assert all(torch.equal(before[n][0], p) for n, p in net.named_parameters())
    with torch.no_grad():
        right = trained(task.x_test)[:, 0].sign() == task.y_test
    assert right.float().mean() > 0.95


def test_counts_have_to_agree():
    net = networks.mlp([2, 1])
    with pytest.raises(ValueError, match="received 1 nets, 1 tasks, 2 seeds, 1 masks"):
        stacked.train([net], [None], seeds=[0, 1])
