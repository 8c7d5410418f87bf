"""The engine under `helpers.tangent`: exact empirical neural tangent kernels, layer by layer.

A parameter's partial derivative is itself a function of the input. Stack those of output c into
J_c(x). The kernel Theta_cc'(x, x') = J_c(x) . J_c'(x') is a sum over layers, and a layer's share
can be had in two ways. Write A for the layer's input, (S, K), and D_c for the derivative of output
c by the layer's output, (S, O), where S counts the positions at which the weights are used: 1 for
a dense layer, height x width for a convolution (whose A is the unfolded image).

- "gram": the sum over pairs of positions of (A A'^T + 1) o (D_c D_c'^T). No derivative by a weight
  is ever formed. Dense layers want this.
- "gradients": every example's derivative D_c^T A, then one product of these. Convolutions with
  many positions want this.

`plan` counts the multiplications of both and takes the cheaper. For a dense layer that ends the
network D is the identity, and A A'^T + 1 is all ("final").

Source: Novak, Sohl-Dickstein & Schoenholz 2022 (arXiv 2206.08720) count these costs in general.
"""

import itertools
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm.auto import tqdm

from helpers.layers import WEIGHTED, backward, check_input, forward, modules

TILE_ROWS = {"cpu": 512}  # rows of one matrix product: fits the cache; other devices want more
SCRATCH = 2**22  # numbers in one temporary of the gram form over positions


@dataclass(frozen=True)
class Layer:
    """A layer with parameters, as one example meets it, and what its share of the kernel costs.

    - `fan_in` K, `width` O, `positions` S, `groups`;
    - `counts`: multiplications of each form for the whole kernel;
    - `floats`: numbers that each form keeps per example;
    - `form`: the one that is taken.
    """

    name: str
    fan_in: int
    width: int
    positions: int
    groups: int
    counts: dict[str, int]
    floats: dict[str, int]
    form: str
    module: nn.Module = field(repr=False, compare=False)


def plan(net: nn.Module, x1: Tensor, x2: Tensor | None, outputs: str) -> tuple[list[Layer], int]:
    """The layers with the form chosen for each, and the number of outputs C.

    Raises TypeError as `modules`, ValueError for inputs that do not fit.
    """
    found = modules(net)
    if outputs not in ("full", "trace"):
        raise ValueError(f"wanted outputs 'full' or 'trace', received {outputs!r}")
    for x in (x1, x2):
        check_input(net, x)
    with torch.no_grad():
        out, inputs, outs = forward(found, x1[:1])
    if out.ndim != 2:
        raise ValueError(
            f"wanted a network with outputs (n, C), received {tuple(out.shape)} for one example: "
            "end it with nn.Flatten()"
        )
    n1, n2 = len(x1), len(x1 if x2 is None else x2)
    pairs = n1 * (n1 + 1) // 2 if x2 is None else n1 * n2
    examples = n1 if x2 is None else n1 + n2
    c = out.shape[1]
    products = c * c if outputs == "full" else c
    layers = []
    weighted = [(name, module) for name, module in found if isinstance(module, WEIGHTED)]
    for (name, module), a, y in zip(weighted, inputs, outs, strict=True):
        conv = isinstance(module, nn.Conv2d)
        k, o = module.weight[0].numel(), len(module.weight)
        s = y[0].numel() // o
        counts = {"gradients": examples * c * o * k * s + pairs * products * o * k}
        floats = {"gradients": c * o * (k + 1)}
        if not conv or module.groups == 1:
            counts["gram"] = pairs * s * s * (k + products * (o + 1))
            floats["gram"] = s * (k + c * o)
        if module is found[-1][1] and a.ndim == 2:
            counts, floats = {"final": pairs * k}, {"final": k}
        form = min(counts, key=lambda form: (counts[form], floats[form]))
        groups = module.groups if conv else 1
        layers.append(Layer(name, k, o, s, groups, counts, floats, form, module))
    return layers, c


