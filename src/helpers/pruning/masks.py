"""Masks: which weights of a network stay, and what the network computes without the rest.

Masks are a dict from parameter name to bool tensor of the parameter's shape, True where the
weight stays; a parameter without a mask stays whole. No function here changes the network
that it is given.
"""

from copy import deepcopy

import torch
from jaxtyping import Float
from torch import Tensor, nn

from helpers.networks import activations, effective, hidden_layers, layers, mask_layer, masks_of
from helpers.yardstick import log2_choose

Masks = dict[str, Tensor]


def masked(net: nn.Module, masks: Masks) -> nn.Module:
    """A new net of the same kind whose pruned weights are zero and stay zero.

    The net passed in keeps all its weights. The masks are part of the new one: its layers are
    `networks.MaskedLinear` and `MaskedConv2d`, so that copies, saved and loaded states, ensembles
    and whatever trains it meet the subnetwork. A weight that `net` has pruned already stays pruned.

    Raises ValueError for masks of unknown names or other shapes, TypeError for masks that are
    not bool and as `networks.layers`.
    """
    layers(net)
    _check(net, masks)
    new = deepcopy(net)
    for name, module in layers(new):
        parameters = dict(module.named_parameters(recurse=False))
        own = {key: f"{name}.{key}".lstrip(".") for key in parameters}
        own = {key: masks[full] for key, full in own.items() if full in masks}
        if own:
            mask_layer(module, own)
    return new


def _check(net, masks):
    params = dict(net.named_parameters())
    for name, mask in masks.items():
        if name not in params:
            raise ValueError(
                f"wanted masks of the net's parameters {', '.join(params)}, received one of "
                f"{name!r}: make masks from this net"
            )
        if mask.dtype != torch.bool:
            raise TypeError(
                f"wanted bool masks, received {mask.dtype} for {name}: compare, as in scores > cut"
            )
        if mask.shape != params[name].shape:
            raise ValueError(
                f"wanted a mask of shape {tuple(params[name].shape)} for {name}, received "
                f"{tuple(mask.shape)}: make masks from this net"
            )


def kept(masks: Masks) -> int:
    """How many weights the masks keep."""
    return sum(int(mask.sum()) for mask in masks.values())


def live(net: nn.Module, masks: Masks | None = None) -> int:
    """How many weights of the net are not zero, of those that `masks` are about if given.

    Of a subnetwork that was trained with its masks on these are `kept(masks)`; were it trained
    without, pruned weights have come back and there are more. Whoever trains a pruned network
    stores both numbers side by side.
    """
    parameters = effective(net)
    names = parameters if masks is None else masks
    return sum(int(parameters[name].count_nonzero()) for name in names)


def mask_bits(masks: Masks, within: Masks | None = None) -> float:
    """Bits that name these masks among all that keep as many weights: log2 C(M, k).

    M counts all weights of the masked parameters, or those that masks `within` left to choose from.
    """
    m, k = sum(mask.numel() for mask in masks.values()), kept(masks)
    m -= sum(int((~mask).sum()) for name, mask in (within or {}).items() if name in masks)
    return log2_choose(m, k)


def overlap(masks: Masks, others: Masks) -> float:
    """The share of the weights kept by `masks` that `others` keep too.

    Two independent random choices overlap by the share that `others` keep: that is chance here.
    """
    if masks.keys() != others.keys():
        raise ValueError(
            f"wanted masks of the same parameters, received {sorted(masks)} and "
            f"{sorted(others)}: mask the same net"
        )
    if kept(masks) == 0:
        raise ValueError("wanted masks that keep a weight, received none kept: raise keep")
    return sum(int((masks[name] & others[name]).sum()) for name in masks) / kept(masks)


def signed_constant(net: nn.Module) -> nn.Module:
    """A new net whose weights keep their sign only: each is plus or minus its layer's std.

    Biases are left alone.
    Source: Ramanujan et al. 2020, section 4.1 (signed Kaiming constant).
    """
    layers(net)
    values, masks = effective(net), masks_of(net)
    new = deepcopy(net)
    with torch.no_grad():
        for name, value in ((n, v) for n, v in values.items() if v.ndim > 1):
            size = value[masks[name]].std() if name in masks else value.std()
            new.get_parameter(name).copy_(value.sign() * size)
    return new


# What pruning does to the nodes


def unit_correlations(
    net: nn.Sequential, pruned: nn.Sequential, x: Float[Tensor, "n *image"]
) -> list[Float[Tensor, " _"]]:
    """Correlation over images of each hidden unit with itself before and after pruning, by depth.

    One tensor (units,) per hidden layer. NaN where a unit is constant in either net: a dead unit
    did not survive, and has no correlation.
    """
    depths = range(len(hidden_layers(net)))
    return [_correlation(activations(net, x, i), activations(pruned, x, i)) for i in depths]


def _correlation(a, b):
    a, b = (t.double() - t.double().mean(0) for t in (a, b))
    scale = a.norm(dim=0) * b.norm(dim=0)
    return ((a * b).sum(0) / scale.masked_fill(scale < 1e-12, torch.nan)).float()
