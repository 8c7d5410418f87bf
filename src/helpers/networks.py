"""Small random networks, made of plain PyTorch modules.

Every network is an `nn.Sequential` of `nn.Linear`, `nn.Conv2d`, pooling, `nn.Flatten` and
pointwise modules, so that each reading can take it apart layer by layer. Parameterisations differ
only by a constant `Scale` in front of a layer and by the variance of its weights.
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from numbers import Integral

import torch
from torch import Tensor, nn
from torch.nn.utils import skip_init  # PyTorch's own draw would move the global generator

ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "gelu": nn.GELU, "identity": nn.Identity}
# He et al. 2015 for ReLU; 1 keeps the others in their near-linear range.
GAINS = {"relu": math.sqrt(2.0), "tanh": 1.0, "gelu": math.sqrt(2.0), "identity": 1.0}
PARAMETERIZATIONS = ("standard", "ntk", "mup")


# What may stand behind a layer: one number in, one number out, the same for every neuron.
POINTWISE = (
    nn.CELU, nn.ELU, nn.GELU, nn.Hardshrink, nn.Hardsigmoid, nn.Hardswish, nn.Hardtanh,
    nn.Identity, nn.LeakyReLU, nn.LogSigmoid, nn.Mish, nn.ReLU, nn.ReLU6, nn.SELU, nn.Sigmoid,
    nn.SiLU, nn.Softplus, nn.Softshrink, nn.Softsign, nn.Tanh, nn.Tanhshrink, nn.Threshold,
)  # fmt: skip
LAYERS = (nn.Linear, nn.Conv2d, nn.Flatten)
POOLING = (nn.AvgPool2d, nn.MaxPool2d, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)


class Scale(nn.Module):
    """Multiplies its input by a constant that is not trained."""

    def __init__(self, factor: float):
        super().__init__()
        self.factor = float(factor)

    def forward(self, x: Tensor) -> Tensor:
        return self.factor * x

    def extra_repr(self) -> str:
        return f"{self.factor:.4g}"


def mlp(
    sizes: Sequence[int],
    *,
    parameterization: str = "standard",
    activation: str = "relu",
    bias_std: float = 0.5,
    seed: int = 0,
) -> nn.Sequential:
    """A fully connected network with random weights and random, non-zero biases.

    `mlp([64, 256, 1])(x)` maps `(n, 1, 8, 8)` or `(n, 64)` to `(n, 1)`.

    Parameterisations (`d` is a layer's fan-in, `g` the activation's gain, 1 at the output):

    - "standard": weights N(0, g^2/d);
    - "ntk": weights N(0, 1), the layer's input multiplied by g/sqrt(d) (Jacot et al. 2018);
    - "mup": as "ntk", with the output multiplied by another 1/sqrt(d), so that features move at
      any width when SGD's learning rate is multiplied by the width (Yang & Hu 2021, the maximal
      update parameterisation, shifted by their symmetry so that all weights have variance 1).

    Biases are N(0, bias_std^2). They are not zero by default because a bias-free layer of ReLU
    neurons that look at the input has no component at all on odd polynomials of degree three and
    more.

    Raises ValueError for fewer than two sizes, sizes below one, and unknown names.
    """
    sizes = _checked_sizes(sizes, least=2, name="sizes")
    _check_names(parameterization, activation)
    generator = torch.Generator().manual_seed(seed)
    layers: list[nn.Module] = [nn.Flatten()]
    for index, (fan_in, fan_out) in enumerate(itertools.pairwise(sizes)):
        last = index == len(sizes) - 2
        gain = 1.0 if last else GAINS[activation]
        layer = skip_init(nn.Linear, fan_in, fan_out)
        layers += _initialised(layer, fan_in, gain, last, parameterization, bias_std, generator)
        if not last:
            layers.append(ACTIVATIONS[activation]())
    return nn.Sequential(*layers)


def cnn(
    channels: Sequence[int],
    *,
    in_channels: int = 3,
    outputs: int = 1,
    parameterization: str = "standard",
    activation: str = "relu",
    bias_std: float = 0.5,
    seed: int = 0,
) -> nn.Sequential:
    """A convolutional network: 3x3 convolutions, halving average pools between them, global mean.

    `cnn([48, 48, 48])(x)` maps `(n, 3, 32, 32)` to `(n, 1)`. Weights and biases as in `mlp`.

    Raises ValueError for empty channels, sizes below one, and unknown names.
    """
    channels = _checked_sizes(channels, least=1, name="channels")
    in_channels, outputs = _checked_sizes(
        (in_channels, outputs), least=2, name="in_channels, outputs"
    )
    _check_names(parameterization, activation)
    generator = torch.Generator().manual_seed(seed)
    layers: list[nn.Module] = []
    gain, width = GAINS[activation], in_channels
    for index, out in enumerate(channels):
        if index > 0:
            layers.append(nn.AvgPool2d(2, ceil_mode=True))
        conv = skip_init(nn.Conv2d, width, out, kernel_size=3, padding=1)
        layers += _initialised(conv, 9 * width, gain, False, parameterization, bias_std, generator)
        layers.append(ACTIVATIONS[activation]())
        width = out
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    readout = skip_init(nn.Linear, width, outputs)
    layers += _initialised(readout, width, 1.0, True, parameterization, bias_std, generator)
    return nn.Sequential(*layers)


def hidden_layers(net: nn.Module) -> list[int]:
    """Positions in `net` after which the hidden activations of layers 1, 2, ... stand.

    These are the pointwise modules that directly follow a Linear or Conv2d layer. Raises
    TypeError when `net` is not an `nn.Sequential` or holds a module that is neither a layer of
    the kinds above nor pointwise, ValueError when it has no hidden layer.
    """
    if not isinstance(net, nn.Sequential):
        raise TypeError(
            f"wanted an nn.Sequential (networks.mlp or networks.cnn make one), "
            f"received {type(net).__name__}"
        )
    for position, module in enumerate(net):
        if type(module) not in (*LAYERS, *POOLING, *POINTWISE, Scale):
            raise TypeError(
                f"wanted Linear, Conv2d, pooling, Flatten and pointwise modules, received "
                f"{type(module).__name__} at position {position}: build the network from those"
            )
    after = [
        position
        for position in range(1, len(net) - 1)
        if isinstance(net[position - 1], nn.Linear | nn.Conv2d)
        and isinstance(net[position], POINTWISE)
    ]
    if not after:
        raise ValueError("this network has no hidden layer; give networks.mlp three sizes or more")
    return after


def layer_position(net: nn.Module, layer: int) -> int:
    """Where in `net` the activations of one hidden layer stand; -1 is the last layer.

    Raises ValueError for a layer that the network does not have.
    """
    positions = hidden_layers(net)
    if not isinstance(layer, int) or not -len(positions) <= layer < len(positions):
        raise ValueError(
            f"wanted a hidden layer in [{-len(positions)}, {len(positions) - 1}], "
            f"received {layer!r}"
        )
    return positions[layer]


def activations(net: nn.Sequential, x: Tensor, layer: int = -1, block: int = 1024) -> Tensor:
    """Hidden activations of one layer, `(n, m)`; feature maps are flattened.

    `layer` counts hidden layers from 0; -1 is the last one. Images go through in blocks, without
    gradients. Raises ValueError for a layer that the network does not have.
    """
    front = net[: layer_position(net, layer) + 1]
    with torch.no_grad():
        return torch.cat([front(part).flatten(1) for part in x.split(block)])


def chosen_activations(
    net: nn.Sequential, x: Tensor, layer: int, index: Tensor, block: int = 8192
) -> Iterator[Tensor]:
    """Activations `(n, b)` of the neurons `index` of one hidden layer, b <= block at a time.

    For a fully connected layer only the neurons asked for are computed: one matrix product per
    block. Raises ValueError for a layer that the network does not have.
    """
    position = layer_position(net, layer)
    linear, act = net[position - 1], net[position]
    if not isinstance(linear, nn.Linear):
        yield from activations(net, x, layer)[:, index].split(block, dim=1)
        return
    with torch.no_grad():
        before = net[: position - 1](x)
        for part in index.split(block):
            bias = None if linear.bias is None else linear.bias[part]
            yield act(nn.functional.linear(before, linear.weight[part], bias))


def parameter_count(net: nn.Module) -> int:
    """The number of trainable parameters P."""
    return sum(p.numel() for p in net.parameters() if p.requires_grad)


def _initialised(layer, fan_in, gain, last, parameterization, bias_std, generator):
    """The layer, its parameters drawn in the given parameterisation, with its constants around."""
    if parameterization == "standard":
        factor, weight_std = 1.0, gain / math.sqrt(fan_in)
    else:
        factor, weight_std = gain / math.sqrt(fan_in), 1.0
    with torch.no_grad():
        layer.weight.normal_(0.0, weight_std, generator=generator)
        layer.bias.normal_(0.0, bias_std, generator=generator)
    if parameterization == "standard":
        return [layer]
    shrunk = [Scale(factor)] if parameterization == "mup" and last else []
    return [Scale(factor), layer, *shrunk]


def _checked_sizes(sizes: Sequence[int], *, least: int, name: str) -> list[int]:
    sizes = list(sizes)
    if len(sizes) < least or any(not isinstance(s, Integral) or s < 1 for s in sizes):
        raise ValueError(f"wanted at least {least} {name}, whole numbers >= 1, received {sizes}")
    return [int(size) for size in sizes]


def _check_names(parameterization: str, activation: str) -> None:
    if parameterization not in PARAMETERIZATIONS:
        raise ValueError(
            f"wanted a parameterization among {PARAMETERIZATIONS}, received {parameterization!r}"
        )
    if activation not in ACTIVATIONS:
        raise ValueError(
            f"wanted an activation among {tuple(ACTIVATIONS)}, received {activation!r}"
        )
