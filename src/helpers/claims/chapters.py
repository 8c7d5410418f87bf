"""All claims, chapter by chapter: every folder `chNN_…` beside this file has a module `claims`."""

from functools import cache
from importlib import import_module
from pathlib import Path

from helpers.claims.core import Claim
from helpers.claims.entries import current
from helpers.claims.judging import Result

CHAPTERS = sorted(folder.name for folder in Path(__file__).parent.glob("ch[0-9][0-9]_*"))


@cache
def ledger() -> list[Claim]:
    """Every claim of the book, chapter by chapter.

    Raises ValueError if two claims share an id.
    """
    modules = [import_module(f"helpers.claims.{chapter}.claims") for chapter in CHAPTERS]
    found = [claim for module in modules for claim in module.CLAIMS]
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


def stored(claim_id: str) -> Result | None:
    """The ledger's entry for a claim as it stands, or None if it was not measured yet."""
    return current(find(claim_id))