def kernel(
    net: nn.Module,
    x1: Tensor,
    x2: Tensor | None,
    *,
    outputs: str,
    by_layer: bool,
    memory: int,
    progress: bool | None,
) -> dict[str, Tensor]:
    """Kernels (C, C, n1, n2), or (1, 1, n1, n2) for the trace: one per layer or one in all ("").

    Blocks of examples stream by; the factors of as many as fit in `memory` bytes stay, so that
    nothing is computed twice unless memory forces it. `x2=None` computes one triangle.
    """
    layers, c = plan(net, x1, x2, outputs)
    found, side = modules(net), c if outputs == "full" else 1
    names = [layer.name for layer in layers] if by_layer else [""]
    n1, n2 = len(x1), len(x1 if x2 is None else x2)
    theta = {name: x1.new_empty(side, side, n1, n2) for name in names}

    block, resident = _block_sizes(found, layers, x1, c, side, memory)
    first = _blocks(n1, block)
    second = first if x2 is None else _blocks(n2, block)
    total = len(first) * (len(first) + 1) // 2 if x2 is None else len(first) * len(second)
    bar = tqdm(
        total=total,
        disable=None if progress is None else not progress,
        delay=5 if progress is None else 0,
        desc="tangent kernel",
        unit="tile",
        leave=False,
    )
    for start in range(0, len(second), resident):
        keep = second[start : start + resident]
        kept = [] if x2 is None else [(j, _factors(found, layers, x2[j], side)) for j in keep]
        for i in first[start:] if x2 is None else first:
            left = _factors(found, layers, x1[i], side)
            if x2 is None and len(kept) < len(keep):
                kept.append((i, left))
            for j, right in kept:
                tiles = _tiles(layers, left, right, names, (side, side, _len(i), _len(j)), c)
                for name, tile in tiles.items():
                    theta[name][:, :, i, j] = tile
                    if x2 is None and i != j:
                        theta[name][:, :, j, i] = tile.permute(1, 0, 3, 2)
                bar.update()
    bar.close()
    return theta


