import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils import prune

from helpers import networks, pruning, tasks
from helpers.pruning import popup as ep
from helpers.tasks import Task


def mlp(*sizes, seed=0):
    g = torch.Generator().manual_seed(seed)
    layers = [nn.Flatten()]
    for fan_in, fan_out in itertools.pairwise(sizes):
        layers += [nn.Linear(fan_in, fan_out), nn.ReLU()]
    net = nn.Sequential(*layers[:-1])
    with torch.no_grad():
        for p in net.parameters():
            p.copy_(torch.randn(p.shape, generator=g) * (2 / p.shape[-1]) ** 0.5)
    return net


def constant_mlp(*sizes):
    net = mlp(*sizes)
    with torch.no_grad():
        for p in net.parameters():
            p.fill_(1.0)
    return net


def same(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[n], b[n]) for n in a)


# keep


@given(k=st.integers(0, 31).filter(lambda k: k != 1), layerwise=st.booleans())
def test_exactly_k_weights_stay_although_all_are_tied(k, layerwise):
    masks = pruning.magnitude(constant_mlp(3, 6, 1), keep=k, layerwise=layerwise)
    assert pruning.kept(masks) == k


@given(share=st.floats(0, 1))
def test_a_float_is_a_fraction_rounded_to_whole_weights(share):
    assert pruning.kept(pruning.random(mlp(3, 6, 1), keep=share)) == round(share * 31)


def test_of_tied_weights_the_earlier_stay():
    masks = pruning.magnitude(constant_mlp(2, 3, 1), keep=4)
    assert masks["1.weight"].flatten().tolist() == [True] * 4 + [False] * 2
    assert not masks["1.bias"].any()
    assert not masks["3.weight"].any()


def test_magnitude_keeps_the_largest_absolute_values():
    net = nn.Sequential(nn.Linear(3, 1))
    with torch.no_grad():
        net[0].weight.copy_(torch.tensor([[-3.0, 0.5, 2.0]]))
        net[0].bias.copy_(torch.tensor([-1.0]))
    masks = pruning.magnitude(net, keep=2)
    assert masks["0.weight"].tolist() == [[True, False, True]]
    assert masks["0.bias"].tolist() == [False]


def test_global_magnitude_agrees_with_torch_prune_where_nothing_is_tied():
    net, twin = mlp(5, 7, 2), mlp(5, 7, 2)
    masks = pruning.magnitude(net, keep=20, biases=False)
    layers = [(m, "weight") for m in twin if isinstance(m, nn.Linear)]
    prune.global_unstructured(layers, prune.L1Unstructured, amount=49 - 20)
    assert torch.equal(masks["1.weight"], twin[1].weight_mask.bool())
    assert torch.equal(masks["3.weight"], twin[3].weight_mask.bool())


def test_layerwise_keeps_the_same_share_of_every_layer():
    masks = pruning.magnitude(mlp(9, 10, 9), keep=0.3, layerwise=True)
    assert int(masks["1.weight"].sum() + masks["1.bias"].sum()) == 30
    assert int(masks["3.weight"].sum() + masks["3.bias"].sum()) == 30  # 29.7, rounded to total 60


def test_without_biases_only_weights_have_masks():
    assert pruning.random(mlp(3, 4, 1), keep=0.5, biases=False).keys() == {"1.weight", "3.weight"}


@pytest.mark.parametrize(
    ("keep", "error", "message"),
    [
        (32, ValueError, "wanted keep from 0 to 31 weights, received 32: write keep=1.0 for all"),
        (
            1.5,
            ValueError,
            "keep from 0 to 1 of the weights, received 1.5: an int counts",
        ),
        (-0.1, ValueError, "received -0.1"),
        (True, TypeError, r"fraction \(float\) or a number of weights \(int\), received True"),
        ("half", TypeError, "received 'half'"),
    ],
)
def test_keep_out_of_range_is_refused(keep, error, message):
    with pytest.raises(error, match=message):
        pruning.magnitude(mlp(3, 6, 1), keep=keep)


