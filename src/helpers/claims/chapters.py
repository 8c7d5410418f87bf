"""The modules that make claims, chapter by chapter in the book's order, and all their claims."""

from functools import cache

from helpers.claims import (
    built_subnetwork_claims,
    counting_functions,
    found_subnetwork_claims,
    limit_claims,
    readout_claims,
    single_neuron_claims,
    tangent_feature_claims,
    tangent_space,
)
from helpers.claims.core import Claim

MODULES = (
    counting_functions,
    single_neuron_claims,
    readout_claims,
    limit_claims,
    built_subnetwork_claims,
    found_subnetwork_claims,
    tangent_feature_claims,
    tangent_space,
)


@cache
def ledger() -> list[Claim]:
    """Every claim of the book, chapter by chapter.

    Raises ValueError if two claims share an id.
    """
    found = [claim for module in MODULES for claim in module.CLAIMS]
    ids = [claim.id for claim in found]
    if len(set(ids)) != len(ids):
        raise ValueError(f"claims have to have different ids, received {ids}")
    return found


def find(claim_id: str) -> Claim:
    """The claim with this id. Raises ValueError, with the ids there are, for an unknown one."""
    for claim in ledger():
        if claim.id == claim_id:
            return claim
    ids = ", ".join(claim.id for claim in ledger())
    raise ValueError(f"no claim is called {claim_id!r}; there are: {ids}")
