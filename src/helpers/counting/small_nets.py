"""Thousands of one-hidden-layer nets at once: what random ones compute, what descent finds.

A stack of nets is one tensor `(nets, M)`; each row holds a net's parameters in the order of
`nn.utils.parameters_to_vector`: the hidden weights unit by unit, the hidden biases, the readout,
the output bias. M = h (n + 2) + 1 for n inputs and h hidden units.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from helpers import seeds
from helpers.counting.boolean import inputs
from helpers.networks import ACTIVATIONS, BIAS_STD, dense_layers, weight_std

NOISE = 1e-6  # an output of single precision that is nearer to 0 may be rounding


def stack(nets: Sequence[nn.Module]) -> Float[Tensor, "nets M"]:
    """The parameters of equally shaped `networks.mlp([n, h, 1])`, one row per net.

    Raises TypeError as `networks.layers` and for pruned nets.
    """
    for net in nets:
        dense_layers(net)
    return torch.stack([nn.utils.parameters_to_vector(net.parameters()).detach() for net in nets])


def draw(
    n: int,
    h: int,
    nets: int,
    *,
    activation: str = "relu",
    bias_std: float = BIAS_STD,
    seed: int = 0,
) -> Float[Tensor, "nets M"]:
    """Random nets with the distribution of `networks.mlp([n, h, 1])`, all from one seed."""
    generator = seeds.generator(seed, "small nets")
    hidden, readout = [weight_std(n, activation)], [weight_std(h)]
    deviations = hidden * (n * h) + [bias_std] * h + readout * h + [bias_std]
    return torch.randn(nets, len(deviations), generator=generator) * torch.tensor(deviations)


def outputs(
    nets: Float[Tensor, "nets M"], n: int, *, activation: str = "relu"
) -> Float[Tensor, "nets inputs"]:
    """Every net's output on every input of {0,1}^n, in counting order.

    Raises ValueError when M is not h (n + 2) + 1 for a whole number h.
    """
    h, rest = divmod(nets.shape[1] - 1, n + 2)
    if rest or h < 1:
        raise ValueError(
            f"wanted h ({n} + 2) + 1 parameters per net, received {nets.shape[1]}: "
            "stack(nets) makes such rows from networks.mlp([n, h, 1])"
        )
    weights, biases, readout, bias = nets.split([n * h, h, h, 1], dim=1)
    before = inputs(n).to(nets) @ weights.reshape(-1, h, n).mT + biases[:, None]
    return (ACTIVATIONS[activation]()(before) @ readout[:, :, None])[:, :, 0] + bias


def functions(
    nets: Float[Tensor, "nets M"], n: int, *, activation: str = "relu"
) -> Int[np.ndarray, "nets"]:
    """The integer of the function that each net computes: true where its output is > 0."""
    return _codes(outputs(nets, n, activation=activation)).numpy()


def function_counts(
    n: int, h: int, nets: int, *, activation: str = "relu", seed: int = 0
) -> Int[np.ndarray, "functions"]:
    """How many of `nets` re-drawn nets compute each function of n bits."""
    counts, block = np.zeros(2**2**n, dtype=np.int64), 2**16
    for start in range(0, nets, block):
        own = seeds.derived(seed, f"small nets from {start}")
        drawn = draw(n, h, min(block, nets - start), activation=activation, seed=own)
        counts += np.bincount(functions(drawn, n, activation=activation), minlength=len(counts))
    return counts


class Descent(NamedTuple):
    """What training came to, for every net and every target function."""

    step: Int[np.ndarray, "nets targets"]  # at which the net first computed the target; -1: never
    weights: Float[Tensor, "nets targets M"]  # at that step, or the last ones


def descend(
    nets: Float[Tensor, "nets M"],
    targets: Int[np.ndarray, "targets"],
    n: int,
    *,
    steps: int = 1000,
    learning_rate: float = 0.03,
    optimiser: type[torch.optim.Optimizer] = torch.optim.Adam,
    linear: bool = False,
    activation: str = "relu",
) -> Descent:
    """Train every net for every target: full-batch logistic loss on all 2^n inputs.

    Step 0 is the untrained net. All pairs run as one batch, which is the same as running each
    alone for an optimiser that treats every weight by itself (Adam, SGD), and pairs that have
    arrived leave it. An output above 0 by no more than rounding does not count as true: training
    towards a function out of reach may end at 0 everywhere. With `linear` the net is replaced by
    its first-order expansion (`expansion`), so that training cannot leave the tangent space.
    """
    bits = 1 << torch.arange(2**n)
    wanted = ((torch.as_tensor(targets)[:, None] & bits) > 0).repeat(len(nets), 1)
    net = torch.arange(len(nets)).repeat_interleave(len(targets))
    running = torch.arange(len(net))
    step, last = torch.full((len(net),), -1), nets[net]
    expanded = expansion(nets, n, activation=activation) if linear else None
    weights = nets[net].requires_grad_()
    opt = optimiser([weights], lr=learning_rate)
    for now in range(steps + 1):
        f = expanded(weights, net) if expanded else outputs(weights, n, activation=activation)
        right = torch.where(wanted, f.detach() > NOISE, f.detach() <= 0)
        stay = ~right.all(dim=1)
        step[running[~stay]] = now
        last[running] = weights.detach()
        if now == steps or not stay.any():
            break
        opt.zero_grad()
        nn.functional.softplus(torch.where(wanted, -f, f)).mean(dim=1).sum().backward()
        opt.step()
        if not stay.all():
            weights = _kept(opt, weights, stay)
            wanted, net, running = wanted[stay], net[stay], running[stay]
    shape = len(nets), len(targets)
    return Descent(step.reshape(shape).numpy(), last.reshape(*shape, -1))


def _kept(opt: torch.optim.Optimizer, weights: Tensor, stay: Tensor) -> Tensor:
    """Shrink an optimiser's only parameter, and what it remembers of it, to some of its rows."""
    kept = weights.detach()[stay].requires_grad_()
    memory = opt.state.pop(weights, {})
    opt.state[kept] = {
        name: value[stay] if getattr(value, "shape", ()) == weights.shape else value
        for name, value in memory.items()
    }
    opt.param_groups[0]["params"] = [kept]
    return kept