def test_nan_scores_are_refused_by_name():
    net = mlp(2, 2, 1)
    with torch.no_grad():
        net[3].bias.fill_(torch.nan)
    with pytest.raises(ValueError, match=r"scores that can be ranked, received NaN in 3\.bias"):
        pruning.magnitude(net, keep=2)


def test_other_layers_are_refused_by_name():
    net = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    with pytest.raises(TypeError, match="1 is BatchNorm1d in training mode: build the network"):
        pruning.magnitude(net, keep=2)


# masks


def test_random_masks_are_seeded_and_uniform():
    net = mlp(3, 6, 1)
    assert same(pruning.random(net, keep=9, seed=1), pruning.random(net, keep=9, seed=1))
    draws = [pruning.random(net, keep=0.5, seed=s) for s in range(400)]
    often = torch.stack([m["1.weight"].float() for m in draws]).mean(0)
    assert (often - 16 / 31).abs().max() < 5 * 0.5 / 20  # five standard errors


def test_shuffling_keeps_counts_per_parameter_and_moves_places():
    masks = pruning.magnitude(mlp(9, 10, 9), keep=0.3)
    moved = pruning.shuffled(masks, seed=3)
    assert {n: int(m.sum()) for n, m in masks.items()} == {
        n: int(m.sum()) for n, m in moved.items()
    }
    assert not same(masks, moved)


def test_overlap_is_one_with_itself_zero_with_the_complement_and_keep_by_chance():
    net = mlp(20, 50, 10)
    a, b = (pruning.random(net, keep=0.4, seed=s) for s in (0, 1))
    assert pruning.overlap(a, a) == 1
    assert pruning.overlap(a, {n: ~m for n, m in a.items()}) == 0
    assert pruning.overlap(a, b) == pytest.approx(0.4, abs=0.06)
    with pytest.raises(ValueError, match="masks of the same parameters"):
        pruning.overlap(a, {})


def test_code_length_counts_the_masks():
    masks = {"w": torch.tensor([True, True, False, False, False])}
    assert 2 ** pruning.mask_bits(masks) == pytest.approx(10)


# masked


def test_masks_round_trip_through_masked_and_the_original_survives():
    net = mlp(4, 8, 1)
    before = {n: p.clone() for n, p in net.named_parameters()}
    masks = pruning.magnitude(net, keep=0.4)
    pruned = pruning.masked(net, masks)
    assert same({n: p != 0 for n, p in pruned.named_parameters()}, masks)
    assert same(before, dict(net.named_parameters()))
    full = pruning.masked(net, {n: torch.ones_like(m) for n, m in masks.items()})
    assert same(before, dict(full.named_parameters()))


def test_a_hand_pruned_net_computes_by_hand():
    net = constant_mlp(2, 2, 1)
    masks = {
        "1.weight": torch.tensor([[True, False], [False, True]]),
        "1.bias": torch.tensor([False, True]),
    }
    x = torch.tensor([[2.0, -3.0], [1.0, 5.0]])
    # relu(x0) + relu(x1 + 1) + 1
    assert pruning.masked(net, masks)(x).flatten().tolist() == [3.0, 8.0]


@pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW])
def test_pruned_weights_stay_zero_in_training_and_kept_ones_move(optimizer):
    net = mlp(4, 8, 1)
    masks = pruning.random(net, keep=0.5)
    pruned = pruning.masked(net, masks)
    start = {n: p.detach().clone() for n, p in pruned.named_parameters()}
    steps = optimizer(pruned.parameters(), lr=0.1, weight_decay=0.1)
    for _ in range(5):
        steps.zero_grad()
        (pruned(torch.ones(3, 4)) - 2).square().sum().backward()
        steps.step()
    end = dict(pruned.named_parameters())
    assert all((end[n][~m] == 0).all() for n, m in masks.items())
    assert any((end[n][m] != start[n][m]).any() for n, m in masks.items())


