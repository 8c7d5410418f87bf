"""From measured rows to a verdict, and from a verdict to its words."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from helpers.claims.core import Claim, Rule
from helpers.yardstick.gaps import share_of_gap
from helpers.yardstick.intervals import Interval, averaged, interval, one_row_per_seed, range_of

VERDICTS = ("supported", "refuted", "mixed", "inconclusive", "not tested")
REGISTERED = "registered, not yet measured"
ALL = "all"  # the name of the case where a claim has only one


@dataclass(frozen=True)
class Result:
    """A judged measurement, as the ledger keeps it.

    `cases` maps a name to `estimate`, `low`, `high`, `level`, `n`, `verdict` and `role` ("case"
    where it votes), to the `rule` where it has one of its own, and to the interval of the
    `premise` where there is one; where shares of a gap are judged, `raw` is the mean score.
    `words` says how the cases fell.
    """

    id: str
    verdict: str
    words: str
    cases: dict[str, dict[str, Any]]
    seeds: int
    provenance: dict[str, Any]
    version: int = 1
    first_seed: int = 0
    judged: dict[str, Any] = field(default_factory=dict)  # sentence, quantifier and rule

    def intervals(self, role: str = "case") -> dict[str, Interval]:
        """The interval of every case that votes, or of the controls of another `role`."""
        return {name: _interval(case) for name, case in self.cases.items() if case["role"] == role}


def judge(claim: Claim, frame: pd.DataFrame, provenance: Mapping[str, Any] = {}) -> Result:
    """The verdict on measured rows.

    With several cases that vote each interval has level 1 - 0.05/cases (Bonferroni), so that all
    of them hold together at 95%: no case decides by luck. Controls have level 0.95.

    Raises ValueError where a seed has several rows of one case, where no case votes, where a share
    of the gap is asked for and the rows have no rival or no ceiling, and where a pruned network has
    other than the weights its masks keep (`live` beside `kept`, see `pruning.live`).
    """
    frame = frame if "case" in frame else frame.assign(case=ALL)
    _check_masks(claim, frame)
    roles = {control.case: control.role for control in claim.controls}
    voting = frame[~frame["case"].isin(list(roles))]
    if voting.empty:
        raise ValueError(f"{claim.id}: wanted a case that votes, received only controls {roles}")
    for name, group in frame.groupby("case", sort=False):
        one_row_per_seed(group, f"{claim.id}, case {name}")
    if claim.quantifier == "average" and voting["case"].nunique() > 1:
        controls = frame[frame["case"].isin(list(roles))]
        premises = voting.groupby("seed")["premise"].mean() if "premise" in voting else None
        voting = averaged(voting, ["seed"]).assign(case=ALL)
        if premises is not None:
            voting["premise"] = voting["seed"].map(premises)
        frame = pd.concat([voting, controls], ignore_index=True)
    level = 1 - 0.05 / voting["case"].nunique()
    groups = dict(list(frame.groupby("case", sort=False)))
    cases = {
        str(name): _measured_case(claim, group, level if name not in roles else 0.95)
        | {"role": roles.get(name, "case")}
        for name, group in groups.items()
    }
    if claim.share_of_gap:
        best = {
            role: groups[max(_named(cases, role), key=lambda name: cases[name]["estimate"])]
            for role in ("rival", "ceiling")
        }
        for name in _named(cases, "case"):
            share = share_of_gap(groups[name], best["rival"], best["ceiling"], level=level)
            cases[name] |= {"raw": cases[name]["estimate"], **_rounded(share)}
    seeds, first = int(frame["seed"].nunique()), int(frame["seed"].min())
    result = Result(claim.id, "", "", cases, seeds, dict(provenance), claim.version, first)
    return judge_again(claim, result)


def judge_again(claim: Claim, result: Result) -> Result:
    """The verdict on intervals that were measured before, by the claim's rule as it is now."""
    cases = {name: _judged_case(claim, name, case) for name, case in result.cases.items()}
    votes = [case["verdict"] for case in cases.values() if case["role"] == "case"]
    verdict = overall(claim.quantifier, votes)
    words = counted(verdict, votes, claim.over)
    for control in claim.controls:
        if control.rule and cases.get(control.case, {}).get("verdict") == "refuted":
            verdict, words = "not tested", f"its control failed: {control.case}"
    judged = {
        "sentence": claim.sentence,
        "kind": claim.kind,
        "quantifier": claim.quantifier,
        "rule": _bounds(claim.rule),
    }
    return replace(result, verdict=verdict, words=words, cases=cases, judged=judged)


