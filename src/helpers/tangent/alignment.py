"""What a kernel looks like: its spectrum, and where in it a target lies."""

import torch
from jaxtyping import Float
from torch import Tensor

from helpers.yardstick.descent import directions
from helpers.yardstick.ridge import centre


def alignment(
    first: Float[Tensor, "n n"], second: Float[Tensor, "n n"] | Float[Tensor, "n"]
) -> float:
    """The cosine between two centred kernels, in [0, 1] for positive semi-definite ones.

    Labels `(n,)` stand for the kernel y y^T. Without centring almost any two kernels of images
    look alike: the mean image dominates both.

    Raises ValueError when a centred kernel vanishes.
    Source: Cortes, Mohri & Rostamizadeh 2012, "Algorithms for learning kernels", definition 2.
    """
    second = torch.outer(second, second) if second.ndim == 1 else second
    first, second = centre(first.double()), centre(second.double())
    norms = first.norm() * second.norm()
    if norms == 0:
        raise ValueError(
            "wanted kernels that vary, received one that is zero when centred: all its features "
            "are constant on these inputs"
        )
    return float((first * second).sum() / norms)


def drift(before: Float[Tensor, "n n"], after: Float[Tensor, "n n"]) -> float:
    """How far a centred kernel has moved: |after - before| / |before|, 0 where it has not.

    A kernel that has only grown has drifted and is still aligned: look at 1 - `alignment` too.

    Raises ValueError when the first kernel vanishes.
    """
    before, after = centre(before.double()), centre(after.double())
    if before.norm() == 0:
        raise ValueError(
            "wanted a kernel that varies, received one that is zero when centred: all its "
            "features are constant on these inputs"
        )
    return float((after - before).norm() / before.norm())


def spectrum(kernel: Float[Tensor, "n n"], *, centred: bool = True) -> Float[Tensor, "n"]:
    """Eigenvalues from the largest down, in float64; of the centred kernel unless told not to."""
    return len(kernel) * directions(centre(kernel) if centred else kernel).values


def cumulative_energy(kernel: Float[Tensor, "n n"], y: Float[Tensor, "n"]) -> Float[Tensor, "n"]:
    """The share of a target that lies in the first k eigenvectors, k = 1 ... n.

    Kernel and target are centred, so that the mean of the images counts for neither.
    """
    y = y.double()
    return directions(centre(kernel.double())).energy(y - y.mean()).cumsum(0)
