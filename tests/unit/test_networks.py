"""Networks: the stated distributions, in layers that can be taken apart."""

import math

import jaxtyping
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from helpers import features, networks, seeds
from helpers.claims.ch04_pruning.members import _random_weights
from helpers.counting import small_nets

KINDS = networks.PARAMETERIZATIONS


@pytest.fixture
def unchecked(monkeypatch):
    """The package as readers import it: without the type checks that the tests switch on."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


@pytest.mark.parametrize("kind", KINDS)
def test_an_mlp_maps_images_to_outputs(kind):
    net = networks.mlp([64, 16, 8, 3], parameterization=kind)
    assert net(torch.randn(5, 1, 8, 8)).shape == (5, 3)
    assert networks.parameter_count(net) == 64 * 16 + 16 + 16 * 8 + 8 + 8 * 3 + 3


@pytest.mark.parametrize("kind", KINDS)
def test_a_cnn_maps_photos_of_any_size_to_outputs(kind):
    net = networks.cnn([4, 6, 5], outputs=2, parameterization=kind)
    for size in (32, 9, 1):
        assert net(torch.randn(3, 3, size, size)).shape == (3, 2)
    counted = 9 * 3 * 4 + 4 + 9 * 4 * 6 + 6 + 9 * 6 * 5 + 5 + 5 * 2 + 2
    assert networks.parameter_count(net) == counted


@pytest.mark.parametrize("kind", KINDS)
def test_every_parameterisation_starts_as_the_same_function_up_to_the_output_scale(kind):
    """Weight times constant is N(0, g^2/d) in all three; mup's output has another 1/sqrt(d)."""
    width = 400
    net = networks.mlp([width, width, width, 1], parameterization=kind, bias_std=0.25, seed=1)
    scales, stds, biases, factor = [], [], [], 1.0
    for module in net:
        if isinstance(module, networks.Scale):
            factor = module.factor
        if isinstance(module, nn.Linear):
            scales.append(factor * float(module.weight.detach().std()))
            stds.append(float(module.weight.detach().std()))
            biases.append(module.bias.detach())
    gains = [math.sqrt(2), math.sqrt(2), 1]
    for scale, gain in zip(scales, gains, strict=True):
        assert scale == pytest.approx(gain / math.sqrt(width), rel=0.12)
    if kind != "standard":
        assert stds == pytest.approx([1, 1, 1], rel=0.12)
    assert float(torch.cat(biases).std()) == pytest.approx(0.25, rel=0.1)
    last = net[-1]
    assert isinstance(last, networks.Scale) == (kind == "mup")
    if kind == "mup":
        assert last.factor == pytest.approx(1 / math.sqrt(width))


def _moved(kind: str, width: int, rate: float, bias_std: float) -> float:
    """Root mean square change of the second hidden layer in one step of SGD."""
    net = networks.mlp([16, width, width, 1], parameterization=kind, bias_std=bias_std, seed=0)
    generator = torch.Generator().manual_seed(1)
    x, y = torch.randn(32, 16, generator=generator), torch.randn(32, generator=generator)
    before = networks.activations(net, x, 1)
    loss = (net(x).flatten() - y).square().mean()
    gradients = torch.autograd.grad(loss, list(net.parameters()))
    with torch.no_grad():
        for parameter, gradient in zip(net.parameters(), gradients, strict=True):
            parameter -= rate * gradient
    return float((networks.activations(net, x, 1) - before).square().mean().sqrt())


@pytest.mark.parametrize("bias_std", [0.0, 0.5])
def test_mup_features_move_at_any_width_and_ntk_features_do_not(bias_std):
    widths = (128, 2048)
    mup = [_moved("mup", m, 0.2 * m, bias_std) for m in widths]
    ntk = [_moved("ntk", m, 0.2, bias_std) for m in widths]
    assert mup[1] == pytest.approx(mup[0], rel=0.3)
    assert ntk[1] < 0.35 * ntk[0]  # as 1/sqrt(width): a quarter, up to chance


@given(seed=st.integers(0, 2**31), kind=st.sampled_from(KINDS))
@settings(max_examples=10, deadline=None)
def test_the_seed_fixes_the_network_and_nothing_else_is_touched(seed, kind):
    state = torch.random.get_rng_state()
    nets = [networks.mlp([4, 5, 1], parameterization=kind, seed=seed) for _ in range(2)]
    networks.cnn([3], seed=seed)
    assert torch.equal(torch.random.get_rng_state(), state)
    for first, second in zip(*(net.parameters() for net in nets), strict=True):
        assert torch.equal(first, second)


