"""A network as the sequence of its layers, and whatever is more than that refused by name.

The tangent kernel is computed layer by layer, which is right only for networks that are the
sequence of their modules. `modules` makes sure of it; `forward` and `backward` then give what each
layer with weights receives and what its output does to the network's outputs.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from helpers.networks import POINTWISE, POOLING, Scale

# The layers that carry parameters; whatever else is known has none.
WEIGHTED = (nn.Linear, nn.Conv2d)
KNOWN = (*WEIGHTED, *POINTWISE, *POOLING, Scale, nn.Flatten)


def modules(net: nn.Module) -> list[tuple[str, nn.Module]]:
    """The network as (name, module) in the order in which an input meets them.

    Raises TypeError, naming the module, for whatever could make the network something other than
    the sequence of its modules: unknown modules, shared parameters, hooks, replaced forwards,
    parametrizations, dropout in training mode, complex parameters.
    """
    if nn.modules.module._has_any_global_hook():
        raise TypeError("hooks are registered for all modules: remove them first")
    found = list(_leaves(net, ""))
    owners: dict[int, str] = {}
    for name, module in found:
        for key, parameter in module.named_parameters():
            place = f"{name}.{key}".lstrip(".")
            if id(parameter) in owners:
                _refuse(place, f"is shared with {owners[id(parameter)]}", "give each its own copy")
            if parameter.dtype not in (torch.float32, torch.float64):
                _refuse(place, f"is {parameter.dtype}", "convert the network to float32 or float64")
            owners[id(parameter)] = place
    for name, parameter in net.named_parameters():
        if id(parameter) not in owners:
            _refuse(name, "belongs to no Linear or Conv2d layer", "remove it")
    if not owners:
        raise TypeError("wanted a network with parameters, received one without any")
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


# --- what is refused -------------------------------------------------------------------------


def _leaves(module: nn.Module, name: str) -> Iterator[tuple[str, nn.Module]]:
    shown = name or "the network"
    kind = type(module)
    if kind is not nn.Sequential and kind not in KNOWN:
        if isinstance(module, nn.Dropout) and kind is nn.Dropout and not module.training:
            return  # the identity
        remedy = "build the network from those"
        if isinstance(module, nn.Dropout):
            remedy = "call net.eval() first"
        elif parametrize.is_parametrized(module):
            remedy = "call torch.nn.utils.parametrize.remove_parametrizations first"
        mode = " in training mode" if module.training and hasattr(module, "momentum") else ""
        _refuse(shown, f"is {kind.__name__}{mode}", remedy)
    hooks = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    if any(getattr(module, hook) for hook in hooks):
        _refuse(shown, f"({kind.__name__}) carries hooks", "remove them")
    if "forward" in vars(module):
        _refuse(shown, f"({kind.__name__}) has its forward replaced", "restore it")
    if getattr(module, "return_indices", False):
        _refuse(shown, f"({kind.__name__}) returns indices", "set return_indices=False")
    if kind in WEIGHTED and module._parameters.get("weight") is None:
        _refuse(shown, f"({kind.__name__}) has a weight that is no parameter", "make it one")
    if kind is not nn.Sequential:
        yield name, module
    for key, child in module._modules.items():
        yield from _leaves(child, f"{name}.{key}".lstrip("."))


def _refuse(name: str, what: str, remedy: str) -> None:
    raise TypeError(
        "wanted nn.Linear, nn.Conv2d, 2-d pooling, nn.Flatten and pointwise modules, nested in "
        f"nn.Sequential; {name} {what}: {remedy}"
    )


def check_input(net: nn.Module, x: Tensor | None) -> None:
    if x is None:
        return
    like = next(net.parameters())
    if x.ndim < 2 or len(x) == 0:
        raise ValueError(
            f"wanted inputs with examples along the first axis, received {tuple(x.shape)}"
        )
    if x.dtype != like.dtype or x.device != like.device:
        raise ValueError(
            f"the network is {like.dtype} on {like.device}, the inputs are {x.dtype} on "
            f"{x.device}: convert one of them with .to()"
        )


def _check_shape(name: str, module: nn.Module, x: Tensor) -> None:
    """Refuse inputs of which PyTorch would take the examples for something else."""
    kind = type(module).__name__
    if isinstance(module, (nn.Conv2d, *POOLING)) and x.ndim != 4:
        raise ValueError(
            f"{name} ({kind}) wants images (n, channels, height, width), received {tuple(x.shape)}"
        )
    if isinstance(module, nn.Flatten) and module.start_dim % x.ndim == 0:
        raise ValueError(f"{name} (Flatten) must keep the first axis: use start_dim=1")
