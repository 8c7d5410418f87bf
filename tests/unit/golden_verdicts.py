"""Python's verdict on claims with their bar elsewhere, for the figure's module to reproduce."""

from dataclasses import replace

import numpy as np
import pandas as pd

from helpers import claims
from helpers.claims import Claim, Control, Rule, figure, judging
from helpers.claims.core import DEBATE
from helpers.explorers import verdict


def invented() -> list[tuple[Claim, judging.Result]]:
    """A claim for each quantifier and kind of rule, on cases that lie everywhere."""
    rng, found = np.random.default_rng(0), []
    rules = (Rule(low=0.6), Rule(high=0.4), Rule(-0.25, 0.5))
    for quantifier in ("forall", "exists", "each", "average"):
        for k, rule in enumerate(rules):
            claim = Claim(
                id=f"99-{quantifier}-{k}",
                sentence="Invented.",
                place=("a test", DEBATE),
                quantifier=quantifier,
                over="things",
                quantity="Size",
                measure=lambda seed: seed,
                rule=rule,
                control="",
                controls=(Control("best", "ceiling"), Control("dull", "rival")),
                objection="",
            )
            frame = pd.DataFrame(
                {"seed": seed, "case": case, "value": mean + 0.1 * rng.standard_normal()}
                for case, mean in {"a": 0.1, "b": 0.5, "c": 0.45, "best": 0.9, "dull": 0.0}.items()
                for seed in range(12)
            )
            found.append((claim, judging.judge(claim, frame)))
    return found


def moved(claim: Claim, x: float) -> Claim:
    """The claim with its bar at x; a two-sided rule keeps its middle, as in the figure."""
    low, high = claim.rule.low, claim.rule.high
    if np.isfinite([low, high]).all():
        if x == high:
            return claim
        half = abs(x - (low + high) / 2)
        return replace(claim, rule=Rule((low + high) / 2 - half, (low + high) / 2 + half))
    return replace(claim, rule=Rule(low=x) if np.isfinite(low) else Rule(high=x))


def places(row: dict, count: int) -> list[float]:
    """An even grid over the row, every end of an interval and the registered bar."""
    ends = [case[key] for case in row["cases"] for key in ("low", "high")]
    bar = row["rule"][1] if row["rule"][1] is not None else row["rule"][0]
    grid = np.linspace(*row["range"], count).tolist()
    middle = None if None in row["rule"] else sum(row["rule"]) / 2
    return [x for x in [*grid, *[end for end in ends if end is not None], bar] if x != middle]


def golden(count: int = 97) -> dict:
    """Rows of the figure and, for each, places of the bar with Python's verdict and words."""
    entries = [(claim, claims.stored(claim.id)) for claim in claims.ledger()]
    kept = [(claim, entry) for claim, entry in [*entries, *invented()] if entry is not None]
    rows, wanted = [], []
    for claim, entry in kept:
        row = figure.row_of(claim, entry)
        rows.append(row)
    spec = verdict.explorer(rows, {}, id="all", question="?", filters=True).spec
    for (claim, entry), row in zip(kept, spec["rows"], strict=True):
        found = []
        for x in places(row, count) if row["rule"] else []:
            result = judging.judge_again(moved(claim, x), entry)
            found.append([x, result.verdict, result.words])
        wanted.append(found)
    return {"spec": spec, "wanted": wanted}
