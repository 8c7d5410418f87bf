"""Fully connected and convolutional networks with random weights and biases.

Parameterisations differ only by a constant `Scale` in front of a layer and by the variance of its
weights.
"""

import itertools
import math
from collections.abc import Sequence
from numbers import Integral

import torch
from torch import Tensor, nn
from torch.nn.utils import skip_init  # PyTorch's own draw would move the global generator

from helpers import seeds

ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "gelu": nn.GELU, "identity": nn.Identity}
# He et al. 2015 for ReLU; 1 keeps the others in their near-linear range.
GAINS = {"relu": math.sqrt(2.0), "tanh": 1.0, "gelu": math.sqrt(2.0), "identity": 1.0}
BIAS_STD = 0.5  # not zero: see `mlp`
PARAMETERIZATIONS = ("standard", "ntk", "mup")


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
    bias_std: float = BIAS_STD,
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
    generator = seeds.bare(seed)
    layers: list[nn.Module] = [nn.Flatten()]
    for index, (fan_in, fan_out) in enumerate(itertools.pairwise(sizes)):
        follows = None if index == len(sizes) - 2 else activation
        layer = skip_init(nn.Linear, fan_in, fan_out)
        layers += _initialised(layer, follows, parameterization, bias_std, generator)
        if follows:
            layers.append(ACTIVATIONS[activation]())
    return nn.Sequential(*layers)


def cnn(
    channels: Sequence[int],
    *,
    in_channels: int = 3,
    outputs: int = 1,
    parameterization: str = "standard",
    activation: str = "relu",
    bias_std: float = BIAS_STD,
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
    generator = seeds.bare(seed)
    layers: list[nn.Module] = []
    width = in_channels
    for index, out in enumerate(channels):
        if index > 0:
            layers.append(nn.AvgPool2d(2, ceil_mode=True))
        conv = skip_init(nn.Conv2d, width, out, kernel_size=3, padding=1)
        layers += _initialised(conv, activation, parameterization, bias_std, generator)
        layers.append(ACTIVATIONS[activation]())
        width = out
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    readout = skip_init(nn.Linear, width, outputs)
    layers += _initialised(readout, None, parameterization, bias_std, generator)
    return nn.Sequential(*layers)


def transferred(rate: float, parameterization: str, width: int, *, base: int) -> float:
    """The learning rate at a width that does what `rate` does at the width `base`.

    One rate for all parameters of `mlp(..., parameterization=...)`, for plain gradient descent:
    "ntk" keeps it, "mup" multiplies it by the width (Yang & Hu 2021), "standard" divides it, since
    there the kernel grows with the width and so does what diverges.

    Raises ValueError for unknown names.
    """
    _check_names(parameterization, "relu")
    return rate * (width / base) ** {"standard": -1, "ntk": 0, "mup": 1}[parameterization]


def weight_std(fan_in: int, activation: str = "identity") -> float:
    """The standard deviation g/sqrt(fan-in) of weights in front of an activation.

    g is the activation's gain; the output counts as "identity". The one law of initialisation:
    "standard" networks have it in their weights, the others in a `Scale`.
    """
    return GAINS[activation] / math.sqrt(fan_in)


def initialise(
    layer: nn.Module, std: float, *, bias_std: float = BIAS_STD, generator: torch.Generator
) -> nn.Module:
    """The layer, its weights drawn from N(0, std^2) and then its biases from N(0, bias_std^2)."""
    with torch.no_grad():
        layer.weight.normal_(0.0, std, generator=generator)
        layer.bias.normal_(0.0, bias_std, generator=generator)
    return layer


def _initialised(layer, activation, parameterization, bias_std, generator) -> list[nn.Module]:
    """The layer, its parameters drawn in the given parameterisation, with its constants in front.

    `activation` is None for the readout, which "mup" shrinks once more.
    """
    factor = weight_std(layer.weight[0].numel(), activation or "identity")
    standard = parameterization == "standard"
    initialise(layer, factor if standard else 1.0, bias_std=bias_std, generator=generator)
    if standard:
        return [layer]
    shrunk = [Scale(factor)] if parameterization == "mup" and activation is None else []
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
