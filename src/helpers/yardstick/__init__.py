"""The yardstick: one `Reading` for all readings, its scores, and both prices of picking."""

from helpers.yardstick.prices import Rarity, code_length, log2_choose, rarity, share_interval
from helpers.yardstick.scores import (
    METRICS,
    RANGES,
    Reading,
    Scores,
    best_cut,
    correlations,
    evaluate,
    weighted_scores,
)
