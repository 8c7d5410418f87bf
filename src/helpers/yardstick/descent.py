"""Gradient descent on a linear readout, direction by direction, exactly."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Real
from torch import Tensor


@dataclass(frozen=True)
class Directions:
    """The directions in which gradient descent on a linear readout fits its training labels.

    - `values` `(n,)`: eigenvalues of K/n, largest first; `vectors` `(n, n)`, one per column.

    Gradient descent from zero on the loss |K a - y|^2 / (2n) multiplies what remains of the labels
    along direction i by (1 - lr * values[i]) per step: exactly, not on average.
    """

    values: Float[Tensor, "n"]
    vectors: Float[Tensor, "n n"]

    def energy(self, y: Float[Tensor, "n"]) -> Float[Tensor, "n"]:
        """The share of |y|^2 along each direction."""
        parts = (self.vectors.T @ y.double()).square()
        return parts / parts.sum().clamp_min(1e-300)

    def remaining(self, lr: float, steps: Real[Tensor, "t"]) -> Float[Tensor, "t n"]:
        """(1 - lr * value)^step for every step and direction.

        Raises ValueError for a learning rate that diverges.
        """
        limit = 2 / float(self.values[0])
        if not 0 < lr <= limit * (1 + 1e-9):
            raise ValueError(f"wanted a learning rate in (0, {limit:.4g}], received {lr:.4g}")
        return (1 - lr * self.values) ** steps.double()[:, None]

    def found(
        self, y: Float[Tensor, "n"], lr: float, steps: Real[Tensor, "t"]
    ) -> Float[Tensor, "t"]:
        """The share of |y|^2 that gradient descent has fitted by each step."""
        return 1 - self.remaining(lr, steps).square() @ self.energy(y)

    def coefficients(
        self, y: Float[Tensor, "n"], lr: float, steps: Real[Tensor, "t"]
    ) -> Float[Tensor, "t n"]:
        """Dual coefficients a_t: after t steps the readout of x is k(x, x_train) @ a_t."""
        done = 1 - self.remaining(lr, steps)
        # Where the eigenvalue vanishes, (1 - (1 - lr v)^t)/v tends to lr t.
        flat = self.values <= 1e-14 * self.values[0]
        per_value = torch.where(
            flat, lr * steps.double()[:, None], done / self.values.masked_fill(flat, 1.0)
        )
        return per_value * (self.vectors.T @ y.double()) @ self.vectors.T / len(y)


def directions(kernel: Float[Tensor, "n m"]) -> Directions:
    """The `Directions` of a symmetric kernel matrix on the training images, in float64.

    Raises ValueError for a kernel that is not square or not symmetric.
    """
    if kernel.ndim != 2 or kernel.shape[0] != kernel.shape[1]:
        raise ValueError(f"wanted a square kernel, received {tuple(kernel.shape)}")
    kernel = kernel.detach().double()
    if not torch.allclose(kernel, kernel.T, rtol=1e-4, atol=1e-6 * float(kernel.abs().max())):
        raise ValueError("wanted a symmetric kernel: pass the one on the training images alone")
    values, vectors = torch.linalg.eigh((kernel + kernel.T) / (2 * len(kernel)))
    return Directions(values.flip(0).clamp_min(0.0), vectors.flip(1))
