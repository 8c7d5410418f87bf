"""Masks: which weights of a network stay, and what the network computes without the rest.

One word runs through the module. `keep` is how much stays: a fraction of the weights when it
is a float (0.3 keeps three in ten, rounded to the nearest whole weight), a number of weights
when it is an int (300 keeps three hundred). Exactly so many stay, ties included.

Masks are a dict from parameter name to bool tensor of the parameter's shape, True where the
weight stays; a parameter without a mask stays whole. No function here changes the network
that it is given.
"""

from copy import deepcopy
from itertools import groupby
from math import lgamma, log
from numbers import Integral, Real

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from helpers.networks import activations, hidden_layers

Masks = dict[str, Tensor]


# Choosing weights


def magnitude(net: nn.Module, *, keep, layerwise: bool = False, biases: bool = True) -> Masks:
    """Masks that keep the weights of largest absolute value, over the whole net or layer by layer.

    Example: `magnitude(net, keep=0.1)` keeps one weight in ten, biases counted among them;
    `layerwise=True` keeps one in ten of every layer.

    Raises ValueError for a `keep` outside the net and for layers other than Linear and Conv2d.
    Source: Han et al. 2015; Frankle & Carbin 2019.
    """
    scores = {name: p.detach().abs() for name, p in prunable(net, biases=biases).items()}
    return top(scores, keep=keep, layerwise=layerwise)


def random(
    net: nn.Module, *, keep, layerwise: bool = False, biases: bool = True, seed: int = 0
) -> Masks:
    """Masks drawn uniformly among all that keep so many weights: the null of pruning claims."""
    g = own_generator(seed, "random mask")
    params = prunable(net, biases=biases)
    scores = {name: torch.rand(p.shape, generator=g).to(p.device) for name, p in params.items()}
    return top(scores, keep=keep, layerwise=layerwise)


def shuffled(masks: Masks, *, seed: int = 0) -> Masks:
    """The same masks with places shuffled within each parameter: layer counts stay, choice goes.

    Source: the control of Su et al. 2020 and Frankle et al. 2021.
    """
    g = own_generator(seed, "shuffled mask")
    return {
        name: mask.flatten()[torch.randperm(mask.numel(), generator=g)].view_as(mask)
        for name, mask in masks.items()
    }


def top(scores: dict[str, Tensor], *, keep, layerwise: bool = False) -> Masks:
    """Masks of the weights with the highest scores; of equal scores the earlier weight stays.

    `layerwise` keeps the same share of every layer (a weight and its bias are one layer); when
    shares are not whole numbers, the layers with the largest remainders get one weight more, so
    that the total is exact.
    """
    for name, s in scores.items():
        if s.isnan().any():
            raise ValueError(f"top wants scores that can be ranked, received NaN in {name}.")
    flat = torch.cat([s.flatten() for s in scores.values()])
    shapes = {name: s.shape for name, s in scores.items()}
    return unflatten(top_flat(flat, shapes, keep=keep, layerwise=layerwise), shapes)


def top_flat(
    scores: Float[Tensor, "*batch m"], shapes: dict[str, torch.Size], *, keep, layerwise: bool
) -> Bool[Tensor, "*batch m"]:
    """`top` for flattened parameters (..., m): one choice for each row of scores."""
    layers = _layers(shapes, layerwise)
    counts = _apportion(_count(keep, sum(layers)), layers)
    parts = zip(scores.split(layers, dim=-1), counts, strict=True)
    return torch.cat([_top(part, count) for part, count in parts], dim=-1)


def unflatten(flat: Tensor, shapes: dict[str, torch.Size]) -> dict[str, Tensor]:
    """Flattened parameters (..., m) as a dict of tensors (..., *shape)."""
    parts = flat.split([shape.numel() for shape in shapes.values()], dim=-1)
    return {
        name: part.unflatten(-1, shape)
        for (name, shape), part in zip(shapes.items(), parts, strict=True)
    }


def own_generator(seed: int, purpose: str) -> torch.Generator:
    """A generator for one purpose: its numbers are unrelated to those of a net of the same seed.

    Without this the mask and the weights drawn from one seed would be correlated, because the same
    stream of bits makes the uniform scores of the one and the normal weights of the other.
    """
    words = [seed, *purpose.encode()]
    return torch.Generator().manual_seed(int(np.random.SeedSequence(words).generate_state(1)[0]))


def prunable(net: nn.Module, *, biases: bool = True) -> dict[str, nn.Parameter]:
    """The parameters that masks are about, by name: all of them, or only the weights.

    Raises ValueError for parameters outside nn.Linear and nn.Conv2d.
    """
    for name, module in net.named_modules():
        own = list(module.parameters(recurse=False))
        if own and not isinstance(module, nn.Linear | nn.Conv2d):
            raise ValueError(
                "pruning handles parameters of Linear and Conv2d, received "
                f"{type(module).__name__} at {name or 'the root'}: use a net without it."
            )
    return {name: p for name, p in net.named_parameters() if biases or p.ndim > 1}


def _layers(shapes, layerwise):
    """Sizes of the groups that are ranked together, in order: all weights, or layer by layer."""
    sizes = [(name.rpartition(".")[0], shape.numel()) for name, shape in shapes.items()]
    if not layerwise:
        return [sum(n for _, n in sizes)]
    return [sum(n for _, n in group) for _, group in groupby(sizes, key=lambda pair: pair[0])]


