"""Reading 3: does a pruned subnetwork already light up for the target?

The parts live beside this module: `masks` (choose, apply and compare masks), `edge_popup`
(search for one), `subset_sum` and `construct` (build one); their names are importable from here.
"""

import torch
from torch import nn

from helpers.edge_popup import edge_popup, edge_popup_many
from helpers.masks import (
    kept,
    magnitude,
    mask_bits,
    masked,
    overlap,
    random,
    shuffled,
    signed_constant,
    unit_correlations,
)
from helpers.subset_sum import subset_sum
from helpers.tasks import Task
from helpers.yardstick import Reading, reading

__all__ = [
    "edge_popup",
    "edge_popup_many",
    "kept",
    "magnitude",
    "mask_bits",
    "masked",
    "overlap",
    "random",
    "shuffled",
    "signed_constant",
    "subnetwork",
    "subset_sum",
    "unit_correlations",
]


def subnetwork(net: nn.Module, task: Task, *, keep=0.5, **options) -> Reading:
    """The subnetwork of untrained weights that edge-popup finds on train, of `keep` weights.

    Weights and biases are pruned, none is changed. `options` are those of `edge_popup`. The
    price is log2 C(M, k), the bits that name one mask among all of its size; `detail["masks"]`
    holds it.

    Raises ValueError for layers with parameters other than Linear and Conv2d.
    """
    masks = edge_popup(net, task, keep=keep, **options)
    found = masked(net, masks)

    def scores(x):
        with torch.no_grad():
            return found(x).flatten()

    of = sum(mask.numel() for mask in masks.values())
    return reading(
        "pruned subnetwork",
        scores,
        task,
        bits=mask_bits(masks),
        detail={"masks": masks, "kept": kept(masks), "of": of},
    )
