"""Polynomials on the sphere, against closed forms and Monte Carlo."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import eval_chebyt, eval_hermitenorm, eval_legendre

from helpers import features, networks
from helpers.features import polynomials


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def r2(phi, y):
    """In-sample R^2 of least squares with a free bias, by numpy."""
    phi = np.column_stack([phi, np.ones(len(phi))])
    fit = phi @ np.linalg.lstsq(phi, y, rcond=1e-9)[0]
    return 1 - np.square(y - fit).sum() / np.square(y - y.mean()).sum()


T = torch.linspace(-1, 1, 41, dtype=torch.float64)


@pytest.mark.parametrize("k", range(6))
def test_gegenbauer_is_legendre_in_three_dimensions_and_chebyshev_in_two(k):
    legendre = eval_legendre(k, T.numpy())
    np.testing.assert_allclose(polynomials.gegenbauer(k, 3, T), legendre, atol=1e-12)
    np.testing.assert_allclose(
        polynomials.gegenbauer(k, 2, T), eval_chebyt(k, T.numpy()), atol=1e-12
    )


@settings(max_examples=30, deadline=None)
@given(k=st.integers(0, 8), t=st.floats(-5, 5))
def test_hermite_is_scipys(k, t):
    found = float(polynomials.hermite(k, torch.tensor(t, dtype=torch.float64)))
    assert found == pytest.approx(eval_hermitenorm(k, t) / math.sqrt(math.factorial(k)), abs=1e-9)


def test_gegenbauer_tends_to_hermite_in_high_dimension():
    """On a large sphere one coordinate is nearly Gaussian, and the harmonics nearly Hermite's."""
    d, k = 20_000, 4
    scaled = math.sqrt(polynomials.dimension(k, d)) * polynomials.gegenbauer(k, d, T / math.sqrt(d))
    assert torch.allclose(scaled, polynomials.hermite(k, T), atol=1e-3)


def test_dimensions_of_the_first_harmonics():
    """2k + 1 in three dimensions; 1, d and d(d+1)/2 - 1 in general."""
    assert [polynomials.dimension(k, 3) for k in range(5)] == [1, 3, 5, 7, 9]
    assert [polynomials.dimension(k, 10) for k in range(5)] == [1, 10, 54, 210, 660]


def test_harmonics_have_variance_one_and_are_orthogonal():
    x = polynomials.sphere(200_000, 6, generator=generator())
    assert torch.allclose(x.norm(dim=1), torch.full((1,), math.sqrt(6), dtype=torch.float64))
    w = torch.randn(6, generator=generator(1), dtype=torch.float64)
    y = torch.stack([polynomials.harmonic(k, x, w) for k in range(5)])
    assert torch.allclose(y @ y.T / x.shape[0], torch.eye(5, dtype=torch.float64), atol=0.03)


@pytest.mark.parametrize("degree", [3, 5])
def test_one_bias_free_layer_has_exactly_nothing_of_odd_degree_three(degree):
    """relu(t) = t/2 + |t|/2: on x and -x together the odd part of the features is linear in x."""
    d, m = 6, 400
    half = polynomials.sphere(300, d, generator=generator())
    x = torch.cat([half, -half])
    y = polynomials.harmonic(degree, x, torch.ones(d, dtype=torch.float64)).numpy()
    free, biased = (
        features.layer_features(networks.mlp([d, m, 1], bias_std=s, seed=0).double(), x).numpy()
        for s in (0.0, 0.5)
    )
    # The features hold y no better than the d coordinates do; with biases they hold it.
    assert r2(free, y) == pytest.approx(r2(x.numpy(), y), abs=1e-7)
    assert r2(biased, y) > 0.3


def test_components_of_odd_degree_vanish_without_biases():
    """c_k = 0 for odd k >= 3 and b = 0; with a bias it does not."""
    norms = torch.full((1,), 1.3, dtype=torch.float64)
    for d in (5, 10):
        free, second = polynomials.relu_components(norms, 0 * norms, d, degrees=24)
        assert free[0, 3::2].abs().max() < 1e-13
        assert free[0, 1] == pytest.approx(1.3 / 2)  # half of the linear function
        assert float(second) == pytest.approx(1.3**2 / 2)
        biased, _ = polynomials.relu_components(norms, norms, d)
        assert biased[0, 3].abs() > 1e-3


@pytest.mark.parametrize("k", [1, 2, 3, 4])
@pytest.mark.parametrize("bias_std", [0.0, 0.5])
def test_population_share_is_what_many_samples_give(k, bias_std):
    """The population R^2 is the least-squares R^2 on n = 60,000 points to .02."""
    d, m = 5, 40
    net = networks.mlp([d, m, 1], bias_std=bias_std, seed=k)
    x = polynomials.sphere(60_000, d, generator=generator())
    w = torch.randn(1, d, generator=generator(2), dtype=torch.float64)
    share = polynomials.population_share(net[1].weight, net[1].bias, w, k)
    phi = features.layer_features(net.double(), x).numpy()
    measured = r2(phi, polynomials.harmonic(k, x, w[0]).numpy())
    assert float(share[0]) == pytest.approx(measured, abs=0.02)


def test_counting_bounds_the_average_share():
    """m features hold at most m of the N_k dimensions of degree k."""
    d, m, k = 8, 30, 4
    net = networks.mlp([d, m, 1], seed=0)
    targets = torch.randn(500, d, generator=generator(3), dtype=torch.float64)
    share = polynomials.population_share(net[1].weight, net[1].bias, targets, k)
    assert float(share.min()) >= 0
    assert float(share.mean()) <= 1.1 * m / polynomials.dimension(k, d)


def test_wrong_degrees_are_refused():
    with pytest.raises(ValueError, match="wanted a degree >= 0 and a dimension >= 2"):
        polynomials.gegenbauer(-1, 3, T)
    with pytest.raises(ValueError, match="wanted a degree >= 0, received -1"):
        polynomials.hermite(-1, T)
    net = networks.mlp([5, 4, 1])
    with pytest.raises(ValueError, match=r"wanted k in \[1, 24\]"):
        polynomials.population_share(net[1].weight, net[1].bias, torch.ones(1, 5), 0)