def _count(keep, total):
    """How many of `total` weights `keep` means."""
    if isinstance(keep, bool) or not isinstance(keep, Real):
        raise TypeError(
            f"keep wants a fraction (float) or a number of weights (int), received {keep!r}."
        )
    limit, unit = (total, "weights") if isinstance(keep, Integral) else (1, "of the weights")
    if not 0 <= keep <= limit:
        hint = " write keep=1.0 for all" if unit == "weights" else " an int counts weights"
        raise ValueError(f"keep wants 0 to {limit} {unit}, received {keep}:{hint}.")
    return int(keep) if isinstance(keep, Integral) else round(keep * total)


def _apportion(k, layers):
    """k divided over layers in proportion to their sizes, by largest remainder: the sum is k."""
    shares = [k * n / sum(layers) for n in layers]
    counts = [int(share) for share in shares]
    by_remainder = sorted(range(len(layers)), key=lambda i: counts[i] - shares[i])
    for i in by_remainder[: k - sum(counts)]:
        counts[i] += 1
    return counts


def _top(scores, k):
    if k == 0:
        return torch.zeros_like(scores, dtype=torch.bool)
    cut = scores.kthvalue(scores.shape[-1] - k + 1, dim=-1, keepdim=True).values
    above, ties = scores > cut, scores == cut
    room = k - above.sum(-1, keepdim=True)
    return above | (ties & (ties.cumsum(-1) <= room))


# Using masks


def masked(net: nn.Module, masks: Masks) -> nn.Module:
    """A new net of the same kind whose pruned weights are zero and stay zero in training.

    The net passed in keeps all its weights. The new one's gradients are masked, so SGD and Adam,
    with or without weight decay, leave pruned weights at zero; a `deepcopy` of the new net
    loses that protection (torch does not copy gradient hooks), so mask the copy again.

    Raises ValueError for masks of unknown names or other shapes, TypeError for masks that are
    not bool.
    """
    _check(net, masks)
    new = deepcopy(net)
    for name, p in new.named_parameters():
        if name in masks:
            mask = masks[name].to(p.device)
            with torch.no_grad():
                p.mul_(mask)
            if p.requires_grad:
                p.register_hook(lambda grad, mask=mask: grad * mask)
    return new


def _check(net, masks):
    params = dict(net.named_parameters())
    for name, mask in masks.items():
        if name not in params:
            raise ValueError(
                f"masked found no parameter {name!r} in the net: its parameters are "
                f"{', '.join(params)}."
            )
        if mask.dtype != torch.bool:
            raise TypeError(
                f"masked wants bool masks, received {mask.dtype} for {name}: compare, as in "
                "scores > cut."
            )
        if mask.shape != params[name].shape:
            raise ValueError(
                f"masked wants a mask of shape {tuple(params[name].shape)} for {name}, received "
                f"{tuple(mask.shape)}: make masks from this net."
            )


def kept(masks: Masks) -> int:
    """How many weights the masks keep."""
    return sum(int(mask.sum()) for mask in masks.values())


def mask_bits(masks: Masks) -> float:
    """Bits that name these masks among all that keep as many weights: log2 C(M, k)."""
    m, k = sum(mask.numel() for mask in masks.values()), kept(masks)
    return (lgamma(m + 1) - lgamma(k + 1) - lgamma(m - k + 1)) / log(2)


def overlap(masks: Masks, others: Masks) -> float:
    """The share of the weights kept by `masks` that `others` keep too.

    Two independent random choices overlap by the share that `others` keep: that is chance here.
    """
    if masks.keys() != others.keys():
        raise ValueError(
            f"overlap wants masks of the same parameters, received {sorted(masks)} and "
            f"{sorted(others)}: mask the same net."
        )
    if kept(masks) == 0:
        raise ValueError("overlap wants masks that keep a weight, received none kept: raise keep.")
    return sum(int((masks[name] & others[name]).sum()) for name in masks) / kept(masks)


def signed_constant(net: nn.Module) -> nn.Module:
    """A new net whose weights keep their sign only: each is plus or minus its layer's std.

    Biases are left alone.
    Source: Ramanujan et al. 2020, section 4.1 (signed Kaiming constant).
    """
    new = deepcopy(net)
    with torch.no_grad():
        for p in prunable(new, biases=False).values():
            p.copy_(p.sign() * p.std())
    return new


# What pruning does to the nodes


def unit_correlations(
    net: nn.Sequential, pruned: nn.Sequential, x: Float[Tensor, "n *image"]
) -> list[Float[Tensor, " _"]]:
    """Correlation over images of each hidden unit with itself before and after pruning, by depth.

    One tensor (units,) per hidden layer. NaN where a unit is constant in either net: a dead unit
    did not survive, and has no correlation.
    """
    layers = range(len(hidden_layers(net)))
    return [_correlation(activations(net, x, i), activations(pruned, x, i)) for i in layers]


def _correlation(a, b):
    a, b = (t.double() - t.double().mean(0) for t in (a, b))
    scale = a.norm(dim=0) * b.norm(dim=0)
    return ((a * b).sum(0) / scale.masked_fill(scale < 1e-12, torch.nan)).float()