def test_sizes_may_come_from_numpy(unchecked):
    assert networks.mlp(list(np.array([4, 3, 1])))[1].out_features == 3


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: networks.mlp([4]), r"wanted at least 2 sizes, whole numbers >= 1, received \[4\]"),
        (lambda: networks.mlp([4, 0, 1]), "wanted at least 2 sizes"),
        (lambda: networks.mlp([4, 2.5, 1]), "wanted at least 2 sizes"),
        (lambda: networks.cnn([]), "wanted at least 1 channels"),
        (lambda: networks.cnn([4], outputs=0), "wanted at least 2 in_channels, outputs"),
        (
            lambda: networks.mlp([4, 1], parameterization="lazy"),
            r"wanted a parameterization among \('standard', 'ntk', 'mup'\), received 'lazy'",
        ),
        (lambda: networks.mlp([4, 1], activation="step"), "wanted an activation among .*'step'"),
        (lambda: networks.hidden_layers(networks.mlp([4, 1])), "give networks.mlp three sizes"),
    ],
)
def test_bad_input_is_named(unchecked, call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("module", [nn.Softmax(1), nn.PReLU(8), nn.BatchNorm1d(8), nn.Dropout(0.5)])
def test_what_is_not_pointwise_is_refused_by_name(module):
    net = nn.Sequential(nn.Flatten(), nn.Linear(4, 8), module, nn.Linear(8, 1))
    name = type(module).__name__
    with pytest.raises(TypeError, match=f"received a network in which 2 is {name}"):
        networks.activations(net, torch.randn(3, 4))


def test_only_a_sequence_can_be_taken_apart(unchecked):
    class Residual(nn.Sequential):
        def forward(self, x):
            return x + super().forward(x)

    with pytest.raises(TypeError, match=r"nested in nn\.Sequential, received .* is Residual"):
        networks.hidden_layers(Residual(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2)))


@pytest.mark.parametrize("kind", KINDS)
def test_activations_are_what_the_forward_pass_computes(kind):
    net = networks.mlp([4, 6, 5, 1], parameterization=kind)
    x = torch.randn(7, 4, generator=torch.Generator().manual_seed(0))
    passed, value = [], x
    for module in net:
        value = module(value)
        if isinstance(module, nn.ReLU):
            passed.append(value.detach())
    for layer, expected in enumerate(passed):
        torch.testing.assert_close(networks.activations(net, x, layer, block=3), expected)
    assert torch.equal(networks.activations(net, x), networks.activations(net, x, 1))


@pytest.mark.parametrize("bias", [True, False])
def test_chosen_activations_are_columns_of_all_of_them(bias):
    net = networks.mlp([4, 9, 7, 1], parameterization="ntk")
    if not bias:
        net[5].bias = None  # the second hidden layer
    x = torch.randn(11, 4, generator=torch.Generator().manual_seed(0))
    index = torch.tensor([6, 0, 3])
    parts = list(networks.chosen_activations(net, x, 1, index, block=2))
    assert [part.shape for part in parts] == [(11, 2), (11, 1)]
    torch.testing.assert_close(torch.cat(parts, 1), networks.activations(net, x, 1)[:, index])


def test_chosen_activations_of_a_convolution_are_channels_at_places():
    net = networks.cnn([3, 2])
    x = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    index = torch.tensor([5, 100])
    (found,) = networks.chosen_activations(net, x, 0, index)
    torch.testing.assert_close(found, networks.activations(net, x, 0)[:, index])


@pytest.mark.parametrize("layer", [2, -3])
def test_a_layer_that_is_not_there_is_named(layer):
    net, x = networks.mlp([4, 3, 3, 1]), torch.zeros(2, 4)
    message = rf"wanted a hidden layer in \[-2, 1\], received {layer}"
    with pytest.raises(ValueError, match=message):
        networks.activations(net, x, layer)
    with pytest.raises(ValueError, match=message):
        list(networks.chosen_activations(net, x, layer, torch.tensor([0])))


def test_the_four_families_that_draw_networks_have_one_law():
    """Networks, averaged patches, small nets in a stack and random members: g/sqrt(fan-in), .5."""
    patches = features.random_patches(2000, in_channels=2, patch=4)
    stack = small_nets.draw(4, 3, 20_000)
    members = _random_weights(networks.mlp([50, 40, 1]), 100, seeds.generator(0, "here"))
    for weights, bias, fan_in, activation in (
        (patches[0].weight, patches[0].bias, 2 * 4 * 4, "relu"),
        (patches[4].weight, None, 2000 * 4, "identity"),
        (stack[:, :12], stack[:, 12:15], 4, "relu"),
        (stack[:, 15:18], stack[:, 18], 3, "identity"),
        (members["1.weight"], members["1.bias"], 50, "relu"),
        (members["3.weight"], members["3.bias"], 40, "identity"),
    ):
        law = networks.weight_std(fan_in, activation)
        assert float(weights.std()) == pytest.approx(law, rel=0.05)
        assert bias is None or float(bias.std()) == pytest.approx(0.5, rel=0.1)
    assert networks.weight_std(8, "relu") == pytest.approx(0.5)
    assert networks.weight_std(4) == pytest.approx(0.5)
