"""The single-neuron reading, against loops and against random directions on a real sphere."""

import math

import jaxtyping
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from torch import nn

from helpers import networks, neurons, tasks
from helpers.neurons import CapLaw, GaussianLaw


@pytest.fixture(scope="module")
def task():
    return tasks.digits(3, n_train=400)


@pytest.mark.parametrize("sizes", [[64, 30, 1], [64, 20, 10, 1]])
def test_best_neuron_is_the_one_a_loop_finds(task, sizes):
    net = networks.mlp(sizes, seed=3)
    found = neurons.best_neuron(net, task)
    tried = {}
    for layer, width in enumerate(sizes[1:-1]):
        a = networks.activations(net, task.x_train, layer).numpy()
        for index in range(width):
            if a[:, index].std() > 0:
                tried[layer, index] = np.corrcoef(a[:, index], task.y_train)[0, 1]
    best = max(tried, key=lambda key: abs(tried[key]))
    assert (found.detail["layer"], found.detail["index"]) == best
    assert found.detail["sign"] == np.sign(tried[best])
    assert found.train.correlation == pytest.approx(abs(tried[best]), abs=1e-5)
    assert found.bits == pytest.approx(math.log2(sum(sizes[1:-1])))
    assert found.scores(task.x_test).shape == (len(task.y_test),)


def test_the_choice_does_not_see_the_test_images(task):
    from dataclasses import replace

    net = networks.mlp([64, 30, 1])
    other = replace(task, x_test=task.x_test * 0, y_test=-task.y_test)
    first, second = (neurons.best_neuron(net, one) for one in (task, other))
    assert first.detail == second.detail
    assert first.cut == second.cut


def test_a_layer_can_be_named_from_either_end(monkeypatch, task):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    net = networks.mlp([64, 20, 10, 1])
    last = neurons.best_neuron(net, task, layer=-1)
    assert last.detail == neurons.best_neuron(net, task, layer=1).detail
    assert last.bits == pytest.approx(math.log2(10))
    for layer in (2, "first"):
        message = rf"wanted a hidden layer in \[-2, 1\], received {layer!r}"
        with pytest.raises(ValueError, match=message):
            neurons.best_neuron(net, task, layer=layer)


def test_a_planted_neuron_is_found_even_upside_down(task):
    net = networks.mlp([64, 30, 1], seed=1)
    for sign in (1.0, -1.0):
        planted = tasks.planted(task, lambda x, s=sign: s * networks.activations(net, x)[:, 7])
        found = neurons.best_neuron(net, planted)
        assert found.detail["index"] == 7
        assert found.detail["sign"] == sign
        assert found.test.auc > 0.99


def test_a_neuron_of_a_convolution_is_a_channel_at_a_place():
    toy = tasks.digits(0, n_train=100)
    net = networks.cnn([3], in_channels=1)
    found = neurons.best_neuron(net, toy)
    assert found.detail["neurons"] == 3 * 64
    with pytest.raises(ValueError, match="wanted a fully connected layer, received Conv2d"):
        neurons.strengths(net, toy.x_train, toy.y_train[:, None])


def test_best_pixel_is_the_one_a_loop_finds(task):
    x = task.x_train.flatten(1).numpy()
    r = [np.corrcoef(c, task.y_train)[0, 1] if c.std() > 0 else 0 for c in x.T]
    found = neurons.best_pixel(task)
    assert found.detail["index"] == int(np.argmax(np.abs(r)))
    assert found.train.correlation == pytest.approx(np.abs(r).max(), abs=1e-5)
    assert found.bits == 6


@pytest.mark.parametrize("threads", [1, 2])
def test_strengths_are_correlations_of_activations(task, threads):
    torch.set_num_threads(threads)
    net = networks.mlp([64, 50, 1])
    y = torch.stack([task.y_train, task.x_train[:, 0, 3, 3]], 1)
    a = networks.activations(net, task.x_train).double().numpy()
    found = neurons.strengths(net, task.x_train, y)
    torch.set_num_threads(1)
    alive = a.std(0) > 0
    expected = np.corrcoef(a.T[alive], y.T.numpy())[: alive.sum(), -2:]
    np.testing.assert_allclose(found[torch.from_numpy(alive)], expected, atol=1e-5)
    assert not found[torch.from_numpy(~alive)].any()


