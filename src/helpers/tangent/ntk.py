"""The engine under `helpers.tangent`: exact empirical neural tangent kernels, layer by layer.

A parameter's partial derivative is itself a function of the input. Stack those of output c into
J_c(x). The kernel Theta_cc'(x, x') = J_c(x) . J_c'(x') is a sum over layers, and `contractions`
says in which form each layer's share is cheapest. Here the shares are put together: *chunks* of
examples stream through the network, and *strips* of a chunk meet all that came before, so that
what is being added up stays in the processor's cache and only one triangle is computed.
"""

from torch import Tensor, nn
from tqdm import tqdm

from helpers.networks import kept_places
from helpers.tangent.contractions import Layer, Term, per_example, plan_modules, terms
from helpers.tangent.layerwise import backward, check_input, modules

# What suits a processor's cache; other devices want more, see `_strip` and `_sizes`.
STRIP = {"cpu": 256}  # examples whose kernel is added up at a time
CHUNK = {"cpu": 2**26}  # numbers alive while one chunk's derivatives are computed
SCRATCH = 2**22  # numbers in one temporary of structured derivatives over positions


def kernel(
    net: nn.Module,
    x1: Tensor,
    x2: Tensor | None,
    *,
    outputs: str,
    by_layer: bool,
    memory: int,
    progress: bool,
) -> dict[str, Tensor]:
    """Kernels (C, C, n1, n2), or (1, 1, n1, n2) for the trace: one per layer or one in all ("").

    Chunks of examples stream by; the terms of as many as fit in `memory` bytes stay, so that
    nothing is computed twice unless memory forces it. `x2=None` computes one triangle.
    """
    found = modules(net)
    for x in (x1, x2):
        check_input(net, x)
    layers, c = plan_modules(found, x1, x2, outputs)
    side = c if outputs == "full" else 1
    symmetric, n1, n2 = x2 is None, len(x1), len(x1 if x2 is None else x2)
    names = {layer.name: layer.name if by_layer else "" for layer in layers}
    theta = {name: x1.new_empty(side, n1, side, n2) for name in names.values()}

    size, resident = _sizes(found, layers, x1, c, side, memory)
    first, second = _chunks(n1, size), _chunks(n2, size)
    total = len(first) * (len(first) + 1) // 2 if symmetric else len(first) * len(second)
    bar = tqdm(
        total=total,
        disable=None if progress else True,  # None: only on a terminal
        delay=5,
        desc="tangent kernel",
        unit="chunk",
        leave=False,
    )
    for start in range(0, len(second), resident):
        keep = second[start : start + resident]
        kept = [] if symmetric else [(j, terms(found, layers, x2[j], side)) for j in keep]
        for i in first[start:] if symmetric else first:
            left = terms(found, layers, x1[i], side)
            if symmetric and len(kept) < len(keep):
                kept.append((i, left))
            for j, right in kept:
                _fill(theta, names, (i, left), (j, right), symmetric)
                bar.update()
    bar.close()
    return {name: share.transpose(1, 2) for name, share in theta.items()}


