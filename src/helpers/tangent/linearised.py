"""Training that cannot leave the tangent space: gradient descent on the linearised network.

For f_lin = f_0 + J . delta only the kernel K_0 = J J^T matters, and each of its directions shrinks
by itself: no step has to be taken. Three equal settings, for the loss |f - f_0 - y|^2 / (2n) from
delta = 0, are this one, `linearize` with gradient descent on delta, and a network whose output is
multiplied by a scale that tends to infinity (Chizat, Oyallon & Bach 2019, "On lazy training").
"""

from collections.abc import Mapping

from jaxtyping import Float, Real
from torch import Tensor, nn

from helpers.tangent.readings import empirical_ntk
from helpers.yardstick.descent import directions


def linearised(
    net: nn.Module,
    x_train: Float[Tensor, "n ..."],
    y: Float[Tensor, "n"],
    x: Float[Tensor, "q ..."],
    *,
    steps: Real[Tensor, "t"],
    rate: float | Mapping[str, float],
) -> Float[Tensor, "t q"]:
    """What the linearised network has added to f_0 on `x` after each number of full-batch steps.

    `rate` is one for all parameters or one for each layer, by the names that
    `empirical_ntk(by_layer=True)` uses: with these the kernel is the layers' sum, weighted. In
    float64, from the kernel in the network's own precision.

        linearised(net, x_train, y, x_test, steps=torch.tensor([10, 1000]), rate=0.1)  # (2, q)

    Raises ValueError for a rate that diverges and for names that are not the layers'; TypeError as
    `empirical_ntk`.
    """
    inner = weighted(empirical_ntk(net, x_train, by_layer=True), rate)
    outer = weighted(empirical_ntk(net, x, x_train, by_layer=True), rate)
    return directions(inner).coefficients(y, 1.0, steps) @ outer.double().T


def weighted(shares: Mapping[str, Tensor], rate: float | Mapping[str, float]) -> Tensor:
    """The sum of the layers' kernels, each times its layer's learning rate."""
    rates = dict(rate) if isinstance(rate, Mapping) else dict.fromkeys(shares, rate)
    if set(rates) != set(shares):
        raise ValueError(
            f"wanted a rate for each of the layers {list(shares)}, received {list(rates)}: name "
            "them as empirical_ntk(by_layer=True) does"
        )
    return sum(rates[name] * share for name, share in shares.items())


def stable_rate(kernel: Float[Tensor, "n n"], share: float = 0.5) -> float:
    """The rate that is `share` of 1 / (largest eigenvalue of K / n); from 2 on descent diverges."""
    return share / float(directions(kernel).values[0])
