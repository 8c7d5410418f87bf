"""A network as the tangent kernel meets it: what each layer receives, and what its output does.

The tangent kernel is computed layer by layer, which is right only for networks that are the
sequence of their modules: `modules` narrows `networks.layers` to those in float32 or float64.
"""

import torch
from torch import Tensor, nn

from helpers.networks import POOLING, WEIGHTED, layers


def modules(net: nn.Module) -> list[tuple[str, nn.Module]]:
    """`networks.layers(net)`, all parameters real and at least one.

    Raises TypeError as `networks.layers`, and for parameters of other kinds or none.
    """
    found = layers(net)
    for name, parameter in net.named_parameters():
        if parameter.dtype not in (torch.float32, torch.float64):
            raise TypeError(
                f"wanted float32 or float64 parameters, received {parameter.dtype} in {name}: "
                "convert the network"
            )
    if next(net.parameters(), None) is None:
        raise TypeError(
            "wanted a network with parameters, received one without any: give it a Linear or "
            "Conv2d layer"
        )
    return found


def forward(found, x: Tensor) -> tuple[Tensor, list[Tensor], list[Tensor]]:
    """The output, and every weighted layer's input and output; parameters count as constants."""
    inputs, outs = [], []
    for name, module in found:
        _check_shape(name, module, x)
        if isinstance(module, WEIGHTED):
            inputs.append(x.detach())
            constants = {key: value.detach() for key, value in module.named_parameters()}
            x = torch.func.functional_call(module, constants, x)
            if not x.requires_grad and torch.is_grad_enabled():
                x.requires_grad_()
            outs.append(x)
        else:
            # An in-place activation would change what its neighbours have kept.
            x = module(x.clone() if getattr(module, "inplace", False) else x)
    return x, inputs, outs


def backward(found, x: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    """Per weighted layer its input (n, ...) and the derivatives (C, n, ...) by its output."""
    with torch.enable_grad():
        out, inputs, outs = forward(found, x.detach())
        n, c = out.shape
        if c == 1:
            cotangents = [d[None] for d in torch.autograd.grad(out.sum(), outs)]
        else:
            unit = torch.eye(c, dtype=out.dtype, device=out.device)[:, None].expand(c, n, c)
            cotangents = torch.autograd.grad(out, outs, unit, is_grads_batched=True)
    return inputs, list(cotangents)


def check_input(net: nn.Module, x: Tensor | None) -> None:
    if x is None:
        return
    like = next(net.parameters())
    if x.ndim < 2 or len(x) == 0:
        raise ValueError(
            f"wanted inputs with examples along the first axis, received {tuple(x.shape)}: add it"
        )
    if x.dtype != like.dtype or x.device != like.device:
        raise ValueError(
            f"wanted inputs like the network, {like.dtype} on {like.device}, received {x.dtype} on "
            f"{x.device}: convert one of them with .to()"
        )


def _check_shape(name: str, module: nn.Module, x: Tensor) -> None:
    """Refuse inputs of which PyTorch would take the examples for something else."""
    kind = type(module).__name__
    if isinstance(module, (nn.Conv2d, *POOLING)) and x.ndim != 4:
        raise ValueError(
            f"wanted images (n, channels, height, width) at {name} ({kind}), received "
            f"{tuple(x.shape)}: reshape the inputs"
        )
    if isinstance(module, nn.Flatten) and module.start_dim % x.ndim == 0:
        raise ValueError(
            f"wanted a Flatten that keeps the first axis at {name}, received "
            f"start_dim={module.start_dim}: use start_dim=1"
        )
