"""The best k of m: against enumeration, and what its price counts."""

import itertools
import math

import numpy as np
import pytest
import torch

from helpers import features, networks, neurons, tasks


def _columns(m, n=200, seed=0):
    generator = torch.Generator().manual_seed(seed)
    a = torch.randn(n, m, generator=generator).relu()
    y = torch.sign(a[:, 0] - a[:, 1] + 0.7 * torch.randn(n, generator=generator))
    return a, y


def _best_by_enumeration(a, y, k, signed):
    """The largest correlation of any sum of k columns with y, by NumPy, set by set."""
    a, y = a.double().numpy(), y.double().numpy()
    best = 0.0
    for members in itertools.combinations(range(a.shape[1]), k):
        part = a[:, members]
        if signed:
            for signs in itertools.product((1, -1), repeat=k):
                best = max(best, np.corrcoef(part @ np.array(signs), y)[0, 1])
        else:
            design = np.column_stack([np.ones(len(y)), part])
            fit = design @ np.linalg.lstsq(design, y, rcond=None)[0]
            best = max(best, np.corrcoef(fit, y)[0, 1])
    return best


@pytest.mark.parametrize("weights", ["signs", "free"])
@pytest.mark.parametrize("k", [1, 2, 3])
def test_the_search_comes_within_a_hair_of_the_best_of_all_sets(weights, k):
    """One member is exact; greedy for two and three loses at most .01 on these columns."""
    gaps = []
    for seed in range(4):
        a, y = _columns(9, seed=seed)
        group = neurons.best_groups(a, y, [k], weights=weights)[k]
        reached = np.corrcoef(group.scores(a).numpy(), y.numpy())[0, 1]
        gaps.append(_best_by_enumeration(a, y, k, weights == "signs") - reached)
    assert min(gaps) >= -1e-6  # nothing beats enumeration
    assert max(gaps) < (1e-3 if k == 1 else 0.01)


def test_two_planted_columns_are_found_with_their_signs():
    """The label is a difference of two columns out of sixty: both are named, one turned."""
    generator = torch.Generator().manual_seed(3)
    a = torch.randn(400, 60, generator=generator)
    y = torch.sign(a[:, 17] - a[:, 41])
    group = neurons.best_groups(a, y, [2], weights="signs")[2]
    assert dict(zip(group.members.tolist(), group.weights.tolist(), strict=True)) == {
        17: 1.0,
        41: -1.0,
    }


def test_an_exchange_repairs_a_greedy_first_choice():
    """The best single column is a decoy here: the best pair leaves it out, and is found."""
    generator = torch.Generator().manual_seed(0)
    u, v, noise = torch.randn(3, 500, generator=generator)
    y = torch.sign(u + v)
    decoy = u + v + 0.9 * noise
    a = torch.stack([u, v, decoy], dim=1)
    alone = neurons.best_groups(a, y, [1], weights="signs")[1]
    pair = neurons.best_groups(a, y, [2], weights="signs")[2]
    assert alone.members.tolist() == [2]
    assert pair.members.tolist() == [0, 1]


def test_the_price_names_the_set_and_the_signs():
    """log2 C(m, k) + k bits with signs; at most one bit per label in the reading."""
    net, task = networks.mlp([64, 256, 1], seed=0), tasks.digits(3, n_train=400)
    one = neurons.best_k(net, task, k=8)
    assert one.bits == pytest.approx(math.log2(math.comb(256, 8)) + 8)
    assert one.detail["neurons"] == 256
    assert neurons.best_k(net, tasks.digits(3, n_train=50), k=8).bits == 50


def test_one_of_m_is_the_best_neuron():
    """k = 1 with a sign is `best_neuron`: the same neuron, the same scores, one more bit."""
    net, task = networks.mlp([64, 128, 1], seed=2), tasks.digits(7, seed=2)
    one, best = neurons.best_k(net, task, k=1), neurons.best_neuron(net, task)
    assert one.detail["members"].tolist() == [best.detail["index"]]
    assert one.test.correlation == pytest.approx(best.test.correlation, abs=1e-6)
    assert one.bits == pytest.approx(best.bits + 1)


def test_all_of_m_with_free_weights_is_the_readout():
    """With k = m the free weights are those of ridge on the whole layer."""
    net, task = networks.mlp([64, 12, 1], seed=1), tasks.digits(3, seed=1)
    every, ridge = (
        neurons.best_k(net, task, k=12, weights="free"),
        features.readout(net, task),
    )
    assert every.test.correlation == pytest.approx(ridge.test.correlation, abs=1e-6)


def test_random_labels_are_picked_and_not_learnt():
    """Sixty-four of 512 neurons fit labels drawn by lot on train, and score nothing held out."""
    net = networks.mlp([64, 512, 1], seed=0)
    task = tasks.random_labels(tasks.digits(3, n_train=400))
    found = neurons.best_k(net, task, k=64)
    assert found.train.correlation > 0.4
    assert abs(found.test.correlation) < 0.12


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"k": 0}, r"wanted sizes in \[1, 16\], received \[0\]: take fewer members"),
        ({"k": 17}, r"wanted sizes in \[1, 16\], received \[17\]: take fewer members"),
        ({"weights": "real"}, r"wanted weights among \('signs', 'free'\), received 'real'"),
    ],
)
def test_what_it_cannot_pick_is_refused(options, words):
    with pytest.raises(ValueError, match=words):
        neurons.best_k(networks.mlp([64, 16, 1]), tasks.digits(3), **options)
