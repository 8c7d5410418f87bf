"""Outside checks: what is said of agreement is what the criterion finds, and ours is computed."""

import numpy as np
import pytest
from scipy.optimize import linprog

from helpers.claims import outside
from helpers.counting import boolean

each_target = pytest.mark.parametrize("target", outside.TARGETS, ids=lambda target: target.id)


@each_target
def test_the_agreement_that_is_printed_is_the_one_that_its_criterion_finds(target):
    said, met = target.ours()
    assert said
    assert met is None or met == (target.agreement != outside.DIFFERS)


@each_target
def test_a_target_says_where_it_was_read_and_why_it_agrees_or_not(target):
    assert target.link.startswith("https://")
    assert all((target.where, target.quantity, target.theirs, target.by, target.why))
    assert target.agreement in outside.SIGNS


def test_at_least_six_targets_are_measured_and_the_rest_is_listed():
    table = outside.table()
    assert table["id"].notna().sum() == len(outside.TARGETS) >= 6
    assert (table["agreement"] == "not checked").sum() == len(outside.NOT_CHECKED) > 0
    page = outside.outside_checks().data + outside.not_checked().data
    assert all(link in page for link in table["link"])
    assert "{" not in page


def test_planes_are_those_that_a_linear_program_finds():
    x = np.column_stack([boolean.inputs(3).numpy(), np.ones(8)])
    found = 0
    for code in range(256):
        sign = np.where(boolean.to_table(code, 3), 1.0, -1.0)
        solved = linprog(np.zeros(4), -sign[:, None] * x, -np.ones(8), bounds=(None, None))
        found += solved.status == 0
    assert outside.planes()[0].split(", ")[1] == str(found)


def test_what_a_quadratic_network_leaves_over_is_what_least_squares_leaves_over():
    """The tangent space's closed form against a fit of its partial derivatives to samples."""
    rng = np.random.default_rng(0)
    d, width = 6, 3
    generator = outside.seeds.generator(5, f"quadratic target {width}")
    b, w = (
        outside.torch.randn(n, d, generator=generator, dtype=outside.torch.float64).numpy()
        for n in (d, width)
    )
    b = (b + b.T) / 2
    coefficients = []
    for row in w:
        for j in range(d):
            form = np.outer(row, np.eye(d)[j])
            coefficients.append(((form + form.T) / 2).ravel())
    basis = np.array(coefficients).T
    rest = b.ravel() - basis @ np.linalg.lstsq(basis, b.ravel(), rcond=None)[0]
    found = outside.quadratic_residuals(width, d=d, seed=5)
    assert found["tangent space"] == pytest.approx((rest**2).sum() / (b**2).sum())
    best = found["trained"]
    for _ in range(20):  # no form of that rank does better
        q = np.linalg.qr(rng.normal(size=(d, width)))[0]
        form = q @ (q.T @ b @ q) @ q.T
        assert ((b - form) ** 2).sum() / (b**2).sum() >= best - 1e-12


def test_a_ticket_hands_its_signs_on():
    from helpers.claims.ch04_pruning import signs

    rows = signs.handed_on(3, fresh=2, rounds=1, steps=5, patience=(1,))
    assert [row["arm"] for row in rows] == [
        "winning ticket",
        "mask",
        "mask, first signs",
        "mask, last signs",
    ]
    assert all(0 <= row["value"] <= 1 for row in rows)


def test_handed_on_signs_are_the_given_ones_and_magnitudes_stay():
    import torch

    from helpers import networks
    from helpers.claims.ch04_pruning.signs import _signed

    new, old = (networks.mlp([4, 5, 2], seed=seed) for seed in (0, 1))
    first, last = (name for name, p in new.named_parameters() if p.ndim == 2)
    masks = {first: torch.ones(5, 4, dtype=torch.bool)}
    given = networks.effective(old)
    signed = dict(_signed(new, given, masks).named_parameters())
    own = dict(new.named_parameters())
    assert torch.equal(signed[first].sign(), given[first].sign())
    assert torch.equal(signed[first].abs(), own[first].abs())
    assert torch.equal(signed[last], own[last])