@given(seed=st.integers(0, 1000), sizes=st.lists(st.integers(1, 40), min_size=1, max_size=5))
@settings(max_examples=25, deadline=None)
def test_running_best_is_a_maximum_over_the_first_m(seed, sizes):
    strength = torch.randn(40, 3, generator=torch.Generator().manual_seed(seed))
    values, places = neurons.running_best(strength, sizes)
    for row, size in enumerate(sizes):
        expected = strength[:size].abs().max(0)
        assert torch.equal(values[row], expected.values)
        assert torch.equal(places[row], expected.indices)


@pytest.mark.parametrize("sizes", [[0, 3], [41]])
def test_running_best_stays_inside_the_layer(sizes):
    with pytest.raises(ValueError, match=r"wanted sizes in \[1, 40\], received"):
        neurons.running_best(torch.zeros(40, 1), sizes)


@pytest.mark.parametrize(("dimension", "ceiling"), [(3.0, 0.8), (10.0, 1.0), (40.0, 0.5)])
def test_the_cap_law_holds_on_a_sphere(dimension, ceiling):
    """t = R u for random directions u; medians and means of the best of 64, and tail shares."""
    rng = np.random.default_rng(0)
    points = rng.standard_normal((2000, 64, int(dimension)))
    t = ceiling * np.abs(points[..., 0]) / np.linalg.norm(points, axis=-1)
    law = CapLaw(ceiling, dimension)
    best = t.max(1)
    assert law.best_of(64) == pytest.approx(np.median(best), rel=0.02)
    assert law.best_of(64, 0.9) == pytest.approx(np.quantile(best, 0.9), rel=0.02)
    assert neurons.expected_best(law, 64) == pytest.approx(best.mean(), rel=0.01)
    r = np.quantile(t, 0.99)
    assert 2 ** -law.bits(r) == pytest.approx(0.01, rel=0.1)
    fitted = neurons.cap_law(ceiling, torch.from_numpy(t[:, 0]))
    assert fitted.dimension == pytest.approx(dimension, rel=0.1)


def test_in_three_dimensions_the_cap_law_is_archimedes():
    """A coordinate on the ordinary sphere is uniform: Pr(|u| >= r) = 1 - r."""
    law = CapLaw(1.0, 3.0)
    for r in (0.1, 0.5, 0.999):
        assert 2 ** -law.bits(r) == pytest.approx(1 - r, rel=1e-9)
        m = 5  # the median of the best of m uniforms is 2^(-1/m)
        assert law.best_of(m) == pytest.approx(0.5 ** (1 / m))


def test_the_cap_law_has_a_ceiling_and_the_gaussian_law_none():
    cap, gaussian = CapLaw(0.7, 30.0), GaussianLaw(0.1)
    assert cap.bits(0.7) == math.inf
    assert cap.best_of(10**12) < 0.7
    assert math.isfinite(gaussian.bits(0.7))
    assert cap.bits(-0.5) == gaussian.bits(-0.5) == 0
    assert gaussian.best_of(1) == pytest.approx(0.1 * norm.ppf(0.75))
    best = np.abs(0.1 * np.random.default_rng(0).standard_normal((4000, 64))).max(1)
    assert neurons.expected_best(gaussian, 64) == pytest.approx(best.mean(), rel=0.01)


def test_in_high_dimension_the_two_laws_agree():
    cap, gaussian = CapLaw(100.0, 1e6), GaussianLaw(0.1)
    assert cap.best_of(1000) == pytest.approx(gaussian.best_of(1000), rel=1e-3)


def test_a_ceiling_below_the_correlations_is_refused():
    with pytest.raises(ValueError, match=r"wanted a ceiling above the correlations' size 0.500"):
        neurons.cap_law(0.4, torch.full((9,), 0.5))


def test_the_optimised_neuron_reaches_a_planted_neuron_and_beats_every_random_one(task):
    x = task.x_train.flatten(1)
    net = networks.mlp([64, 2000, 1])
    planted = networks.activations(net, task.x_train)[:, [5]]
    y = torch.cat([planted, task.y_train[:, None]], 1)
    found = neurons.optimised_neuron(x, y)
    assert float(found[0]) > 0.95
    assert float(found[1]) > float(neurons.strengths(net, task.x_train, y)[:, 1].abs().max())
    assert torch.equal(found, neurons.optimised_neuron(x, y))
    assert float(found.max()) <= 1 + 1e-5


def test_an_unknown_activation_or_network_is_refused(monkeypatch, task):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    x, y = task.x_train.flatten(1), task.y_train[:, None]
    with pytest.raises(ValueError, match=r"wanted an activation among .*, received 'step'"):
        neurons.optimised_neuron(x, y, activation="step")
    with pytest.raises(ValueError, match=r"wanted a network with a hidden layer"):
        neurons.best_neuron(nn.Linear(64, 1), task)
