"""A claim, its rule, its measurement and its verdict."""

import json
import math
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from helpers import cifar
from helpers.intervals import Interval, interval, one_row_per_seed
from helpers.stored import RESULTS, provenance, write
from helpers.sweeps import sweep

DEBATE = "https://www.lesswrong.com/posts/i9p5KWNWcthccsxqm/updating-the-lottery-ticket-hypothesis"
LEDGER = RESULTS / "ledger"


@dataclass(frozen=True)
class Rule:
    """The claim holds where the true value lies in [low, high].

    An interval inside says "supported", one that is disjoint says "refuted", any other
    "inconclusive".
    """

    low: float = -math.inf
    high: float = math.inf

    def __post_init__(self):
        if not self.low < self.high or (self.low, self.high) == (-math.inf, math.inf):
            raise ValueError(f"wanted a rule that can fail, received [{self.low}, {self.high}]")

    def verdict(self, found: Interval) -> str:
        """The verdict on one interval; an interval of nan is inconclusive."""
        if self.low <= found.low and found.high <= self.high:
            return "supported"
        if found.high < self.low or found.low > self.high:
            return "refuted"
        return "inconclusive"

    def __str__(self) -> str:
        if math.isinf(self.high):
            return f"at least {self.low:g}"
        if math.isinf(self.low):
            return f"at most {self.high:g}"
        return f"between {self.low:g} and {self.high:g}"


@dataclass(frozen=True)
class Claim:
    """One claim of the debate, made measurable.

    - `id`: "02-planted", beginning with the chapter; `sentence`: the claim in words;
    - `place`: (who says so, link);
    - `quantity`: what a value is, with its unit, for the cards and tables;
    - `measure(seed, **options)`: rows with `value`, `case` if there are several, and `draws` if
      test images were involved; a seed draws the network and the split;
    - `rule`: fixed before the numbers; `control`: what shows that the measurement can be trusted;
    - `objection`: the strongest one;
    - `options` of the full run, `small` those that tests use; `needs_dogs` if CIFAR-10 is read.
    """

    id: str
    sentence: str
    place: tuple[str, str]
    quantity: str
    measure: Callable[..., Any]
    rule: Rule
    control: str
    objection: str
    options: Mapping[str, Any] = field(default_factory=dict)
    small: Mapping[str, Any] = field(default_factory=dict)
    seeds: int = 20
    needs_dogs: bool = False

    @property
    def chapter(self) -> str:
        return self.id.split("-", 1)[0]


@dataclass(frozen=True)
class Result:
    """A judged measurement: one interval per case, one verdict."""

    id: str
    verdict: str
    cases: dict[str, dict[str, Any]]
    seeds: int
    provenance: dict[str, Any]

    def intervals(self) -> dict[str, Interval]:
        keys = ("estimate", "low", "high", "level", "n")
        return {
            name: Interval(*(math.nan if case[key] is None else case[key] for key in keys))
            for name, case in self.cases.items()
        }


def judge(claim: Claim, frame: pd.DataFrame, provenance: Mapping[str, Any] = {}) -> Result:
    """The verdict on measured rows.

    With several cases each interval has level 1 - 0.05/cases (Bonferroni), so that all of them hold
    together at 95%. All supported: supported; all refuted: refuted; some of each: mixed; else
    inconclusive. Controls that are cases count like the others.

    Raises ValueError where a seed has several rows of one case.
    """
    if "case" not in frame:
        frame = frame.assign(case="all")
    groups = list(frame.groupby("case", sort=False))
    level = 1 - 0.05 / len(groups)
    cases = {}
    for name, group in groups:
        one_row_per_seed(group, f"{claim.id}, case {name}")
        found = interval(group["value"], group.get("draws"), level=level)
        cases[str(name)] = {**asdict(found), "verdict": claim.rule.verdict(found)}
    verdict = overall(case["verdict"] for case in cases.values())
    seeds = int(frame["seed"].nunique())
    return Result(claim.id, verdict, cases, seeds, dict(provenance))


def overall(verdicts: Iterable[str]) -> str:
    """The verdict on a claim from those on its cases."""
    found = set(verdicts)
    if len(found) == 1:
        return found.pop()
    return "mixed" if {"supported", "refuted"} <= found else "inconclusive"


def measured(
    claim: Claim,
    *,
    seeds: int | None = None,
    small: bool = False,
    store: str | Path | None = None,
    jobs: int = 1,
    progress: bool = True,
) -> pd.DataFrame:
    """Tidy rows of a claim over its seeds; with `store`, finished seeds are kept and resumed."""
    options = {**claim.options, **claim.small} if small else claim.options
    grid = {"seed": range(seeds or claim.seeds), **{k: [v] for k, v in options.items()}}
    return sweep(claim.measure, grid, store=store, jobs=jobs, progress=progress)


def measure_and_write(claim: Claim, *, store: str | Path | None = None, jobs: int = 1) -> Result:
    """Measure a claim in full and write its ledger entry (atomically)."""
    start = time.perf_counter()
    frame = measured(claim, store=store, jobs=jobs)
    told = provenance(
        seconds=round(time.perf_counter() - start),
        options={key: repr(value) for key, value in claim.options.items()},
    )
    if claim.needs_dogs:
        told["data"] = cifar.provenance()
    result = judge(claim, frame, told)
    LEDGER.mkdir(parents=True, exist_ok=True)
    write(LEDGER / f"{claim.id}.json", as_json(result))
    return result


def stored(claim_id: str) -> Result | None:
    """The ledger's entry for a claim, or None if it was never measured."""
    path = LEDGER / f"{claim_id}.json"
    return Result(**json.loads(path.read_text())) if path.exists() else None


def as_json(result: Result) -> str:
    """The text of a ledger entry. JSON has no nan: a bound that is not finite becomes null."""
    entry = asdict(result)
    for case in entry["cases"].values():
        for key, value in case.items():
            if isinstance(value, float) and not math.isfinite(value):
                case[key] = None
    return json.dumps(entry, indent=1, allow_nan=False) + "\n"
