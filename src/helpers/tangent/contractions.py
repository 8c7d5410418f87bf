"""The two forms in which a layer's share of the tangent kernel can be had, and which is cheaper.

Write A for the layer's input, (S, K), and D_c for the derivative of output c by the layer's output,
(S, O), where S counts the positions at which the weights are used: 1 for a dense layer,
height x width for a convolution (whose A is the unfolded image).

- "structured derivatives": the sum over pairs of positions of (A A'^T + 1) o (D_c D_c'^T). No
  derivative by a weight is ever formed. Dense layers want this.
- "Jacobian contraction": every example's derivative D_c^T A, then one product of these.
  Convolutions with many positions want this.

For a dense layer that ends the network D is the identity, and A A'^T + 1 is all ("final"). A layer
with pruned weights has no such factors: its derivatives are formed, and those that it kept taken.

Source: Novak, Sohl-Dickstein & Schoenholz 2022 (arXiv 2206.08720), whose names these are and who
count these costs in general.
"""

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from helpers.networks import WEIGHTED, masks_of
from helpers.tangent.layerwise import backward, check_input, forward, modules

STRUCTURED, CONTRACTION = "structured derivatives", "Jacobian contraction"


@dataclass(frozen=True)
class Layer:
    """A layer with parameters, as one example meets it, and what its share of the kernel costs.

    - `fan_in` K, `width` O, `positions` S;
    - `counts`: multiplications of each form for the whole kernel;
    - `floats`: numbers that each form keeps per example;
    - `form`: the one that is taken.
    """

    name: str
    fan_in: int
    width: int
    positions: int
    counts: dict[str, int]
    floats: dict[str, int]
    form: str
    module: nn.Module = field(repr=False, compare=False)


@dataclass(frozen=True)
class Term:
    """What n examples bring to one term (A A'^T + bias) o (D D'^T) of a layer's share.

    - `a` (n, S, K), or None where the first factor is 1;
    - `d` (side, n, S, O), or None where D D'^T is `same` for equal outputs and 0 for others;
      `side` is the number of outputs C, or 1 where only the kernel's trace is wanted.
    """

    layer: str
    a: Tensor | None
    d: Tensor | None
    bias: bool = False
    same: float = 1.0

    def rows(self, rows: slice) -> "Term":
        a = None if self.a is None else self.a[rows]
        d = None if self.d is None else self.d[:, rows]
        return Term(self.layer, a, d, self.bias, self.same)


def plan(net: nn.Module, x1: Tensor, x2: Tensor | None, outputs: str) -> tuple[list[Layer], int]:
    """The layers with the form chosen for each, and the number of outputs C.

    Raises TypeError as `modules`, ValueError for inputs that do not fit.
    """
    for x in (x1, x2):
        check_input(net, x)
    return plan_modules(modules(net), x1, x2, outputs)


def plan_modules(found, x1: Tensor, x2: Tensor | None, outputs: str) -> tuple[list[Layer], int]:
    """`plan` for what `modules` has found in a network."""
    if outputs not in ("full", "trace"):
        raise ValueError(f"wanted outputs 'full' or 'trace', received {outputs!r}")
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
        pruned = not all(mask.all() for mask in masks_of(module).values())
        counts = {CONTRACTION: examples * c * o * k * s + pairs * products * o * k}
        floats = {CONTRACTION: c * o * (k + 1)}
        if not pruned and (not conv or module.groups == 1):
            counts[STRUCTURED] = pairs * s * s * (k + products * (o + 1))
            floats[STRUCTURED] = s * (k + c * o)
        if not pruned and module is found[-1][1] and a.ndim == 2:
            counts, floats = {"final": pairs * k}, {"final": k}
        form = min(counts, key=lambda form: (counts[form], floats[form]))
        layers.append(Layer(name, k, o, s, counts, floats, form, module))
    return layers, c


def terms(found, layers: list[Layer], x: Tensor, side: int) -> list[Term]:
    """What these examples bring to every layer's share, in the form planned for it."""
    inputs, cotangents = backward(found, x)
    result = []
    for layer in layers:
        a, d = inputs.pop(0), cotangents.pop(0)  # freed as soon as they are used
        bias = layer.module.bias is not None
        if layer.form == "final":
            result.append(Term(layer.name, a[:, None], None, bias, same=layer.width / side))
        elif layer.form == CONTRACTION:
            for part in per_example(layer, a, d):
                result.append(Term(layer.name, None, _outputs_first(part, side)))
        else:
            a, d = _by_position(layer, a, d)
            if len(d) != side:  # the trace treats outputs like further parameters
                d = d.permute(1, 2, 0, 3).flatten(2)[None]
            result.append(Term(layer.name, a, d, bias))
    return result


def per_example(layer: Layer, a: Tensor, d: Tensor) -> tuple[Tensor, ...]:
    """Every example's derivatives by the weights (n, C, p) and biases (n, C, p) that are kept."""
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
    parts = {"weight": weight.flatten(2)}
    if module.bias is not None:
        parts["bias"] = bias.transpose(0, 1)
    kept = {key: mask.flatten() for key, mask in masks_of(module).items()}
    return tuple(part[:, :, kept[key]] if key in kept else part for key, part in parts.items())


def _outputs_first(part: Tensor, side: int) -> Tensor:
    """(n, C, P) as (C, n, 1, P), or as (1, n, 1, C P) for the trace."""
    part = part.transpose(0, 1) if side == part.shape[1] else part.flatten(1)[None]
    return part.unsqueeze(2).contiguous()


def _by_position(layer: Layer, a: Tensor, d: Tensor) -> tuple[Tensor, Tensor]:
    """The layer's input (n, S, K) and the derivatives (C, n, S, O)."""
    if isinstance(layer.module, nn.Linear):
        return a.reshape(len(a), -1, layer.fan_in), d.reshape(*d.shape[:2], -1, layer.width)
    conv, (a, padding) = layer.module, _padded(layer.module, a)
    patches = F.unfold(a, conv.kernel_size, conv.dilation, padding, conv.stride)
    return patches.transpose(1, 2), d.flatten(3).transpose(2, 3)


def _padded(conv: nn.Conv2d, a: Tensor) -> tuple[Tensor, tuple[int, int]]:
    """The input and the zero padding still to be applied to it."""
    if conv.padding_mode == "zeros" and not isinstance(conv.padding, str):
        return a, conv.padding
    mode = "constant" if conv.padding_mode == "zeros" else conv.padding_mode
    return F.pad(a, conv._reversed_padding_repeated_twice, mode=mode), (0, 0)
