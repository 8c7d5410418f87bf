"""Reported: labels, shares kept and foreign networks that were taken without a word."""

from dataclasses import dataclass
from types import SimpleNamespace

import jaxtyping
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.utils import parametrizations, prune

from helpers import counting, features, ladder, networks, neurons, pruning, tangent, tasks, training
from helpers.counting import small_nets
from helpers.explorers import prune as explorer
from helpers.pruning import build

# --- labels and outputs against the loss ----------------------------------------------------------


@dataclass
class Labels:
    """Images with labels of any kind."""

    x_train: Tensor
    y_train: Tensor


def labelled(y):
    return Labels(torch.randn(len(y), 4, generator=torch.Generator().manual_seed(0)), y)


WRONG = [
    (
        1,
        torch.tensor([0.0, 1.0, 1.0]),
        "logistic",
        r"loss 'logistic': wanted labels -1 and \+1, received 0, 1: ",
    ),
    (
        1,
        torch.tensor([0, 1, 2]),
        "squared",
        r"wanted labels -1 and \+1, received 0, 1, 2: .*2 \* y - 1",
    ),
    (10, torch.tensor([1.0, -1.0, 1.0]), "logistic", "one output .* received one with 10"),
    (
        2,
        torch.tensor([1.0, -1.0, 1.0]),
        "cross-entropy",
        "whole labels from 0 to 1 .* received -1 to 1 ",
    ),
    (2, torch.tensor([0, 1, 2]), "cross-entropy", "whole labels from 0 to 1"),
    (2, torch.tensor([0, 1, 2]), nn.functional.cross_entropy, "whole labels from 0 to 1"),
    (
        1,
        torch.tensor([0, 1, 2]),
        lambda outputs, y: outputs[:, 0] - y,
        "one number, received shape",
    ),
]


@pytest.mark.parametrize(("outputs", "y", "loss", "message"), WRONG)
def test_searches_and_trainings_check_labels_and_outputs(outputs, y, loss, message):
    """A user would have believed that a mask was searched for ten classes, or labels 0 and 1."""
    net, task = networks.mlp([4, 3, outputs]), labelled(y)
    for search in (
        lambda: training.train_many([net], [task], seeds=[0], loss=loss),
        lambda: pruning.edge_popup(net, task, keep=0.5, loss=loss),
    ):
        with pytest.raises(ValueError, match=message):
            search()


