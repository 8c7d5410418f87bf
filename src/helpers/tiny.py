"""Thousands of one-hidden-layer nets at once: what random ones compute, what descent finds.

A stack of nets is one tensor `(nets, M)`; each row holds a net's parameters in the order of
`nn.utils.parameters_to_vector`: the hidden weights unit by unit, the hidden biases, the readout,
the output bias. M = h (n + 2) + 1 for n inputs and h hidden units.
"""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from helpers.boolean import inputs
from helpers.networks import ACTIVATIONS, GAINS


def stack(nets: Sequence[nn.Module]) -> Float[Tensor, "nets M"]:
    """The parameters of equally shaped `networks.mlp([n, h, 1])`, one row per net."""
    return torch.stack([nn.utils.parameters_to_vector(net.parameters()).detach() for net in nets])


def draw(
    n: int, h: int, nets: int, *, activation: str = "relu", bias_std: float = 0.5, seed: int = 0
) -> Float[Tensor, "nets M"]:
    """Random nets with the distribution of `networks.mlp([n, h, 1])`, all from one seed."""
    generator = torch.Generator().manual_seed(seed)
    hidden, readout = GAINS[activation] / n**0.5, 1 / h**0.5
    deviations = [hidden] * (n * h) + [bias_std] * h + [readout] * h + [bias_std]
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
    # torch's CPU generator reads only 32 bits of a seed, so blocks get independent 32-bit ones.
    seeds = np.random.SeedSequence(seed).generate_state(-(-nets // block))
    for start, own in zip(range(0, nets, block), seeds, strict=True):
        drawn = draw(n, h, min(block, nets - start), activation=activation, seed=int(own))
        counts += np.bincount(functions(drawn, n, activation=activation), minlength=len(counts))
    return counts


def descend(
    nets: Float[Tensor, "nets M"],
    targets: Int[np.ndarray, "targets"],
    n: int,
    *,
    steps: int = 1000,
    learning_rate: float = 0.03,
    activation: str = "relu",
) -> Int[np.ndarray, "nets targets"]:
    """The step at which Adam, started from each net, first computes each target; -1 for never.

    Full-batch logistic loss on all 2^n inputs, Adam (Kingma & Ba 2015) with its usual constants.
    Step 0 is the untrained net. All pairs run as one batch; those that have arrived leave it.
    """
    bits = 1 << torch.arange(2**n)
    wanted = torch.as_tensor(targets).repeat(len(nets))
    weights = nets.repeat_interleave(len(targets), dim=0)
    first, second = torch.zeros_like(weights), torch.zeros_like(weights)
    found = torch.full((len(weights),), -1)
    running = torch.arange(len(weights))
    signs = 2.0 * ((wanted[:, None] & bits) > 0) - 1
    for step in range(steps + 1):
        weights.requires_grad_()
        predicted = outputs(weights, n, activation=activation)
        losses = nn.functional.softplus(-signs * predicted).mean(dim=1)
        (gradient,) = torch.autograd.grad(losses.sum(), weights)
        weights = weights.detach()
        arrived = ((predicted.detach() > 0) == (signs > 0)).all(dim=1)
        if arrived.any():
            found[running[arrived]] = step
            stay = ~arrived
            weights, gradient, signs = weights[stay], gradient[stay], signs[stay]
            first, second, running = first[stay], second[stay], running[stay]
        if len(running) == 0:
            break
        first = torch.lerp(gradient, first, 0.9)
        second = torch.lerp(gradient**2, second, 0.999)
        corrected = first / (1 - 0.9 ** (step + 1))
        spread = (second / (1 - 0.999 ** (step + 1))).sqrt()
        weights = weights - learning_rate * corrected / (spread + 1e-8)
    return found.reshape(len(nets), len(targets)).numpy()


def _codes(predicted: Float[Tensor, "nets inputs"]) -> Int[Tensor, "nets"]:
    return (predicted > 0).long() @ (1 << torch.arange(predicted.shape[1]))
