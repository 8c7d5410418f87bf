"""Reading 3: does a pruned subnetwork already light up for the target?"""

import torch
from torch import nn

from helpers.networks import masks_of, outputs
from helpers.pruning.masks import kept, mask_bits, masked
from helpers.pruning.popup import edge_popup
from helpers.tasks import Task
from helpers.yardstick import Reading


def subnetwork(net: nn.Module, task: Task, *, keep=0.5, **options) -> Reading:
    """The subnetwork of untrained weights that edge-popup finds on train, of `keep` weights.

    Weights and biases are pruned, none is changed. `options` are those of `edge_popup`. The
    price is log2 C(M, k), the bits that name one mask among all of its size; `detail["masks"]`
    holds it.

    Raises TypeError as `networks.layers`.
    """
    masks = edge_popup(net, task, keep=keep, **options)
    found = masked(net, masks)
    there = masks_of(net)
    of = sum(int(there.get(name, torch.ones_like(mask)).sum()) for name, mask in masks.items())
    return Reading.of(
        "subnetwork",
        lambda x: outputs(found, x)[:, 0],
        task,
        bits=mask_bits(masks, there),
        detail={"masks": masks, "kept": kept(masks), "of": of},
    )