@pytest.mark.parametrize(
    ("masks", "error", "message"),
    [
        (
            {"9.weight": torch.ones(1, dtype=torch.bool)},
            ValueError,
            "received one of '9.weight'",
        ),
        ({"1.bias": torch.ones(3)}, TypeError, "bool masks, received torch.float32 for 1.bias"),
        (
            {"1.bias": torch.ones(2, dtype=torch.bool)},
            ValueError,
            r"shape \(3,\) for 1.bias, received \(2,\)",
        ),
    ],
)
def test_wrong_masks_are_refused(masks, error, message):
    with pytest.raises(error, match=message):
        pruning.masked(mlp(2, 3, 1), masks)


def test_signed_constant_keeps_signs_and_each_layers_spread():
    net = mlp(20, 30, 1)
    constant = pruning.signed_constant(net)
    assert torch.equal(constant[1].weight.sign(), net[1].weight.sign())
    assert constant[1].weight.abs().unique().tolist() == pytest.approx([net[1].weight.std().item()])
    assert torch.equal(constant[1].bias, net[1].bias)


# nodes


def test_unit_correlation_is_pearsons_at_every_depth():
    net = mlp(4, 5, 3, 1)
    pruned = pruning.masked(net, pruning.magnitude(net, keep=0.7))
    x = torch.randn(50, 4, generator=torch.Generator().manual_seed(0))
    first, second = (torch.relu(n[1](x)) for n in (net, pruned))
    deeper = (torch.relu(net[3](first)), torch.relu(pruned[3](second)))
    for r, (a, b) in zip(
        pruning.unit_correlations(net, pruned, x), [(first, second), deeper], strict=True
    ):
        wanted = torch.corrcoef(torch.cat([a, b], 1).T.detach()).diagonal(a.shape[1])
        assert torch.allclose(r, wanted, atol=1e-5, equal_nan=True)
        assert (~r.isnan()).any()


def test_a_dead_unit_has_no_correlation():
    net = mlp(4, 5, 1)
    masks = pruning.magnitude(net, keep=1.0)
    masks["1.weight"][2] = False
    x = torch.randn(50, 4, generator=torch.Generator().manual_seed(0))
    (r,) = pruning.unit_correlations(net, pruning.masked(net, masks), x)
    assert r.isnan().tolist() == [False, False, True, False, False]


# edge-popup


def test_the_straight_through_gradient_of_a_hand_computed_net():
    """f = v relu(w1 x1 + w2 x2): every edge gets dL/dI * weight * input, pruned edges too."""
    w, v, x = torch.tensor([[2.0, -1.0]]), torch.tensor([[3.0]]), torch.tensor([1.0, 0.5])
    shapes = {"0.weight": w.shape, "2.weight": v.shape}
    scores = torch.tensor([0.9, 0.1, 0.5], requires_grad=True)
    mask = ep.straight_through(scores, shapes, keep=2, layerwise=False)
    assert mask.tolist() == [1.0, 0.0, 1.0]
    hidden = torch.relu((w[0] * mask[:2] * x).sum())  # 2 * 1 = 2, the second edge is pruned
    (v[0, 0] * mask[2] * hidden).backward()
    # into the hidden unit: dL/dI = v = 3, times w x = (2, -0.5); into the output: 1 * v * 2
    assert scores.grad.tolist() == [6.0, -1.5, 6.0]


def xor_task(seed, dtype=torch.float32):
    g = torch.Generator().manual_seed(seed)
    x = torch.rand(400, 2, generator=g, dtype=dtype) * 2 - 1
    y = torch.sign(x[:, 0] * x[:, 1])
    return Task(x, y, x, y, "xor")


