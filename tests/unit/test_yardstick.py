"""The yardstick against scikit-learn, brute force and numbers worked out by hand."""

import math

import jaxtyping
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from helpers import tasks, yardstick
from helpers.tasks import Task

few = settings(max_examples=40, deadline=None)


@st.composite
def weighted_examples(draw):
    """Scores with many ties, both classes, and whole-number weights with both classes present."""
    n = draw(st.integers(3, 25))
    scores = draw(st.lists(st.integers(-3, 3), min_size=n, max_size=n))
    labels = [1, -1, *draw(st.lists(st.sampled_from([1, -1]), min_size=n - 2, max_size=n - 2))]
    weights = draw(st.lists(st.integers(0, 3), min_size=n, max_size=n))
    weights[0], weights[1] = max(weights[0], 1), max(weights[1], 1)
    return tuple(torch.tensor(part, dtype=torch.float64) for part in (scores, labels, weights))


@given(weighted_examples(), st.integers(-3, 3))
@few
def test_weighted_scores_are_those_of_scikit_learn_with_ties(example, cut):
    s, y, w = example
    found = yardstick.weighted_scores(s, y, float(cut), w[None])
    auc = roc_auc_score(y.numpy(), s.numpy(), sample_weight=w.numpy())
    accuracy = balanced_accuracy_score(
        y.numpy(), np.where(s.numpy() > cut, 1, -1), sample_weight=w.numpy()
    )
    assert float(found["auc"]) == pytest.approx(auc, abs=1e-9)
    assert float(found["balanced_accuracy"]) == pytest.approx(accuracy, abs=1e-9)


@given(weighted_examples())
@few
def test_a_weight_is_a_number_of_copies(example):
    s, y, w = example
    copies = w.long()
    plain = yardstick.evaluate(s.repeat_interleave(copies), y.repeat_interleave(copies), 0.0)
    found = yardstick.weighted_scores(s, y, 0.0, w[None])
    for metric in yardstick.METRICS:
        assert float(found[metric]) == pytest.approx(getattr(plain, metric), abs=1e-9)


def test_scores_of_four_images_by_hand():
    """Pairs (+,-): 3>1, 3>2, 1=1 (half), 1<2: AUC 2.5/4. Cut 1.5 calls 3 and 2: accuracy 1/2."""
    s, y = torch.tensor([3.0, 1, 1, 2]), torch.tensor([1.0, 1, -1, -1])
    found = yardstick.evaluate(s, y, 1.5)
    assert found.auc == pytest.approx(2.5 / 4)
    assert found.balanced_accuracy == pytest.approx(0.5)
    assert found.correlation == pytest.approx(np.corrcoef(s, y)[0, 1])


@pytest.mark.parametrize("size", [1e-12, 1.0, 1e9])
def test_constant_is_judged_at_the_scale_of_the_scores(size):
    y = torch.tensor([1.0, 1, -1, -1])
    s = torch.tensor([3.0, 1, 1, 2], dtype=torch.float64)
    expected = np.corrcoef(s, y)[0, 1]
    assert yardstick.evaluate(s * size, y, 0.0).correlation == pytest.approx(expected)
    constant = torch.full((4,), 0.1 * size, dtype=torch.float64)
    assert yardstick.evaluate(constant, y, 0.0).correlation == 0
    assert yardstick.evaluate(constant, y, 0.0).auc == 0.5
    columns = torch.stack([s, constant / size], 1).float() * size
    both = yardstick.correlations(columns, y[:, None])[:, 0]
    assert both.tolist() == pytest.approx([expected, 0.0], abs=1e-5)


def test_a_draw_without_a_class_is_nan():
    s, y = torch.tensor([1.0, 2, 3]), torch.tensor([1.0, -1, -1])
    weights = torch.tensor([[0.0, 1, 1], [1, 1, 0]], dtype=torch.float64)
    for values in yardstick.weighted_scores(s, y, 0.0, weights).values():
        assert bool(values[0].isnan())
        assert bool(values[1].isfinite())


@given(weighted_examples())
@few
def test_best_cut_is_as_good_as_any_cut(example):
    s, y, _ = example
    tried = [float(s.min()) - 1, *(s.unique() + 0.5).tolist()]
    best = max(yardstick.evaluate(s, y, cut).balanced_accuracy for cut in tried)
    cut = yardstick.best_cut(s, y)
    assert yardstick.evaluate(s, y, cut).balanced_accuracy == pytest.approx(best)
    assert cut not in s.tolist()


def test_best_cut_lies_midway():
    s, y = torch.tensor([0.0, 1, 3, 4]), torch.tensor([-1.0, -1, 1, 1])
    assert yardstick.best_cut(s, y) == 2.0
    assert yardstick.best_cut(-s, y) < -4  # every order is worse than calling all +1


