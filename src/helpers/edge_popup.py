"""Edge-popup: search for a good mask of a random network whose weights never change."""

from collections.abc import Callable, Sequence
from math import cos, pi

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from helpers.masks import Masks, prunable, top_flat, unflatten
from helpers.tasks import Task


def logistic(outputs: Float[Tensor, "n 1"], y: Float[Tensor, " n"]) -> Float[Tensor, ""]:
    """Mean logistic loss of one output against labels in {-1, +1}."""
    return nn.functional.softplus(-y * outputs[:, 0]).mean()


def edge_popup(net: nn.Module, task: Task, *, keep, seed: int = 0, **options) -> Masks:
    """Masks found by training a score for each weight and keeping the highest.

    The net's weights are never trained. `options` are those of `edge_popup_many`.

    Example: `masked(net, edge_popup(net, task, keep=0.5))` is the found subnetwork.
    Source: Ramanujan et al. 2020, section 3.
    """
    return edge_popup_many([net], [task], keep=keep, seeds=[seed], **options)[0]


def edge_popup_many(
    nets: Sequence[nn.Module],
    tasks: Sequence[Task],
    *,
    keep,
    seeds: Sequence[int],
    steps: int = 500,
    lr: float = 1.0,
    batch: int = 128,
    layerwise: bool = True,
    biases: bool = True,
    loss: Callable = logistic,
) -> list[Masks]:
    """`edge_popup` for several nets of one architecture at once, each with its task and seed.

    SGD with momentum 0.9 and a cosine schedule on the scores; scores start as small random
    numbers and batches are drawn with replacement, both from the seed. `loss(outputs, y)` is a
    mean over examples; the default wants one output and labels in {-1, +1}.

    Raises ValueError for counts of nets, tasks and seeds that differ.
    """
    if not len(nets) == len(tasks) == len(seeds):
        raise ValueError(
            f"edge_popup_many wants one task and one seed a net, received {len(nets)} nets, "
            f"{len(tasks)} tasks and {len(seeds)} seeds."
        )
    shapes = {name: p.shape for name, p in prunable(nets[0], biases=biases).items()}
    weights, buffers = stack_module_state(list(nets))
    weights = {name: w.detach() for name, w in weights.items()}
    x = torch.stack([task.x_train for task in tasks])
    y = torch.stack([task.y_train for task in tasks])
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    scores = torch.stack([_initial_scores(shapes, g) for g in generators]).to(x).requires_grad_()

    def masked_loss(weights, buffers, mask, x, y):
        survivors = {n: weights[n] * m for n, m in unflatten(mask, shapes).items()}
        outputs = functional_call(nets[0], (weights | survivors, buffers), x)
        return loss(outputs, y)

    optimizer = torch.optim.SGD([scores], lr=lr, momentum=0.9)
    row = torch.arange(len(nets))[:, None]
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = lr * (1 + cos(pi * step / steps)) / 2
        drawn = torch.stack([torch.randint(x.shape[1], (batch,), generator=g) for g in generators])
        mask = straight_through(scores, shapes, keep=keep, layerwise=layerwise)
        losses = vmap(masked_loss)(weights, buffers, mask, x[row, drawn], y[row, drawn])
        optimizer.zero_grad()
        losses.sum().backward()
        optimizer.step()
    found = top_flat(scores.detach(), shapes, keep=keep, layerwise=layerwise)
    return [unflatten(mask, shapes) for mask in found]


def straight_through(
    scores: Float[Tensor, "*batch m"], shapes: dict[str, torch.Size], *, keep, layerwise: bool
) -> Float[Tensor, "*batch m"]:
    """The mask of the highest scores as 0s and 1s, with the gradient of the scores themselves.

    So the gradient that reaches a score is dL/d(mask) = dL/d(input of v) * w_uv * z_u, for kept
    and pruned edges alike (Ramanujan et al. 2020, equation 4).
    """
    hard = top_flat(scores.detach(), shapes, keep=keep, layerwise=layerwise).to(scores)
    return hard + (scores - scores.detach())


def _initial_scores(shapes, generator):
    """Uniform on +-1/sqrt(fan in), as PyTorch draws the weights of a layer."""
    parts = []
    for shape in shapes.values():
        fan_in = shape[1:].numel() if len(shape) > 1 else fan_in  # a bias follows its weight
        parts.append((2 * torch.rand(shape.numel(), generator=generator) - 1) / fan_in**0.5)
    return torch.cat(parts)
