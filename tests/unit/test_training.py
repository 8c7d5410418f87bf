"""Training: plain gradient descent, checked against gradients taken by hand."""

from typing import ClassVar

import pytest
import torch
from torch import nn

from helpers import networks, tasks
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


def test_a_pass_shows_every_image_at_most_once():
    class Recorder(nn.Module):
        seen: ClassVar[list] = []

        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(1))

        def forward(self, x):
            if len(x) > 1:
                self.seen.append(x[:, 0].tolist())
            return x[:, :1] * self.weight

    x, y = torch.arange(10.0)[:, None], torch.tensor([1.0, -1.0]).repeat(5)
    train(Recorder(), Task(x, y, x, y, "toy"), steps=4, batch=4)
    first, second = ([*Recorder.seen[k], *Recorder.seen[k + 1]] for k in (0, 2))
    assert len(set(first)) == len(set(second)) == 8
    assert first != second


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
        ({"loss": "hinge"}, "wanted a loss 'logistic' or 'squared', received 'hinge'"),
        (
            {"steps": 5, "snapshots": (9,)},
            r"wanted snapshots at steps from 0 to 5, received \(9,\)",
        ),
        ({"batch": 0}, "wanted at least one image per batch, received 0"),
        (
            {"optimizer": "sgd", "lr": 1e9, "loss": "squared", "steps": 50},
            r"the loss is (nan|inf) at step \d+: lower lr=1000000000.0",
        ),
    ],
)
def test_bad_input_is_named(options, message):
    with pytest.raises(ValueError, match=message):
        train(networks.mlp([3, 4, 1]), _toy(), **options)


def test_several_outputs_are_refused():
    with pytest.raises(ValueError, match="wanted a network with one output, received one with 2"):
        train(networks.mlp([3, 4, 2]), _toy())
