"""Choosing the weights that stay: by size, at random, by any score.

`keep` is how much stays: a fraction of the weights when it is a float (0.3 keeps three in ten,
rounded to the nearest whole weight), a number of weights when it is an int (300 keeps three
hundred). Exactly so many stay, ties included, and more kept contains less kept. Of a pruned network
only what it still has can be kept or cut again.
"""

from functools import lru_cache
from itertools import groupby
from numbers import Integral, Real

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from helpers import seeds
from helpers.networks import effective, layers, masks_of
from helpers.pruning.masks import Masks


def magnitude(net: nn.Module, *, keep, layerwise: bool = False, biases: bool = True) -> Masks:
    """Masks that keep the weights of largest absolute value, over the whole net or layer by layer.

    Example: `magnitude(net, keep=0.1)` keeps one weight in ten, biases counted among them;
    `layerwise=True` keeps one in ten of every layer.

    Raises ValueError for a `keep` outside the net, TypeError as `networks.layers`.
    Source: Han et al. 2015; Frankle & Carbin 2019.
    """
    scores = {name: p.abs() for name, p in prunable(net, biases=biases).items()}
    return top(scores, keep=keep, layerwise=layerwise, within=masks_of(net))


def random(
    net: nn.Module, *, keep, layerwise: bool = False, biases: bool = True, seed: int = 0
) -> Masks:
    """Masks drawn uniformly among all that keep so many weights: the null of pruning claims."""
    g = seeds.generator(seed, "random mask")
    params = prunable(net, biases=biases)
    scores = {name: torch.rand(p.shape, generator=g).to(p.device) for name, p in params.items()}
    return top(scores, keep=keep, layerwise=layerwise, within=masks_of(net))


def shuffled(masks: Masks, *, seed: int = 0) -> Masks:
    """The same masks with places shuffled within each parameter: layer counts stay, choice goes.

    Source: the control of Su et al. 2020 and Frankle et al. 2021.
    """
    g = seeds.generator(seed, "shuffled mask")
    return {
        name: mask.flatten()[torch.randperm(mask.numel(), generator=g)].view_as(mask)
        for name, mask in masks.items()
    }


def top(
    scores: dict[str, Tensor], *, keep, layerwise: bool = False, within: Masks | None = None
) -> Masks:
    """Masks of the weights with the highest scores; of equal scores the earlier weight stays.

    `layerwise` keeps the same share of every layer (a weight and its bias are one layer), rounded
    so that the total is exact and more kept contains less kept: whole weights are given out one by
    one, each to the layer that is furthest behind (Webster's method). `within` are masks of what
    there is to choose from: all of it unless told otherwise.
    """
    for name, s in scores.items():
        if s.isnan().any():
            raise ValueError(
                f"wanted scores that can be ranked, received NaN in {name}: check the network"
            )
    flat = torch.cat([s.flatten() for s in scores.values()])
    shapes = {name: s.shape for name, s in scores.items()}
    there = flatten_masks(within or {}, shapes, flat.device)
    return unflatten(top_flat(flat, shapes, keep=keep, layerwise=layerwise, within=there), shapes)


def top_flat(
    scores: Float[Tensor, "*batch m"],
    shapes: dict[str, torch.Size],
    *,
    keep,
    layerwise: bool,
    within: Bool[Tensor, " m"] | None = None,
) -> Bool[Tensor, "*batch m"]:
    """`top` for flattened parameters (..., m): one choice for each row of scores."""
    groups = _groups(shapes, layerwise)
    sizes = groups
    if within is not None:
        sizes = [int(part.sum()) for part in within.split(groups)]
        scores = scores.masked_fill(~within, -torch.inf)
    counts = _apportion(_count(keep, sum(sizes)), tuple(sizes))
    parts = zip(scores.split(groups, dim=-1), counts, strict=True)
    chosen = torch.cat([_top(part, count) for part, count in parts], dim=-1)
    return chosen if within is None else chosen & within


def flatten_masks(masks: Masks, shapes: dict[str, torch.Size], device) -> Bool[Tensor, " m"] | None:
    """Masks of the parameters `shapes` as one vector; None where nothing is masked."""
    if not masks.keys() & shapes.keys():
        return None
    whole = (torch.ones(shape, dtype=torch.bool, device=device) for shape in shapes.values())
    return torch.cat(
        [masks.get(name, all_).flatten() for name, all_ in zip(shapes, whole, strict=True)]
    )


def unflatten(flat: Tensor, shapes: dict[str, torch.Size]) -> dict[str, Tensor]:
    """Flattened parameters (..., m) as a dict of tensors (..., *shape)."""
    parts = flat.split([shape.numel() for shape in shapes.values()], dim=-1)
    return {
        name: part.unflatten(-1, shape)
        for (name, shape), part in zip(shapes.items(), parts, strict=True)
    }


def prunable(net: nn.Module, *, biases: bool = True) -> dict[str, Tensor]:
    """The parameters that masks are about, by name: all of them, or only the weights.

    They come detached, as the network computes with them. Raises TypeError as `networks.layers`.
    """
    layers(net)
    return {name: p for name, p in effective(net).items() if biases or p.ndim > 1}


def _groups(shapes, layerwise):
    """Sizes of the groups that are ranked together, in order: all weights, or layer by layer."""
    sizes = [(name.rpartition(".")[0], shape.numel()) for name, shape in shapes.items()]
    if not layerwise:
        return [sum(n for _, n in sizes)]
    return [sum(n for _, n in group) for _, group in groupby(sizes, key=lambda pair: pair[0])]


def _count(keep, total):
    """How many of `total` weights `keep` means."""
    if isinstance(keep, bool) or not isinstance(keep, Real):
        raise TypeError(
            "wanted keep as a fraction (float) or a number of weights (int), received "
            f"{keep!r}: write 0.5 for half"
        )
    if isinstance(keep, Integral) and keep == 1:
        raise ValueError(
            "wanted keep as a fraction or a number of weights, received the whole number 1, which "
            f"would keep a single weight: write keep=1.0 for all {total}, keep=1 / {total} for one"
        )
    limit, unit = (total, "weights") if isinstance(keep, Integral) else (1, "of the weights")
    if not 0 <= keep <= limit:
        remedy = "write keep=1.0 for all" if unit == "weights" else "an int counts weights"
        raise ValueError(f"wanted keep from 0 to {limit} {unit}, received {keep}: {remedy}")
    return int(keep) if isinstance(keep, Integral) else round(keep * total)


@lru_cache(maxsize=64)
def _apportion(k: int, sizes: tuple[int, ...]) -> tuple[int, ...]:
    """k divided over layers in proportion to their sizes: the sum is k, and no layer loses by a
    larger k, as it can when largest remainders decide.

    The a-th weight of a layer of n has its turn at (a - 1/2)/n; the first k turns count.
    Source: Webster's method; Balinski & Young 1982, "Fair Representation", on house monotonicity.
    """
    owners = np.repeat(np.arange(len(sizes)), sizes)
    turns = np.concatenate([(2 * np.arange(n) + 1) / max(n, 1) for n in sizes])
    first = np.argsort(turns, kind="stable")[:k]
    return tuple(np.bincount(owners[first], minlength=len(sizes)).tolist())


def _top(scores, k):
    if k == 0:
        return torch.zeros_like(scores, dtype=torch.bool)
    cut = scores.kthvalue(scores.shape[-1] - k + 1, dim=-1, keepdim=True).values
    above, ties = scores > cut, scores == cut
    room = k - above.sum(-1, keepdim=True)
    return above | (ties & (ties.cumsum(-1) <= room))