def expansion(
    nets: Float[Tensor, "nets M"], n: int, *, activation: str = "relu"
) -> Callable[[Tensor, Tensor], Tensor]:
    """Each net's output to first order around its weights: f + J (w - w_0), on all inputs.

    The function returned takes weights `(k, M)` and the place in `nets` that each row started
    from, `(k,)`; it returns outputs `(k, 2^n)`.
    """

    def output(weights):
        return outputs(weights[None], n, activation=activation)[0]

    f = outputs(nets, n, activation=activation)
    jacobian = torch.vmap(torch.func.jacrev(output))(nets)
    return lambda weights, net: (
        f[net] + torch.einsum("kjm,km->kj", jacobian[net], weights - nets[net])
    )


def departure(
    nets: Float[Tensor, "nets M"],
    weights: Float[Tensor, "nets targets M"],
    n: int,
    *,
    activation: str = "relu",
) -> Float[np.ndarray, "nets targets"]:
    """How far training has left the tangent space: |f - f_linear| / |f - f_0|, nan if f = f_0.

    0: the net is its first-order expansion. 1: the expansion's error is as large as all that
    training has changed. The norms are over the 2^n inputs.
    """
    shape, rows = weights.shape[:2], weights.flatten(0, 1)
    net = torch.arange(shape[0]).repeat_interleave(shape[1])
    f, f_0 = (outputs(each, n, activation=activation) for each in (rows, nets[net]))
    f_linear = expansion(nets, n, activation=activation)(rows, net)
    return ((f - f_linear).norm(dim=1) / (f - f_0).norm(dim=1)).reshape(shape).numpy()


def _codes(predicted: Float[Tensor, "nets inputs"]) -> Int[Tensor, "nets"]:
    return (predicted > 0).long() @ (1 << torch.arange(predicted.shape[1]))
