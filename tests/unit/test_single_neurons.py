"""The experiments of chapter 02 at a small size."""

import pytest
import torch

from helpers import intervals, networks, neurons, tasks
from helpers.claims import single_neurons

SMALL = {"digits": (5,), "n_train": 200}


def test_the_best_of_the_widest_layer_is_the_best_neuron_of_the_same_network():
    frame = intervals.held_out(single_neurons.best_of_m(3, widths=(4, 32, 128), **SMALL))
    found = frame[frame["target"] == "digit 5"].set_index("neurons")["value"]
    task = tasks.digits(5, n_train=200, seed=3)
    net = networks.mlp([64, 128, 1], seed=3)
    assert found[128] == pytest.approx(neurons.best_neuron(net, task).test.correlation, abs=1e-6)
    t = neurons.strengths(net, task.x_train, task.y_train[:, None])[:4, 0]
    pick = int(t.abs().argmax())
    held_out = networks.activations(net, task.x_test)[:, pick] * t[pick].sign()
    wanted = torch.corrcoef(torch.stack([held_out, task.y_test]))[0, 1]
    assert found[4] == pytest.approx(float(wanted), abs=1e-5)


def test_on_train_the_best_of_more_is_never_worse():
    frame = single_neurons.best_of_m(1, widths=(8, 64, 512), **SMALL)
    train = frame[frame["part"] == "train"].pivot(index="neurons", columns="target", values="value")
    assert (train.diff().dropna() >= 0).all(axis=None)
    assert set(train.columns) == {"digit 5", "random labels", "random clusters"}


def test_without_a_neuron_the_output_loses_just_its_part():
    net = networks.mlp([5, 7, 1], seed=2)
    x = torch.randn(9, 5, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        part = networks.activations(net, x)[:, 3] * net[-1].weight[0, 3]
        less = single_neurons.without_neuron(net, 3)(x)[:, 0]
        assert torch.allclose(net(x)[:, 0] - part, less, atol=1e-6)


def test_the_laws_are_fitted_on_other_neurons_than_they_are_judged_on():
    frame = single_neurons.laws(4, fit_on=64, widths=(16, 256), **SMALL)
    task = tasks.digits(5, n_train=200, seed=4)
    net = networks.mlp([64, 256 + 64, 1], seed=4)
    t = neurons.strengths(net, task.x_train, task.y_train[:, None])[:, 0]
    assert frame["measured"].tolist() == pytest.approx(
        [float(t[:16].abs().max()), float(t[:256].abs().max())]
    )
    spread = neurons.GaussianLaw(float(t[256:].square().mean().sqrt()))
    assert frame["gaussian"].iloc[1] == pytest.approx(neurons.expected_best(spread, 256), rel=1e-5)
