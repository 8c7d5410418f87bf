"""The experiments of chapter 06 at a small size, and rules that can fail."""

import copy
import math
from dataclasses import replace

import pandas as pd
import pytest
import torch

from helpers import networks, pruning, tangent
from helpers.claims.ch06_lazy import dial, edits, examples, problems, shown, staying, ticket_space
from helpers.yardstick import ridge

PARITY = "parity of 3 in 12 bits"


def first(net):
    """The first layer's weights."""
    return next(layer for layer in net if isinstance(layer, torch.nn.Linear)).weight.detach()


def test_a_problem_has_three_parts_that_share_no_input():
    on = problems.problem(PARITY, n=100, seed=1)
    parts = [on.x, on.x_validation, on.x_test]
    rows = torch.cat(parts).unique(dim=0)
    assert len(rows) == sum(map(len, parts)), "a parity's inputs are all different"
    for x, y in ((on.x, on.y), (on.x_test, on.y_test)):
        assert torch.equal(y, x[:, 0] * x[:, 1] * x[:, 2])
    with pytest.raises(ValueError, match="wanted a digit, a parity or a square"):
        problems.problem("cat", n=10, seed=0)


def test_a_large_scale_searches_as_the_exact_kernel_does():
    on = problems.problem(PARITY, n=200, seed=2)
    net = networks.mlp([12, 64, 1], parameterization="ntk", seed=2)
    options = {"rate": problems.rate_for(net, on.x), "at": [10, 500]}
    lazy = problems.search(net, on, scale=256.0, **options)
    exact = problems.search(net, on, scale=problems.LAZIEST, **options)
    rich = problems.search(net, on, scale=1 / 16, **options)
    assert lazy.correlation == pytest.approx(exact.correlation, abs=0.02)
    assert rich.correlation > exact.correlation + 0.2


def test_columns_are_permuted_and_what_they_scale_is_the_same():
    net = networks.mlp([12, 16, 1], parameterization="ntk", seed=0)
    one, two = (first(edits.with_columns(net, fast)) for fast in ([0, 1, 2, 3], [4, 5, 6, 7]))
    ratio = one.norm(dim=0) / two.norm(dim=0)
    assert (ratio[:4] > 2).all()
    assert (ratio[4:8] < 0.5).all()
    assert torch.allclose(ratio[8:], torch.ones(4))


def test_a_turned_network_keeps_its_singular_values_and_puts_the_input_on_top():
    net = networks.mlp([30, 16, 1], parameterization="ntk", seed=3)
    turned = networks.turned(net, torch.eye(30)[0])
    before, new = first(net), first(turned)
    assert torch.allclose(torch.linalg.svdvals(before), torch.linalg.svdvals(new), atol=1e-4)
    _, _, right = torch.linalg.svd(new)
    assert abs(right[0, 0]) == pytest.approx(1, abs=1e-4)


def test_the_scale_is_a_clock_on_the_smallest_example():
    frame = dial.turned_up(0, scales=(1 / 16, 1 / 2), n=200, width=64, most=3000, most_kernel=3000)
    steps = frame.set_index("scale")["step"]
    assert steps[1 / 2] > 2 * steps[1 / 16]
    assert frame.set_index("scale").loc[math.inf, "found"] == 0


def test_mup_leaves_and_ntk_stays():
    frame = staying.runs(
        0,
        parameterizations=("ntk", "mup"),
        targets=(PARITY,),
        widths=(32, 128),
        n=64,
        steps=60,
        base=32,
    )
    table = frame.pivot(index="width", columns="parameterization", values="distance")
    assert table.loc[128, "ntk"] < table.loc[32, "ntk"]
    assert table.loc[128, "mup"] > 3 * table.loc[128, "ntk"]


def test_what_the_tangent_space_holds_of_a_parity_is_a_projection():
    """By hand on 2^7 inputs, from an orthonormal basis."""
    net = networks.mlp([7, 6, 1], parameterization="ntk", seed=1)
    x = 1.0 - 2.0 * ((torch.arange(2**7)[:, None] >> torch.arange(7)) & 1)
    q, values, _ = torch.linalg.svd(
        tangent.features(copy.deepcopy(net).double(), x.double()), full_matrices=False
    )
    basis, y = q[:, values > 1e-9 * values[0]], x[:, :3].prod(1).double()
    share = float((basis.T @ y).square().sum() / y.square().sum())
    assert dial.expressed(net, 7) == pytest.approx(share, abs=1e-3)


def test_the_closing_table_has_every_case_and_all_three_columns():
    table = shown.worth()
    assert table.shape == (6, 3)
    assert not table.isna().any(axis=None)


def test_a_tickets_space_is_ridge_on_its_own_derivatives():
    """Of the weights that its mask keeps, class by class, summed over the ten outputs."""
    net, masks, task = ticket_space.cut(1, sizes=(64, 12, 10), rounds=2, steps=5)
    ticket = pruning.masked(net, masks)
    phi, new = (tangent.features(ticket, x) for x in (task.x_train[:60], task.x_test[:40]))
    kernel, outer = (torch.einsum("icp,jcp->ij", part, phi) for part in (phi, new))
    few = replace(
        task,
        x_train=task.x_train[:60],
        y_train=task.y_train[:60],
        x_test=task.x_test[:40],
        y_test=task.y_test[:40],
        test_ids=task.test_ids[:40],
    )
    labels = torch.nn.functional.one_hot(few.y_train, 10).float() * 2 - 1
    fits = [ridge.fit_kernel(kernel, labels[:, k], lambdas=(1e-2,)) for k in range(10)]
    right = torch.stack([fit.predict(outer) for fit in fits], 1).argmax(1) == few.y_test
    found = ticket_space.regression(ticket, few, (1e-2,))
    assert found["value"] == pytest.approx(float(right.float().mean()), abs=0.026)


def test_no_mask_has_more_weights_than_the_ticket():
    frame = ticket_space.spaces(2, sizes=(64, 12, 10), rounds=2, steps=5, lambdas=(1e-2,))
    counts = frame.set_index("arm")["kept"]
    assert counts.drop(ticket_space.DENSE).nunique() == 1
    assert counts[ticket_space.DENSE] > 10 * counts[ticket_space.WINNER]


def test_the_examples_that_are_needed_are_read_between_counts():
    heights = {"a": (0.0, 0.2, 0.8), "b": (0.6, 0.4, 0.9), "c": (0.0, 0.1, 0.3)}
    frame = pd.DataFrame(
        {"reading": name, "n": n, "value": value}
        for name, values in heights.items()
        for n, value in zip((100, 200, 400), values, strict=True)
    )
    assert examples.needed(frame, "a") == pytest.approx(200 * 2**0.5)
    assert examples.needed(frame, "b") == 100
    assert examples.needed(frame, "c") == 800, "never reached: twice the largest"
    assert examples.needed(frame, "c", bar=0.2) == pytest.approx(200 * 2**0.5)


def test_a_network_that_left_takes_its_kernel_along():
    frame = examples.curves(2, counts=(300,), width=64, most=600).set_index("reading")["value"]
    assert frame[examples.NET] > 0.6
    assert frame[examples.AFTER] > frame[examples.BEFORE] + 0.4