@pytest.mark.parametrize("threads", [1, 2])
def test_correlations_are_numpys(threads):
    torch.set_num_threads(threads)
    generator = torch.Generator().manual_seed(0)
    a, y = torch.randn(200, 7, generator=generator) + 5, torch.randn(200, 3, generator=generator)
    expected = np.corrcoef(a.T, y.T)[:7, 7:]
    np.testing.assert_allclose(yardstick.correlations(a, y), expected, atol=1e-5)
    torch.set_num_threads(1)


def _separable() -> Task:
    x = torch.arange(8.0)[:, None]
    y = torch.where(x[:, 0] > 3, 1.0, -1.0)
    return Task(x, y, x, -y, "upside down")


def test_a_reading_chooses_its_cut_on_train_and_never_on_test():
    found = yardstick.Reading.of("ruler", lambda x: x[:, 0], _separable(), bits=2.0)
    assert found.cut == 3.5
    assert found.train.auc == found.train.balanced_accuracy == 1
    assert found.test.auc == found.test.balanced_accuracy == 0
    assert found.bits == 2.0
    assert found.detail == {"code": 2.0}
    longer = yardstick.Reading.of("ruler", lambda x: x[:, 0], _separable(), bits=99.0)
    assert (longer.bits, longer.detail["code"]) == (8.0, 99.0), "eight labels are eight bits"
    assert repr(found) == (
        f"ruler: held-out correlation {found.test.correlation:.3f}, AUC 0.000, balanced accuracy "
        f"0.000 (train correlation {found.train.correlation:.3f}); 2.0 bits"
    )


def test_scores_of_another_shape_or_not_finite_are_refused(unchecked):
    with pytest.raises(ValueError, match=r"wanted one score per train image, shape \(8,\)"):
        yardstick.Reading.of("column", lambda x: x, _separable(), bits=0)
    with pytest.raises(ValueError, match="log: wanted finite scores"):
        yardstick.Reading.of("log", lambda x: x[:, 0].log(), _separable(), bits=0)


def test_random_labels_score_chance_held_out_for_any_reading():
    """The leak test: a detector picked among 64 pixels on random labels."""
    from helpers.neurons import best_pixel

    held_out, train = [], []
    for seed in range(30):
        found = best_pixel(tasks.random_labels(tasks.digits(3, seed=seed), seed=seed))
        held_out.append(found.test.correlation)
        train.append(found.train.correlation)
    # The standard error of a mean of 30 correlations over 797 images is .0065.
    assert abs(np.mean(held_out)) < 0.02
    assert np.mean(train) > 0.05  # what selection alone does


def test_code_length_is_capped_by_the_labels():
    assert yardstick.code_length(12.5, 1000) == 12.5
    assert yardstick.code_length(3000.0, 1000) == 1000
    assert yardstick.code_length(math.inf, 7) == 7


@given(hits=st.integers(0, 50), members=st.integers(50, 60))
@few
def test_rarity_is_the_clopper_pearson_interval_in_bits(hits, members):
    sample = torch.cat([torch.ones(hits), torch.zeros(members - hits)])
    found = yardstick.rarity(1.0, sample)
    exact = binomtest(hits, members).proportion_ci(0.95, "exact")
    assert 2.0**-found.bits == pytest.approx(hits / members, abs=1e-12)
    assert 2.0**-found.low == pytest.approx(exact.high)
    assert 2.0**-found.high == pytest.approx(exact.low, abs=1e-12)
    assert found.low <= found.bits <= found.high


def test_rarity_without_a_hit_says_what_is_known():
    found = yardstick.rarity(2.0, torch.zeros(1000))
    assert repr(found) == "none found (interval from 8.1; 1000 members sampled)"
    assert "-0.0" not in repr(yardstick.rarity(0.0, torch.zeros(5)))
    with pytest.raises(ValueError, match="at least one random member, received none"):
        yardstick.rarity(0.5, torch.zeros(0))


@pytest.fixture
def unchecked(monkeypatch):
    """The package as readers import it: without the type checks that the tests switch on."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


def test_the_shape_checks_of_the_suite_are_switched_on():
    """A wrong shape fails because of its annotation, before any arithmetic."""
    with pytest.raises(jaxtyping.TypeCheckError, match="y"):
        yardstick.best_cut(torch.zeros(3), torch.zeros(4))
    with pytest.raises(jaxtyping.TypeCheckError, match="weights"):
        yardstick.weighted_scores(torch.zeros(3), torch.zeros(3), 0.0, torch.zeros(3))
