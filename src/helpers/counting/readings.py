"""Exact answers in a universe small enough to enumerate: which Boolean functions a net expresses.

Every reading of the book, for untrained nets of at most four input bits and one output. Arrays
over functions are indexed as in `helpers.counting.boolean`.
"""

import copy
import itertools
import math

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import nn

from helpers import seeds
from helpers.counting.boolean import Table, inputs, sign_patterns, to_code, to_table
from helpers.networks import POINTWISE, Scale, kept_places, layers, masks_of, weights

READINGS = (
    "neuron",
    "neuron, free cut",
    "features",
    "subnetwork",
    "tangent space",
)  # the ladder's names

# Sums closer to zero than this share of their scale are exact ties that rounding has moved; a
# generic net of the sizes used here has a true value so small with probability about 1e-4.
TIE = 1e-12
MOST_SUMS = 2**31

Weighted = tuple[np.ndarray, np.ndarray]  # partial outputs (k, 2^n), and how many masks give each


def expressible(net: nn.Module, reading: str) -> set[Table]:
    """The truth tables that some member of a reading's family computes exactly, without training.

    True is f(x) > 0 and false is f(x) <= 0. The families of an untrained one-output net are

    - "neuron": a > 0 and its complement, for every hidden activation a with its own bias;
    - "neuron, free cut": w x > t and its complement, for every hidden unit and any threshold t in
      place of its bias (a cut of the ReLU's output could not part what the ReLU sets to zero);
    - "features": all readouts of the last hidden layer, with a free bias;
    - "subnetwork": all 2^M masks over all weights and biases (one hidden layer);
    - "tangent space": all linear combinations J theta of the partial derivatives of the output.

    Raises ValueError for an unknown reading and for a net without a hidden layer, with several
    outputs or more than four inputs, TypeError for one that is not a chain of linear and pointwise
    layers.
    """
    reached = np.flatnonzero(expressed(net, reading))
    return {to_table(code, _input_bits(net)) for code in reached}


def expressed(net: nn.Module, reading: str) -> Bool[np.ndarray, "functions"]:
    """`expressible` as an array over all 2^(2^n) functions, true where a member computes it."""
    if reading not in READINGS:
        raise ValueError(
            f"wanted a reading, received {reading!r}: choose one of {', '.join(READINGS)}"
        )
    if reading == "subnetwork":
        return mask_counts(net) > 0
    if reading in ("features", "tangent space"):
        return sign_patterns(span(net, reading))
    before, after = _hidden_layers(net)
    reached = np.zeros(2 ** len(before[0]), dtype=bool)
    for values in np.concatenate(after if reading == "neuron" else before, axis=1).T:
        cuts = [0.0] if reading == "neuron" else [-np.inf, *np.unique(values)]
        for cut in cuts:
            code = to_code(tuple(values > cut))
            reached[[code, len(reached) - 1 - code]] = True
    return reached


def span(net: nn.Module, reading: str) -> Float[np.ndarray, "inputs members"]:
    """The functions whose linear combinations make up the reading "features" or "tangent space".

    One column per function, one row per input: the last hidden layer and a constant, or the
    partial derivatives of the output with respect to every weight and bias. When the rank of this
    matrix is 2^n every function is expressible, whatever the net.
    """
    if reading == "features":
        last = _hidden_layers(net)[1][-1]
        return np.column_stack([last, np.ones(len(last))])
    if reading != "tangent space":
        raise ValueError(
            f"wanted a reading that is a span, received {reading!r}: choose 'features' or "
            "'tangent space'"
        )
    exact = _chain(net)
    x = inputs(_input_bits(net))
    parameters = {name: p.detach() for name, p in exact.named_parameters()}
    jacobian = torch.func.jacrev(lambda p: torch.func.functional_call(exact, p, (x,))[:, 0])
    columns = torch.cat([j.flatten(1) for j in jacobian(parameters).values()], dim=1)
    return columns[:, kept_places(exact)].numpy()


