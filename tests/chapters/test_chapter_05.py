"""The experiments of chapter 05 at a small size, and rules that can fail."""

import pytest
import torch

from helpers import networks, neurons, seeds, tangent, tasks
from helpers.claims.ch05_tangent import kernels, single, spans
from helpers.yardstick import intervals, ridge

SMALL = {"hidden": (12, 10), "n_train": 200}


def value(frame, **where):
    """The held-out correlation in the one row that matches."""
    frame = intervals.held_out(frame)
    for column, wanted in where.items():
        frame = frame[frame[column] == wanted]
    assert len(frame) == 1
    return frame["value"].item()


@pytest.mark.parametrize("name", [*single.TARGETS, "random labels", "parity of 3"])
def test_every_target_is_a_task_with_both_labels(name):
    task = single.target(name, n_train=200, seed=1)
    assert len(task.y_train) == 200
    assert set(task.y_train.tolist()) == set(task.y_test.tolist()) == {-1.0, 1.0}


def test_a_parity_is_the_product_of_its_bits_and_a_single_index_looks_both_ways():
    parity = single.target("parity of 3", n_train=50, seed=0)
    assert torch.equal(parity.y_train, parity.x_train[:, 0] * parity.x_train[:, 1:3].prod(1))
    index = single.target("single index", n_train=4000, seed=0)
    assert abs(index.y_train.mean()) < 0.05
    linear = torch.linalg.lstsq(index.x_train, index.y_train[:, None]).solution
    assert torch.corrcoef(torch.stack([(index.x_test @ linear)[:, 0], index.y_test]))[0, 1] < 0.1
    with pytest.raises(ValueError, match="wanted a target among"):
        single.target("cat", n_train=50, seed=0)


def test_the_best_of_all_candidates_is_the_best_feature():
    frame = single.picked(3, digits=(5,), readings=("tangent feature", "own neuron"), **SMALL)
    task = tasks.digits(5, n_train=200, seed=3)
    net = single.mlp_for(task, SMALL["hidden"], 3)
    best = tangent.best_feature(net, task)
    found = value(frame, reading="tangent feature", candidates=networks.parameter_count(net))
    assert found == pytest.approx(best.test.correlation, abs=1e-6)
    picks = frame[frame["reading"] == "tangent feature"]["parameter"]
    assert best.detail["parameter"] in set(picks)
    neuron = max(
        (neurons.best_neuron(net, task, layer=layer) for layer in (0, 1)),
        key=lambda reading: reading.train.correlation,
    )
    assert value(frame, reading="own neuron") == pytest.approx(neuron.test.correlation, abs=1e-6)


def test_labels_by_lot_are_detected_by_no_derivative():
    frame = single.picked(1, digits=(5,), labels="random", readings=("tangent feature",), **SMALL)
    assert abs(value(frame, reading="tangent feature")) < 0.3


def test_the_best_readout_weight_is_the_best_neuron_of_the_last_layer():
    frame = single.by_kind(2, digits=(4,), **SMALL)
    task = tasks.digits(4, n_train=200, seed=2)
    net = single.mlp_for(task, SMALL["hidden"], 2)
    wanted = neurons.best_neuron(net, task, layer=1).test.correlation
    assert value(frame, reading="readout weights") == pytest.approx(wanted, abs=1e-6)
    assert "readout biases" not in set(frame["reading"]), "a constant is no feature"


@pytest.mark.parametrize("name", ["parity of 2", "single index"])
def test_the_inputs_are_not_the_first_layer_of_the_network_of_the_same_seed(name):
    task = single.target(name, n_train=200, seed=7)
    net = single.mlp_for(task, (128, 128), seed=7)
    w, x = net[1].weight.detach(), task.x_train[:128]
    cosines = torch.nn.functional.cosine_similarity(w, x)
    assert cosines.abs().mean() < 0.3, "twenty independent numbers: about .18"


