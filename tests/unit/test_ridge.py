"""Ridge against scikit-learn, and its price against the dense Gaussian computation."""

import math

import jaxtyping
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Ridge as TheirRidge

from helpers import seeds
from helpers.yardstick import ridge


def _data(n: int, m: int, seed: int = 0, shift: float = 0.0):
    generator = torch.Generator().manual_seed(seed)
    phi = torch.randn(n, m, generator=generator, dtype=torch.float64) + shift
    y = torch.randn(n, generator=generator, dtype=torch.float64).sign()
    new = torch.randn(9, m, generator=generator, dtype=torch.float64) + shift
    return phi, y, new


@given(
    n=st.integers(4, 40),
    m=st.integers(1, 60),
    exponent=st.integers(-6, 2),
    shift=st.sampled_from([0.0, 3.0, 1000.0]),
)
@settings(max_examples=30, deadline=None)
def test_features_and_kernel_predict_as_scikit_learn_does(n, m, exponent, shift):
    phi, y, new = _data(n, m, seed=n * m, shift=shift)
    ours = ridge.fit_features(phi, y, lambdas=(10.0**exponent,))
    theirs = TheirRidge(alpha=ours.lam, solver="svd").fit(phi.numpy(), y.numpy())
    expected = torch.from_numpy(theirs.predict(new.numpy()))
    torch.testing.assert_close(ours.predict(new), expected, atol=1e-6, rtol=1e-6)
    if shift < 10 and exponent >= -3:  # the kernel of far-off features has lost its digits
        kernel = ridge.fit_kernel(phi @ phi.T, y, lambdas=(10.0**exponent,))
        torch.testing.assert_close(kernel.predict(new @ phi.T), expected, atol=1e-6, rtol=1e-6)


def test_the_penalty_is_relative_to_the_mean_squared_centred_length():
    phi, y, _ = _data(12, 5, shift=7.0)
    length = (phi - phi.mean(0)).square().sum(1).mean()
    assert ridge.fit_features(phi, y, lambdas=(0.5,)).lam == pytest.approx(0.5 * float(length))
    for size in (1e-9, 1e9):  # so predictions do not depend on the unit of the features
        other = ridge.fit_features(phi * size, y, lambdas=(0.5,)).predict(phi * size)
        torch.testing.assert_close(other, ridge.fit_features(phi, y, lambdas=(0.5,)).predict(phi))


@pytest.mark.parametrize(("n", "m"), [(50, 20), (30, 200), (40, 40)])
@pytest.mark.parametrize("lam", [1e-7, 1e-3, 1.0])
def test_edof_and_bits_are_those_of_the_dense_posterior(n, m, lam):
    """KL(N(w, S) || N(0, s^2 I)) with S = (C'C/noise + I/s^2)^-1, written out with matrices."""
    phi, y, _ = _data(n, m)
    found = ridge.fit_features(phi, y, lambdas=(lam,))
    c = phi - phi.mean(0)
    gram, w = c.T @ c, found.coefficients
    hat = c @ torch.linalg.solve(gram + found.lam * torch.eye(m), c.T)
    assert found.edof == pytest.approx(float(hat.trace()), abs=1e-5)
    residual = y - found.predict(phi)
    # The residual makes sense of a nearly interpolated fit only through its exact degrees.
    kernel = c @ c.T
    values = torch.linalg.eigvalsh(kernel).clamp_min(0)[1:]
    noise = float(residual @ residual) / float((found.lam / (values + found.lam)).sum())
    prior = noise / found.lam
    covariance = torch.linalg.inv(gram / noise + torch.eye(m) / prior)
    divergence = 0.5 * (
        covariance.trace() / prior
        - m
        + w @ w / prior
        - torch.linalg.slogdet(covariance / prior).logabsdet
    )
    assert found.bits == pytest.approx(float(divergence) / math.log(2), rel=1e-4)