def rule_of(claim: Claim, case: str) -> Rule | None:
    """The rule that a case is judged by: its own, a control's (or None), else the claim's."""
    own = {control.case: control.rule for control in claim.controls} | dict(claim.rules)
    return own.get(case, claim.rule)


def overall(quantifier: str, verdicts: Iterable[str]) -> str:
    """The verdict on a claim from those on its cases; cases outside the premise do not count.

    >>> overall("forall", ["supported", "refuted"]), overall("exists", ["supported", "refuted"])
    ('refuted', 'supported')
    """
    found = set(verdicts) - {"not tested"}
    if not found:
        return "not tested"
    if len(found) == 1:
        return found.pop()
    if quantifier == "forall" and "refuted" in found:
        return "refuted"
    if quantifier == "exists" and "supported" in found:
        return "supported"
    if quantifier == "each" and {"supported", "refuted"} <= found:
        return "mixed"
    return "inconclusive"


def counted(verdict: str, votes: list[str], over: str = "cases") -> str:
    """How the cases fell: "fails for 9 of 10 digits, 1 undecided"; empty for a single case."""
    count, n = Counter(votes), len(votes)
    if n == 1:
        return "its premise is not met" if verdict == "not tested" else ""
    said = {"supported": "holds for", "refuted": "fails for"}
    first = "refuted" if verdict == "refuted" else "supported"
    second = {"supported": "refuted", "refuted": "supported"}[first]
    parts = [
        f"{said[kind]} {'all ' if count[kind] == n else ''}{count[kind]}"
        for kind in (first, second)
        if count[kind]
    ]
    if parts:
        of = "" if max(count.values()) == n else f" of {n}"
        parts[0] += f"{of} {over}"
    rest = [
        f"{count[kind]} {word}"
        for kind, word in (("inconclusive", "undecided"), ("not tested", "not tested"))
        if count[kind]
    ]
    return ", ".join(parts + rest) if parts else f"{', '.join(rest)} of {n} {over}"


def with_trend(
    rows: Iterable[Mapping[str, Any]],
    sizes: Iterable[int | float],
    case: str = "trend per doubling",
) -> list[dict[str, Any]]:
    """The rows of a law's error at several sizes, and one for its slope against log2 of the size.

    A law that is right on average but runs away is refuted by the trend: give `rules={case: ...}`.
    """
    rows = [dict(row) for row in rows]
    steepness = np.polyfit(np.log2(list(sizes)), [row["value"] for row in rows], 1)[0]
    return [*rows, {"case": case, "value": float(steepness)}]


def _check_masks(claim: Claim, frame: pd.DataFrame) -> None:
    if not {"kept", "live"} <= set(frame):
        return
    known = frame.dropna(subset=["kept", "live"])
    wrong = known[known["live"] != known["kept"]]
    if len(wrong):
        row = wrong.iloc[0]
        raise ValueError(
            f"{claim.id}, case {row['case']}: wanted {int(row['kept'])} live weights, as many as "
            f"the masks keep, received {int(row['live'])}: train pruning.masked(net, masks)"
        )


def _measured_case(claim: Claim, group: pd.DataFrame, level: float) -> dict[str, Any]:
    within = claim.within or range_of(group)
    found = interval(group["value"], group.get("draws"), level=level, within=within)
    case = _rounded(found)
    if claim.premise and "premise" in group:
        case["premise"] = _rounded(interval(group["premise"]))
    return case


def _judged_case(claim: Claim, name: str, case: Mapping[str, Any]) -> dict[str, Any]:
    rule = rule_of(claim, name)
    judged = {key: value for key, value in case.items() if key not in ("verdict", "rule")}
    judged["verdict"] = rule.verdict(_interval(case)) if rule else ""
    if rule and rule is not claim.rule:
        judged["rule"] = _bounds(rule)
    if claim.premise and case["role"] == "case":
        met = "premise" in case and claim.premise.rule.verdict(_interval(case["premise"]))
        if met != "supported":
            judged["verdict"] = "not tested"
    return judged


def _interval(case: Mapping[str, Any]) -> Interval:
    keys = ("estimate", "low", "high", "level", "n")
    return Interval(*(math.nan if case[key] is None else case[key] for key in keys))


def _named(cases: Mapping[str, Mapping[str, Any]], role: str) -> list[str]:
    names = [name for name, case in cases.items() if case["role"] == role]
    if not names:
        raise ValueError(f"wanted rows of a {role} for a share of the gap, received none")
    return names


def _rounded(found: Interval) -> dict[str, Any]:
    return {
        key: float(f"{value:.6g}") if isinstance(value, float) else value
        for key, value in asdict(found).items()
    }


def _bounds(rule: Rule) -> list[float | None]:
    return [bound if math.isfinite(bound) else None for bound in (rule.low, rule.high)]
