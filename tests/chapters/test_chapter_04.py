"""The experiments of chapter 04 at a small size."""

import numpy as np
import pytest
import torch

from helpers import networks, pruning
from helpers.claims.ch04_pruning import built, built_claims, found, planted, tickets
from helpers.claims.ch04_pruning import members as random_members
from helpers.claims.ch04_pruning.ten_digits import accuracy, minus, share, ten_digits
from helpers.pruning import build


def test_the_ten_digits_are_the_images_of_the_detection_tasks_with_their_digit():
    task = ten_digits(2, n_train=300)
    assert task.x_train.shape == (300, 1, 8, 8)
    assert sorted(task.y_test.unique().tolist()) == list(range(10))
    again = ten_digits(2, n_train=300)
    assert torch.equal(task.test_ids, again.test_ids)


def test_a_share_and_its_resamples_agree():
    right = torch.arange(400) % 4 > 0
    one = share(right, torch.arange(400))
    assert one["value"] == 0.75
    assert np.mean(one["draws"]) == pytest.approx(0.75, abs=0.01)
    assert np.std(one["draws"]) == pytest.approx((0.75 * 0.25 / 400) ** 0.5, rel=0.3)
    assert minus(one, one)["value"] == 0
    assert (minus(one, one)["draws"] == 0).all()


@pytest.mark.parametrize("rate", [1.0, 250.0])
def test_the_median_gap_is_that_of_a_simulated_poisson_process(rate):
    rng = np.random.default_rng(0)
    gaps = np.minimum(*rng.exponential(1 / rate, size=(2, 40_000)))
    assert built.median_gap(torch.tensor([rate])) == pytest.approx(np.median(gaps), rel=0.03)


def test_subset_sums_are_predicted_by_the_density_given_the_samples_and_not_by_its_average():
    (row,) = built.sum_errors(1, sizes=(10,), problems=8000)
    assert row["conditional"] == pytest.approx(row["median"], rel=0.05)
    assert row["averaged"] < 0.95 * row["median"]


def test_a_built_digits_network_agrees_better_with_more_samples():
    frame = built.whole_network(0, samples=(5, 20))
    assert frame["agreement"][1] > 0.95 > frame["agreement"][0]
    assert (frame["worst_error"] >= frame["mean_error"]).all()
    assert frame["drawn"][1] == pytest.approx(4 * frame["drawn"][0], rel=0.02)


def test_dense_circuits_cost_their_size_and_sparse_ones_its_square():
    slopes = {
        row["case"]: row["value"] for row in built_claims.cost_exponent(0, widths=(8, 16, 32))
    }
    assert slopes["dense"] == pytest.approx(1, abs=0.1)
    assert slopes["sparse"] == pytest.approx(2, abs=0.2)


def test_the_planted_parity_is_right_and_the_task_is_the_same_parity():
    assert planted.planted(0)["value"] == 1
    task = planted.parity_task(0, bits=planted.BITS, n_train=50)
    pruned = planted.plant(0).pruned()
    with torch.no_grad():
        assert torch.equal(pruned(task.x_test)[:, 0].sign(), task.y_test)


def test_balancing_keeps_the_planted_mask_right():
    """The masks that search is to find are there in the network that it starts from."""
    task = planted.parity_task(0, bits=planted.BITS, n_train=50)
    pruned = pruning.masked(planted.start("planted", 0), planted.plant(0).masks)
    assert planted.accuracies(pruned, task) == {"value": 1, "train": 1}


def test_equations_find_the_parity_from_enough_examples_and_not_from_too_few():
    assert planted.equations(0, n_train=200) == {"value": 1}
    assert 0.4 < planted.equations(0, n_train=20)["value"] < 0.6


def test_a_mask_that_joins_nothing_is_right_half_of_the_time():
    """An output of zero is one of the two answers, not a third that is always wrong."""
    net, task = networks.mlp([40, 3, 1]), planted.parity_task(0, bits=2, n_train=50)
    nothing = {name: torch.zeros_like(p, dtype=torch.bool) for name, p in net.named_parameters()}
    found = planted.accuracies(pruning.masked(net, nothing), task)["value"]
    assert found == float((task.y_test < 0).float().mean())


