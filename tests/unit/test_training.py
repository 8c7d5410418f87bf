"""Training: plain gradient descent, checked against gradients taken by hand."""

import copy

import pytest
import torch

from helpers import networks, pruning, seeds, tasks, training
from helpers.tasks import Task
from helpers.training import train


def _toy(n: int = 6) -> Task:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(n, 3, generator=generator)
    y = torch.tensor([1.0, -1.0]).repeat(n // 2)
    return Task(x, y, x, y, "toy")


@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_full_batch_sgd_is_gradient_descent_on_the_stated_loss(loss):
    """A linear net: the gradients of both losses are written out by hand."""
    task, net = _toy(), networks.mlp([3, 1])
    w, b = net[1].weight.detach().clone()[0], net[1].bias.detach().clone()
    values = []
    for _ in range(5):
        score = task.x_train @ w + b
        if loss == "squared":
            values.append((score - task.y_train).square().mean())
            slope = 2 * (score - task.y_train)
        else:
            values.append(torch.log1p((-task.y_train * score).exp()).mean())
            slope = -task.y_train * torch.sigmoid(-task.y_train * score)
        w = w - 0.1 * (slope[:, None] * task.x_train).mean(0)
        b = b - 0.1 * slope.mean()
    history = train(net, task, steps=5, batch=None, lr=0.1, optimizer="sgd", loss=loss)
    torch.testing.assert_close(history.net[1].weight.detach()[0], w, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(history.net[1].bias.detach(), b, atol=1e-5, rtol=1e-5)
    assert history.steps == [1, 2, 3, 4, 5]
    assert history.loss == pytest.approx([float(value) for value in values], abs=1e-5)


def test_the_network_passed_in_keeps_its_parameters():
    net = networks.mlp([3, 4, 1])
    before = [p.detach().clone() for p in net.parameters()]
    train(net, _toy(), steps=3)
    for old, new in zip(before, net.parameters(), strict=True):
        assert torch.equal(old, new)
        assert new.grad is None


def test_the_seed_fixes_the_order_of_the_batches_on_one_and_two_threads():
    task, net = tasks.digits(3, n_train=200), networks.mlp([64, 16, 1])
    state = torch.random.get_rng_state()
    outputs = []
    for seed, threads in ((0, 1), (0, 1), (0, 2), (1, 1)):
        torch.set_num_threads(threads)
        trained = train(net, task, steps=20, batch=32, seed=seed).net
        outputs.append(trained(task.x_test).detach())
    torch.set_num_threads(1)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.equal(outputs[0], outputs[1])
    torch.testing.assert_close(outputs[0], outputs[2], atol=1e-5, rtol=1e-5)
    assert not torch.allclose(outputs[0], outputs[3])


def test_a_pass_shows_every_image_at_most_once_and_what_is_left_is_dropped():
    x, y = torch.arange(10.0)[:, None], torch.tensor([1.0, -1.0]).repeat(5)
    task = Task(x, y, x, y, "toy")
    drawn = training.batches([task, task], 4, [torch.Generator().manual_seed(s) for s in (0, 1)])
    seen = [next(drawn)[0][:, :, 0] for _ in range(4)]
    first, second = (torch.cat(seen[k : k + 2], dim=1).tolist() for k in (0, 2))
    assert all(len(set(row)) == 8 for row in (*first, *second))
    assert first != second
    assert first[0] != first[1]


def test_nets_of_one_ensemble_are_trained_as_they_would_be_alone_with_torchs_adam():
    task, net = tasks.digits(3, n_train=300), networks.mlp([64, 5, 1]).double()
    task = Task(*(t.double() for t in (task.x_train, task.y_train, task.x_test, task.y_test)), "3")
    nets = [pruning.masked(net, pruning.random(net, keep=0.5, seed=s)) for s in (0, 1)]
    together = training.train_many(nets, [task] * 2, seeds=[3, 4], steps=20, lr=3e-3)
    for start, run, seed in zip(nets, together, (3, 4), strict=True):
        alone = train(start, task, seed=seed, steps=20, lr=3e-3)
        twin = copy.deepcopy(start)
        adam = torch.optim.Adam(twin.parameters(), lr=3e-3)
        order = seeds.generator(seed, "batches")
        rows = [part for _ in range(10) for part in torch.randperm(300, generator=order).split(128)]
        for index in [row for row in rows if len(row) == 128][:20]:
            adam.zero_grad()
            score = twin(task.x_train[index])[:, 0]
            torch.log1p((-task.y_train[index] * score).exp()).mean().backward()
            adam.step()
        for other in (alone.net, twin):
            for a, b in zip(run.net.parameters(), other.parameters(), strict=True):
                assert torch.allclose(a, b, atol=1e-9)
        assert run.loss == pytest.approx(alone.loss, abs=1e-9)


def test_an_ensemble_gives_its_nets_back():
    nets = [networks.mlp([4, 3, 1], seed=s) for s in range(3)]
    again = training.Ensemble.of(nets).nets()
    x = torch.ones(2, 4)
    assert all(torch.equal(a(x), b(x)) for a, b in zip(nets, again, strict=True))


def test_losses_of_an_ensemble_are_those_of_the_nets_one_by_one():
    nets = [networks.mlp([4, 3, 1], seed=s) for s in range(3)]
    g = torch.Generator().manual_seed(0)
    x, y = torch.randn(3, 7, 4, generator=g), torch.randn(3, 7, generator=g).sign()
    loss = training.LOSSES["logistic"]
    together = training.Ensemble.of(nets).losses(x, y, loss)
    alone = [loss(n(a), b) for n, a, b in zip(nets, x, y, strict=True)]
    assert torch.allclose(together, torch.stack(alone))


def test_a_convolutional_ensemble_trains_like_its_nets():
    g = torch.Generator().manual_seed(0)
    x, y = torch.randn(8, 2, 6, 6, generator=g), torch.tensor([1.0, -1.0]).repeat(4)
    task, nets = (
        Task(x, y, x, y, "noise"),
        [networks.cnn([3], in_channels=2, seed=s) for s in (0, 1)],
    )
    together = training.train_many(nets, [task] * 2, seeds=[0, 1], steps=5, batch=4)
    alone = [train(net, task, seed=s, steps=5, batch=4) for s, net in enumerate(nets)]
    for a, b in zip(together, alone, strict=True):
        torch.testing.assert_close(a.net(x), b.net(x), atol=1e-5, rtol=1e-4)


def test_frozen_parameters_stay_and_a_frozen_net_is_refused():
    net = networks.mlp([3, 4, 1])
    net[1].requires_grad_(False)
    after = train(net, _toy(), steps=3).net
    assert torch.equal(after[1].weight, net[1].weight)
    assert not torch.equal(after[3].weight, net[3].weight)
    with pytest.raises(ValueError, match=r"parameters are all frozen: call net.requires_grad_"):
        train(net.requires_grad_(False), _toy(), steps=3)


def test_counts_and_architectures_have_to_agree():
    net, other = networks.mlp([3, 1]), networks.mlp([3, 2, 1])
    with pytest.raises(ValueError, match="received 1 nets, 1 tasks, 2 seeds"):
        training.train_many([net], [_toy()], seeds=[0, 1])
    with pytest.raises(ValueError, match="wanted nets of one architecture, received 2 of them"):
        training.train_many([net, other], [_toy()] * 2, seeds=[0, 1])
    with pytest.raises(ValueError, match="wanted tasks with as many images"):
        training.train_many([net, net], [_toy(6), _toy(8)], seeds=[0, 1])


def test_the_trained_network_is_a_reading_whose_price_is_its_labels():
    task, net = tasks.digits(0, n_train=300), networks.mlp([64, 16, 1])
    found = training.trained(net, task, steps=150, lr=3e-3)
    again = train(net, task, steps=150, lr=3e-3).net
    assert torch.equal(found.scores(task.x_test), again(task.x_test)[:, 0].detach())
    assert (found.name, found.bits) == ("trained", 300)
    assert found.test.auc > 0.97


def test_snapshots_are_the_network_after_so_many_steps():
    net, task = networks.mlp([3, 4, 1]), _toy()
    history = train(net, task, steps=4, snapshots=(0, 2, 4))
    shorter = train(net, task, steps=2).net
    pairs = [(history.snapshots[0], net), (history.snapshots[2], shorter)]
    for first, second in [*pairs, (history.snapshots[4], history.net)]:
        assert torch.equal(first(task.x_test), second(task.x_test))


def test_training_learns_a_digit_held_out():
    task = tasks.digits(0, n_train=500)
    trained = train(networks.mlp([64, 32, 1]), task, steps=150).net
    right = ((trained(task.x_test).flatten() > 0) == (task.y_test > 0)).float().mean()
    assert float(right) > 0.97


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"optimizer": "lion"}, r"wanted an optimizer among \('adam', 'sgd'\), received 'lion'"),
        (
            {"loss": "hinge"},
            "wanted a loss among .'logistic', 'squared', 'cross-entropy'., received 'hinge'",
        ),
        (
            {"steps": 5, "snapshots": (9,)},
            r"wanted snapshots at steps from 0 to 5, received \(9,\)",
        ),
        ({"batch": 0}, "wanted at least one image per batch, received 0"),
        (
            {"optimizer": "sgd", "lr": 1e9, "loss": "squared", "steps": 50},
            r"finite loss, received (nan|inf) at step \d+: lower lr=1000000000.0",
        ),
    ],
)
def test_bad_input_is_named(options, message):
    with pytest.raises(ValueError, match=message):
        train(networks.mlp([3, 4, 1]), _toy(), **options)


def test_several_outputs_are_refused():
    with pytest.raises(
        ValueError,
        match="wanted a network with one output for the loss 'logistic', received one with 2",
    ):
        train(networks.mlp([3, 4, 2]), _toy())
