"""The feature reading, against scikit-learn, closed forms and brute force."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta
from sklearn.linear_model import Ridge
from torch import nn

from helpers import features, networks, tasks, yardstick
from helpers.networks import mlp
from helpers.yardstick.descent import directions


def randn(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def small_task(n=60, pixels=(1, 4, 4), seed=0):
    x = randn(2 * n, *pixels, seed=seed).float()
    y = torch.where(x.flatten(1)[:, 0] + 0.3 * x.flatten(1)[:, 1] > 0, 1.0, -1.0)
    return tasks.Task(x[:n], y[:n], x[n:], y[n:], "toy")


# --- the readout ----------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [20, 200], ids=["fewer features", "more features"])
@pytest.mark.parametrize("penalty", [1e-4, 1e-1])
def test_scores_agree_with_scikit_learn(width, penalty):
    """The readout is scikit-learn's Ridge to 1e-6, with fewer or more features than images."""
    task = small_task()
    net = mlp([16, width, 1], seed=1)
    found = features.readout(net, task, lambdas=(penalty,))
    phi = features.layer_features(net, task.x_train).double().numpy()
    theirs = Ridge(alpha=found.detail["lam"]).fit(phi, task.y_train.double().numpy())
    test = features.layer_features(net, task.x_test).double().numpy()
    np.testing.assert_allclose(found.scores(task.x_test).numpy(), theirs.predict(test), atol=1e-6)


def test_effective_degrees_of_freedom_are_the_trace_of_the_hat_matrix():
    """edof is the trace of the matrix that maps labels to centred fits, built column by column."""
    task = small_task(n=30)
    net = mlp([16, 12, 1], seed=1)
    found = features.readout(net, task, lambdas=(0.01,))
    phi = features.layer_features(net, task.x_train).double().numpy()
    hat = np.column_stack(
        [Ridge(alpha=found.detail["lam"]).fit(phi, e).predict(phi) for e in np.eye(30)]
    )
    assert np.trace(hat) - 1 == pytest.approx(found.detail["edof"], abs=1e-8)  # 1: the free bias


def test_lambda_and_cut_are_chosen_without_the_test_images():
    """Other test images and labels leave the detector as it was."""
    task = small_task()
    other = tasks.Task(task.x_train, task.y_train, -task.x_test, -task.y_test, "other")
    net = mlp([16, 40, 1], seed=2)
    ours, theirs = (features.readout(net, t) for t in (task, other))
    assert ours.cut == theirs.cut
    assert ours.detail["lam"] == theirs.detail["lam"]
    assert torch.equal(ours.scores(task.x_test), theirs.scores(task.x_test))


def test_planted_combination_is_found():
    """A label made from a combination of the features is read out of them, held out.

    Not perfectly: squared error on signs is not made for exactly separable labels.
    """
    images = tasks.digits(0, n_train=800, seed=0)
    net = mlp([64, 64, 1], seed=0)
    w = randn(64).float()
    task = tasks.planted(images, lambda x: features.layer_features(net, x) @ w)
    assert features.readout(net, task).test.auc > 0.97


def test_first_columns_of_a_wide_layer_are_a_narrower_layer():
    """`as_task` and `linear` give what a readout of the narrower network gives."""
    task = small_task()
    wide, narrow = mlp([16, 32, 1], seed=3), mlp([16, 8, 1], seed=4)
    with torch.no_grad():
        narrow[1].weight.copy_(wide[1].weight[:8])
        narrow[1].bias.copy_(wide[1].bias[:8])
    part = features.linear("features", lambda z: z[:, :8], features.as_task(wide, task))
    whole = features.readout(narrow, task)
    assert part.test.auc == whole.test.auc
    assert part.test.correlation == pytest.approx(whole.test.correlation, abs=1e-6)
    assert part.detail["code"] == pytest.approx(whole.detail["code"])


@pytest.mark.parametrize(
    ("layer", "grid", "columns"),
    [("last hidden", None, 6), ("last hidden", 2, 24), (0, None, 5 * 64), (0, 1, 5), (-1, 2, 24)],
)
def test_features_of_a_convolutional_network(layer, grid, columns):
    """The last hidden layer of `networks.cnn` is its averaged channels; `grid` averages cells."""
    net = networks.cnn([5, 6], in_channels=1, seed=0)
    x = randn(3, 1, 8, 8).float()
    found = features.layer_features(net, x, layer=layer, grid=grid)
    assert found.shape == (3, columns)
    if layer == "last hidden" and grid is None:
        with torch.no_grad():
            assert torch.allclose(net(x), net[-1](found), atol=1e-6)


