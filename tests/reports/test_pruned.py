"""Reported: pruned weights that came back, and readings that counted them."""

import copy
import io
import math
import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from helpers import claims, counting, features, networks, neurons, pruning, tangent, tasks, training
from helpers.claims import entries
from helpers.claims.ch04_pruning import ticket_claims
from helpers.claims.judging import judge
from helpers.counting import boolean
from helpers.pruning import build

DOUBLE = torch.float64


def revived(net, masks):
    """How many pruned weights are not zero: in the tensors themselves, whatever the layers do."""
    return sum(int(net.get_parameter(name)[~mask].count_nonzero()) for name, mask in masks.items())


def drawn(keep):
    net = networks.mlp([64, 32, 1])
    masks = pruning.random(net, keep=keep)
    return net, masks, pruning.masked(net, masks)


@pytest.fixture
def ticket():
    return drawn(0.2)


@pytest.fixture
def few():
    return drawn(0.01)  # 21 of 2113 weights


def saved_and_loaded(net):
    file = io.BytesIO()
    torch.save(net, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


def state_saved_and_loaded(net):
    file = io.BytesIO()
    torch.save(net.state_dict(), file)
    file.seek(0)
    other = pruning.masked(networks.mlp([64, 32, 1], seed=9), networks.masks_of(net))
    other.load_state_dict(torch.load(file, weights_only=True))
    return other


def unfrozen_later(net):
    return copy.deepcopy(net.requires_grad_(False)).requires_grad_(True)


def rewound(net):
    net = copy.deepcopy(net)
    net.load_state_dict(networks.mlp([64, 32, 1], seed=5).state_dict())
    return net


def rewound_by_assignment(net):
    net, dense = copy.deepcopy(net), networks.mlp([64, 32, 1], seed=5)
    net.load_state_dict(dense.state_dict(), assign=True)
    assert all((p != 0).all() for p in dense.parameters())  # the dense net lost nothing
    return net


def there_and_back(net):
    return copy.deepcopy(net).to(DOUBLE).to(torch.float32).to("cpu")


JOURNEYS = [
    copy.copy,
    copy.deepcopy,
    lambda net: pickle.loads(pickle.dumps(net)),
    saved_and_loaded,
    state_saved_and_loaded,
    unfrozen_later,
    rewound,
    rewound_by_assignment,
    there_and_back,
]


@pytest.mark.parametrize("journey", JOURNEYS)
def test_a_mask_survives_the_journey_and_training_after_it(ticket, journey):
    """A user would have believed that .99 AUC was a 1% subnetwork's; it was the whole network's."""
    _, masks, pruned = ticket
    net, task = journey(pruned), tasks.digits(3, n_train=200)
    assert revived(net, masks) == 0
    after = training.train(net, task, steps=30, lr=0.01, optimizer="adam").net
    assert revived(after, masks) == 0
    assert pruning.live(after) == pruning.kept(masks)
    assert not torch.equal(net(task.x_test), after(task.x_test))


def test_a_random_ticket_of_one_percent_scores_what_masked_training_scores():
    """A user would have believed AUC .99 for a network with hardly a path left: it is .50."""
    net = networks.mlp([64, 32, 1])
    masks = pruning.random(net, keep=0.01)
    found = training.trained(pruning.masked(net, masks), tasks.digits(3), steps=300)
    assert found.test.auc < 0.6
    assert training.trained(net, tasks.digits(3), steps=300).test.auc > 0.95


def test_ensembles_keep_each_nets_own_masks():
    """A user would have believed that an ensemble of masked nets needs no masks of its own."""
    net, task = networks.mlp([64, 16, 1]), tasks.digits(3, n_train=200)
    masks = [pruning.random(net, keep=0.2, seed=s) for s in (0, 1)]
    nets = [*(pruning.masked(net, m) for m in masks), net]  # one of them is not pruned at all
    *tickets, whole = training.train_many(nets, [task] * 3, seeds=[0, 1, 2], steps=30, lr=0.01)
    for run, m in zip(tickets, masks, strict=True):
        assert revived(run.net, m) == 0
        assert pruning.live(run.net) == pruning.kept(m)
    assert pruning.live(whole.net) == networks.parameter_count(net)


@pytest.mark.parametrize(
    ("optimizer", "options"),
    [
        (torch.optim.SGD, {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.1}),
        (torch.optim.AdamW, {"lr": 0.1, "weight_decay": 0.1}),
        (torch.optim.LBFGS, {"lr": 0.1}),
    ],
)
def test_a_loop_of_ones_own_on_a_copy_revives_nothing(ticket, optimizer, options):
    """A user would have believed that a copy of a masked net is masked, in a loop of one's own."""
    _, masks, pruned = ticket
    net, task = copy.deepcopy(pruned), tasks.digits(3, n_train=100)
    steps = optimizer(net.parameters(), **options)

    def closure():
        steps.zero_grad()
        loss = (net(task.x_train)[:, 0] - task.y_train).square().mean()
        loss.backward()
        return loss

    for _ in range(5):
        steps.step(closure)
    assert revived(net, masks) == 0


def test_numbers_written_into_pruned_places_compute_nothing(few):
    """A user who perturbs all parameters would have believed that the subnetwork was perturbed."""
    _, masks, pruned = few
    x, before = tasks.digits(3).x_test, {}
    with torch.no_grad():
        for name, p in pruned.named_parameters():
            p.normal_()
            before[name] = p * masks[name]
    twin = networks.mlp([64, 32, 1])
    twin.load_state_dict(before)
    assert torch.equal(pruned(x), twin(x))
    assert pruning.live(pruned) == networks.parameter_count(pruned) == 21
    assert torch.equal(networks.activations(pruned, x), networks.activations(twin, x))
    index = torch.tensor([3, 7])
    (some,) = networks.chosen_activations(pruned, x, 0, index)
    torch.testing.assert_close(some, networks.activations(twin, x)[:, index])
    again = pruning.magnitude(pruned, keep=21)
    assert all(torch.equal(again[name], mask) for name, mask in masks.items())


def test_a_dense_network_refuses_the_state_of_a_pruned_one(ticket):
    """A user would have believed that the masks had been loaded with the zeros."""
    _, _, pruned = ticket
    with pytest.raises(RuntimeError, match="weight_mask"):
        networks.mlp([64, 32, 1]).load_state_dict(pruned.state_dict())


def test_masking_twice_keeps_what_both_keep(few):
    """A user who prunes further would have believed that what was pruned before stays pruned."""
    net, masks, pruned = few
    others = pruning.random(net, keep=0.9, seed=7)
    both = pruning.masked(pruned, others)
    assert pruning.live(both) == sum(int((masks[n] & others[n]).sum()) for n in masks) < 21
    ones = {name: torch.ones_like(mask) for name, mask in masks.items()}
    assert pruning.live(pruning.masked(pruned, ones)) == 21


def test_of_a_pruned_network_keep_counts_what_it_has(few):
    """A user would have believed that half of a ticket is half of what the ticket has."""
    net, masks, pruned = few
    task = tasks.digits(3, n_train=50)
    chosen = [
        pruning.magnitude(pruned, keep=10),
        pruning.random(pruned, keep=10 / 21, layerwise=True),
        pruning.edge_popup(pruned, task, keep=10, steps=3),
    ]
    for found in chosen:
        assert pruning.kept(found) == 10
        assert all(not (found[name] & ~mask).any() for name, mask in masks.items())
    reading = pruning.subnetwork(pruned, task, keep=10, steps=3)
    assert reading.detail["of"] == 21
    assert reading.detail["code"] == pytest.approx(math.log2(math.comb(21, 10)))
    with pytest.raises(ValueError, match="wanted keep from 0 to 21 weights, received 22"):
        pruning.random(pruned, keep=22)
    with pytest.raises(ValueError, match="wanted nets that are pruned alike"):
        pruning.edge_popup_many([pruned, net], [task] * 2, keep=5, seeds=[0, 1])


# --- every reading of a masked network is the reading of the subnetwork --------------------------


def test_the_kernel_of_one_pruned_weight_is_the_biass():
    """A user would have believed that the subnetwork's kernel at x = 3 is 10; it is 1."""
    net = nn.Sequential(nn.Linear(1, 1))
    pruned = pruning.masked(net, {"0.weight": torch.zeros(1, 1, dtype=torch.bool)})
    assert tangent.empirical_ntk(net, torch.tensor([[3.0]])).tolist() == [[10.0]]
    assert tangent.empirical_ntk(pruned, torch.tensor([[3.0]])).tolist() == [[1.0]]


def kept_jacobian(net, masks, x):
    """(n, C, kept) by jacrev of the dense network at the masked values, kept columns only."""
    values = {name: p.detach() * masks.get(name, 1) for name, p in net.named_parameters()}
    parts = torch.func.jacrev(lambda p: torch.func.functional_call(net, p, (x,)))(values)
    columns = [
        part.flatten(2)[:, :, masks[n].flatten()] if n in masks else part.flatten(2)
        for n, part in parts.items()
    ]
    return torch.cat(columns, -1)


@st.composite
def masked_nets(draw):
    kind = draw(st.sampled_from(["mlp", "cnn", "nested"]))
    outputs, seed = draw(st.integers(1, 2)), draw(st.integers(0, 99))
    options = {"activation": draw(st.sampled_from(["relu", "tanh"])), "seed": seed}
    if kind == "cnn":
        net = networks.cnn([3, 4], in_channels=2, outputs=outputs, **options)
    else:
        net = networks.mlp([2 * 5 * 5, 6, 5, outputs], parameterization="ntk", **options)
    if kind == "nested":
        net = nn.Sequential(net[:4], nn.Sequential(*net[4:]))
    net = net.double()
    keep, biases = draw(st.sampled_from([0.05, 0.5, 0.95])), draw(st.booleans())
    layerwise = draw(st.booleans())
    masks = pruning.random(net, keep=keep, biases=biases, layerwise=layerwise, seed=seed)
    return net, masks


@settings(max_examples=25, deadline=None)
@given(masked_nets(), st.booleans())
def test_kernel_features_and_linearisation_are_the_subnetworks(case, poked):
    """A user would have believed that a ticket's kernel is its own; half of its trace was not."""
    net, masks = case
    pruned = pruning.masked(net, masks)
    if poked:
        with torch.no_grad():
            for name, p in pruned.named_parameters():
                if name in masks:
                    p.masked_fill_(~masks[name], 7.0)
    g = torch.Generator().manual_seed(0)
    x, z = (torch.randn(n, 2, 5, 5, dtype=DOUBLE, generator=g) for n in (4, 3))
    j, k = kept_jacobian(net, masks, x), kept_jacobian(net, masks, z)
    count = j.shape[2]
    assert networks.parameter_count(pruned) == count == len(networks.parameter_vector(pruned))
    single = j.shape[1] == 1
    for memory in (2**31, 1):
        found = tangent.empirical_ntk(pruned, x, z, memory=memory)
        wanted = torch.einsum("icp,jdp->ijcd", j, k)
        torch.testing.assert_close(
            found, wanted[:, :, 0, 0] if single else wanted, atol=1e-10, rtol=1e-10
        )
        trace = tangent.empirical_ntk(pruned, x, outputs="trace", memory=memory)
        torch.testing.assert_close(trace, torch.einsum("icp,jcp->ij", j, j), atol=1e-10, rtol=1e-10)
    features_ = tangent.features(pruned, x).reshape(j.shape)
    torch.testing.assert_close(features_, j, atol=1e-10, rtol=1e-10)
    delta = torch.randn(count, dtype=DOUBLE, generator=g)
    moved = tangent.linearize(pruned)(x, delta)
    torch.testing.assert_close(moved, pruned(x) + j @ delta, atol=1e-10, rtol=1e-10)
    if single:
        y = torch.randn(4, dtype=DOUBLE, generator=g)
        back = tangent.vjp(pruned, x, y)
        torch.testing.assert_close(back, y @ j[:, 0], atol=1e-10, rtol=1e-10)
        with pytest.raises(ValueError, match=rf"one entry per parameter, \({count},\)"):
            tangent.jvp(pruned, x, torch.zeros(count + 1, dtype=DOUBLE))


def test_prices_and_counts_of_tangent_readings_are_those_of_what_is_kept():
    """A user would have read 2,113 parameters in the kernel regression of a ticket that has 106."""
    net, task = networks.mlp([64, 32, 1]), tasks.digits(3, n_train=120)
    masks = pruning.magnitude(net, keep=0.05)
    pruned = pruning.masked(net, masks)
    span = tangent.kernel_regression(pruned, task)
    assert span.detail["parameters"] == pruning.kept(masks) == 106
    first = tangent.kernel_regression(pruned, task, parts=["1"])
    assert first.detail["parameters"] == int(masks["1.weight"].sum() + masks["1.bias"].sum())
    best = tangent.best_feature(pruned, task)
    assert best.detail["code"] == math.log2(106)
    name, place = best.detail["parameter"], best.detail["place"]
    assert masks[name][place]
    assert tangent.strengths(pruned, task.x_train, task.y_train[:, None]).shape == (106, 1)
    named = [tangent.parameter(pruned, k) for k in range(106)]
    assert all(masks[n][p] for n, p in named)
    assert len(set(named)) == 106


def test_neurons_and_features_of_a_pruned_network_are_the_subnetworks(ticket):
    """A user would have believed that a masked net's neurons are read with its masks on."""
    net, masks, pruned = ticket
    twin = copy.deepcopy(net)
    with torch.no_grad():
        for name, p in twin.named_parameters():
            p.mul_(masks[name])
    task = tasks.digits(3, n_train=100)
    for maker in (neurons.best_neuron, features.readout):
        assert torch.equal(
            maker(pruned, task).scores(task.x_test), maker(twin, task).scores(task.x_test)
        )


def naive_counts(net, masks):
    """Masks within the net's own masks, one forward pass each."""
    places = [(n, i) for n, m in masks.items() for i in m.flatten().nonzero()[:, 0].tolist()]
    x, counts = boolean.inputs(3).float(), np.zeros(256, dtype=int)
    for code in range(2 ** len(places)):
        values = {n: torch.zeros_like(p) for n, p in net.named_parameters()}
        for bit, (name, i) in enumerate(places):
            if code >> bit & 1:
                values[name].view(-1)[i] = net.get_parameter(name).detach().view(-1)[i]
        out = torch.func.functional_call(net, values, (x,))[:, 0]
        counts[boolean.to_code(tuple((out > 0).tolist()))] += 1
    return counts


@pytest.mark.parametrize("seed", [0, 1])
def test_counting_a_pruned_network_counts_the_masks_of_what_it_has(seed):
    """A user would have believed that 2^9 masks were counted; it was 2^16, many times the same."""
    net = networks.mlp([3, 3, 1], seed=seed)
    masks = pruning.random(net, keep=9, seed=seed)
    pruned = pruning.masked(net, masks)
    counts = counting.mask_counts(pruned)
    assert counts.sum() == 2**9
    assert (counts == naive_counts(net, masks)).all()
    assert counting.span(pruned, "tangent space").shape == (8, 9)


def test_a_built_network_has_no_weights_but_the_targets(few):
    """A user would have believed that building a ticket builds its kept weights only."""
    _, _, pruned = few
    with torch.no_grad():
        pruned[1].weight.fill_(1.0)
    assert build.build(pruned, samples=3).wanted == 21


# --- the ledger ----------------------------------------------------------------------------------


def test_the_ledger_refuses_an_arm_whose_pruned_weights_came_back():
    """A reader would have believed a verdict on tickets that was measured on whole networks."""
    by_id = {claim.id: claim for claim in claims.ledger()}
    claim, frames = by_id["04-ticket"], []
    options = {"sizes": (64, 12, 10), "rounds": 2, "steps": 5, "budgets": (1,)}
    for seed in (0, 1):
        rows = ticket_claims.ticket_gap(seed, **options)
        frames.append(pd.DataFrame(rows).assign(seed=seed))
    frame = pd.concat(frames, ignore_index=True)
    frame = entries.rows_from_text(entries.rows_as_text(frame))  # as the ledger stores them
    assert (frame["kept"] == frame["live"]).all()
    assert (frame["kept"] == 2 * round(0.07 * (64 * 12 + 12 * 10))).all()
    assert judge(claim, frame).seeds == 2
    revived_in_one = frame.assign(live=[*frame["kept"][:1] + 3, *frame["live"][1:]])
    with pytest.raises(ValueError, match=r"wanted 124 live weights, .* received 127"):
        judge(claim, revived_in_one)
