"""The two prices of picking: the *code length* of a member, and its *rarity* in the family."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.special import betaln
from scipy.stats import binomtest
from torch import Tensor


def code_length(bits: float, n_labels: int) -> float:
    """min(bits, n): whatever was chosen from n labels, given the inputs, costs at most n bits."""
    return min(float(bits), float(n_labels))


def log2_choose(n, k):
    """log2 of the binomial coefficient C(n, k), 0 <= k <= n: bits that name k of n. Broadcasts."""
    found = -(np.log1p(n) + betaln(np.subtract(n, k) + 1, np.add(k, 1))) / math.log(2)
    return float(found) if np.ndim(found) == 0 else found


@dataclass(frozen=True)
class Rarity:
    """-log2 of the share of random members that score at least as well, with an interval.

    With no hit in the sample `bits` is infinite and `low` is what can still be said.
    """

    bits: float
    low: float
    high: float
    members: int

    def __repr__(self) -> str:
        bits = "none found" if math.isinf(self.bits) else f"{self.bits:.1f} bits"
        high = "" if math.isinf(self.high) else f" to {self.high:.1f}"
        return f"{bits} (interval from {self.low:.1f}{high}; {self.members} members sampled)"


def rarity(score: float, sample: Float[Tensor, "members"], level: float = 0.95) -> Rarity:
    """How rare a member with at least this score is, from the scores of a random sample.

    Both have to be held-out scores. The interval is Clopper & Pearson's (1934) for the share.

    Raises ValueError for an empty sample.
    """
    members = len(sample)
    if members == 0:
        raise ValueError("wanted the scores of at least one random member, received none")
    hits = int((sample >= score).sum())
    low, high = share_interval(hits, members, level)
    return Rarity(_bits(hits / members), _bits(high), _bits(low), members)


def share_interval(hits: int, n: int, level: float) -> tuple[float, float]:
    """Clopper & Pearson's (1934) interval for a share, from `hits` of n."""
    found = binomtest(hits, n).proportion_ci(level, "exact")
    return float(found.low), float(found.high)


def _bits(share: float) -> float:
    return math.log2(1 / share) if share > 0 else math.inf
