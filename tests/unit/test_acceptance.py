"""The names and shapes that code outside the package relies on, each called once."""

import inspect
import subprocess
import sys

import pandas as pd
import pytest
import torch
from torch import nn

from helpers import (
    claims,
    counting,
    features,
    ladder,
    networks,
    neurons,
    pruning,
    sweeps,
    tangent,
    tasks,
    training,
    yardstick,
)


@pytest.fixture(scope="module")
def task():
    return tasks.digits(positive=3, n_train=1000, seed=0)


@pytest.fixture(scope="module")
def net():
    return networks.mlp([64, 16, 1], parameterization="ntk", activation="tanh", seed=0)


def options(function):
    return list(inspect.signature(function).parameters)


def test_a_task_has_images_first_and_labels_of_minus_and_plus_one(task):
    assert task.x_train.shape == (1000, 1, 8, 8)
    assert task.y_train.shape == (1000,)
    assert len(task.x_test) == len(task.y_test) == 797
    assert set(task.y_train.tolist()) == set(task.y_test.tolist()) == {-1.0, 1.0}
    assert task.name == "digits 3"
    for other in (tasks.random_labels(task, seed=1), tasks.cluster_labels(task, k=10, seed=1)):
        assert torch.equal(other.x_test, task.x_test)
        assert not torch.equal(other.y_test, task.y_test)
    assert options(tasks.cifar10) == ["positive", "root", "n_train", "n_test", "seed"]


def test_networks_are_made_in_three_parameterizations():
    for name in ("standard", "ntk", "mup"):
        dense = networks.mlp([64, 8, 1], parameterization=name, activation="relu", seed=0)
        conv = networks.cnn([4], parameterization=name, activation="relu", seed=0)
        assert dense(torch.zeros(2, 1, 8, 8)).shape == (2, 1)
        assert conv(torch.zeros(2, 3, 32, 32)).shape == (2, 1)


MAKERS = {
    "neuron": neurons.best_neuron,
    "k neurons": neurons.best_k,
    "features": features.readout,
    "subnetwork": pruning.subnetwork,
    "tangent feature": tangent.best_feature,
    "tangent space": tangent.kernel_regression,
    "trained": training.trained,
}


@pytest.mark.parametrize("name", MAKERS)
def test_every_rung_is_a_reading_with_three_held_out_scores(name, net, task):
    assert ladder.READINGS[name] is MAKERS[name]
    small = {"subnetwork": {"keep": 0.5, "steps": 20}, "trained": {"steps": 20}}
    found = ladder.READINGS[name](net, task, **small.get(name, {}))
    assert isinstance(found, yardstick.Reading)
    assert found.name == name
    assert found.scores(task.x_test).shape == task.y_test.shape
    for part in (found.train, found.test):
        assert -1 <= part.correlation <= 1
        assert 0 <= part.auc <= 1
        assert 0 <= part.balanced_accuracy <= 1
    assert 0 < found.bits <= 1000
    assert isinstance(found.detail, dict)


def test_masks_are_named_like_parameters_and_a_masked_network_is_a_network(net):
    values, targets = torch.tensor([0.5, -0.25, 0.125, 1.0]), torch.tensor([0.625, 0.75])
    mask = pruning.subset_sum(values, targets)
    assert torch.equal(mask.double() @ values.double(), targets.double())
    masks = pruning.magnitude(net, keep=0.25)
    parameters = dict(net.named_parameters())
    assert masks.keys() == parameters.keys()
    assert all(masks[name].shape == p.shape for name, p in parameters.items())
    assert all(mask.dtype == torch.bool for mask in masks.values())
    assert isinstance(pruning.masked(net, masks), nn.Module)
    assert "keep" in options(pruning.edge_popup)


def test_the_tangent_space_as_kernel_features_and_linear_model(net, task):
    x = task.x_test[:5]
    count = sum(p.numel() for p in net.parameters())
    phi = tangent.features(net, x)
    assert phi.shape == (5, count)
    assert tangent.empirical_ntk(net, x, x[:3], outputs="full").shape == (5, 3)
    ten = networks.mlp([64, 8, 10])
    assert tangent.empirical_ntk(ten, x, outputs="full").shape == (5, 5, 10, 10)
    kernel = tangent.empirical_ntk(net, x)
    assert torch.allclose(kernel.reshape(5, 5), phi @ phi.T, rtol=1e-3, atol=1e-5)
    delta = 1e-3 * torch.randn(count, generator=torch.Generator().manual_seed(0))
    linear = tangent.linearize(net)
    assert torch.allclose(linear(x, delta).flatten(), net(x).flatten() + phi @ delta, atol=1e-5)


def test_truth_tables_are_a_set_and_sweeps_are_frames():
    tables = counting.expressible(networks.mlp([2, 2, 1], seed=0), "subnetwork")
    assert isinstance(tables, set)
    assert {len(table) for table in tables} == {4}
    frame = sweeps.sweep(lambda seed: {"value": seed}, {"seed": [1, 2]}, store=None, jobs=1)
    assert isinstance(frame, pd.DataFrame)
    assert frame["value"].tolist() == [1, 2]


def test_the_ledger_is_a_list_of_claims_and_a_command():
    assert {type(claim) for claim in claims.ledger()} == {claims.Claim}
    command = [sys.executable, "-m", "helpers.claims", "--help"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "usage: python -m helpers.claims" in told