def test_random_patches_by_hand():
    """One filter's feature is the mean of relu over its patches."""
    net = features.random_patches(2, in_channels=1, patch=3, stride=1, grid=1, seed=5)
    x = randn(1, 1, 5, 5).float()
    conv = net[0].requires_grad_(False)
    by_hand = [
        torch.relu((conv.weight[1, 0] * x[0, 0, i : i + 3, j : j + 3]).sum() + conv.bias[1])
        for i in range(3)
        for j in range(3)
    ]
    found = features.layer_features(net, x)[0, 1]
    assert float(found) == pytest.approx(float(torch.stack(by_hand).mean()), abs=1e-5)


@pytest.mark.parametrize("parameterization", networks.PARAMETERIZATIONS)
def test_the_parameterisation_does_not_change_the_reading(parameterization):
    """Constants in front of layers are the ridge's business, not the features'."""
    task = small_task()
    net = mlp([16, 30, 1], parameterization=parameterization, bias_std=0.0, seed=6)
    same = mlp([16, 30, 1], bias_std=0.0, seed=6)
    ours, theirs = (features.readout(n, task).scores(task.x_test) for n in (net, same))
    assert torch.allclose(ours, theirs, atol=1e-4)


# --- bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", [nn.BatchNorm1d(8), nn.Softmax(dim=1), nn.Dropout(), nn.PReLU()])
def test_other_modules_are_refused_by_name(module):
    """What is no Linear, Conv2d, pooling, Flatten or pointwise module is named, not computed."""
    net = nn.Sequential(nn.Flatten(), nn.Linear(16, 8), nn.ReLU(), module, nn.Linear(8, 1))
    with pytest.raises(TypeError, match=rf"in which 3 is {type(module).__name__}"):
        features.readout(net, small_task())


def test_other_pointwise_modules_are_welcome():
    """Any module that acts on each number by itself can be the activation."""
    net = nn.Sequential(nn.Flatten(), nn.Linear(16, 8), nn.Softplus(), nn.Linear(8, 1))
    assert features.layer_features(net, torch.randn(2, 16)).shape == (2, 8)


def test_a_network_without_hidden_layer_is_refused():
    with pytest.raises(ValueError, match=r"wanted a network with a hidden layer"):
        features.readout(nn.Linear(4, 1), small_task())


@pytest.mark.parametrize("layer", [1, -2, "first"])
def test_wrong_layers_are_refused(layer):
    with pytest.raises(ValueError, match=r"wanted a (hidden layer in|layer.s number)"):
        features.layer_features(mlp([16, 8, 1]), torch.zeros(1, 16), layer=layer)


def test_a_grid_needs_feature_maps():
    with pytest.raises(ValueError, match="wanted a convolutional layer to average"):
        features.layer_features(mlp([16, 8, 1]), torch.zeros(1, 16), grid=2)


def test_a_network_without_readout_is_refused():
    net = nn.Sequential(nn.Linear(16, 8), nn.ReLU(), nn.Identity())
    with pytest.raises(TypeError, match=r"ends in an nn\.Linear readout"):
        features.layer_features(net, torch.zeros(1, 16))


def test_random_patches_refuse_nothing():
    with pytest.raises(ValueError, match="wanted filters >= 1, received 0"):
        features.random_patches(0)


# --- kernels --------------------------------------------------------------------------------------


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_wide_networks_have_the_analytic_kernel(depth):
    """The conjugate kernel of a wide network is the arc-cosine kernel, at each depth, biases on."""
    x = randn(12, 10).float()
    analytic = features.arc_cosine_kernel(x, depth=depth)
    net = mlp([10, *[4096] * depth, 1], seed=0)
    finite = features.conjugate_kernel(net, x)
    assert float((finite - analytic).norm() / analytic.norm()) < 0.06
    assert torch.allclose(analytic[:4, 4:], features.arc_cosine_kernel(x[:4], x[4:], depth=depth))


def test_arc_cosine_kernel_by_hand():
    """Parallel inputs give |x|^2 / d, antiparallel ones 0, right angles 1/pi of the parallel."""
    d = 4
    x = math.sqrt(d) * torch.tensor([[1.0, 0, 0, 0], [-1, 0, 0, 0], [0, 1, 0, 0]])
    kernel = features.arc_cosine_kernel(x, bias_std=0.0)
    assert kernel[0].tolist() == pytest.approx([1.0, 0.0, 1 / math.pi], abs=1e-7)


