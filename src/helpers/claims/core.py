"""What a claim is: a sentence, how it is measured, and a rule that was fixed before the numbers."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from helpers.yardstick.intervals import Interval

DEBATE = "https://www.lesswrong.com/posts/i9p5KWNWcthccsxqm/updating-the-lottery-ticket-hypothesis"
KINDS = ("claim", "check")
QUANTIFIERS = ("forall", "exists", "each", "average")
ROLES = ("control", "rival", "ceiling")


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
            raise ValueError(
                f"wanted a rule that can fail, received [{self.low}, {self.high}]: give low, high "
                "or both, low below high"
            )

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
class Control:
    """A case that is measured beside the others and never votes.

    `case` is its name in the rows. A "rival" is the best trivial method and a "ceiling" the best
    known one, on the same images at the same n: they say how to read a score. A "control" shows
    that the measurement can be trusted; one whose `rule` is refuted leaves the claim not tested.
    """

    case: str
    role: str
    says: str = ""
    rule: Rule | None = None

    def __post_init__(self):
        _one_of(self.role, ROLES, f"the role of {self.case!r}")


@dataclass(frozen=True)
class Premise:
    """What a claim presupposes ("nets that stay in the tangent space"), measured with it.

    The rows have a column `premise`. A case whose interval of it does not lie inside `rule` is
    outside what the claim speaks of: it is not tested.
    """

    says: str
    rule: Rule


@dataclass(frozen=True)
class Adversary:
    """Options with which the very measuring function has to come to this verdict.

    Shuffled labels refute "detects a digit"; a planted target supports what the world refuted.
    """

    verdict: str
    options: Mapping[str, Any]
    seeds: int = 6

    def __post_init__(self):
        _one_of(self.verdict, ("supported", "refuted"), "the verdict of an adversary")


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One claim of the debate, made measurable; CONTRIBUTING has a worked example.

    - `id`: "02-planted", beginning with the chapter; `sentence`: the claim in words, with its
      budget and its premise; `place`: (who says so, link);
    - `kind`: "claim", or "check" for what can only fail by a bug (an identity, a planted target,
      random labels): counted apart, and a failed check stops the build;
    - `quantifier` over the cases: "forall" (every case), "exists" (some case), "each" (case by
      case: the only one that can be mixed), "average" (the mean over cases, seed by seed; also for
      a claim without cases); `over`: what the cases are, in the plural;
    - `quantity`: what a value is, with its unit, for the cards and tables; `within`: its range
      where it is bounded, such as (0, 1) for a share (rows with a column `metric` know theirs);
    - `measure(seed, **options)`: rows with `value`, `case` if there are several, `draws` if test
      images were involved, and `premise` if there is one; a seed draws the network and the split;
    - `share_of_gap`: the rows are raw scores and the rule is about the share of the gap that they
      close between the best "rival" (0) and the best "ceiling" (1) among `controls`;
    - `rule`, fixed before the numbers; `rules`: the cases that have another (the trend of a law);
    - `control`: in words, what shows that the measurement can be trusted; `controls`: cases that
      never vote; `clears`: the case among them that passes the bar where the bar is absolute;
    - `adversary`: data on which the verdict must turn;
    - `objection`: the strongest one; `seen_before`: what was known when the rule was written;
    - `options` of the full run, `small` those that tests use; `needs_dogs` if CIFAR-10 is read;
    - `reading` and `target`, by which the scoreboard is filtered (default: the chapter's reading);
    - `version`: raise it when sentence, rule or measurement change, and start at seeds that nobody
      has looked at (`first_seed` 3000 and up); `replaces`: ids of retired claims, with the reason.
    """

    id: str
    sentence: str
    place: tuple[str, str]
    kind: str = "claim"
    quantifier: str
    over: str = "cases"
    quantity: str
    within: tuple[float | int, float | int] | None = None
    measure: Callable[..., Any]
    share_of_gap: bool = False
    rule: Rule
    rules: Mapping[str, Rule] = field(default_factory=dict)
    premise: Premise | None = None
    control: str
    controls: tuple[Control, ...] = ()
    clears: str | None = None
    adversary: Adversary | None = None
    objection: str
    seen_before: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    small: Mapping[str, Any] = field(default_factory=dict)
    seeds: int = 20
    first_seed: int = 0
    version: int = 1
    replaces: Mapping[str, str] = field(default_factory=dict)
    needs_dogs: bool = False
    reading: str = ""
    target: str = ""

    def __post_init__(self):
        _one_of(self.kind, KINDS, f"{self.id}: kind")
        _one_of(self.quantifier, QUANTIFIERS, f"{self.id}: quantifier")
        names = [control.case for control in self.controls]
        if len(set(names)) != len(names):
            raise ValueError(f"{self.id}: wanted controls with different names, received {names}")
        if self.share_of_gap and not {"rival", "ceiling"} <= {each.role for each in self.controls}:
            raise ValueError(
                f"{self.id}: wanted a rival and a ceiling among the controls for a share of the gap"
            )
        if self.clears is not None and self.clears not in names:
            raise ValueError(
                f"{self.id}: wanted `clears` to name one of the controls {names}, received "
                f"{self.clears!r}: add the method that clears the bar as a ceiling"
            )

    @property
    def chapter(self) -> str:
        return self.id.split("-", 1)[0]


def _one_of(value: str, known: tuple[str, ...], what: str) -> None:
    if value not in known:
        raise ValueError(f"{what}: wanted one of {', '.join(known)}, received {value!r}")
