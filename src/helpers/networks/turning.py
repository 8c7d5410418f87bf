"""Turning a network: other weights, equally likely, whose first layer looks elsewhere."""

import copy

import torch
from jaxtyping import Float
from torch import Tensor, nn

from helpers import seeds
from helpers.networks.sequence import dense_layers


def turned(
    net: nn.Module, direction: Float[Tensor, "d"], *, place: int = 0, seed: int | None = None
) -> nn.Module:
    """A copy whose first weight matrix W is WQ, Q orthogonal, chosen from W and `direction` alone.

    Q carries `direction` onto W's right singular vector number `place` (0: the top one, -1: the
    bottom one), so that W then sees it with that singular value. Where weights are independent and
    normal, WQ is exactly as likely as W; singular values, biases and later layers stay. Q is one
    reflection; with a `seed` it is followed by a random rotation that keeps this singular vector:
    another Q that does the same for the direction.

    Raises ValueError for a direction of another size or of length zero; TypeError as
    `networks.layers`, and where the first layer is a convolution.
    """
    copied = copy.deepcopy(net)
    weighted = [layer for _, layer in dense_layers(copied) if hasattr(layer, "weight")]
    weight = weighted[0].weight
    if not isinstance(weighted[0], nn.Linear):
        raise TypeError("wanted a first layer that is Linear, received a convolution")
    if direction.shape != weight.shape[1:] or direction.norm() == 0:
        raise ValueError(
            f"wanted a direction ({weight.shape[1]},) other than zero, received "
            f"{tuple(direction.shape)}: give one number for each input"
        )
    w = weight.detach().double()
    vectors = torch.linalg.svd(w, full_matrices=False)[2]
    aim = vectors[place]
    q = _reflection(direction.double() / direction.double().norm(), aim)
    if seed is not None:
        q = _rotation_about(aim, seed) @ q
    with torch.no_grad():
        weight.copy_(w @ q)
    return copied


def _reflection(one: Tensor, other: Tensor) -> Tensor:
    """The reflection that exchanges two unit vectors (Householder)."""
    eye = torch.eye(len(one), dtype=one.dtype)
    normal = one - other
    if normal.norm() < 1e-12:
        return eye
    return eye - 2 * torch.outer(normal, normal) / normal.square().sum()


def _rotation_about(axis: Tensor, seed: int) -> Tensor:
    """A random orthogonal matrix that keeps `axis`, uniform on what is orthogonal to it."""
    generator = seeds.generator(seed, "turn about an axis")
    drawn = torch.randn(len(axis), len(axis), generator=generator, dtype=axis.dtype)
    drawn[:, 0] = axis
    basis = torch.linalg.qr(drawn).Q  # its first column is the axis, up to sign
    d = len(axis) - 1
    q, r = torch.linalg.qr(torch.randn(d, d, generator=generator, dtype=axis.dtype))
    inner = torch.eye(d + 1, dtype=axis.dtype)
    inner[1:, 1:] = q * torch.sign(torch.diagonal(r))
    return basis @ inner @ basis.T