def gradients(net: nn.Module, x: Tensor) -> Tensor:
    """All partial derivatives, (n, C, P), in the order of `net.parameters()`."""
    found = modules(net)
    layers, c = plan(net, x, None, "full")
    total = sum(p.numel() for p in net.parameters())
    result = x.new_empty(len(x), c, total)
    block = max(1, SCRATCH // _activation_floats(found, x, c))
    for start in range(0, len(x), block):
        rows = slice(start, start + block)
        inputs, cotangents = backward(found, x[rows])
        place = 0
        for layer, a, d in zip(layers, inputs, cotangents, strict=True):
            for part in _gradients(layer, a, d):
                width = part[0, 0].numel()
                result[rows, :, place : place + width] = part.flatten(2)
                place += width
    return result


# --- one block of examples -------------------------------------------------------------------


def _factors(found, layers: list[Layer], x: Tensor, side: int) -> list[tuple[Tensor, ...]]:
    """What each layer's form needs to know of these examples."""
    inputs, cotangents = backward(found, x)
    factors = []
    for layer in layers:
        a, d = inputs.pop(0), cotangents.pop(0)  # freed as soon as they are used
        n = len(x)
        if layer.form == "final":
            factors.append((a,))
        elif layer.form == "gradients":
            rows = n * side  # the trace treats outputs like further parameters
            factors.append(tuple(part.reshape(rows, -1) for part in _gradients(layer, a, d)))
        else:
            a, d = _by_position(layer, a, d)
            d = d if side > 1 or len(d) == 1 else d.permute(1, 2, 0, 3).flatten(2)[None]
            factors.append((a.reshape(-1, layer.fan_in), d.reshape(-1, d.shape[-1])))
    return factors


def _by_position(layer: Layer, a: Tensor, d: Tensor) -> tuple[Tensor, Tensor]:
    """The layer's input (n, S, K) and the derivatives (C, n, S, O)."""
    if isinstance(layer.module, nn.Linear):
        return a.reshape(len(a), -1, layer.fan_in), d.reshape(*d.shape[:2], -1, layer.width)
    conv, (a, padding) = layer.module, _padded(layer.module, a)
    patches = F.unfold(a, conv.kernel_size, conv.dilation, padding, conv.stride)
    return patches.transpose(1, 2), d.flatten(3).transpose(2, 3)


def _gradients(layer: Layer, a: Tensor, d: Tensor) -> tuple[Tensor, ...]:
    """Per-example derivatives by the weight (n, C, O, ...) and by the bias (n, C, O)."""
    module, c = layer.module, len(d)
    if isinstance(module, nn.Linear):
        a, d = _by_position(layer, a, d)
        weight, bias = torch.einsum("cnso,nsk->ncok", d, a), d.sum(2)
    else:
        # All outputs at once: C x O channels over the same image, group by group.
        g, (a, padding) = module.groups, _padded(module, a)
        stacked = d.unflatten(2, (g, -1)).permute(1, 2, 0, 3, 4, 5).flatten(1, 3)
        shape = (c * layer.width, *module.weight.shape[1:])

        def one_example(image: Tensor, cotangent: Tensor) -> Tensor:
            return torch.nn.grad.conv2d_weight(
                image[None], shape, cotangent[None], module.stride, padding, module.dilation, g
            )

        weight = torch.vmap(one_example)(a, stacked).unflatten(1, (g, c, -1))
        weight, bias = weight.transpose(1, 2).flatten(2, 3), d.flatten(3).sum(3)
    return (weight,) if module.bias is None else (weight, bias.transpose(0, 1))


def _padded(conv: nn.Conv2d, a: Tensor) -> tuple[Tensor, tuple[int, int]]:
    """The input and the zero padding still to be applied to it."""
    if conv.padding_mode == "zeros" and not isinstance(conv.padding, str):
        return a, conv.padding
    mode = "constant" if conv.padding_mode == "zeros" else conv.padding_mode
    return F.pad(a, conv._reversed_padding_repeated_twice, mode=mode), (0, 0)


# --- one tile of the kernel ------------------------------------------------------------------


def _tiles(layers, left, right, names, shape, c: int) -> dict[str, Tensor]:
    """The kernel (side, side, i, j) between two blocks, from their factors."""
    tiles = {name: left[0][0].new_zeros(shape) for name in names}
    for layer, one, two in zip(layers, left, right, strict=True):
        tile = tiles[layer.name if len(names) > 1 or names[0] else ""]
        side, _, i, j = shape
        if layer.form == "final":
            gram = _gram(layer, one[0], two[0])
            tile.diagonal(dim1=0, dim2=1).add_(gram[..., None], alpha=c // side)
        elif layer.form == "gradients":
            for p, q in zip(one, two, strict=True):
                tile.add_((p @ q.T).view(i, side, j, side).permute(1, 3, 0, 2))
        else:
            _add_gram(layer, one, two, tile)
    return tiles


def _gram(layer: Layer, a1: Tensor, a2: Tensor) -> Tensor:
    gram = a1 @ a2.T
    return gram if layer.module.bias is None else gram.add_(1)


def _add_gram(layer: Layer, one, two, tile: Tensor) -> None:
    """Add the sum over pairs of positions of (A A'^T + 1) o (D D'^T) to the tile."""
    (a1, d1), (a2, d2), (side, _, i, j), s = one, two, tile.shape, layer.positions
    if s == 1:
        products = (d1 @ d2.T).view(side, i, side, j).transpose(1, 2)
        tile.addcmul_(products, _gram(layer, a1, a2))
        return
    d1, d2 = d1.view(side, i, s, -1), d2.view(side, j, s, -1)
    a1, a2 = a1.view(i, s, -1), a2.view(j, s, -1)
    step = max(1, int((SCRATCH / (s * side) ** 2) ** 0.5))
    for p in range(0, i, step):
        for q in range(0, j, step):
            rows, columns = slice(p, p + step), slice(q, q + step)
            gram = _gram(layer, a1[rows].flatten(0, 1), a2[columns].flatten(0, 1))
            products = d1[:, rows].flatten(0, 2) @ d2[:, columns].flatten(0, 2).T
            shape = (-1, s, min(step, j - q), s)
            products = products.view(side, *shape[:1], s, side, *shape[2:])
            products = products * gram.view(shape)[None, :, :, None]
            tile[:, :, rows, columns] += products.sum((2, 5)).transpose(1, 2)


# --- memory ----------------------------------------------------------------------------------


def _block_sizes(found, layers, x: Tensor, c: int, side: int, memory: int) -> tuple[int, int]:
    """Examples per block, and the number of blocks whose factors are kept."""
    kept = sum(layer.floats[layer.form] for layer in layers) * x.element_size()
    working = _activation_floats(found, x, c) * x.element_size() + kept
    rows = TILE_ROWS.get(x.device.type, 4096)
    # Four blocks or more: the diagonal ones are computed whole, so few blocks waste the symmetry.
    block = int(max(1, min(rows // side, max(64, -(-len(x) // 4)), memory // (4 * working))))
    resident = int(max(1, (memory - block * working) // (block * kept)))
    return block, resident


def _blocks(n: int, block: int) -> list[slice]:
    """0..n-1 in blocks of nearly equal size, none above `block`."""
    edges = [n * k // -(-n // block) for k in range(-(-n // block) + 1)]
    return [slice(*pair) for pair in itertools.pairwise(edges)]


def _activation_floats(found, x: Tensor, c: int) -> int:
    """Numbers alive per example while derivatives are computed, an estimate on the high side."""
    with torch.no_grad():
        total, peak = x[0].numel(), 0
        y = x[:1]
        for _, module in found:
            y = module(y.clone())
            total += (2 + c) * y.numel()
            peak = max(peak, (1 + c) * y.numel())
    return total + 2 * peak


def _len(block: slice) -> int:
    return block.stop - block.start
