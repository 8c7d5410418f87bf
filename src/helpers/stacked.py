"""Several nets of one architecture, trained as one: one more axis in place of a loop over seeds.

A stack is a dict from parameter name to tensor (nets, *shape). Small nets leave a processor idle
between tiny operations; ten at once take little more time than one.
"""

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

Stack = dict[str, Tensor]


def logistic(outputs: Float[Tensor, "n 1"], y: Float[Tensor, " n"]) -> Float[Tensor, ""]:
    """Mean logistic loss of one output against labels in {-1, +1}."""
    return nn.functional.softplus(-y * outputs[:, 0]).mean()


def stack(nets: Sequence[nn.Module]) -> Stack:
    """The parameters of nets of one architecture, (nets, *shape) each."""
    return {name: p.detach() for name, p in stack_module_state(list(nets))[0].items()}


def unstack(net: nn.Module, parameters: Stack) -> list[nn.Module]:
    """New nets like `net`, one for each row of the stack."""
    count = len(next(iter(parameters.values())))
    nets = [deepcopy(net) for _ in range(count)]
    for i, new in enumerate(nets):
        new.load_state_dict({name: p[i].detach() for name, p in parameters.items()})
    return nets


def losses(
    net: nn.Module,
    parameters: Stack,
    x: Float[Tensor, "nets n *image"],
    y: Tensor,
    loss: Callable,
) -> Float[Tensor, " nets"]:
    """The loss of each net of the stack on its own images (nets, n, ...) and labels (nets, n)."""
    return vmap(lambda p, x, y: loss(functional_call(net, p, (x,)), y))(parameters, x, y)


def batches(tasks: Sequence, size: int, seeds: Sequence[int]) -> Iterator[tuple[Tensor, Tensor]]:
    """Endless training batches, x (nets, size, ...) and y (nets, size), drawn with replacement.

    Each net has its task (anything with `x_train` and `y_train`) and a seed for the order.
    """
    x, y = (torch.stack([getattr(t, name) for t in tasks]) for name in ("x_train", "y_train"))
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    row = torch.arange(len(tasks))[:, None]
    while True:
        drawn: Int[Tensor, "nets size"] = torch.stack(
            [torch.randint(x.shape[1], (size,), generator=g) for g in generators]
        )
        yield x[row, drawn], y[row, drawn]


def train(
    nets: Sequence[nn.Module],
    tasks: Sequence,
    *,
    seeds: Sequence[int],
    masks: Sequence[dict[str, Tensor]] | None = None,
    steps: int = 500,
    lr: float = 3e-3,
    batch: int = 128,
    loss: Callable = logistic,
) -> list[nn.Module]:
    """Trained copies of the nets (Adam), each with its task, its seed and, if given, its masks.

    What a mask prunes is zero before, during and after. `loss(outputs, y)` is a mean over
    examples; the default wants one output and labels in {-1, +1}.

    Raises ValueError for counts of nets, tasks, seeds and masks that differ.
    """
    check_counts(nets=nets, tasks=tasks, seeds=seeds, masks=nets if masks is None else masks)
    parameters = {name: p.requires_grad_() for name, p in stack(nets).items()}
    kept = {} if masks is None else {n: torch.stack([m[n] for m in masks]) for n in masks[0]}
    optimizer = torch.optim.Adam(parameters.values(), lr=lr)
    for _, (x, y) in zip(range(steps), batches(tasks, batch, seeds), strict=False):
        survivors = {name: parameters[name] * mask for name, mask in kept.items()}
        optimizer.zero_grad()
        losses(nets[0], parameters | survivors, x, y, loss).sum().backward()
        optimizer.step()
    survivors = {name: parameters[name] * mask for name, mask in kept.items()}
    return unstack(nets[0], parameters | survivors)


def check_counts(**parts: Sequence) -> None:
    """Raises ValueError unless all parts have one entry for each net."""
    if len({len(part) for part in parts.values()}) != 1:
        counts = ", ".join(f"{len(part)} {name}" for name, part in parts.items())
        raise ValueError(f"wanted one of each for every net, received {counts}")
