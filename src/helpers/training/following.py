"""Plain gradient descent on a network's change, watched along the way, with a dial for laziness."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn


@dataclass(frozen=True)
class Course:
    """What gradient descent passed through.

    - `steps[i]`: the step at which it was looked at; `outputs` `(t, q)`: scale (f - f_0) there;
    - `net`: the network at the last of them; `enough`: whether it stopped because it was told to.
    """

    steps: list[int]
    outputs: Float[Tensor, "t q"]
    net: nn.Module
    enough: bool


def follow(
    net: nn.Module,
    x: Float[Tensor, "n ..."],
    y: Float[Tensor, "n"],
    watched: Float[Tensor, "q ..."],
    *,
    rate: float,
    at: Sequence[int],
    scale: float = 1.0,
    enough: Callable[[Tensor], bool] | None = None,
) -> Course:
    """Full-batch descent on |scale (f - f_0) - y|^2 / (2n scale^2), looked at on `watched`.

    Parameters move by `rate` times the gradient. f_0 is the untrained network, so all start at
    zero. A large `scale` asks for a small change of f and keeps training in the tangent space, a
    small one for a large change: Chizat, Oyallon & Bach 2019, "On lazy training". Whatever the
    scale, the first step changes scale (f - f_0) by the same amount, so one `rate` suits all.
    `at` are the steps, rising, at which it is looked at (0: before the first); `enough(outputs)`,
    asked there, may end it.

    Raises ValueError for steps that do not rise, a scale that is not positive, several outputs, and
    for outputs that stop being finite.
    """
    at = [int(step) for step in at]
    if not at or at[0] < 0 or at != sorted(set(at)) or not scale > 0:
        raise ValueError(
            f"wanted rising steps from 0 on and a scale above 0, received {at[:8]} and {scale}"
        )
    net = copy.deepcopy(net)
    parameters = list(net.parameters())
    with torch.no_grad():
        before, start = net(x), net(watched)[:, 0]
    if before.shape != (len(x), 1):
        raise ValueError(
            f"wanted a network with one output, received outputs {tuple(before.shape[1:])}"
        )
    wanted = before[:, 0] + y / scale
    outputs, done, stop = [], 0, False
    for step in at:
        for _ in range(step - done):
            loss = (net(x)[:, 0] - wanted).square().mean() / 2
            gradients = torch.autograd.grad(loss, parameters)
            with torch.no_grad():
                for parameter, gradient in zip(parameters, gradients, strict=True):
                    parameter.sub_(gradient, alpha=rate)
        done = step
        with torch.no_grad():
            outputs.append(scale * (net(watched)[:, 0] - start))
        if not torch.isfinite(outputs[-1]).all():
            raise ValueError(
                f"wanted finite outputs, received others by step {step}: lower {rate=}"
            )
        stop = enough is not None and bool(enough(outputs[-1]))
        if stop:
            break
    return Course(at[: len(outputs)], torch.stack(outputs), net, stop)
