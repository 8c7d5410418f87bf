"""Reading 4: the tangent space, the span of all partial derivatives of the output.

To first order in a change delta of the parameters, f(x; theta + delta) = f(x; theta) +
J(x) . delta, where J(x) collects the partial derivative by every parameter of the whole net. Each
is a function of the input, a *tangent feature*; their span is the tangent space, and the kernel
Theta(x, x') = J(x) . J(x') that they make is the empirical neural tangent kernel (Jacot et al.
2018). The engine that computes it without forming J is in `helpers.ntk`.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from helpers import layers, ntk


def empirical_ntk(
    net: nn.Module,
    x1: Float[Tensor, "n1 ..."],
    x2: Float[Tensor, "n2 ..."] | None = None,
    *,
    outputs: str = "full",
    by_layer: bool = False,
    memory: int = 2**31,
    progress: bool | None = None,
) -> Tensor | dict[str, Tensor]:
    """The exact empirical neural tangent kernel J(x1) J(x2)^T of the network as it stands.

    `(n1, n2)` for one output; for C outputs `(n1, n2, C, C)` with `outputs="full"`, or its trace
    `(n1, n2)` with `outputs="trace"`. All parameters count, whether or not they require gradients.

        net = networks.mlp([64, 256, 256, 1])
        empirical_ntk(net, x)                  # (n, n), symmetric
        empirical_ntk(net, x, x_test)          # (n, n_test)
        empirical_ntk(net, x, by_layer=True)   # {"1": (n, n), "3": ..., "5": ...}, summing to it

    `by_layer` gives each layer's share by the layer's name. `memory` bounds, in bytes, what is
    used besides the kernel itself. `progress` shows a bar: always, never, or (None) on a terminal
    when it takes long.

    Raises TypeError, naming the module, for networks that are more than a sequence of Linear,
    Conv2d, pooling, Flatten and pointwise modules; ValueError for inputs that do not fit.
    """
    shares = ntk.kernel(
        net,
        x1,
        None if x2 is x1 else x2,
        outputs=outputs,
        by_layer=by_layer,
        memory=memory,
        progress=progress,
    )
    shares = {name: _shaped(share) for name, share in shares.items()}
    return shares if by_layer else shares[""]


def _shaped(share: Float[Tensor, "c c n1 n2"]) -> Tensor:
    return share[0, 0] if len(share) == 1 else share.permute(2, 3, 0, 1)


def features(net: nn.Module, x: Float[Tensor, "n ..."]) -> Tensor:
    """All tangent features: `(n, P)`, the derivative of the output by each parameter.

    Columns follow `torch.nn.utils.parameters_to_vector(net.parameters())`. For C > 1 outputs
    `(n, C, P)`. This takes n C P numbers; `empirical_ntk` needs far fewer.

    Raises as `empirical_ntk`.
    """
    found = ntk.gradients(net, x)
    return found[:, 0] if found.shape[1] == 1 else found


def linearize(net: nn.Module) -> Callable[[Tensor, Tensor], Tensor]:
    """The first-order Taylor expansion of the network in its parameters, as a function.

    `linearize(net)(x, delta)` is f(x) + J(x) . delta, `(n, C)`, for `delta` `(P,)` in the order of
    `features`, around the parameters that `net` has now: later training leaves it unchanged.

    Raises TypeError as `empirical_ntk`; the returned function ValueError for a `delta` of the
    wrong length.
    """
    layers.modules(net)
    base = {name: p.detach().clone() for name, p in net.named_parameters()}
    total = sum(p.numel() for p in base.values())

    def linearized(x: Tensor, delta: Tensor) -> Tensor:
        if delta.shape != (total,):
            raise ValueError(
                f"wanted delta with one entry per parameter, ({total},), "
                f"received {tuple(delta.shape)}"
            )
        parts = delta.split([p.numel() for p in base.values()])
        step = {name: part.view_as(p) for (name, p), part in zip(base.items(), parts, strict=True)}
        value, change = torch.func.jvp(
            lambda parameters: torch.func.functional_call(net, parameters, (x.clone(),)),
            (base,),
            (step,),
        )
        return value + change

    return linearized


# --- what a kernel looks like ----------------------------------------------------------------


def centre(kernel: Float[Tensor, "n n"]) -> Float[Tensor, "n n"]:
    """The kernel of the features minus their mean: row, column and total means removed."""
    return kernel - kernel.mean(0) - kernel.mean(1, keepdim=True) + kernel.mean()


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
        raise ValueError("a centred kernel is zero: all its features are constant on these inputs")
    return float((first * second).sum() / norms)


def drift(kernel: Float[Tensor, "n m"], start: Float[Tensor, "n m"]) -> float:
    """How far a kernel has moved from where it started: |K - K_0| / |K_0|, Frobenius norms."""
    return float((kernel - start).norm() / start.norm())


def spectrum(kernel: Float[Tensor, "n n"], *, centred: bool = True) -> Float[Tensor, "n"]:
    """Eigenvalues from the largest down, in float64; of the centred kernel unless told not to."""
    kernel = kernel.double()
    return torch.linalg.eigvalsh(centre(kernel) if centred else kernel).flip(0)