def test_wrong_kernel_arguments_are_refused():
    x = torch.zeros(2, 3)
    with pytest.raises(ValueError, match="wanted depth >= 1"):
        features.arc_cosine_kernel(x, depth=0)
    with pytest.raises(ValueError, match="wanted images of one size, received 3 and 4"):
        features.arc_cosine_kernel(x, torch.zeros(2, 4))


# --- gradient descent -----------------------------------------------------------------------------


@settings(max_examples=20, deadline=None)
@given(
    n=st.integers(2, 12),
    m=st.integers(1, 16),
    steps=st.integers(0, 60),
    share=st.floats(0.05, 0.99),
    seed=st.integers(0, 2**20),
)
def test_each_direction_shrinks_by_one_minus_lr_times_eigenvalue(n, m, steps, share, seed):
    """(1 - lr lambda)^t is what an actual loop of gradient descent on the weights leaves."""
    phi, y = randn(n, m, seed=seed), randn(n, seed=seed + 1)
    found = directions(phi @ phi.T)
    lr = share * 2 / float(found.values[0])
    w = torch.zeros(m, dtype=torch.float64)
    for _ in range(steps):
        w -= lr * phi.T @ (phi @ w - y) / n
    left = found.vectors.T @ (y - phi @ w)
    at = torch.tensor([steps])
    expected = found.remaining(lr, at)[0] * (found.vectors.T @ y)
    assert torch.allclose(left, expected, atol=1e-9 * float(y.norm()))
    assert torch.allclose(phi.T @ found.coefficients(y, lr, at)[0], w, atol=1e-8)
    share_found = 1 - float((y - phi @ w).square().sum() / y.square().sum())
    assert float(found.found(y, lr, at)) == pytest.approx(share_found, abs=1e-9)


def test_descent_without_end_is_the_ridgeless_solution():
    """After very many steps the coefficients are the pseudo-inverse's."""
    phi, y = randn(8, 20), randn(8, seed=1)
    found = directions(phi @ phi.T)
    last = found.coefficients(y, 1 / float(found.values[0]), torch.tensor([1e9]))[0]
    assert torch.allclose(last, torch.linalg.pinv(phi @ phi.T) @ y, atol=1e-8)


def test_wrong_descents_are_refused():
    found = directions(torch.eye(3, dtype=torch.float64))
    with pytest.raises(ValueError, match=r"wanted a learning rate in \(0, 6\], received 7"):
        found.remaining(7.0, torch.tensor([1]))
    with pytest.raises(ValueError, match=r"wanted a square kernel, received \(2, 3\)"):
        directions(torch.zeros(2, 3))
    with pytest.raises(ValueError, match="wanted a symmetric kernel"):
        directions(torch.tensor([[0.0, 1.0], [0.0, 0.0]]))


# --- rarity ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("m", [5, 60], ids=["fewer features", "more features"])
def test_rarity_of_a_random_readout_is_what_sampling_finds(m):
    """The integral is inside the sampling interval wherever sampling sees something."""
    phi = randn(40, m) @ torch.diag(1 / torch.arange(1, m + 1, dtype=torch.float64))
    y = torch.sign(phi[:, 0] + 0.5 * randn(40, seed=1))
    members = phi @ randn(m, 100_000, seed=2)
    sample = yardstick.correlations(members, y[:, None])[:, 0]
    for s in (0.1, 0.3, 0.5):
        found = yardstick.rarity(s, sample, level=0.999)
        exact = float(features.random_readout_bits(phi, y, torch.tensor([s])))
        assert found.low <= exact <= found.high


def test_rarity_of_one_random_direction_is_the_cap_law():
    """For phi = I the readout is a random direction: t^2 ~ Beta(1/2, (n - 2)/2), to 200 bits."""
    n, s = 50, torch.tensor([0.2, 0.9, 0.99])
    y = torch.where(torch.arange(n) % 2 == 0, 1.0, -1.0)
    expected = 1 - beta.logsf(s.numpy() ** 2, 0.5, (n - 2) / 2) / math.log(2)
    found = features.random_readout_bits(torch.eye(n), y, s)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-6)


def test_scores_that_no_readout_reaches_are_infinitely_rare():
    """Beyond the best fit there is nothing to find."""
    phi, y = randn(30, 2), torch.sign(randn(30, seed=3))
    assert torch.isinf(features.random_readout_bits(phi, y, torch.tensor([0.999])))[0]
    with pytest.raises(ValueError, match=r"wanted correlations in \(0, 1\)"):
        features.random_readout_bits(phi, y, torch.tensor([1.0]))
