"""The experiments of chapter 05 at a small size, and rules that can fail."""

import pandas as pd
import pytest
import torch

from helpers import intervals, networks, neurons, tangent, tasks
from helpers.claims import tangent_features, tangent_spans

SMALL = {"hidden": (12, 10), "n_train": 200}


def value(frame, **where):
    """The held-out correlation in the one row that matches."""
    frame = intervals.held_out(frame)
    for column, wanted in where.items():
        frame = frame[frame[column] == wanted]
    assert len(frame) == 1
    return frame["value"].item()


@pytest.mark.parametrize("name", [*tangent_features.TARGETS, "random labels", "parity of 3"])
def test_every_target_is_a_task_with_both_labels(name):
    task = tangent_features.target(name, n_train=200, seed=1)
    assert len(task.y_train) == 200
    assert set(task.y_train.tolist()) == set(task.y_test.tolist()) == {-1.0, 1.0}


def test_a_parity_is_the_product_of_its_bits_and_a_single_index_looks_both_ways():
    parity = tangent_features.target("parity of 3", n_train=50, seed=0)
    assert torch.equal(parity.y_train, parity.x_train[:, 0] * parity.x_train[:, 1:3].prod(1))
    index = tangent_features.target("single index", n_train=4000, seed=0)
    assert abs(index.y_train.mean()) < 0.05
    linear = torch.linalg.lstsq(index.x_train, index.y_train[:, None]).solution
    assert torch.corrcoef(torch.stack([(index.x_test @ linear)[:, 0], index.y_test]))[0, 1] < 0.1
    with pytest.raises(ValueError, match="wanted a target among"):
        tangent_features.target("cat", n_train=50, seed=0)


def test_the_best_of_all_candidates_is_the_best_feature():
    frame = tangent_features.picked(3, digits=(5,), labels=(), sizes=(16,), **SMALL)
    task = tasks.digits(5, n_train=200, seed=3)
    net = tangent_features.mlp_for(task, SMALL["hidden"], 3)
    best = tangent.best_feature(net, task)
    found = value(frame, reading="tangent feature", candidates=networks.parameter_count(net))
    assert found == pytest.approx(best.test.correlation, abs=1e-6)
    picks = frame[frame["reading"] == "tangent feature"]["parameter"]
    assert best.detail["parameter"] in set(picks)


def test_the_best_readout_weight_is_the_best_neuron_of_the_last_layer():
    frame = tangent_features.by_kind(2, digits=(4,), **SMALL)
    task = tasks.digits(4, n_train=200, seed=2)
    net = tangent_features.mlp_for(task, SMALL["hidden"], 2)
    wanted = neurons.best_neuron(net, task, layer=1).test.correlation
    assert value(frame, reading="readout weights") == pytest.approx(wanted, abs=1e-6)
    assert "readout biases" not in set(frame["reading"]), "a constant is no feature"


@pytest.mark.parametrize("name", ["parity of 2", "single index"])
def test_the_inputs_are_not_the_first_layer_of_the_network_of_the_same_seed(name):
    task = tangent_features.target(name, n_train=200, seed=7)
    net = tangent_features.mlp_for(task, (128, 128), seed=7)
    w, x = net[1].weight.detach(), task.x_train[:128]
    cosines = torch.nn.functional.cosine_similarity(w, x)
    assert cosines.abs().mean() < 0.3, "twenty independent numbers: about .18"


def test_the_laws_are_fitted_on_other_features_than_they_are_judged_on():
    sizes = dict(fit_on=256, sizes=(1, 64, 512), digits=(4,))
    frame = tangent_features.laws(2, **sizes, **SMALL)
    task = tasks.digits(4, n_train=200, seed=2)
    net = tangent_features.mlp_for(task, SMALL["hidden"], 2)
    strength = tangent.strengths(net, task.x_train, task.y_train[:, None])[:, 0]
    order = torch.randperm(len(strength), generator=torch.Generator().manual_seed(2))
    best = strength[order[256 : 256 + 512]].abs().max()
    assert frame["measured"].iloc[-1] == pytest.approx(float(best))
    spread = float(strength[order[:256]].square().mean().sqrt())
    assert frame["gaussian"].iloc[-1] == pytest.approx(
        neurons.expected_best(neurons.GaussianLaw(spread), 512), rel=1e-5
    )
    assert (frame[["cap", "cap_tail"]] < 1).all(axis=None), "the ceiling is 1"
    with pytest.raises(ValueError, match="wanted at least 2304 parameters, the network has 921"):
        tangent_features.laws(2, fit_on=256, sizes=(2048,), digits=(4,), **SMALL)


def test_the_whole_span_is_kernel_regression_and_the_counts_are_right():
    frame = tangent_spans.spans(4, "digit 8", **SMALL)
    task = tasks.digits(8, n_train=200, seed=4)
    net = tangent_features.mlp_for(task, SMALL["hidden"], 4)
    wanted = tangent.kernel_regression(net, task).test.correlation
    assert value(frame, reading="tangent space") == pytest.approx(wanted, abs=1e-4)
    counts = frame.groupby("reading")["features"].first().to_dict()
    total = 64 * 12 + 12 + 12 * 10 + 10 + 10 + 1
    assert counts == {
        "pixels": 64,
        "features": 10,
        "layer 1": 64 * 12 + 12,
        "layer 2": 12 * 10 + 10,
        "tangent space": total,
        "wide readout": total,
    }
    with pytest.raises(ValueError, match="no reading is called 'all'"):
        tangent_spans.spans(4, "digit 8", readings=("all",), **SMALL)


def test_last_layer_neurons_are_tangent_features_and_first_layer_neurons_are_not():
    frame = tangent_spans.neighbours(1, hidden=(6, 6), n=1500)
    own = frame[frame["neurons"] == "own"].set_index(["layer", "nearest"])["value"]
    assert own["layer 2", "one feature"] == pytest.approx(1.0)
    assert own["layer 2", "span"] < 1e-20
    assert own["layer 1", "one feature"] < 0.95
    other = frame[frame["neurons"] == "re-drawn"].set_index(["layer", "nearest"])["value"]
    assert other["layer 2", "span"] > 0.01


def test_parities_are_an_orthonormal_basis_sorted_by_their_bits():
    signs, degree = tangent_spans.parities(5)
    assert torch.equal(signs.T @ signs, 32 * torch.eye(32, dtype=signs.dtype))
    x = tangent_spans.cube(5)
    for s in (0, 1, 6, 31):
        members = [bit for bit in range(5) if s >> bit & 1]
        assert torch.equal(signs[:, s], x[:, members].prod(1))
        assert degree[s] == len(members)


def test_the_projections_of_all_parities_sum_to_the_dimension():
    frame = tangent_spans.census(0, d=6, hidden=(4,))
    for _, part in frame.groupby("space"):
        assert (part["value"] * part["parities"]).sum() == pytest.approx(part["dimension"].iloc[0])
    assert set(frame["space"]) == {"tangent space", "features"}


def test_the_slope_of_a_power_law_is_its_exponent():
    frame = pd.DataFrame({"width": [10, 100, 1000], "value": [2.0, 0.2, 0.02]})
    assert intervals.slope(frame) == pytest.approx(-1)
    spread = tangent_spans.kernel_spread(0, widths=(16, 64), nets=4, images=10)
    assert spread["value"].iloc[1] < spread["value"].iloc[0]