def test_the_laws_are_fitted_on_other_features_than_they_are_judged_on():
    sizes = dict(fit_on=256, sizes=(1, 64, 512), digits=(4,))
    frame = single.laws(2, **sizes, **SMALL)
    task = tasks.digits(4, n_train=200, seed=2)
    net = single.mlp_for(task, SMALL["hidden"], 2)
    strength = tangent.strengths(net, task.x_train, task.y_train[:, None])[:, 0]
    order = torch.randperm(len(strength), generator=seeds.generator(2, "parameters apart"))
    best = strength[order[256 : 256 + 512]].abs().max()
    assert frame["measured"].iloc[-1] == pytest.approx(float(best))
    spread = float(strength[order[:256]].square().mean().sqrt())
    assert frame["gaussian"].iloc[-1] == pytest.approx(
        neurons.expected_best(neurons.GaussianLaw(spread), 512), rel=1e-5
    )
    assert (frame[["cap", "cap_tail"]] < 1).all(axis=None), "the ceiling is 1"
    with pytest.raises(ValueError, match=r"2,304 parameters, received a network with 921"):
        single.laws(2, fit_on=256, sizes=(2048,), digits=(4,), **SMALL)


def test_the_whole_span_is_kernel_regression_and_the_counts_are_right():
    frame = kernels.spans(4, "digit 8", **SMALL)
    task = tasks.digits(8, n_train=200, seed=4)
    net = single.mlp_for(task, SMALL["hidden"], 4)
    wanted = tangent.kernel_regression(net, task).test.correlation
    assert value(frame, reading="tangent space") == pytest.approx(wanted, abs=1e-4)
    counts = frame.groupby("reading")["features"].first().to_dict()
    total = networks.parameter_count(net)
    assert counts == {
        "pixels": 64,
        kernels.LAST: 10,
        kernels.OWN: 22,
        kernels.WHOLE: total,
        kernels.EQUAL: total,
        kernels.SECOND: total,
        kernels.FIRST: total,
    }
    with pytest.raises(ValueError, match="wanted a reading among"):
        kernels.spans(4, "digit 8", readings=("all",), **SMALL)


def test_equal_layers_have_the_same_variance_and_the_same_span():
    task = tasks.digits(8, n_train=60, seed=4)
    net = single.mlp_for(task, SMALL["hidden"], 4)
    shares = tangent.empirical_ntk(net, task.x_train, by_layer=True)
    factors = kernels.scales(shares, 1.0)
    traces = {n: factors[n] * float(ridge.centre(shares[n]).trace()) for n in shares}
    assert max(traces.values()) == pytest.approx(min(traces.values()), rel=1e-5)
    assert set(kernels.scales(shares, 0.0).values()) == {1.0}


def test_last_layer_neurons_are_tangent_features_and_first_layer_neurons_are_not():
    frame = spans.neighbours(1, hidden=(6, 6), n=1500)
    own = frame[frame["neurons"] == "own"].groupby("layer")
    assert own["one"].min()["layer 2"] == pytest.approx(1.0)
    assert own["outside"].max()["layer 2"] < 1e-20
    assert own["one"].max()["layer 1"] < 0.98
    other = frame[frame["neurons"] == "re-drawn"].groupby("layer")["outside"].mean()
    assert other["layer 2"] > 0.01


def test_parities_are_an_orthonormal_basis_sorted_by_their_bits():
    signs, degree = spans.parities(5)
    assert torch.equal(signs.T @ signs, 32 * torch.eye(32, dtype=signs.dtype))
    x = spans.cube(5)
    for s in (0, 1, 6, 31):
        members = [bit for bit in range(5) if s >> bit & 1]
        assert torch.equal(signs[:, s], x[:, members].prod(1))
        assert degree[s] == len(members)


def test_the_projections_of_all_parities_sum_to_the_dimension():
    frame = spans.held(0, d=7, hidden=(4, 4))
    for _, part in frame.groupby("space"):
        assert (part["value"] * part["parities"]).sum() == pytest.approx(part["dimension"].iloc[0])
    assert set(frame["space"]) == {spans.DERIVATIVES, spans.NEURONS, spans.DEEP}
    assert frame["dimension"].nunique() == 1
    with pytest.raises(ValueError, match="wanted fewer parameters than"):
        spans.held(0, d=5, hidden=(8, 8))


def test_kernels_of_wider_networks_spread_less():
    spread = spans.kernel_spread(0, widths=(16, 64), nets=4, images=10)
    assert spread["value"].iloc[1] < spread["value"].iloc[0]
