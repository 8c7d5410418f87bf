"""Verdicts that could have come out otherwise: data on which they turn, methods that clear bars."""

import math
import os

import pytest

from helpers import claims
from helpers.claims import entries

# Claims that still lack an adversary. Who gives one takes it off here; nobody adds.
LACKING: set[str] = set()
# Claims that ask for a score above a bar without naming a method that clears it.
NO_METHOD: set[str] = set()


def _ids(chosen) -> set[str]:
    return {claim.id for claim in chosen}


def _absolute(claim) -> bool:
    """Whether a score (not a difference, a ratio or a share that is counted) has to reach a bar."""
    scores = ("Held-out correlation of", "Held-out R^2", "Held-out accuracy on", "|Correlation|")
    return math.isfinite(claim.rule.low) and (
        claim.quantity.startswith(scores) and " minus " not in claim.quantity
    )


def test_the_claims_without_an_adversary_are_the_listed_ones():
    assert _ids(claim for claim in claims.ledger() if claim.adversary is None) == LACKING


@pytest.mark.parametrize(
    "claim", [c for c in claims.ledger() if c.adversary], ids=lambda claim: claim.id
)
def test_the_verdict_turns_on_data_that_must_turn_it(claim):
    """Through the very measuring function, at the size of tests."""
    if claim.needs_dogs and not os.environ.get("HELPERS_DATA"):
        pytest.skip(f"{claim.id} needs CIFAR-10: set HELPERS_DATA")
    wanted = claim.adversary
    frame = claims.measured(claim, small=True, seeds=wanted.seeds, progress=False, **wanted.options)
    found = claims.judge(claim, frame)
    assert found.verdict == wanted.verdict, found.intervals()
    assert found.verdict != claims.verdict(claim), "the adversary says what the ledger says"


def test_every_absolute_bar_names_a_method_that_clears_it():
    """A bar that nothing reaches reports itself, not the initialisation.

    A method clears it with its interval, or, where the interval of ten equal scores of 1 is wide,
    in every single seed.
    """
    absolute = [claim for claim in claims.ledger() if _absolute(claim)]
    assert _ids(claim for claim in absolute if claim.clears is None) == NO_METHOD
    for claim in claims.ledger():
        entry = claims.stored(claim.id)
        if claim.clears is not None and entry is not None:
            found = {**entry.intervals("ceiling"), **entry.intervals("control")}[claim.clears]
            each = entries.rows(claim.id).query("case == @claim.clears")["value"]
            always = len(each) >= 10 and each.between(claim.rule.low, claim.rule.high).all()
            told = f"{claim.id}: {claim.clears} {found}"
            assert always or claim.rule.verdict(found) == "supported", told
