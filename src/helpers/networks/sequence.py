"""The one gate: a network as the sequence of its layers, whatever is more refused by name.

Readings take a network apart, which is right only where it is the sequence of its modules and these
are of known kinds. `layers` makes sure of both; readings that want less than it takes only narrow
its answer.
"""

from collections.abc import Iterator

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils import parametrize, prune

from helpers.networks.masked import MASKED, weights
from helpers.networks.models import Scale

# What may stand behind a layer: one number in, one number out, the same for every neuron.
POINTWISE = (
    nn.CELU, nn.ELU, nn.GELU, nn.Hardshrink, nn.Hardsigmoid, nn.Hardswish, nn.Hardtanh,
    nn.Identity, nn.LeakyReLU, nn.LogSigmoid, nn.Mish, nn.ReLU, nn.ReLU6, nn.SELU, nn.Sigmoid,
    nn.SiLU, nn.Softplus, nn.Softshrink, nn.Softsign, nn.Tanh, nn.Tanhshrink, nn.Threshold,
)  # fmt: skip
POOLING = (nn.AvgPool2d, nn.MaxPool2d, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)
WEIGHTED = (nn.Linear, nn.Conv2d)  # the layers that carry parameters, masked or not
LAYERS = (*WEIGHTED, nn.Flatten)
KNOWN = (*LAYERS, *MASKED.values(), *POINTWISE, *POOLING, Scale)
HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


def layers(net: nn.Module) -> list[tuple[str, nn.Module]]:
    """The network as (name, module) in the order in which an input meets them, nesting undone.

    Linear, Conv2d, 2-d pooling, Flatten, `Scale` and pointwise modules, masked layers among them;
    dropout in evaluation mode does nothing and is left out.

    Raises TypeError, naming the module and the way out, for whatever could make the network
    something else than this sequence: unknown modules, shared or stray parameters, hooks,
    parametrizations and `torch.nn.utils.prune`, replaced forwards, dropout in training mode.
    """
    if nn.modules.module._has_any_global_hook():
        _refuse("the network", "is met by hooks on all modules", "remove them first")
    found = list(_leaves(net, ""))
    owners: dict[int, str] = {}
    for name, module in found:
        for key, parameter in module.named_parameters():
            place = f"{name}.{key}".lstrip(".")
            if id(parameter) in owners:
                _refuse(place, f"is shared with {owners[id(parameter)]}", "give each its own copy")
            if parameter._backward_hooks:
                _refuse(place, "carries hooks on its gradient", "remove them")
            owners[id(parameter)] = place
    for name, parameter in net.named_parameters():
        if id(parameter) not in owners:
            _refuse(name, "belongs to no Linear or Conv2d layer", "remove it")
    return found


def dense_layers(net: nn.Module) -> list[tuple[str, nn.Module]]:
    """`layers(net)` where nothing is pruned, for what takes bare numbers out of a network.

    Raises TypeError as `layers` and for masked layers.
    """
    found = layers(net)
    for name, module in found:
        if type(module) in MASKED.values():
            raise TypeError(
                f"wanted a network without masks, received {type(module).__name__} at {name}: "
                "pass the network that was pruned, or train with training.train"
            )
    return found


def flat(net: nn.Module) -> nn.Sequential:
    """The same modules in one `nn.Sequential` without nesting. Raises as `layers`."""
    return nn.Sequential(*(module for _, module in layers(net)))


def hidden_layers(net: nn.Module) -> list[int]:
    """Positions in `layers(net)` after which the hidden activations of layers 1, 2, ... stand.

    These are the pointwise modules that directly follow a Linear or Conv2d layer. Raises
    TypeError as `layers`, ValueError when there is no hidden layer.
    """
    modules = [module for _, module in layers(net)]
    after = [
        position
        for position in range(1, len(modules) - 1)
        if isinstance(modules[position - 1], WEIGHTED) and isinstance(modules[position], POINTWISE)
    ]
    if not after:
        raise ValueError(
            "wanted a network with a hidden layer, received one without: give networks.mlp three "
            "sizes or more"
        )
    return after