@pytest.mark.parametrize("name", ladder.READINGS)
def test_no_reading_takes_labels_0_and_1(name, monkeypatch):
    """A user would have believed that a reading of labels 0 and 1 looks for the ones."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    task = tasks.digits(3, n_train=40)
    task = SimpleNamespace(**{**vars(task), "y_train": (task.y_train > 0).float()})
    with pytest.raises(ValueError, match=r"wanted labels -1 and \+1, received 0, 1: turn"):
        ladder.READINGS[name](networks.mlp([64, 8, 1]), task)


def test_ten_outputs_with_whole_labels_are_taken():
    net, task = networks.mlp([4, 3, 10]), labelled(torch.arange(10))
    assert training.train_many([net], [task], seeds=[0], steps=3, loss="cross-entropy")[0].steps
    masks = pruning.edge_popup(net, task, keep=0.5, steps=2, loss=nn.functional.cross_entropy)
    assert pruning.kept(masks) == round(0.5 * networks.parameter_count(net))


# --- how much is kept -----------------------------------------------------------------------------


@pytest.mark.parametrize("choose", [pruning.magnitude, pruning.random])
def test_the_whole_number_one_is_refused(choose):
    """A user would have believed that keep=1 keeps everything; it kept one weight."""
    net = networks.mlp([3, 6, 1])
    with pytest.raises(ValueError, match=r"number 1, .* write keep=1\.0 for all 31, keep=1 / 31"):
        choose(net, keep=1)
    assert pruning.kept(choose(net, keep=1.0)) == 31
    assert pruning.kept(choose(net, keep=1 / 31)) == 1


def test_a_layer_loses_no_weight_when_more_are_kept():
    """A user would have believed that 44 weights contain the 43; one of them was dropped."""
    net = networks.mlp([3, 4, 5, 2, 1])
    for fewer, more in ((43, 44), (12, 13)):
        a, b = (pruning.magnitude(net, keep=keep, layerwise=True) for keep in (fewer, more))
        assert all(not (a[name] & ~b[name]).any() for name in a)


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 9), min_size=2, max_size=6),
    share=st.floats(0, 1),
    layerwise=st.booleans(),
)
def test_more_kept_contains_less_kept_and_totals_are_exact(sizes, share, layerwise):
    """A user would have believed that a schedule of shares only ever cuts."""
    net = networks.mlp(sizes)
    total = networks.parameter_count(net)
    fewer = round(share * (total - 1))
    a, b = (pruning.magnitude(net, keep=k / total, layerwise=layerwise) for k in (fewer, fewer + 1))
    assert (pruning.kept(a), pruning.kept(b)) == (fewer, fewer + 1)
    assert all(not (a[name] & ~b[name]).any() for name in a)
    if layerwise:  # and no layer is further from its share than one weight and its rounding
        for k, m in ((fewer, a), (fewer + 1, b)):
            for name in {name.rpartition(".")[0] for name in m}:
                of = m[f"{name}.weight"].numel() + m[f"{name}.bias"].numel()
                kept = int(m[f"{name}.weight"].sum() + m[f"{name}.bias"].sum())
                assert abs(kept - k * of / total) < len(sizes)


# --- foreign networks -----------------------------------------------------------------------------


def pruned_by_torch(net):
    for layer in (net[1], net[3]):
        prune.l1_unstructured(layer, "weight", amount=0.5)
    net(torch.zeros(1, 3))
    return net


def parametrized(net):
    parametrizations.weight_norm(net[1])
    return net


def hooked(net):
    net[1].register_forward_hook(lambda module, inputs, output: 2 * output)
    return net


def gradient_hooked(net):
    net[1].weight.register_hook(lambda gradient: 2 * gradient)
    return net


def replaced(net):
    net[2].forward = lambda x: x
    return net


FOREIGN = [
    (pruned_by_torch, r"1 \(Linear\) is pruned by torch\.nn\.utils\.prune: call prune\.remove"),
    (parametrized, r"1 \(ParametrizedLinear\) is parametrized: call .*remove_parametrizations"),
    (hooked, r"1 \(Linear\) carries hooks: remove them"),
    (gradient_hooked, r"1\.weight carries hooks on its gradient: remove them"),
    (replaced, r"2 \(ReLU\) has its forward replaced: restore it"),
]
X, Y = torch.eye(3), torch.tensor([1.0, -1.0, 1.0])
TASK = tasks.Task(X, Y, X, Y, "corners")
ENTRANCES = {
    "masked": lambda net: pruning.masked(net, {}),
    "magnitude": lambda net: pruning.magnitude(net, keep=0.5),
    "random": lambda net: pruning.random(net, keep=0.5),
    "edge_popup": lambda net: pruning.edge_popup(net, TASK, keep=0.5, steps=1),
    "subnetwork": lambda net: pruning.subnetwork(net, TASK, steps=1),
    "signed_constant": pruning.signed_constant,
    "unit_correlations": lambda net: pruning.unit_correlations(net, net, X),
    "build": lambda net: build.build(net, samples=2),
    "balanced": build.balanced,
    "train": lambda net: training.train(net, TASK, steps=1),
    "train_many": lambda net: training.train_many([net, net], [TASK] * 2, seeds=[0, 1], steps=1),
    "trained": lambda net: training.trained(net, TASK, steps=1),
    "activations": lambda net: networks.activations(net, X),
    "best_neuron": lambda net: neurons.best_neuron(net, TASK),
    "neuron strengths": lambda net: neurons.strengths(net, X, TASK.y_train[:, None]),
    "readout": lambda net: features.readout(net, TASK),
    "conjugate_kernel": lambda net: features.conjugate_kernel(net, X),
    "empirical_ntk": lambda net: tangent.empirical_ntk(net, X),
    "tangent features": lambda net: tangent.features(net, X),
    "linearize": tangent.linearize,
    "best_feature": lambda net: tangent.best_feature(net, TASK),
    "kernel_regression": lambda net: tangent.kernel_regression(net, TASK),
    "expressible": lambda net: counting.expressible(net, "subnetwork"),
    "span": lambda net: counting.span(net, "tangent space"),
    "small_nets": lambda net: small_nets.stack([net]),
    "explorer": explorer.explorer,
}


@pytest.mark.parametrize("entrance", ENTRANCES)
@pytest.mark.parametrize(("make", "message"), FOREIGN)
def test_what_computes_something_else_than_it_says_is_refused_by_name(make, message, entrance):
    """A user would have met torch's raw error after a forward pass, or a number of another net."""
    with pytest.raises(TypeError, match=f"received a network in which {message}"):
        ENTRANCES[entrance](make(networks.mlp([3, 4, 1])))


@pytest.mark.parametrize("entrance", ["small_nets", "explorer"])
def test_what_enumerates_or_stacks_bare_numbers_refuses_masks(entrance):
    """A user would have believed that the masks of a pruned net still hold there."""
    net = networks.mlp([3, 4, 1])
    pruned = pruning.masked(net, pruning.random(net, keep=0.5))
    with pytest.raises(TypeError, match="wanted a network without masks"):
        ENTRANCES[entrance](pruned)