def test_edge_popup_learns_xor_where_random_masks_do_not():
    nets, tasks = [mlp(2, 64, 1, seed=s) for s in range(5)], [xor_task(s) for s in range(5)]
    found = ep.edge_popup_many(nets, tasks, keep=0.5, seeds=range(5), steps=300)
    null = [pruning.random(net, keep=0.5, layerwise=True) for net in nets]

    def accuracy(chosen):
        outputs = (
            pruning.masked(n, m)(t.x_train) for n, m, t in zip(nets, chosen, tasks, strict=True)
        )
        right = [o[:, 0].sign() == t.y_train for o, t in zip(outputs, tasks, strict=True)]
        return torch.stack(right).float().mean()

    assert accuracy(found) > 0.75
    assert accuracy(found) > accuracy(null) + 0.15


def test_edge_popup_leaves_the_net_alone_and_repeats_itself():
    net, task = mlp(2, 8, 1), xor_task(0)
    before = {n: p.clone() for n, p in net.named_parameters()}
    first, second = (ep.edge_popup(net, task, keep=10, seed=5, steps=20) for _ in range(2))
    assert same(before, dict(net.named_parameters()))
    assert same(first, second)
    assert pruning.kept(first) == 10


def test_a_batch_of_nets_finds_what_each_finds_alone():
    nets = [mlp(2, 6, 1, seed=s).double() for s in range(2)]
    tasks = [xor_task(s, torch.float64) for s in range(2)]
    together = ep.edge_popup_many(nets, tasks, keep=0.5, seeds=[3, 4], steps=30)
    alone = [
        ep.edge_popup(n, t, keep=0.5, seed=s, steps=30)
        for n, t, s in zip(nets, tasks, (3, 4), strict=True)
    ]
    assert all(same(a, b) for a, b in zip(together, alone, strict=True))


def test_a_search_can_be_watched_to_its_last_mask():
    net, task, passed = mlp(2, 6, 1), xor_task(0), []
    (last,) = ep.edge_popup_many(
        [net], [task], keep=0.5, seeds=[0], steps=30, visit=lambda m: passed.append(m.clone())
    )
    assert len(passed) == 31
    flat = torch.cat([mask.flatten() for mask in last.values()])
    assert torch.equal(passed[-1][0], flat)
    assert len({int(each.sum()) for each in passed}) == 1
    assert any(not torch.equal(each[0], flat) for each in passed)


def test_edge_popup_wants_one_task_and_seed_a_net():
    with pytest.raises(ValueError, match="for every net, received 1 nets, 0 tasks, 1 seeds"):
        ep.edge_popup_many([mlp(2, 2, 1)], [], keep=2, seeds=[0])


# the reading


@pytest.mark.parametrize("make", [networks.mlp, networks.cnn])
@pytest.mark.parametrize("parameterization", networks.PARAMETERIZATIONS)
def test_the_reading_takes_every_network_of_the_book(make, parameterization):
    task = tasks.digits(3, n_train=200)
    options = {"parameterization": parameterization}
    net = (
        make([64, 8, 1], **options)
        if make is networks.mlp
        else make([4, 4], in_channels=1, **options)
    )
    found = pruning.subnetwork(net, task, keep=0.5, steps=5)
    with torch.no_grad():
        again = pruning.masked(net, found.detail["masks"])(task.x_test)[:, 0]
    assert torch.equal(found.scores(task.x_test), again)
    assert found.detail["kept"] == round(found.detail["of"] / 2)
    # log2 C(M, M/2) is nearly M.
    assert found.detail["code"] == pytest.approx(found.detail["of"], rel=0.1)
    assert found.bits == min(found.detail["code"], len(task.y_train))


def test_the_reading_finds_a_digit_and_nothing_in_random_labels():
    task = tasks.digits(3)
    net = networks.mlp([64, 128, 1])
    assert pruning.subnetwork(net, task, steps=300).test.auc > 0.95
    null = pruning.subnetwork(net, tasks.random_labels(task), steps=300)
    assert abs(null.test.auc - 0.5) < 0.1
