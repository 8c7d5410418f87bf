"""What chapter 04 and its appendix draw: runs and stored results, ready to plot."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from helpers.claims import entries
from helpers.claims.ch04_pruning import built, found, members, search_claims, tickets
from helpers.results.store import load
from helpers.sweeps import sweep
from helpers.yardstick.intervals import summary

HALF_NEARER, ALL_NEARER = "half come nearer", "99% come nearer"
SAME, TYPICAL, WORST = "same class", "typical output", "worst weight"
THIS, ANYHOW = "mask found by search", "random mask of equal size"
UNTRAINED = "not trained"
MASK = found.MASK
EASY = search_claims.EASY
ADAM = ("Adam, 500 steps", "Adam, 2,000 steps")
SEARCHES = (
    *ADAM,
    f"{search_claims.FEWER}, 2,000 steps",
    f"{search_claims.HALF}, 2,000 steps",
    search_claims.PLAIN,
    search_claims.LEARNT,
    EASY,
    search_claims.MASK,
)
LAWS = {
    "median": "measured",
    "conditional": "given the samples",
    "averaged": "averaged over samples",
}


def sums(seeds: int, sizes: Sequence[int], problems: int) -> pd.DataFrame:
    """How near the best subset sum comes: `who` (half or 99% of the problems) by `samples`."""
    far = _sum_errors(seeds, sizes, problems).melt(
        ["samples", "seed"], ["q99", "median"], "who", "value"
    )
    far["who"] = far["who"].map({"q99": ALL_NEARER, "median": HALF_NEARER})
    return summary(far, ["who", "samples"])


def sum_laws(seeds: int, sizes: Sequence[int], problems: int) -> pd.DataFrame:
    """Measured and predicted median errors in sqrt(n) / 2^n: `who` by `samples`."""
    law = _sum_errors(seeds, sizes, problems).melt(["samples", "seed"], list(LAWS), "who", "value")
    law["value"] /= np.sqrt(law["samples"]) * 2.0 ** -law["samples"]
    return summary(law.replace({"who": LAWS}), ["who", "samples"])


def _sum_errors(seeds, sizes, problems):
    grid = {"seed": range(seeds), "sizes": [tuple(sizes)], "problems": [problems]}
    return sweep(built.sum_errors, grid, progress=False).rename(columns={"n": "samples"})


def whole(seeds: int, samples: Sequence[int]) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """A built digits network by `samples` per weight: agreement, errors (`who`), weights.

    The last has the columns `drawn` and `kept`, both per weight of the target.
    """
    grid = {"seed": range(seeds), "samples": [tuple(samples)]}
    frame = sweep(built.whole_network, grid, progress=False)
    same = summary(frame.assign(who=SAME, value=frame["agreement"]), ["who", "samples"])
    names = {"median_error": TYPICAL, "worst_weight": WORST}
    errors = frame.melt(["seed", "samples"], list(names), "who", "value").replace({"who": names})
    errors = summary(errors, ["who", "samples"]).drop(columns=["low", "high"])
    return same, errors, frame.groupby("samples")[["drawn", "kept"]].mean()


def costs(widths: Sequence[int] = (8, 16, 32)) -> pd.DataFrame:
    """Weights drawn (`estimate`) for circuits of growing size (`wanted`), dense and sparse."""
    frame = pd.DataFrame(built.circuit_costs(0, widths=widths))
    return frame.rename(columns={"drawn": "estimate"})


def programs(seed: int = 0) -> pd.DataFrame:
    """Bits of four programs for one trained network, and how well each agrees with it."""
    frame = pd.DataFrame(built.programs(seed))
    names = {
        "mask, random": "the mask over random weights",
        "mask, powers of two": "the mask over powers of two",
        "weights, rounded": "the trained weights, 12 bits and a sign each",
        "training labels": "all labels that it was trained on",
    }
    frame = frame.replace({"program": names}).set_index("program")
    return frame.rename(columns={"agreement": "same class as the target"})


def nodes(seeds: int, steps: int) -> pd.DataFrame:
    """|correlation| of units with themselves before and after pruning: `mask` by `depth`."""
    frame = sweep(built.nodes, {"seed": range(seeds), "steps": [steps]}, progress=False)
    frame = frame[frame["subnetwork"] == built.SEARCHED]
    both = frame.rename(columns={"value": THIS, "null": ANYHOW})
    both = both.melt(["seed", "depth"], [THIS, ANYHOW], "mask", "value")
    return summary(both, ["mask", "depth"])


def units(seeds: int) -> pd.DataFrame:
    """How well units of larger networks match those of the target: one row a `network`."""
    frame = sweep(built.target_units, {"seed": range(seeds)}, progress=False)
    return summary(frame, ["network"])


def popup() -> tuple[pd.DataFrame, pd.DataFrame, str]:
    """Stored masks by search: digits by `width` and `arm`, dogs by `case`, and their seeds."""
    digits = load("04-popup")
    dogs = judged("04-popup-dog", ("mask", found.RANDOM, found.TRAINED))
    dogs["case"] = dogs["case"].replace("mask", MASK)
    count = digits.attrs["provenance"]["seeds"]
    return digits, dogs, f"{count} (digits) and {dogs['n'].min()} (dogs)"


def budgets() -> pd.DataFrame:
    """The stored tickets: `arm` by `steps` (in words), the best arm at the end first."""
    frame = load("04-tickets")
    known = frame.attrs
    names = {0: UNTRAINED, 1: "100 steps", 16: "1,600 steps"}
    frame["steps"] = frame["patience"].map(names)
    last = frame[frame["patience"] == 16].set_index("arm")["estimate"]
    frame = frame.sort_values(
        ["arm", "patience"], key=lambda s: -s.map(last) if s.name == "arm" else s
    ).reset_index(drop=True)
    frame.attrs = known
    return frame


def overlap(seeds: int, steps: int) -> pd.DataFrame:
    """How many of their kept weights two masks of one network share: one row a `pair`."""
    grid = {"seed": range(seeds), "steps": [steps]}
    shared = sweep(members.overlaps, grid, progress=False)
    shared["pair"] = shared["first"] + " / " + shared["second"]
    return summary(shared, ["pair"]).sort_values("estimate", ascending=False)


def rare(seeds: int, count: int) -> pd.DataFrame:
    """Rarity of good random members: `family` by `score`, where every network had a hit."""
    grid = {"seed": range(seeds), "members": [count]}
    frame = sweep(members.good_members, grid, progress=False)
    frame = frame.rename(columns={"bits": "value"}).replace(np.inf, np.nan)
    hits = frame.groupby(["family", "score"])["value"].transform("count")
    return summary(frame[hits == seeds], ["family", "score"])


def followed(seeds: int, steps: int) -> pd.DataFrame:
    """Units of the last hidden layer before and after training: one row an arm and measure."""
    grid = {"seed": range(seeds), "steps": [steps]}
    frame = sweep(tickets.followed, grid, progress=False)
    last = frame[frame["layer"] == 2].melt(["seed", "arm"], ["itself", "rank"], "what", "value")
    names = {"itself": ": unit with itself", "rank": ": order of units"}
    last["row"] = last["arm"] + last["what"].map(names)
    return summary(last, ["row"])


def judged(claim_id: str, order: Sequence[str]) -> pd.DataFrame:
    """What a claim was judged on, one row a `case`, in this order: `estimate`, `low`, `high`, `n`.

    Scores as they were measured, also where the claim is about their share of a gap.
    """
    text = (entries.LEDGER / "rows" / f"{claim_id}.csv").read_text()
    frame = summary(entries.rows_from_text(text), ["case"])
    return frame.set_index("case").loc[list(order)].reset_index()
