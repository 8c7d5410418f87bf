"""Verdicts that said something else than a careful reader would: each with what was believed."""

import json

import pytest

from helpers.claims import entries, judging
from helpers.results import load


def before(claim_id: str) -> dict:
    """The oldest entry of the ledger's history: the one that the report was about."""
    return json.loads((entries.LEDGER / "history" / f"{claim_id}.json").read_text())[0]


@pytest.mark.parametrize(
    ("claim_id", "was", "counterexamples"),
    [
        ("01-small-circuits", "inconclusive", 4),
        ("01-price-of-a-gate", "mixed", 1),
        ("05-inside-one", "mixed", 1),
        ("05-inside-span", "mixed", 1),
        ("02-gaussian-law", "mixed", 2),
        ("03-staircase", "mixed", 1),
    ],
)
def test_one_counterexample_refutes_every(claim_id, was, counterexamples):
    """A user would have believed that "every" is undecided where a case had already failed."""
    old = before(claim_id)
    votes = [case["verdict"] for case in old["cases"].values()]
    assert (old["verdict"], votes.count("refuted")) == (was, counterexamples)
    assert judging.overall("forall", votes) == "refuted"
    assert f"fails for {counterexamples} of {len(votes)}" in judging.counted("refuted", votes)


@pytest.mark.parametrize(
    ("claim_id", "controls", "was", "now"),
    [
        ("04-already-aligned", {"weights drawn anew", "dense"}, "mixed", "supported"),
        ("04-nodes-change", {"half of the weights at random"}, "supported", "supported"),
    ],
)
def test_controls_do_not_vote(claim_id, controls, was, now):
    """A user would have believed a claim half refuted because its controls came out as hoped."""
    old = before(claim_id)
    votes = [case["verdict"] for name, case in old["cases"].items() if name not in controls]
    assert controls < set(old["cases"])
    assert old["verdict"] == was
    assert judging.overall("forall", votes) == now


def test_a_law_that_runs_away_is_told_from_one_that_is_merely_off():
    """A user would have believed the Gaussian law, "mixed", better than a flat, "inconclusive" one.

    Per doubling the one's error grows by .014, the other's by less than .002.
    """
    steps = {}
    for claim_id in ("02-gaussian-law", "02-cap-tail"):
        rows = [{"value": case["estimate"]} for case in before(claim_id)["cases"].values()]
        *_, trend = judging.with_trend(rows, (8192, 16384, 32768, 65536))
        steps[claim_id] = abs(trend["value"])
    assert steps["02-gaussian-law"] > 0.01
    assert steps["02-cap-tail"] < 0.002


def test_the_bar_for_dogs_was_one_that_nothing_reached():
    """A user would have believed that "refuted" says something of random networks.

    All four claims asked for a correlation of .9; frozen features of a million photographs, on
    n = 10,000 of these, do not get there either.
    """
    ceiling = load("pretrained-ceiling")
    ceiling = ceiling[(ceiling["target"] == "dog") & (ceiling["metric"] == "correlation")]
    for claim_id in ("02-dog-neuron", "03-dog-readout", "05-dog-feature", "05-dog-span"):
        (low, _), word = before(claim_id)["judged"]["rule"], before(claim_id)["verdict"]
        assert (low, word) == (0.9, "refuted")
    assert ceiling["n"].max() == 10_000
    assert ceiling["value"].max() < 0.9
