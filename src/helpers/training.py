"""Training by gradient descent, with everything that is random made explicit."""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from helpers.tasks import Task

OPTIMIZERS: dict[str, Callable] = {
    "adam": torch.optim.Adam,
    "sgd": torch.optim.SGD,
}


@dataclass(frozen=True)
class History:
    """What a training run leaves.

    - `net`: the trained copy; `snapshots[step]`: a copy after that many updates;
    - `loss[i]`: the loss on the batch of step `steps[i]`, before that step's update.
    """

    net: nn.Module
    steps: list[int] = field(default_factory=list)
    loss: list[float] = field(default_factory=list)
    snapshots: dict[int, nn.Module] = field(default_factory=dict)


def train(
    net: nn.Module,
    task: Task,
    *,
    steps: int = 500,
    batch: int | None = 128,
    lr: float = 1e-3,
    optimizer: str = "adam",
    loss: str = "logistic",
    snapshots: tuple[int, ...] = (),
    progress: bool = False,
    seed: int = 0,
) -> History:
    """A trained copy of `net`; the network that is passed in keeps its parameters.

    `steps` counts parameter updates, `batch` images per update (None: all of train), drawn without
    replacement in passes whose order `seed` fixes; what is left of a pass is dropped. `loss` is
    "logistic" or "squared", on labels -1 and +1. `snapshots` are steps after which a copy of the
    network is kept (0: before the first).

    Raises ValueError for unknown names, snapshots that no step reaches, a network with more than
    one output, and a loss that stopped being finite.
    """
    if optimizer not in OPTIMIZERS:
        raise ValueError(f"wanted an optimizer among {tuple(OPTIMIZERS)}, received {optimizer!r}")
    if loss not in ("logistic", "squared"):
        raise ValueError(f"wanted a loss 'logistic' or 'squared', received {loss!r}")
    if not all(0 <= step <= steps for step in snapshots):
        raise ValueError(f"wanted snapshots at steps from 0 to {steps}, received {snapshots}")
    if batch is not None and batch < 1:
        raise ValueError(f"wanted at least one image per batch, received {batch}")
    with torch.no_grad():
        outputs = net(task.x_train[:1]).numel()
    if outputs != 1:
        raise ValueError(f"wanted a network with one output, received one with {outputs}")
    net = copy.deepcopy(net)
    update = OPTIMIZERS[optimizer](net.parameters(), lr=lr)
    history = History(net)
    batches = _batches(len(task.y_train), batch, torch.Generator().manual_seed(seed))
    record = max(1, steps // 50)
    if 0 in snapshots:
        history.snapshots[0] = copy.deepcopy(net)
    for step in tqdm(range(1, steps + 1), disable=not progress, leave=False, desc="training"):
        index = next(batches)
        value = _loss(net(task.x_train[index]).flatten(), task.y_train[index], loss)
        update.zero_grad()
        value.backward()
        update.step()
        if step % record == 0 or step == steps:
            if not torch.isfinite(value):
                raise ValueError(f"the loss is {value.item()} at step {step}: lower lr={lr}")
            history.steps.append(step)
            history.loss.append(value.item())
        if step in snapshots:
            history.snapshots[step] = copy.deepcopy(net)
    return history


def _loss(score: Tensor, y: Tensor, loss: str) -> Tensor:
    if loss == "squared":
        return (score - y).square().mean()
    return nn.functional.softplus(-y * score).mean()


def _batches(n: int, batch: int | None, generator: torch.Generator):
    """Endless passes over 0..n-1, each in a fresh order."""
    if batch is None or batch >= n:
        while True:
            yield torch.arange(n)
    while True:
        yield from torch.randperm(n, generator=generator).split(batch)[: n // batch]
