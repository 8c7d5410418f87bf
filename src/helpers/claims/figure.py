"""The ledger as a figure, a row for each claim, and as files to take away."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

import pandas as pd

from helpers.claims import cards
from helpers.claims.chapters import ledger
from helpers.claims.core import Claim
from helpers.claims.entries import current, history, verdict
from helpers.claims.judging import REGISTERED, Result
from helpers.explorers import verdict as figure

READINGS = {
    "01": "counting",
    "02": "single neurons",
    "03": "linear features",
    "04": "pruned subnetworks",
    "05": "tangent space",
    "06": "training",
    "07": "the ladder",
}


def verdicts(chapter: str | None = None) -> figure.VerdictExplorer:
    """The figure of a chapter's claims, or of all of them with filters: the scoreboard.

    Raises ValueError for a check that failed: what shows it must not be built.
    """
    chosen = [claim for claim in ledger() if chapter in (None, claim.chapter)]
    if not chosen:
        raise ValueError(
            f"wanted a chapter with claims, received {chapter!r}: say '02', or nothing"
        )
    for claim in chosen:
        cards.refuse_failed(claim)
    asked = "what did this chapter measure" if chapter else "what did the book measure"
    return figure.explorer(
        [row_of(claim, current(claim)) for claim in chosen],
        {claim.id: cards.details(claim) for claim in chosen},
        id=f"verdicts-{chapter or 'all'}",
        question=f"Verdicts: {asked}, and what would another bar have said?",
        filters=chapter is None,
    )


def row_of(claim: Claim, entry: Result | None) -> dict[str, Any]:
    """What the figure needs to know of a claim and of its entry, None where it is registered."""
    # A case with a rule of its own is on another scale, and no single bar speaks for the claim.
    movable = entry is not None and not claim.rules
    return {
        "id": claim.id,
        "kind": claim.kind,
        "reading": claim.reading or READINGS.get(claim.chapter, claim.chapter),
        "target": claim.target or ("photographs" if claim.needs_dogs else "digits and others"),
        "sentence": claim.sentence,
        "quantity": claim.quantity,
        "quantifier": claim.quantifier,
        "over": claim.over,
        "verdict": entry.verdict if entry else REGISTERED,
        "words": entry.words if entry else "",
        "headline": cards.headline(claim),
        "numbers": cards.numbers(entry) if entry else "",
        "rule_text": cards.rule_text(claim),
        "rule": entry.judged["rule"] if movable else None,
        "cases": _cases(claim, entry) if entry else [],
        "marks": _marks(claim, entry) if entry else [],
        "failed": entry.words if entry and entry.words.startswith("its control failed") else None,
    }


def table(claims: Iterable[Claim] | None = None) -> pd.DataFrame:
    """One row for each case and control of every claim; a registered claim has one, empty."""
    records = []
    for claim in ledger() if claims is None else claims:
        entry = current(claim)
        told = {
            "id": claim.id,
            "version": claim.version,
            "kind": claim.kind,
            "sentence": claim.sentence,
            "quantifier": claim.quantifier,
            "rule": cards.rule_text(claim),
            "verdict": verdict(claim),
            "counts": entry.words if entry else "",
        }
        for name, case in entry.cases.items() if entry else [("", {})]:
            keys = ("role", "estimate", "low", "high", "level", "n")
            found = {key: case.get(key) for key in keys}
            records.append({**told, "case": name, **found, "case_verdict": case.get("verdict", "")})
    return pd.DataFrame(records)


def as_json(claims: Iterable[Claim] | None = None) -> str:
    """Every entry with the claim it judges and what the ledger said before."""
    told = []
    for claim in ledger() if claims is None else claims:
        entry = current(claim)
        told.append(
            {
                "id": claim.id,
                "sentence": claim.sentence,
                "place": claim.place,
                "objection": claim.objection,
                "verdict": verdict(claim),
                "entry": asdict(entry) if entry else None,
                "history": history(claim),
            }
        )
    return json.dumps(told, indent=1, allow_nan=False) + "\n"


def _cases(claim: Claim, entry: Result) -> list[dict[str, Any]]:
    found = []
    for name, case in entry.cases.items():
        if case["role"] == "case" and name not in claim.rules:
            kept = {key: case[key] for key in ("estimate", "low", "high")}
            fixed = {"fixed": "not tested"} if case["verdict"] == "not tested" else {}
            found.append({"name": name, **kept, **fixed})
    return found


def _marks(claim: Claim, entry: Result) -> list[Mapping[str, Any]]:
    """Where the trivial rivals and the ceilings stand: at 0 and 1 where shares are judged."""
    ends = {"rival": 0.0, "ceiling": 1.0}
    return [
        {"role": role, "name": name, "at": ends[role] if claim.share_of_gap else one.estimate}
        for role in ends
        for name, one in entry.intervals(role).items()
        if one.estimate == one.estimate
    ]