def gradients(net: nn.Module, x: Tensor) -> Tensor:
    """All partial derivatives, (n, C, P), in the order of `networks.parameter_vector(net)`."""
    found = modules(net)
    check_input(net, x)
    layers, c = plan_modules(found, x, None, "full")
    result = x.new_empty(len(x), c, len(kept_places(net)))
    for rows in _chunks(len(x), max(1, SCRATCH // _floats_alive(found, layers, x, c))):
        inputs, cotangents = backward(found, x[rows])
        place = 0
        for layer, a, d in zip(layers, inputs, cotangents, strict=True):
            for part in per_example(layer, a, d):
                width = part.shape[2]
                result[rows, :, place : place + width] = part
                place += width
    return result


# --- two chunks of examples -------------------------------------------------------------------


def _fill(theta, names, first, second, symmetric: bool) -> None:
    """Write the kernel between two chunks, (rows, terms) each, and its mirror image."""
    (i, left), (j, right) = first, second
    for strip in _chunks(i.stop - i.start, _strip(next(iter(theta.values())))):
        # On the diagonal, what is right of the strip is the mirror image of what comes later.
        width = strip.stop if symmetric and i == j else j.stop - j.start
        rows = slice(i.start + strip.start, i.start + strip.stop)
        columns = slice(j.start, j.start + width)
        tiles = {name: share[:, rows, :, columns].zero_() for name, share in theta.items()}
        here = [term.rows(strip) for term in left]
        there = [term.rows(slice(width)) for term in right]
        _add(here, there, {layer: tiles[name] for layer, name in names.items()})
        if symmetric:
            columns = slice(j.start, min(columns.stop, rows.start))
            for share in theta.values():
                share[:, columns, :, rows] = share[:, rows, :, columns].permute(2, 3, 0, 1)


def _add(left: list[Term], right: list[Term], tiles: dict[str, Tensor]) -> None:
    """Add every layer's share to its tile (side, i, side, j); layers may have a tile in common."""
    flat = []
    for one, two in zip(left, right, strict=True):
        if one.d is not None and one.d.shape[2] > 1:
            _add_positions(one, two, tiles[one.layer])
        else:
            gram = None if one.a is None else _gram(one, one.a, two.a)
            flat.append((one, None if one.d is None else one.d.flatten(0, 2), two, gram))
    # One output of the right-hand side after the other: a tile that stays in the cache.
    for c in range(next(iter(tiles.values())).shape[2]):
        for one, d, two, gram in flat:
            tile = tiles[one.layer][:, :, c]
            if d is None:
                tile[c].add_(gram, alpha=one.same)
                continue
            products = (d @ two.d[c, :, 0].T).view(tile.shape)
            tile.add_(products) if gram is None else tile.addcmul_(products, gram)


def _gram(one: Term, a1: Tensor, a2: Tensor) -> Tensor:
    gram = a1.flatten(0, 1) @ a2.flatten(0, 1).T
    return gram.add_(1) if one.bias else gram


def _add_positions(one: Term, two: Term, tile: Tensor) -> None:
    """Add the sum over pairs of positions of (A A'^T + 1) o (D D'^T) to the tile."""
    side, i, s, _ = one.d.shape
    j = two.d.shape[1]
    step = max(1, int((SCRATCH / (s * side) ** 2) ** 0.5))
    for rows in _chunks(i, step):
        for columns in _chunks(j, step):
            gram = _gram(one, one.a[rows], two.a[columns])
            products = one.d[:, rows].flatten(0, 2) @ two.d[:, columns].flatten(0, 2).T
            products = products.view(side, -1, s, side, columns.stop - columns.start, s)
            products = products * gram.view(-1, s, 1, columns.stop - columns.start, s)
            tile[:, rows, :, columns] += products.sum((2, 5))


# --- memory -----------------------------------------------------------------------------------


def _sizes(found, layers: list[Layer], x: Tensor, c: int, side: int, memory: int):
    """Examples per chunk, and the number of chunks whose terms are kept."""
    kept = sum(layer.floats[layer.form] for layer in layers) * x.element_size()
    alive = _floats_alive(found, layers, x, c)
    working = alive * x.element_size() + kept
    # Enough examples for efficient products, so few that what they leave behind stays small.
    wanted = max(32, min(1024, CHUNK.get(x.device.type, 2**30) // alive))
    size = int(max(1, min(wanted, memory // (4 * working))))
    resident = int(max(1, (memory - size * working) // (size * kept)))
    return size, resident


def _strip(share: Tensor) -> int:
    """Examples per strip; several outputs take more room, and eights suit the matrix product."""
    most = STRIP.get(share.device.type, 4096)
    return max(8, min(most, 5 * most // (2 * len(share)) // 8 * 8))


def _chunks(n: int, size: int) -> list[slice]:
    return [slice(start, min(start + size, n)) for start in range(0, n, size)]


def _floats_alive(found, layers: list[Layer], x: Tensor, c: int) -> int:
    """Numbers alive per example while derivatives are computed, an estimate on the high side."""
    size = peak = total = x[0].numel()
    outputs = {layer.name: layer.positions * layer.width for layer in layers}
    for name, _ in found:
        size = outputs.get(name, size)  # what follows a layer with weights is hardly larger
        total += (2 + c) * size
        peak = max(peak, (1 + c) * size)
    return total + 2 * peak
