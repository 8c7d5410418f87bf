"""Layers that know which of their weights are pruned, and what a network has left.

A mask that stood beside a network would be lost with the first copy, save or reload. Here it is
part of the layer: a bool buffer that is copied, pickled, saved, stacked and moved with it, and that
every forward pass applies, so that no gradient, decay, momentum or state loaded from an unpruned
network brings a pruned weight back.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn


class _Masked(nn.Module):
    """What the masked layers share: `weight_mask` and `bias_mask`, bool, True where a weight stays.

    Parameters keep the names and shapes of the layer without masks.
    """

    weight: Tensor
    weight_mask: Tensor
    bias: Tensor | None
    bias_mask: Tensor | None

    def kept(self) -> tuple[Tensor, Tensor | None]:
        """Weight and bias with zeros where they are pruned, whatever is stored there."""
        bias = None if self.bias is None else torch.where(self.bias_mask, self.bias, 0.0)
        return torch.where(self.weight_mask, self.weight, 0.0), bias

    def extra_repr(self) -> str:
        masks = [mask for mask in (self.weight_mask, self.bias_mask) if mask is not None]
        kept, of = sum(int(m.sum()) for m in masks), sum(m.numel() for m in masks)
        return f"{super().extra_repr()}, kept={kept} of {of}"

    def _load_from_state_dict(self, state_dict, prefix, *arguments) -> None:
        """Take the state of a layer without masks too: what is pruned here stays pruned.

        The state of a masked layer brings its own masks.
        """
        for name, parameter in self.named_parameters(recurse=False):
            mask = state_dict.setdefault(f"{prefix}{name}_mask", getattr(self, f"{name}_mask"))
            value = state_dict.get(prefix + name)
            if value is not None and value.shape == mask.shape == parameter.shape:
                kept = torch.where(mask.to(value.device), value.detach(), 0.0)
                state_dict[prefix + name] = kept
        super()._load_from_state_dict(state_dict, prefix, *arguments)


class MaskedLinear(_Masked, nn.Linear):
    """`nn.Linear` of which some weights are pruned."""

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.linear(x, *self.kept())


class MaskedConv2d(_Masked, nn.Conv2d):
    """`nn.Conv2d` of which some weights are pruned."""

    def forward(self, x: Tensor) -> Tensor:
        return self._conv_forward(x, *self.kept())


MASKED = {nn.Linear: MaskedLinear, nn.Conv2d: MaskedConv2d}


def mask_layer(layer: nn.Module, masks: dict[str, Tensor]) -> None:
    """Prune a Linear or Conv2d layer in place, by masks for "weight" and "bias".

    What has no mask stays whole; what a masked layer has pruned already stays pruned.
    """
    for name, parameter in layer.named_parameters(recurse=False):
        mask = masks.get(name, torch.ones(parameter.shape, dtype=torch.bool)).to(parameter.device)
        if isinstance(layer, _Masked):
            mask = mask & getattr(layer, f"{name}_mask")
            setattr(layer, f"{name}_mask", mask)
        else:
            layer.register_buffer(f"{name}_mask", mask.clone())
        with torch.no_grad():
            parameter.masked_fill_(~mask, 0.0)
    if not isinstance(layer, _Masked):
        if layer.bias is None:
            layer.register_buffer("bias_mask", None)
        layer.__class__ = MASKED[type(layer)]  # all else that the layer has and is stays


def weights(layer: nn.Module) -> tuple[Tensor, Tensor | None]:
    """Weight and bias (or None) with which a Linear or Conv2d layer computes."""
    return layer.kept() if isinstance(layer, _Masked) else (layer.weight, layer.bias)


def masks_of(net: nn.Module) -> dict[str, Tensor]:
    """The network's own masks, by parameter name; none for what was never pruned."""
    found = {}
    for place, layer in net.named_modules():
        if isinstance(layer, _Masked):
            for name, _ in layer.named_parameters(recurse=False):
                found[f"{place}.{name}".lstrip(".")] = getattr(layer, f"{name}_mask")
    return found


def effective(net: nn.Module) -> dict[str, Tensor]:
    """Parameters by name, detached, as the network computes with them: zero where pruned."""
    masks = masks_of(net)
    return {
        name: torch.where(masks[name], p.detach(), 0.0) if name in masks else p.detach()
        for name, p in net.named_parameters()
    }


def kept_places(net: nn.Module) -> Int[Tensor, "p"]:
    """Where what is not pruned stands in `nn.utils.parameters_to_vector(net.parameters())`."""
    masks = masks_of(net)
    every = [
        masks[name].flatten() if name in masks else torch.ones_like(p, dtype=torch.bool).flatten()
        for name, p in net.named_parameters()
    ]
    return torch.cat(every).nonzero()[:, 0]


def parameter_vector(net: nn.Module) -> Float[Tensor, "p"]:
    """The P parameters that the network has, as one vector: all that are not pruned, in order."""
    flat = [p.flatten() for p in effective(net).values()]
    return torch.cat(flat)[kept_places(net)]


def parameter_count(net: nn.Module) -> int:
    """The number of trainable parameters P; what is pruned does not count."""
    masks = masks_of(net)
    return sum(
        int(masks[name].sum()) if name in masks else p.numel()
        for name, p in net.named_parameters()
        if p.requires_grad
    )
