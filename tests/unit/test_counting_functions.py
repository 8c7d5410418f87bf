"""The experiments of chapter 01 at a small size, and rules that can fail."""

import numpy as np
import pandas as pd

from helpers import counting
from helpers.claims import counting_functions as experiments


def test_the_census_counts_what_counting_expresses():
    """Every row of the census is the size of the set of truth tables, M = 5 h + 1."""
    frame = pd.DataFrame(experiments.census(3, widths=(2, 3)))
    assert frame["weights"].tolist() == [11] * 5 + [16] * 5
    for row in frame.itertuples():
        reading = next(key for key, name in experiments.NAMES.items() if name == row.reading)
        net = experiments.random_net(3, row.hidden)
        assert row.functions == len(counting.expressible(net, reading))
    assert frame["rank"].notna().sum() == 4


def test_beyond_31_weights_the_census_gives_a_lower_bound():
    """Wider nets have no exact subnetwork count; the bound is between 1 and 256."""
    frame = pd.DataFrame(experiments.census(0, widths=(8,))).set_index("reading")
    assert "subnetwork" not in frame.index
    assert 1 <= frame.loc["subnetwork, at least", "functions"] <= 256


def test_found_has_a_row_for_every_net_and_function():
    """Two nets, two widths, 256 functions; steps lie within the budget."""
    frame = experiments.found([0, 1], widths=(2, 3), steps=20)
    assert len(frame) == 2 * 2 * 256
    assert frame["step"].between(-1, 20).all()
    assert frame.groupby(["seed", "hidden"])["function"].nunique().eq(256).all()


def test_shares_are_distributions_over_functions():
    """All four shares sum to one, and masks that exist are counted by counting."""
    frame = experiments.shares(0, hidden=3, redrawn=5000)
    assert np.allclose(frame[["masks", "redrawn", "features", "tangent"]].sum(), 1)
    exact = counting.mask_counts(experiments.random_net(0, 3)) / 2**16
    assert np.allclose(frame["masks"], exact)


def test_the_constant_answer_of_agreement_is_at_least_half():
    """The better of always and never agrees on half of the functions or more."""
    rows = {row["case"]: row["value"] for row in experiments.agreement(0, hidden=2, steps=50)}
    assert rows["a constant answer"] >= 0.5
    assert set(rows) == {*experiments.NAMES.values(), "a constant answer"}