def mask_counts(net: nn.Module) -> Int[np.ndarray, "functions"]:
    """How many of the 2^M masks over all weights and biases compute each function; sums to 2^M.

    M counts what the net has: of a pruned net the masks of its kept weights.

    Exact for a net with one hidden layer. A hidden unit has 2^(n+2) masks, but once its readout
    weight is cut they all contribute nothing, and many ReLU units are silent anyway: at most
    2^(n+1) distinct contributions when act(0) = 0, 16 for three bits. The units are summed in two
    halves, and the two halves meet in comparisons of ranks, so that 2^31 masks become at most
    2 x 16^6 comparisons per input. Sums that agree to one part in 10^12 of the scale count as ties,
    and ties are false: `f(x) <= 0`.

    Raises ValueError for a net with another number of hidden layers, or too large.
    """
    contributions = _unit_contributions(net)
    sums = math.prod(len(values) for values, _ in contributions)
    if sums > MOST_SUMS:
        raise ValueError(
            f"wanted at most {MOST_SUMS:.0e} sums to enumerate (about 31 weights and biases), "
            f"received {sums:.0e}: counting.some_masks gives a lower bound"
        )
    return _count(_halves(contributions)).astype(np.int64)


def some_masks(net: nn.Module, *, sums: int = 4096, seed: int = 0) -> Bool[np.ndarray, "functions"]:
    """Functions that sampled masks compute: a lower bound for nets too large for `mask_counts`.

    Each half of the units (the bias goes with one) is given `sums` random choices among its
    distinct contributions, and all `sums`^2 pairs are tried.
    """
    generator = seeds.numpy(seed, "masks to try")
    contributions = _unit_contributions(net)
    halves = [
        (
            sum(values[generator.integers(len(values), size=sums)] for values, _ in half),
            np.ones(sums),
        )
        for half in (contributions[::2], contributions[1::2])
    ]
    return _count(halves) > 0


