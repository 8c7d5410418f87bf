"""The ladder is code: every reading takes every network and every task, in one call shape."""

import pytest
import torch
from torch import nn

from helpers import counting, ladder, networks, plots, pruning, tasks

# What the sizes of these tests ask for; a reading that needs none is called bare.
OPTIONS = {"subnetwork": {"steps": 100}, "trained": {"steps": 100, "lr": 3e-3}}
BITS = 300  # training images, so the most that any choice can cost


def nested():
    net = networks.mlp([64, 24, 16, 1], parameterization="ntk", seed=1)
    return nn.Sequential(net[:4], nn.Sequential(nn.Sequential(*net[4:7]), *net[7:]))


def masked():
    net = networks.mlp([64, 32, 1], seed=2)
    return pruning.masked(net, pruning.magnitude(net, keep=0.5))


NETS = {
    "mlp": lambda: networks.mlp([64, 32, 1]),
    "cnn": lambda: networks.cnn([6, 6], in_channels=1, activation="tanh"),
    "nested": nested,
    "masked": masked,
}


@pytest.fixture(scope="module")
def task():
    return tasks.digits(3, n_train=BITS)


def read(name, net, task):
    return ladder.READINGS[name](net, task, **OPTIONS.get(name, {}))


@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize("name", ladder.READINGS)
def test_a_reading_is_named_priced_repeatable_and_beats_chance_on_train(name, net, task):
    net = NETS[net]()
    before = networks.parameter_vector(net)
    found, again = (read(name, net, task) for _ in range(2))
    assert found.name == name
    assert 0 < found.bits <= BITS
    scores = found.scores(task.x_test)
    assert scores.shape == task.y_test.shape
    assert torch.equal(scores, again.scores(task.x_test))
    r = torch.corrcoef(torch.stack([scores.double(), task.y_test.double()]))[0, 1]
    assert found.test.correlation == pytest.approx(float(r), abs=1e-5)
    assert found.train.auc > 0.6
    assert torch.equal(before, networks.parameter_vector(net))


@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize("name", ladder.READINGS)
def test_labels_that_mean_nothing_are_worth_nothing_held_out(name, net, task):
    found = read(name, NETS[net](), tasks.random_labels(task, seed=4))
    assert abs(found.test.auc - 0.5) < 0.11  # 1,497 test images, a tenth of them positive


@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize("name", ladder.READINGS)
def test_what_was_planted_in_a_family_is_found_there(name, net, task):
    """The planted target is a member of the very family: what it picks for half of the images."""
    net = NETS[net]()
    direction = torch.randn(64, generator=torch.Generator().manual_seed(7))
    half = tasks.planted(task, lambda x: x.flatten(1) @ direction)
    member = read(name, net, half)
    found = read(name, net, tasks.planted(task, member.scores))
    assert found.test.auc > 0.8


def test_one_vocabulary_for_the_rungs():
    rungs = list(ladder.READINGS)
    assert list(plots.READINGS[: len(rungs)]) == rungs
    assert {name.partition(",")[0] for name in counting.READINGS} <= set(rungs)
    assert [name for name in counting.READINGS if name in rungs] == [
        name for name in rungs if name in counting.READINGS
    ]
