"""The kernel of a layer of features, at finite width and in the limit of many neurons."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from helpers.features.readouts import layer_features
from helpers.networks import BIAS_STD


def conjugate_kernel(
    net: nn.Module, x1: Tensor, x2: Tensor | None = None, **options
) -> Float[Tensor, "n1 n2"]:
    """The kernel of one layer, `(n1, n2)`: the mean over its m features of phi(x1) phi(x2).

    Options as in `layer_features`. Ridge on the features is kernel ridge with this kernel.
    """
    first = layer_features(net, x1, **options)
    second = first if x2 is None else layer_features(net, x2, **options)
    return first @ second.T / first.shape[1]


def arc_cosine_kernel(
    x1: Tensor,
    x2: Tensor | None = None,
    *,
    depth: int = 1,
    bias_std: float = BIAS_STD,
) -> Float[Tensor, "n1 n2"]:
    """What `conjugate_kernel` of the last hidden layer of a ReLU `networks.mlp` tends to.

    With s the covariance of two pre-activations (2 x.x'/d + bias_std^2 in the first layer) and
    theta the angle it spans, E relu(u) relu(v) = sqrt(s(x,x) s(x',x')) / (2 pi) *
    (sin theta + (pi - theta) cos theta). `depth` counts hidden layers; computed in float64.

    Raises ValueError for a depth below one, a negative bias_std and images of different sizes.
    Source: Cho & Saul 2009, section 2 (degree 1), with the weights' variance 2/d and biases added.
    """
    if depth < 1 or bias_std < 0:
        raise ValueError(f"wanted depth >= 1, bias_std >= 0, received {depth} and {bias_std}")
    a = x1.detach().flatten(1).double()
    b = a if x2 is None else x2.detach().flatten(1).double()
    if a.shape[1] != b.shape[1]:
        raise ValueError(
            f"wanted images of one size, received {a.shape[1]} and {b.shape[1]} pixels"
        )
    cross, own_a, own_b = a @ b.T, a.square().sum(1), b.square().sum(1)
    scale = 2 / a.shape[1]
    for _ in range(depth):
        cross, own_a, own_b = (scale * part + bias_std**2 for part in (cross, own_a, own_b))
        norms = (own_a[:, None] * own_b).sqrt()
        cosine = (cross / norms.clamp_min(1e-300)).clamp(-1, 1)
        theta = torch.arccos(cosine)
        cross = norms / (2 * math.pi) * (theta.sin() + (math.pi - theta) * cosine)
        own_a, own_b = own_a / 2, own_b / 2
        scale = 2.0
    return cross


# --- how rare is a good readout? ------------------------------------------------------------------
