"""Reading 3: does a pruned subnetwork already light up for the target?"""

from helpers.pruning.choosing import magnitude, random, shuffled
from helpers.pruning.masks import (
    kept,
    live,
    mask_bits,
    masked,
    overlap,
    signed_constant,
    unit_correlations,
)
from helpers.pruning.popup import edge_popup, edge_popup_many
from helpers.pruning.subnetworks import subnetwork
from helpers.pruning.sums import subset_sum
