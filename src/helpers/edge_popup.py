"""Edge-popup: search for a good mask of a random network whose weights never change."""

from collections.abc import Callable, Sequence
from math import cos, pi

import torch
from jaxtyping import Float
from torch import Tensor, nn

from helpers.masks import Masks, own_generator, prunable, top_flat, unflatten
from helpers.stacked import batches, check_counts, logistic, losses, stack


def edge_popup(net: nn.Module, task, *, keep, seed: int = 0, **options) -> Masks:
    """Masks found by training a score for each weight and keeping the highest.

    The net's weights are never trained. `options` are those of `edge_popup_many`.

    Example: `masked(net, edge_popup(net, task, keep=0.5))` is the found subnetwork.
    Source: Ramanujan et al. 2020, section 3.
    """
    return edge_popup_many([net], [task], keep=keep, seeds=[seed], **options)[0]


def edge_popup_many(
    nets: Sequence[nn.Module],
    tasks: Sequence,
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
    check_counts(nets=nets, tasks=tasks, seeds=seeds)
    shapes = {name: p.shape for name, p in prunable(nets[0], biases=biases).items()}
    weights = stack(nets)
    generators = [own_generator(seed, "edge-popup") for seed in seeds]
    scores = torch.stack([_initial_scores(shapes, g) for g in generators]).requires_grad_()
    optimizer = torch.optim.SGD([scores], lr=lr, momentum=0.9)
    for step, (x, y) in zip(range(steps), batches(tasks, batch, seeds), strict=False):
        optimizer.param_groups[0]["lr"] = lr * (1 + cos(pi * step / steps)) / 2
        mask = straight_through(scores, shapes, keep=keep, layerwise=layerwise)
        survivors = {name: weights[name] * m for name, m in unflatten(mask, shapes).items()}
        optimizer.zero_grad()
        losses(nets[0], weights | survivors, x, y, loss).sum().backward()
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
