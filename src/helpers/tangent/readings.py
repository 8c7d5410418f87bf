"""Reading 4: the tangent space, the span of all partial derivatives of the output.

To first order in a change delta of the parameters, f(x; theta + delta) = f(x; theta) +
J(x) . delta, where J(x) collects the partial derivative by every parameter of the whole net. Each
is a function of the input, a *tangent feature*; their span is the tangent space, and the kernel
Theta(x, x') = J(x) . J(x') that they make is the empirical neural tangent kernel (Jacot et al.
2018). The engine that computes it without forming J is in `helpers.tangent.ntk`.
"""

import copy
import math
from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from helpers.networks import kept_places
from helpers.tangent import layerwise, ntk
from helpers.tasks import Task
from helpers.yardstick import Reading
from helpers.yardstick.ridge import LAMBDAS, fit_kernel

BLOCK = 256  # examples that go through the network at a time
FEATURES = 2**24  # numbers in one block of tangent features


def empirical_ntk(
    net: nn.Module,
    x1: Float[Tensor, "n1 ..."],
    x2: Float[Tensor, "n2 ..."] | None = None,
    *,
    outputs: str = "full",
    by_layer: bool = False,
    memory: int = 2**31,
    progress: bool = True,
) -> Tensor | dict[str, Tensor]:
    """The exact empirical neural tangent kernel J(x1) J(x2)^T of the network as it stands.

    `(n1, n2)` for one output; for C outputs `(n1, n2, C, C)` with `outputs="full"`, or its trace
    `(n1, n2)` with `outputs="trace"`. All parameters count, whether or not they require gradients,
    but what `pruning.masked` has pruned does not: the kernel is the subnetwork's own.

        net = networks.mlp([64, 256, 256, 1])
        empirical_ntk(net, x)                  # (n, n), symmetric
        empirical_ntk(net, x, x_test)          # (n, n_test)
        empirical_ntk(net, x, by_layer=True)   # {"1": (n, n), "3": ..., "5": ...}, summing to it

    `by_layer` gives each layer's share by the layer's name. `memory` bounds, in bytes, what is
    used besides the kernel itself. `progress` shows a bar on a terminal when it takes long,
    and never in a notebook.

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

    Columns follow `networks.parameter_vector(net)`, which for a network without masks is
    `torch.nn.utils.parameters_to_vector`; of a pruned network the P weights that are kept count.
    For C > 1 outputs `(n, C, P)`. This takes n C P numbers; `empirical_ntk` needs far fewer.

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
    layerwise.modules(net)
    net = copy.deepcopy(net)
    return lambda x, delta: sum(_taylor(net, x, delta))


def jvp(net: nn.Module, x: Float[Tensor, "n ..."], delta: Float[Tensor, "p"]) -> Tensor:
    """J(x) . delta, `(n, C)`: the tangent-space member with these coefficients.

    One pass forward (Pearlmutter's trick), so no J is formed. `delta` as in `linearize`.
    """
    layerwise.modules(net)
    return _taylor(net, x, delta)[1]


def vjp(
    net: nn.Module, x: Float[Tensor, "n ..."], coefficients: Float[Tensor, "n"]
) -> Float[Tensor, "p"]:
    """J(x)^T . coefficients, `(P,)`, for a network with one output: one pass backward.

    It turns coefficients over examples, such as those of kernel ridge regression, into the
    direction in parameter space that they stand for.

    Raises as `empirical_ntk`, ValueError for a network with several outputs.
    """
    _check_one_output(net, x)
    parameters = {name: p.detach().requires_grad_() for name, p in net.named_parameters()}
    places = kept_places(net)
    total = x.new_zeros(len(places))
    for part, weights in zip(x.split(BLOCK), coefficients.split(BLOCK), strict=True):
        with torch.enable_grad():
            out = torch.func.functional_call(net, parameters, (part.clone(),))
            found = torch.autograd.grad(weights.to(out) @ out[:, 0], list(parameters.values()))
        total += torch.cat([g.flatten() for g in found])[places]
    return total


def _check_one_output(net: nn.Module, x: Tensor) -> None:
    layerwise.check_input(net, x)
    outputs = layerwise.forward(layerwise.modules(net), x[:1])[0].shape[1:]
    if outputs != (1,):
        raise ValueError(
            f"wanted a network with one output, received outputs {tuple(outputs)}: give it one, "
            "or use empirical_ntk, which handles several"
        )


def _taylor(net: nn.Module, x: Tensor, delta: Tensor) -> tuple[Tensor, Tensor]:
    """f(x) and J(x) . delta, each (n, C)."""
    base = {name: p.detach() for name, p in net.named_parameters()}
    sizes, places = [p.numel() for p in base.values()], kept_places(net)
    if delta.shape != places.shape:
        raise ValueError(
            f"wanted delta with one entry per parameter, ({len(places)},), "
            f"received {tuple(delta.shape)}: networks.parameter_vector gives such vectors"
        )
    delta = delta.new_zeros(sum(sizes)).index_put((places,), delta)
    parts = zip(base.items(), delta.split(sizes), strict=True)
    step = {name: part.view_as(p) for (name, p), part in parts}

    def moved(part: Tensor) -> tuple[Tensor, Tensor]:
        return torch.func.jvp(
            lambda parameters: torch.func.functional_call(net, parameters, (part.clone(),)),
            (base,),
            (step,),
        )

    values, changes = zip(*(moved(part) for part in x.split(BLOCK)), strict=True)
    return torch.cat(values), torch.cat(changes)


# --- the readings ----------------------------------------------------------------------------


def strengths(
    net: nn.Module, x: Float[Tensor, "n ..."], y: Float[Tensor, "n t"]
) -> Float[Tensor, "p t"]:
    """Correlation of every tangent feature with every one of t targets; 0 for a constant feature.

    In blocks of examples, so that P numbers are kept and not n P.

    Raises as `empirical_ntk`, ValueError for a network with several outputs.
    """
    _check_one_output(net, x)
    block = max(1, FEATURES // max(1, len(kept_places(net))))
    y = y.double() - y.double().mean(0)
    total = squares = products = torch.zeros(())
    for part, target in zip(x.split(block), y.split(block), strict=True):
        found = features(net, part).double()
        total = total + found.sum(0)
        squares = squares + found.square().sum(0)
        products = products + found.T @ target
    spread = squares - total.square() / len(x)
    varies = spread > 1e-10 * squares
    norms = torch.where(varies, spread, 1.0).sqrt()[:, None] * y.norm(dim=0)
    return torch.where(varies[:, None] & (norms > 0), products / norms.clamp_min(1e-300), 0.0)


def best_feature(net: nn.Module, task: Task) -> Reading:
    """The one parameter whose partial derivative shows the target best, picked on train.

    Best means the largest absolute correlation on train, over the P parameters of the network; a
    derivative that goes down for the target counts with its sign turned. The price is log2 P.

    Raises as `strengths`.
    """
    found = strengths(net, task.x_train, task.y_train[:, None])[:, 0]
    index = int(found.abs().argmax())
    sign = 1.0 if found[index] >= 0 else -1.0
    name, place = parameter(net, index)
    direction = task.x_train.new_zeros(len(found))
    direction[index] = sign
    return Reading.of(
        "tangent feature",
        lambda x: jvp(net, x, direction)[:, 0],
        task,
        bits=math.log2(len(found)),
        detail={"parameter": name, "place": place, "sign": sign, "parameters": len(found)},
    )


def parameter(net: nn.Module, index: int) -> tuple[str, tuple[int, ...]]:
    """The parameter behind a tangent feature: ("3.weight", (row, column))."""
    places = kept_places(net)
    if not 0 <= index < len(places):
        raise ValueError(
            f"wanted a tangent feature from 0 to {len(places) - 1}, received {index}: the network "
            "has no more parameters"
        )
    place = int(places[index])
    for name, p in net.named_parameters():
        if place < p.numel():
            return name, tuple(int(i) for i in torch.unravel_index(torch.tensor(place), p.shape))
        place -= p.numel()
    raise AssertionError("every place belongs to a parameter")


def kernel_regression(
    net: nn.Module,
    task: Task,
    *,
    parts: Sequence[str] | None = None,
    shares: dict[str, Tensor] | None = None,
    lambdas: tuple[float, ...] = LAMBDAS,
    validation: float = 0.2,
    seed: int = 0,
) -> Reading:
    """The member of the tangent space that ridge regression on train picks.

    The bias is free; lambda is chosen on a random part (`validation`, drawn by `seed`) of train.
    `parts` names the layers whose parameters span the space, as `empirical_ntk(by_layer=True)`
    does; all of them by default. `shares` may be that result on `task.x_train`, so that several
    spans of one network need its kernel once. Kernel coefficients are turned into one direction
    delta in parameter space, and the score is J(x) . delta. `bits` is its code length, n at most;
    `detail` holds `parameters` (P), `lam` and `edof`.

    Raises as `empirical_ntk`, ValueError for unknown `parts` and for several outputs.
    """
    _check_one_output(net, task.x_train)
    if shares is None and parts is None:
        kernel = empirical_ntk(net, task.x_train)
    else:
        shares = shares or empirical_ntk(net, task.x_train, by_layer=True)
        chosen = list(shares) if parts is None else list(parts)
        if not chosen or not set(chosen) <= set(shares):
            raise ValueError(f"wanted parts among {list(shares)}, received {chosen}")
        kernel = sum(shares[part] for part in chosen)
    fit = fit_kernel(kernel, task.y_train, lambdas=lambdas, validation=validation, seed=seed)
    delta = vjp(net, task.x_train, fit.coefficients)
    inside = torch.cat(
        [
            torch.full((p.numel(),), parts is None or name.rpartition(".")[0] in parts)
            for name, p in net.named_parameters()
        ]
    )[kept_places(net)]
    delta = delta * inside.to(delta.device)
    return Reading.of(
        "tangent space",
        lambda x: jvp(net, x, delta)[:, 0] + fit.offset,
        task,
        bits=fit.bits,
        detail={"parameters": int(inside.sum()), "lam": fit.lam, "edof": fit.edof},
    )
