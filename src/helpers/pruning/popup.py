"""Edge-popup: search for a good mask of a random network whose weights never change."""

from collections.abc import Callable, Sequence
from math import cos, pi

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from helpers.networks import masks_of
from helpers.pruning.choosing import flatten_masks, prunable, top_flat, unflatten
from helpers.pruning.masks import Masks
from helpers.seeds import generator
from helpers.training import Ensemble, batches, checked_loss
from helpers.training.ensembles import check_counts


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
    loss: str | Callable = "logistic",
    visit: Callable[[Bool[Tensor, "nets m"]], object] | None = None,
) -> list[Masks]:
    """`edge_popup` for several nets of one architecture at once, each with its task and seed.

    SGD with momentum 0.9 and a cosine schedule on the scores; scores start as small random
    numbers; `batch` and `loss` are those of `training.train_many`. Of a pruned network only what it
    still has is searched. `visit` is called with the masks of every step, and with the last ones,
    flat in the order of the parameters: what the search passes through need not be where it ends.

    Raises ValueError as `training.train_many` and for nets that are pruned differently.
    """
    check_counts(nets=nets, tasks=tasks, seeds=seeds)
    shapes = {name: p.shape for name, p in prunable(nets[0], biases=biases).items()}
    within = _same_masks(nets, shapes)
    ensemble, function = Ensemble.of(nets), checked_loss(loss, nets, tasks)
    weights = ensemble.parameters
    chosen = {"keep": keep, "layerwise": layerwise, "within": within}
    generators = [generator(seed, "scores of edge-popup") for seed in seeds]
    scores = torch.stack([_initial_scores(shapes, g) for g in generators]).requires_grad_()
    order = [generator(seed, "batches") for seed in seeds]
    optimizer = torch.optim.SGD([scores], lr=lr, momentum=0.9)
    for step, (x, y) in zip(range(steps), batches(tasks, batch, order), strict=False):
        optimizer.param_groups[0]["lr"] = lr * (1 + cos(pi * step / steps)) / 2
        mask = straight_through(scores, shapes, **chosen)
        if visit is not None:
            visit(mask.detach() > 0.5)
        survivors = {name: weights[name] * m for name, m in unflatten(mask, shapes).items()}
        optimizer.zero_grad()
        ensemble.losses(x, y, function, survivors).sum().backward()
        optimizer.step()
    found = top_flat(scores.detach(), shapes, **chosen)
    if visit is not None:
        visit(found)
    return [unflatten(mask, shapes) for mask in found]


def straight_through(
    scores: Float[Tensor, "*batch m"], shapes: dict[str, torch.Size], **chosen
) -> Float[Tensor, "*batch m"]:
    """The mask of the highest scores as 0s and 1s, with the gradient of the scores themselves.

    So the gradient that reaches a score is dL/d(mask) = dL/d(input of v) * w_uv * z_u, for kept
    and pruned edges alike (Ramanujan et al. 2020, equation 4). Options as in `masks.top_flat`.
    """
    hard = top_flat(scores.detach(), shapes, **chosen).to(scores)
    return hard + (scores - scores.detach())


def _same_masks(nets, shapes):
    """The weights that all the nets have, (m,), or None where none is pruned."""
    first, *others = (flatten_masks(masks_of(net), shapes, "cpu") for net in nets)
    for other in others:
        if (first is None) != (other is None) or not (first is None or first.equal(other)):
            raise ValueError(
                "wanted nets that are pruned alike, received different masks: search one net at a "
                "time with edge_popup"
            )
    return first


def _initial_scores(shapes, generator):
    """Uniform on +-1/sqrt(fan in), as PyTorch draws the weights of a layer."""
    parts = []
    for shape in shapes.values():
        fan_in = shape[1:].numel() if len(shape) > 1 else fan_in  # a bias follows its weight
        parts.append((2 * torch.rand(shape.numel(), generator=generator) - 1) / fan_in**0.5)
    return torch.cat(parts)