def layer_position(net: nn.Module, layer: int | str) -> int:
    """Where in `layers(net)` the activations of one hidden layer stand; -1 is the last layer.

    Raises ValueError for a layer that the network does not have.
    """
    positions = hidden_layers(net)
    if not isinstance(layer, int) or not -len(positions) <= layer < len(positions):
        raise ValueError(
            f"wanted a hidden layer in [{-len(positions)}, {len(positions) - 1}], "
            f"received {layer!r}"
        )
    return positions[layer]


def activations(
    net: nn.Module, x: Float[Tensor, "n *image"], layer: int = -1, block: int = 1024
) -> Float[Tensor, "n m"]:
    """Hidden activations of one layer, `(n, m)`; feature maps are flattened.

    `layer` counts hidden layers from 0; -1 is the last one. Images go through in blocks, without
    gradients. Raises ValueError for a layer that the network does not have.
    """
    front = flat(net)[: layer_position(net, layer) + 1]
    with torch.no_grad():
        return torch.cat([front(part).flatten(1) for part in x.split(block)])


def outputs(net: nn.Module, x: Float[Tensor, "n *image"], block: int = 1024) -> Tensor:
    """What the network says, `(n, C)`, in blocks and without gradients."""
    with torch.no_grad():
        return torch.cat([net(part) for part in x.split(block)])


def chosen_activations(
    net: nn.Module, x: Tensor, layer: int, index: Tensor, block: int = 8192
) -> Iterator[Tensor]:
    """Activations `(n, b)` of the neurons `index` of one hidden layer, b <= block at a time.

    For a fully connected layer only the neurons asked for are computed: one matrix product per
    block. Raises ValueError for a layer that the network does not have.
    """
    position, modules = layer_position(net, layer), flat(net)
    linear, act = modules[position - 1], modules[position]
    if not isinstance(linear, nn.Linear):
        yield from activations(net, x, layer)[:, index].split(block, dim=1)
        return
    with torch.no_grad():
        before, (weight, bias) = modules[: position - 1](x), weights(linear)
        for part in index.split(block):
            chosen = None if bias is None else bias[part]
            yield act(nn.functional.linear(before, weight[part], chosen))


# --- what is refused -------------------------------------------------------------------------


def _leaves(module: nn.Module, name: str) -> Iterator[tuple[str, nn.Module]]:
    shown, kind = name or "the network", type(module)
    _check_plain(module, f"{shown} ({kind.__name__})")
    if isinstance(module, nn.Dropout) and kind is nn.Dropout and not module.training:
        return  # the identity
    if kind is not nn.Sequential and kind not in KNOWN:
        remedy = "build the network from those"
        if isinstance(module, nn.Dropout):
            remedy = "call net.eval() first"
        mode = " in training mode" if module.training and hasattr(module, "momentum") else ""
        _refuse(shown, f"is {kind.__name__}{mode}", remedy)
    if kind is not nn.Sequential:
        yield name, module
    for key, child in module._modules.items():
        yield from _leaves(child, f"{name}.{key}".lstrip("."))


def _check_plain(module: nn.Module, shown: str) -> None:
    """Refuse a module that was made to compute something else than its kind says."""
    before = module._forward_pre_hooks.values()
    if any(isinstance(hook, prune.BasePruningMethod) for hook in before):
        _refuse(
            shown,
            "is pruned by torch.nn.utils.prune",
            "call prune.remove(module, name) and give its mask to pruning.masked",
        )
    if parametrize.is_parametrized(module):
        remedy = "call torch.nn.utils.parametrize.remove_parametrizations first"
        _refuse(shown, "is parametrized", remedy)
    if any(getattr(module, hook) for hook in HOOKS):
        _refuse(shown, "carries hooks", "remove them")
    if "forward" in vars(module):
        _refuse(shown, "has its forward replaced", "restore it")
    if getattr(module, "return_indices", False):
        _refuse(shown, "returns indices", "set return_indices=False")
    if isinstance(module, WEIGHTED) and module._parameters.get("weight") is None:
        _refuse(shown, "has a weight that is no parameter", "make it one")


def _refuse(name: str, what: str, remedy: str) -> None:
    raise TypeError(
        "wanted nn.Linear, nn.Conv2d, 2-d pooling, nn.Flatten and pointwise modules, nested in "
        f"nn.Sequential, received a network in which {name} {what}: {remedy}"
    )
