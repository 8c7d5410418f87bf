"""How many verdicts of the ledger are likely to be wrong."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student_t

from helpers.claims.core import Claim, Rule
from helpers.claims.judging import Result, rule_of
from helpers.yardstick.intervals import Interval


@dataclass(frozen=True)
class FalseVerdicts:
    """Of `decided` verdicts (supported, refuted, mixed) how many may be wrong by chance.

    - `at_the_bar`: expected if every true value lay exactly at its bar, the worst case;
    - `expected`: the sum over claims of the chance that a true value at the bar gives a verdict as
      clear as the one found: few, where most intervals are far from their bars;
    - `kept`: verdicts that remain when the share of false ones among them is held below 5%
      (Benjamini & Hochberg 1995, doi.org/10.1111/j.2517-6161.1995.tb02031.x).
    """

    decided: int
    at_the_bar: float
    expected: float
    kept: int

    def __str__(self) -> str:
        return (
            f"Of the {self.decided} verdicts that decide, {self.at_the_bar:.1f} would be wrong if "
            f"every true value lay exactly at its bar; with the distances that were found, "
            f"{self.expected:.2f} are expected to be. {self.kept} of them stay when the share of "
            "false verdicts among them is held below 5% (Benjamini & Hochberg)."
        )


def false_verdicts(judged: Iterable[tuple[Claim, Result]], level: float = 0.05) -> FalseVerdicts:
    """What to expect of these verdicts; those that decide nothing do not count."""
    doubts = [doubt(claim, entry) for claim, entry in judged if entry.verdict in DECIDED]
    ranked = np.sort(doubts)
    passed = np.flatnonzero(ranked <= level * np.arange(1, len(ranked) + 1) / max(len(ranked), 1))
    kept = int(passed[-1]) + 1 if len(passed) else 0
    return FalseVerdicts(len(doubts), level * len(doubts), float(np.sum(doubts)), kept)


DECIDED = ("supported", "refuted", "mixed")


def doubt(claim: Claim, entry: Result) -> float:
    """The chance of a verdict as clear as this one if the true values lay at the bar, at most 1.

    Where every case has to agree it is that of the least clear case; where one decides, that of
    the clearest times the number of cases.
    """
    found = {"supported": [], "refuted": []}
    for name, one in entry.intervals().items():
        word = entry.cases[name]["verdict"]
        if word in found:
            found[word].append(tail(one, rule_of(claim, name), word))
    cases = len(entry.intervals())

    def one_decides(word: str) -> float:
        return min(1.0, cases * min(found[word]))

    if entry.verdict == "mixed":
        return max(one_decides("supported"), one_decides("refuted"))
    alone = {("forall", "refuted"), ("exists", "supported")}
    if (claim.quantifier, entry.verdict) in alone:
        return one_decides(entry.verdict)
    return max(found[entry.verdict])


def tail(found: Interval, rule: Rule, word: str) -> float:
    """Student's tail beyond the distance from the estimate to the bar, by the interval's width."""
    ends = [
        (found.estimate - rule.low, found.estimate - found.low, found.high - found.estimate),
        (rule.high - found.estimate, found.high - found.estimate, found.estimate - found.low),
    ]
    reach = float(student_t.ppf(0.5 + found.level / 2, found.n - 1))
    tails = []
    for distance, towards, away in ends:
        if not np.isfinite(distance) or (word == "refuted" and distance > 0):
            continue
        half = towards if word == "supported" else away
        size = reach * abs(distance) / half if half > 0 else np.inf
        tails.append(float(student_t.sf(size, found.n - 1)))
    return max(tails) if tails else 0.0