def test_the_two_forms_have_the_same_price():
    for n, m in ((20, 60), (60, 20)):
        phi, y, _ = _data(n, m)
        one, two = ridge.fit_features(phi, y), ridge.fit_kernel(phi @ phi.T, y)
        assert (one.lam, one.edof) == pytest.approx((two.lam, two.edof), rel=1e-8)
        assert one.bits == pytest.approx(two.bits, rel=1e-6)


def test_bits_grow_only_logarithmically_as_lambda_shrinks():
    """Once the fit interpolates, each factor of ten costs edof log2(10)/2 bits."""
    phi, y, _ = _data(30, 200)
    bits = [ridge.fit_features(phi, y, lambdas=(10.0**-k,)).bits for k in (6, 7, 8)]
    step = 29 * math.log2(10) / 2
    assert bits[1] - bits[0] == pytest.approx(step, rel=0.01)
    assert bits[2] - bits[1] == pytest.approx(step, rel=0.01)


def test_lambda_is_chosen_by_validation_error_and_not_by_test():
    phi, y, _ = _data(60, 100)
    lambdas = (1e-4, 1e-2, 1.0, 100.0)
    order = torch.randperm(60, generator=seeds.generator(3, "validation part"))
    out, fit = order[:12], order[12:]
    errors = []
    for lam in lambdas:
        alpha = lam * float((phi[fit] - phi[fit].mean(0)).square().sum(1).mean())
        model = TheirRidge(alpha=alpha).fit(phi[fit].numpy(), y[fit].numpy())
        errors.append(((model.predict(phi[out].numpy()) - y[out].numpy()) ** 2).mean())
    best = lambdas[errors.index(min(errors))]
    found = ridge.fit_features(phi, y, lambdas=lambdas, seed=3)
    assert found.lam == pytest.approx(ridge.fit_features(phi, y, lambdas=(best,)).lam)


def test_a_kernel_rounded_to_single_precision_passes_over_penalties_it_cannot_bear():
    phi, y, new = _data(80, 8, shift=30.0)
    rounded = (phi.float() @ phi.float().T).double()
    found = ridge.fit_kernel(rounded, y, lambdas=(1e-12, 1.0))
    exact = ridge.fit_features(phi, y, lambdas=(1.0,))
    torch.testing.assert_close(found.predict(new @ phi.T), exact.predict(new), atol=1e-2, rtol=0)
    with pytest.raises(ValueError, match=r"not positive definite .*: compute it in float64"):
        ridge.fit_kernel(rounded, y, lambdas=(1e-12,))


@pytest.mark.parametrize("m", [5, 50])
def test_dead_features_predict_the_mean(m):
    y = torch.tensor([1.0, 1, 1, -1]).repeat(4)
    found = ridge.fit_features(torch.zeros(16, m), y)
    assert found.predict(torch.zeros(3, m)).tolist() == pytest.approx([0.5] * 3)
    assert (found.edof, found.bits) == pytest.approx((0, 0))


@pytest.mark.parametrize("m", [20, 200])
def test_one_and_two_threads_agree(m):
    phi, y, new = _data(100, m)
    predictions = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        found = ridge.fit_features(phi, y)
        predictions.append(torch.cat([found.predict(new), torch.tensor([found.bits])]))
    torch.set_num_threads(1)
    torch.testing.assert_close(*predictions, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x, y: ridge.fit_features(x, y[:3]), "received 8 rows, 3 labels"),
        (lambda x, y: ridge.fit_kernel(x, y), r"wanted a square kernel, received \(8, 2\)"),
        (lambda x, y: ridge.fit_features(x, y, lambdas=(0.0,)), "wanted penalties above zero"),
        (lambda x, y: ridge.fit_features(x, y, lambdas=()), "wanted penalties above zero"),
        (lambda x, y: ridge.fit_features(x / 0, y), "wanted finite features"),
        (lambda x, y: ridge.fit_features(x, y / 0), "wanted finite labels"),
        (lambda x, y: ridge.fit_features(x[:2], y[:2]), "wanted more rows to choose lambda with"),
    ],
)
def test_bad_input_is_named(monkeypatch, call, message):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(ValueError, match=message):
        call(torch.ones(8, 2), torch.ones(8))
