"""Tasks: honest splits, honest controls."""

import jaxtyping
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits

from helpers import tasks
from helpers.tasks import Task


@pytest.fixture
def unchecked(monkeypatch):
    """The package as readers import it: without the type checks that the tests switch on."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


def test_train_and_test_are_a_partition_of_the_1797_digits():
    images = torch.from_numpy(load_digits().images).float()
    task = tasks.digits(3, n_train=1000, seed=4)
    assert task.x_train.shape == (1000, 1, 8, 8)
    assert task.x_test.shape == (797, 1, 8, 8)
    assert len(task.test_ids.unique()) == 797
    # Undo the scaling with the raw test images that the ids name: one affine map fits them all.
    raw = images[task.test_ids, None]
    mask = torch.ones(1797, dtype=torch.bool)
    mask[task.test_ids] = False
    mean = images[mask].mean(0)
    scale = (images[mask] - mean).square().mean().sqrt()
    torch.testing.assert_close(task.x_test, (raw - mean) / scale, rtol=1e-5, atol=1e-5)


def test_the_scaling_looks_at_train_only():
    task = tasks.digits(0, n_train=300, seed=1)
    assert float(task.x_train.mean(0).abs().max()) < 1e-5
    assert float(task.x_train.square().mean()) == pytest.approx(1, abs=1e-5)
    assert float(task.x_test.mean(0).abs().max()) > 1e-3


def test_labels_are_the_digits_own():
    labels = torch.from_numpy(load_digits().target)
    task = tasks.digits(7, seed=2)
    assert torch.equal(task.y_test, torch.where(labels[task.test_ids] == 7, 1.0, -1.0))


@given(seed=st.integers(0, 2**31), positive=st.integers(0, 9))
@settings(max_examples=10, deadline=None)
def test_the_same_seed_gives_the_same_task_for_every_digit(seed, positive):
    first, again = tasks.digits(positive, seed=seed), tasks.digits(positive, seed=seed)
    other = tasks.digits((positive + 1) % 10, seed=seed)
    assert torch.equal(first.x_train, again.x_train)
    assert torch.equal(first.y_test, again.y_test)
    assert torch.equal(first.test_ids, other.test_ids)


def test_another_seed_gives_another_split():
    assert not torch.equal(tasks.digits(seed=0).test_ids, tasks.digits(seed=1).test_ids)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"positive": 10}, "wanted a digit from 0 to 9, received 10"),
        ({"positive": "dog"}, "wanted a digit from 0 to 9, received 'dog'"),
        ({"n_train": 1797}, r"wanted n_train in \[2, 1796\], received 1797"),
        ({"n_train": 1}, r"wanted n_train in \[2, 1796\], received 1"),
    ],
)
def test_digits_says_what_it_wanted(unchecked, arguments, message):
    with pytest.raises(ValueError, match=message):
        tasks.digits(**arguments)


def test_a_task_refuses_other_labels_and_unequal_lengths(unchecked):
    x, y = torch.zeros(4, 2), torch.tensor([1.0, -1, 1, -1])
    with pytest.raises(ValueError, match=r"toy \(test\): wanted labels -1 and \+1, received"):
        Task(x, y, x, (y + 1) / 2, "toy")
    with pytest.raises(
        ValueError, match="toy: wanted a label for each of 3 train images, received 4"
    ):
        Task(x[:3], y, x, y, "toy")
    assert torch.equal(Task(x, y, x, y, "toy").test_ids, torch.arange(4))


def test_random_labels_keep_the_share_and_forget_the_image():
    task = tasks.digits(3)
    overlaps = []
    for seed in range(40):
        control = tasks.random_labels(task, seed=seed)
        assert torch.equal(control.x_test, task.x_test)
        assert control.y_train.sum() == task.y_train.sum()
        assert control.y_test.sum() == task.y_test.sum()
        overlaps.append(float(((control.y_train > 0) & (task.y_train > 0)).float().mean()))
    share = float((task.y_train > 0).float().mean())
    # Independent draws overlap in share^2; the standard error of the mean of 40 is .0004.
    assert sum(overlaps) / 40 == pytest.approx(share**2, abs=0.002)


def test_cluster_labels_carry_over_to_test():
    """Labels are constant on cells of a k-means partition, so the nearest neighbour knows them."""
    task = tasks.cluster_labels(tasks.digits(3), k=10, seed=0)
    distance = torch.cdist(task.x_test.flatten(1), task.x_train.flatten(1))
    guess = task.y_train[distance.argmin(1)]
    assert float((guess == task.y_test).float().mean()) > 0.9
    truth = tasks.digits(3)
    overlap = float((task.y_train * truth.y_train).mean())
    assert abs(overlap) < 0.95  # not the concept itself
    assert task.name == "digits 3, 10 random clusters"


@pytest.mark.parametrize("k", [2, 7, 60])
def test_cluster_labels_are_the_same_on_one_and_two_threads(k):
    task = tasks.digits(3, n_train=300)
    labels = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        labels.append(tasks.cluster_labels(task, k=k, seed=3).y_train)
    torch.set_num_threads(1)
    assert torch.equal(*labels)
    assert len(labels[0].unique()) == 2


def test_cluster_labels_want_a_sensible_k():
    with pytest.raises(ValueError, match="wanted k from 2 to the 1000 training images, received 1"):
        tasks.cluster_labels(tasks.digits(), k=1)


def test_planted_labels_are_the_score_above_its_train_median():
    task = tasks.digits(3, n_train=101)
    planted = tasks.planted(task, lambda x: x[:, 0, 4, 4], name="pixel")
    score = task.x_test[:, 0, 4, 4]
    cut = task.x_train[:, 0, 4, 4].sort().values[50]
    assert torch.equal(planted.y_test, torch.where(score > cut, 1.0, -1.0))
    assert planted.name == "digits 3, pixel"


def test_a_constant_score_plants_nothing():
    with pytest.raises(ValueError, match="received none above 0: plant"):
        tasks.planted(tasks.digits(), lambda x: torch.zeros(len(x)))
