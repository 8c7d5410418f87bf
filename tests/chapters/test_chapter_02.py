"""The experiments of chapter 02 at a small size."""

import pytest
import torch

from helpers import networks, neurons, tasks
from helpers.claims.ch02_neurons import claims, experiments, laws
from helpers.yardstick import intervals

SMALL = {"digits": (5,), "n_train": 200}


def test_the_best_of_the_widest_layer_is_the_best_neuron_of_the_same_network():
    frame = intervals.held_out(experiments.best_of_m(3, widths=(4, 32, 128), **SMALL))
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
    frame = experiments.best_of_m(1, widths=(8, 64, 512), **SMALL)
    train = frame[(frame["part"] == "train") & (frame["metric"] == "correlation")]
    train = train.pivot(index="neurons", columns="target", values="value")
    assert (train.diff().dropna() >= 0).all(axis=None)
    assert set(train.columns) == {"digit 5", experiments.RANDOM, experiments.MEANINGLESS}


def test_a_neuron_picked_for_random_labels_is_scored_on_the_digit():
    """The control shares the budget and the scoring of the reading, and only the choice differs."""
    lucky = experiments.against_pixels(2, **SMALL, picked_for=experiments.RANDOM)
    honest = experiments.against_pixels(2, **SMALL)
    on_train = [
        frame.query("reading == 'neuron' and part == 'train' and metric == 'correlation'")["value"]
        for frame in (lucky, honest)
    ]
    assert abs(on_train[0].item()) < on_train[1].item()
    pixels = [frame.query("reading == 'pixel'")["value"].tolist() for frame in (lucky, honest)]
    assert pixels[0] == pixels[1]


def test_without_a_neuron_the_output_loses_just_its_part():
    net = networks.mlp([5, 7, 1], seed=2)
    x = torch.randn(9, 5, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        part = networks.activations(net, x)[:, 3] * net[-1].weight[0, 3]
        less = experiments.silenced(net, 3)(x)[:, 0]
        assert torch.allclose(net(x)[:, 0] - part, less, atol=1e-6)


def test_silencing_the_best_neuron_is_compared_with_silencing_one_drawn_at_random():
    rows = claims.ablation_loss(1, digits=(5,), n_train=200, steps=30).set_index("case")["value"]
    frame = experiments.trained_neurons(1, digits=(5,), n_train=200, steps=30)
    score = intervals.held_out(frame).set_index("reading")["value"]
    best, other = (
        score[f"network without {which}"] for which in ("its best neuron", "a random neuron")
    )
    assert rows["digit 5"] == pytest.approx(other - best)
    assert rows["a random neuron"] == pytest.approx(score["network"] - other)


def test_the_laws_are_fitted_on_other_neurons_than_they_are_judged_on():
    frame = laws.laws(4, fit_on=64, widths=(16, 256), **SMALL)
    task = tasks.digits(5, n_train=200, seed=4)
    net = networks.mlp([64, 256 + 64, 1], seed=4)
    t = neurons.strengths(net, task.x_train, task.y_train[:, None])[:, 0]
    assert frame["measured"].tolist() == pytest.approx(
        [float(t[:16].abs().max()), float(t[:256].abs().max())]
    )
    spread = neurons.GaussianLaw(float(t[256:].square().mean().sqrt()))
    assert frame["gaussian"].iloc[1] == pytest.approx(neurons.expected_best(spread, 256), rel=1e-5)


def test_a_world_whose_pixels_are_the_labels_is_detected_by_a_neuron():
    task = experiments.digit(5, 1, 200, shows_label=True)
    found = neurons.best_neuron(networks.mlp([64, 64, 1], seed=1), task)
    assert found.test.correlation > 0.9
