"""Exact answers where everything can be enumerated: which Boolean functions a net expresses."""

from helpers.counting.readings import (
    MOST_SUMS,
    READINGS,
    TIE,
    Weighted,
    expressed,
    expressible,
    mask_counts,
    rarity,
    some_masks,
    span,
    span_shares,
)
