"""Which of these numbers add up to that one? Exactly, and many questions at once.

A pruned random network can imitate any weight when some subset of its random weights has
the right sum (Lueker 1998; Pensia et al. 2020). This module answers that question by meeting
in the middle (Horowitz & Sahni 1974): 2^(n/2) work where trying every subset takes 2^n.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

MAX_VALUES = 40  # 2^20 half sums; every two more double time and memory
_ELEMENTS = 2**22  # half sums held at once


def subset_sum(
    values: Float[Tensor, "*batch n"], targets: Float[Tensor, "..."]
) -> Bool[Tensor, "... n"]:
    """The subset whose sum comes nearest to the target, as a mask: `(mask * values).sum(-1)`.

    The optimum over all 2^n subsets, the empty one included, in float64 (sums that differ by less
    than float64 can tell count as equal). Among equally near subsets the lexicographically
    first mask wins, False before True: a zero is never kept.

    Example: values (1000, 20) and targets (1000,) give masks (1000, 20), one problem a row;
    values (20,) and targets (1000,) ask a thousand targets of the same twenty values.

    Raises ValueError for no values, more than MAX_VALUES, numbers that are not finite, and shapes
    that do not broadcast.
    Source: Horowitz & Sahni 1974, "Computing partitions with applications to the knapsack
    problem".
    """
    _check(values, targets)
    n = values.shape[-1]
    batch = torch.broadcast_shapes(values.shape[:-1], targets.shape)
    values = values.double().expand(*batch, n).reshape(-1, n)
    targets = targets.double().expand(batch).reshape(-1)
    rows = max(1, _ELEMENTS >> (n - n // 2))
    chunks = zip(values.split(rows), targets.split(rows), strict=True)
    masks = [_meet_in_the_middle(v, t) for v, t in chunks]
    return torch.cat(masks).reshape(*batch, n)


def _check(values, targets):
    n = values.shape[-1] if values.ndim else 0
    if n == 0:
        raise ValueError(
            "wanted at least one value in the last axis, received shape "
            f"{tuple(values.shape)}: add a value"
        )
    if n > MAX_VALUES:
        raise ValueError(f"wanted up to {MAX_VALUES} values, received {n}: pass fewer, they do")
    for name, tensor in (("values", values), ("targets", targets)):
        if not torch.isfinite(tensor).all():
            raise ValueError(
                f"wanted finite numbers, received NaN or infinity in {name}: remove them first"
            )
    try:
        torch.broadcast_shapes(values.shape[:-1], targets.shape)
    except RuntimeError:
        raise ValueError(
            "wanted values (..., n) and targets (...), received "
            f"{tuple(values.shape)} and {tuple(targets.shape)}: make their leading axes broadcast"
        ) from None


def _all_sums(values):
    """All subset sums (batch, 2^n) of values (batch, n); the code's highest bit is values[:, 0]."""
    sums = values.new_zeros(len(values), 1)
    for value in values.flip(-1).unbind(-1):
        sums = torch.cat([sums, sums + value[:, None]], dim=1)
    return sums


def _bits(codes, n):
    """Codes (batch,) as masks (batch, n), highest bit first."""
    powers = torch.arange(n - 1, -1, -1, device=codes.device)
    return (codes[:, None] >> powers & 1).bool()


def _meet_in_the_middle(values, targets):
    """Masks (batch, n): for every left sum the two right sums around what is still missing."""
    n = values.shape[1]
    left = _all_sums(values[:, : n // 2])
    right, codes = _all_sums(values[:, n // 2 :]).sort(dim=1, stable=True)
    missing = targets[:, None] - left
    last = right.shape[1] - 1
    above = torch.searchsorted(right, missing)
    neighbours = torch.stack([(above - 1).clamp(min=0), above.clamp(max=last)])
    errors = (right.expand(2, -1, -1).gather(2, neighbours) - missing).abs()

    row = torch.arange(len(values), device=values.device)
    best_left = errors.amin(0).argmin(1)  # argmin gives the first of equals: the smallest left code
    best_error = errors.amin(0)[row, best_left]
    # Of the winner's two neighbours, those that attain the optimum; of equal right sums the
    # first, because the stable sort put the smallest code first.
    sums = right[row[:, None], neighbours[:, row, best_left].T].contiguous()
    candidates = codes.gather(1, torch.searchsorted(right, sums))
    attained = best_error[:, None] == errors[:, row, best_left].T
    best_right = candidates.masked_fill(~attained, last + 1).amin(1)
    return torch.cat([_bits(best_left, n // 2), _bits(best_right, n - n // 2)], dim=1)