def _count(halves: list[Weighted]) -> np.ndarray:
    """How many masks compute each function when each half adds one of its sums to the output."""
    (left, left_masks), (right, right_masks) = sorted(halves, key=lambda half: -len(half[0]))
    points = left.shape[1]
    tie = TIE * (abs(left).max() + abs(right).max())
    left_rank, right_rank = np.empty(left.shape, np.uint16), np.empty(right.shape, np.uint16)
    for j in range(points):  # left > cut if and only if left_rank > right_rank, in small integers
        cuts, right_rank[:, j] = np.unique(tie - right[:, j], return_inverse=True)
        left_rank[:, j] = np.searchsorted(cuts, left[:, j], side="left")
    counts = np.zeros(2**points)
    code_type = np.uint8 if points <= 8 else np.uint16
    right_rank = np.ascontiguousarray(right_rank.T)
    block = max(1, 2**17 // len(right))
    for start in range(0, len(left), block):
        rank, masks = left_rank[start : start + block], left_masks[start : start + block]
        codes = np.zeros((len(rank), len(right)), code_type)
        for j in range(points):
            above = np.greater(rank[:, j, None], right_rank[j])
            codes |= above.view(np.uint8).astype(code_type, copy=False) << code_type(j)
        weights = np.outer(masks, right_masks).ravel()
        counts += np.bincount(codes.ravel(), weights=weights, minlength=2**points)
    return counts


def _halves(contributions: list[Weighted]) -> list[Weighted]:
    """Two lists of sums of contributions, of about equal length."""
    halves = [(np.zeros((1, contributions[0][0].shape[1])), np.ones(1))] * 2
    for values, masks in sorted(contributions, key=lambda unit: -len(unit[0])):
        smaller = 0 if len(halves[0][0]) <= len(halves[1][0]) else 1
        sums, sum_masks = halves[smaller]
        halves[smaller] = (
            (sums[:, None] + values[None]).reshape(-1, values.shape[1]),
            np.outer(sum_masks, masks).ravel(),
        )
    return halves


def _unit_contributions(net: nn.Module) -> list[Weighted]:
    """For every hidden unit, and for the output bias: distinct contributions."""
    modules = list(_chain(net))
    linear = [i for i, module in enumerate(modules) if isinstance(module, nn.Linear)]
    if len(linear) != 2:
        raise ValueError(
            f"wanted one hidden layer to enumerate its masks, received {len(linear) - 1}: "
            "use pruning.edge_popup to search a deeper net"
        )
    first, last = (modules[i] for i in linear)
    x = nn.Sequential(*modules[: linear[0]])(inputs(first.in_features))
    incoming, bias = (None if p is None else p.detach() for p in weights(first))
    outgoing, last_bias = (None if p is None else p.detach() for p in weights(last))
    if bias is not None:
        x = torch.column_stack([x, torch.ones(len(x), dtype=x.dtype)])
        incoming = torch.column_stack([incoming, bias])
    masks = torch.tensor(list(itertools.product((0.0, 1.0), repeat=x.shape[1])), dtype=x.dtype)
    before = torch.einsum("km,um,jm->ukj", masks, incoming, x)
    after = nn.Sequential(*modules[linear[0] + 1 : linear[1]])(before)
    kept = (outgoing[0, :, None, None] * after).numpy()
    cut = np.zeros_like(kept)
    units = list(np.concatenate([kept, cut], axis=1))
    if last_bias is not None:
        units.append(np.array([[0.0], [last_bias.item()]]) * np.ones((1, len(x))))
    distinct = (np.unique(unit + 0.0, axis=0, return_counts=True) for unit in units)
    twice = _pruned_by_unit(first, last)  # masks that differ in pruned weights only are the same
    return [
        (values, counts / 2.0**pruned)
        for (values, counts), pruned in zip(distinct, twice, strict=True)
    ]


def _pruned_by_unit(first: nn.Linear, last: nn.Linear) -> list[int]:
    """How many weights each hidden unit has lost to the net's own masks; then the output bias."""
    lost = torch.zeros(first.out_features, dtype=torch.long)
    own, after = masks_of(first), masks_of(last)
    if own:
        lost += (~own["weight"]).sum(1)
        if first.bias is not None:
            lost += ~own["bias"]
    if after:
        lost += ~after["weight"][0]
    biases = [] if last.bias is None else [int(bool(after) and not after["bias"])]
    return [*lost.tolist(), *biases]


def rarity(shares: Float[np.ndarray, "functions"]) -> Float[np.ndarray, "functions"]:
    """-log2 of the share of a family's members that compute each function; infinite for none."""
    with np.errstate(divide="ignore"):
        return -np.log2(shares)


def span_shares(
    phi: Float[np.ndarray, "points members"], *, draws: int = 100_000, seed: int = 0
) -> Float[np.ndarray, "functions"]:
    """Share of Gaussian coefficient vectors with which a span computes each function, sampled."""
    generator = seeds.numpy(seed, "coefficients")
    _, singular, right = np.linalg.svd(phi.T, full_matrices=False)
    coefficients = generator.standard_normal((draws, len(singular)))  # phi theta has this law
    codes = ((coefficients * singular) @ right > 0) @ (1 << np.arange(len(phi)))
    return np.bincount(codes, minlength=2 ** len(phi)) / draws


# --- chains of linear and pointwise layers


def _chain(net: nn.Module) -> nn.Sequential:
    """A float64 copy of the net as one flat `nn.Sequential`, or ValueError saying what is wrong."""
    modules = [module for _, module in layers(net) if not isinstance(module, nn.Flatten)]
    for module in modules:
        if not isinstance(module, (nn.Linear, Scale, *POINTWISE)):
            raise TypeError(
                "wanted a net of Linear, Flatten and pointwise layers to enumerate, received "
                f"{type(module).__name__}: build the net from those"
            )
    linear = [m for m in modules if isinstance(m, nn.Linear)]
    if len(linear) < 2 or modules[-1] is not linear[-1] or linear[-1].out_features != 1:
        sizes = " -> ".join(f"{m.in_features}-{m.out_features}" for m in linear)
        raise ValueError(
            "wanted at least one hidden layer and a last Linear with one output, received "
            f"{sizes or 'no Linear'}, ending in {type(modules[-1]).__name__}: build it with "
            "networks.mlp([3, 4, 1])"
        )
    inputs(linear[0].in_features)  # raises beyond four bits
    return nn.Sequential(*copy.deepcopy(modules)).double()


def _input_bits(net: nn.Module) -> int:
    return next(m.in_features for m in _chain(net) if isinstance(m, nn.Linear))


def _hidden_layers(net: nn.Module) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """All hidden layers over all inputs, `(2^n, units)` each, before and after the activation."""
    before, after = [], []
    x = inputs(_input_bits(net))
    with torch.no_grad():
        for module in _chain(net):
            linear = isinstance(module, nn.Linear)
            if linear:
                after.append(x.numpy())
            x = module(x)
            if linear:
                before.append(x.numpy())
    return before[:-1], after[1:]