def test_with_enough_of_both_signs_every_weight_is_built():
    """Of 34 numbers, twenty by size alone can lack all that have the right sign and the size."""
    big = torch.linspace(0.4, 0.73, 17, dtype=torch.float64)
    right = torch.tensor([-0.61, -0.54, -0.4, -0.32, -0.19], dtype=torch.float64)
    small = torch.linspace(-0.02, 0.02, 12, dtype=torch.float64)
    products = torch.cat([big, right, small])[None]
    wanted = torch.tensor([-0.3519], dtype=torch.float64)
    pick = build._nearest(products, wanted)
    assert abs(float((products * pick).sum() - wanted)) < 1e-4


def test_arms_of_a_ticket_keep_as_many_weights_and_differ_where_they_say():
    net = networks.mlp([64, 12, 10], seed=1)
    masks = pruning.magnitude(net, keep=0.3, biases=False)
    arms = tickets.arms_of_a_ticket(net, masks, seed=1)
    assert {pruning.kept(m) for _, m in arms.values()} == {pruning.kept(masks)}
    start, _ = arms["original signs, magnitudes shuffled"]
    for name, mask in masks.items():
        old, new = dict(net.named_parameters())[name], dict(start.named_parameters())[name]
        assert torch.equal(old.sign(), new.sign())
        assert torch.equal(old[mask].abs().sort().values, new[mask].abs().sort().values)
        assert not torch.equal(old[mask], new[mask])
        counts = int(arms["mask shuffled in each layer"][1][name].sum())
        assert counts == int(mask.sum())
        flipped = dict(arms["original magnitudes, random signs"][0].named_parameters())[name]
        assert torch.equal(old.abs(), flipped.abs())
        assert 0.3 < float((old.sign() == flipped.sign()).double().mean()) < 0.7
    assert not torch.equal(arms["weights drawn anew"][0][1].weight, net[1].weight)


def test_rounds_of_magnitude_pruning_end_at_the_share():
    task, net = ten_digits(0), networks.mlp([64, 12, 10])
    options = {"rounds": 3, "steps": 20, "seed": 0}
    few = tickets.magnitude_rounds(net, task, keep=0.2, **options)
    weights = sum(m.numel() for m in few.values())
    assert pruning.kept(few) == round(0.2 * weights)


def test_random_labels_cut_another_ticket_of_the_same_network():
    told = {"sizes": (64, 12, 10), "keep": 0.2, "rounds": 2, "steps": 20}
    (net, masks, task), (same, others, shuffled) = (
        tickets.cut(1, labels=labels, **told) for labels in ("true", "random")
    )
    assert torch.equal(net[1].weight, same[1].weight)
    assert pruning.kept(masks) == pruning.kept(others)
    assert pruning.overlap(masks, others) < 0.95
    assert torch.equal(task.y_train.sort().values, shuffled.y_train.sort().values)
    assert not torch.equal(task.y_train, shuffled.y_train)


def test_presence_is_that_of_the_nets_that_training_starts_from():
    """What a net computes untrained is there, and found at step 0."""
    present, arrived = found.present_and_found(1, width=3, steps=0, nets=4)
    assert present.shape == arrived.shape == (4, 256)
    assert arrived.sum() == 4
    assert present[arrived].all()


def test_random_members_have_the_outputs_of_the_networks_they_stand_for():
    net = networks.mlp([6, 5, 1], seed=3)
    g = torch.Generator().manual_seed(0)
    x = torch.randn(7, 6, generator=g)
    members = random_members._random_masks(net, 4, g)
    outputs = random_members._outputs_of(net, members, x)
    twin = networks.mlp([6, 5, 1], seed=3)
    twin.load_state_dict({name: p[2] for name, p in members.items()})
    with torch.no_grad():
        assert torch.allclose(outputs[:, 2], twin(x)[:, 0], atol=1e-6)
    assert sum(int((p[2] != 0).sum()) for p in members.values()) == 20  # of 41


def test_redrawn_members_have_the_spread_of_the_books_networks():
    net = networks.mlp([50, 40, 1])
    drawn = random_members._random_weights(net, 200, torch.Generator().manual_seed(0))
    assert drawn["1.weight"].std() == pytest.approx((2 / 50) ** 0.5, rel=0.05)
    assert drawn["3.weight"].std() == pytest.approx((1 / 40) ** 0.5, rel=0.05)
    assert drawn["1.bias"].std() == pytest.approx(0.5, rel=0.05)


def test_accuracy_counts_right_classes():
    task = ten_digits(0)
    net = networks.mlp([64, 8, 10])
    with torch.no_grad():
        wanted = (net(task.x_test).argmax(1) == task.y_test).double().mean()
    assert accuracy(net, task)["value"] == pytest.approx(float(wanted))
