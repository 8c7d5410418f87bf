import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.pruning.sums import MAX_VALUES, subset_sum


def brute_force(values, target):
    """The lexicographically first mask among the nearest ones, by trying all of them in order."""
    best, best_error = None, float("inf")
    for mask in itertools.product([False, True], repeat=len(values)):
        error = abs(sum(v for v, m in zip(values, mask, strict=True) if m) - target)
        if error < best_error:
            best, best_error = mask, error
    return list(best)


whole = st.integers(-20, 20)


@settings(max_examples=150, deadline=None)
@given(values=st.lists(whole, min_size=1, max_size=9), target=st.integers(-60, 60))
def test_whole_numbers_give_the_first_optimal_mask_in_lexicographic_order(values, target):
    mask = subset_sum(torch.tensor(values).float(), torch.tensor(float(target)))
    assert mask.tolist() == brute_force(values, target)


real = st.floats(-2, 2, allow_nan=False)


@settings(max_examples=150, deadline=None)
@given(values=st.lists(real, min_size=1, max_size=9), target=st.floats(-3, 3))
def test_real_numbers_reach_the_optimum_of_brute_force(values, target):
    v = torch.tensor(values, dtype=torch.float64)
    mask = subset_sum(v, torch.tensor(target, dtype=torch.float64))
    best = torch.tensor(brute_force(values, target))
    error, wanted = ((v * m).sum() - target for m in (mask, best))
    assert abs(abs(error) - abs(wanted)) < 1e-13


def test_a_batch_gives_what_its_rows_give_alone():
    g = torch.Generator().manual_seed(0)
    values = torch.rand(2, 3, 11, generator=g) * 2 - 1
    targets = torch.rand(2, 3, generator=g) - 0.5
    masks = subset_sum(values, targets)
    assert masks.shape == (2, 3, 11)
    for i, j in itertools.product(range(2), range(3)):
        assert torch.equal(masks[i, j], subset_sum(values[i, j], targets[i, j]))


def test_one_set_of_values_serves_many_targets():
    values = torch.tensor([1.0, 2.0, 4.0, 8.0])
    masks = subset_sum(values, torch.arange(16.0))
    assert ((masks * values).sum(-1) == torch.arange(16.0)).all()


def test_chunks_do_not_change_the_answer(monkeypatch):
    g = torch.Generator().manual_seed(1)
    values, targets = torch.randn(50, 8, generator=g), torch.randn(50, generator=g)
    whole_batch = subset_sum(values, targets)
    monkeypatch.setattr("helpers.pruning.sums._ELEMENTS", 2**6)
    assert torch.equal(subset_sum(values, targets), whole_batch)


def test_a_zero_is_never_kept_and_the_empty_sum_is_allowed():
    assert subset_sum(torch.tensor([0.0, 3.0, 0.0]), torch.tensor(0.1)).tolist() == [False] * 3


def test_a_planted_subset_of_thirty_values_is_found():
    g = torch.Generator().manual_seed(2)
    values = torch.randint(0, 2**40, (30,), generator=g).double()
    planted = torch.rand(30, generator=g) < 0.5
    mask = subset_sum(values, (values * planted).sum())
    assert (values * mask).sum() == (values * planted).sum()


@pytest.mark.parametrize(
    ("values", "targets", "message"),
    [
        (
            torch.zeros(0),
            torch.tensor(0.0),
            r"at least one value in the last axis, received shape \(0,\)",
        ),
        (
            torch.ones(MAX_VALUES + 1),
            torch.tensor(0.0),
            f"up to {MAX_VALUES} values, received {MAX_VALUES + 1}: pass fewer",
        ),
        (
            torch.tensor([1.0, float("nan")]),
            torch.tensor(0.0),
            "NaN or infinity in values: remove them first",
        ),
        (torch.ones(3), torch.tensor(float("inf")), "NaN or infinity in targets"),
        (
            torch.ones(2, 3),
            torch.ones(4),
            r"received \(2, 3\) and \(4,\): make their leading axes broadcast",
        ),
    ],
)
def test_bad_input_says_what_was_wanted(values, targets, message):
    with pytest.raises(ValueError, match=message):
        subset_sum(values, targets)
