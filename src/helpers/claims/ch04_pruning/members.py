"""Chapter 04: how many masks are as good, and how much they have in common."""

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.func import functional_call, vmap

from helpers import networks, pruning, seeds, tangent, tasks, training
from helpers.claims.ch04_pruning.ten_digits import LOSS, LR, ten_digits
from helpers.pruning.choosing import top_flat, unflatten
from helpers.yardstick import correlations, rarity


def overlaps(seed: int, *, width: int = 64, keep: float = 0.5, steps: int = 300) -> list[dict]:
    """How many weights two ways of choosing half of the same untrained network share.

    Columns: `first`, `second`, `value` (overlap; `keep` by chance).
    """
    task = ten_digits(seed)
    net = networks.mlp([64, width, 10], seed=seed)
    other = seeds.derived(seed, "another search")
    popups = pruning.edge_popup_many(
        [net, net], [task] * 2, keep=keep, seeds=[seed, other], loss=LOSS, steps=steps
    )
    trained = training.train(net, task, steps=steps, lr=LR, loss=LOSS, seed=seed).net
    found = {
        "edge-popup": popups[0],
        "edge-popup, other scores": popups[1],
        "largest before training": pruning.magnitude(net, keep=keep, layerwise=True),
        "largest after training": pruning.magnitude(trained, keep=keep, layerwise=True),
        "random": pruning.random(net, keep=keep, layerwise=True, seed=seed),
    }
    return [
        {"first": a, "second": b, "value": pruning.overlap(found[a], found[b])}
        for a, b in itertools.combinations(found, 2)
    ]


def sampled_families(seed: int, *, members: int = 2048, width: int = 64) -> dict[str, Tensor]:
    """Held-out |correlation| with "digit 3" of random members of five families of one network.

    Masks keep half; readouts and tangent combinations have Gaussian coefficients, features and
    partial derivatives centred; neurons and re-drawn networks are drawn anew.
    """
    task = tasks.digits(3, seed=seed)
    net = networks.mlp([task.x_train[0].numel(), width, 1], seed=seed)
    g = seeds.generator(seed, "random members")
    x, y = task.x_test, task.y_test[:, None]
    hidden = networks.activations(net, x)
    wide = networks.mlp(
        [task.x_train[0].numel(), members, 1], seed=seeds.derived(seed, "neurons to draw from")
    )
    scores = {
        "subnetwork": _outputs_of(net, _random_masks(net, members, g), x),
        "neuron": networks.activations(wide, x),
        "features": _random_combinations(hidden, members, g),
        "tangent space": _random_combinations(tangent.features(net, x), members, g),
        "re-drawn": _outputs_of(net, _random_weights(net, members, g), x),
    }
    return {name: correlations(s, y)[:, 0].abs() for name, s in scores.items()}


def good_members(
    seed: int, *, scores: Sequence[float] = (0.1, 0.2, 0.3, 0.4, 0.5), members: int = 2048
) -> list[dict]:
    """Rarity in bits of a member that scores at least so much, per family: columns `family`,
    `score`, `bits` (infinite where none of the sample did), `low` (what can still be said)."""
    records = []
    for family, sample in sampled_families(seed, members=members).items():
        for score in scores:
            found = rarity(score, sample)
            setting = {"family": family, "score": score}
            records.append({**setting, "bits": found.bits, "low": found.low})
    return records


def _outputs_of(net, parameters, x, block=256):
    """Outputs (n, members) of a one-output net with each row's parameters."""
    forward = vmap(lambda p: functional_call(net, p, (x,))[:, 0])
    count = len(next(iter(parameters.values())))
    with torch.no_grad():
        parts = [
            forward({name: p[i : i + block] for name, p in parameters.items()})
            for i in range(0, count, block)
        ]
    return torch.cat(parts).T


def _random_masks(net, members, g):
    shapes = {name: p.shape for name, p in net.named_parameters()}
    total = sum(shape.numel() for shape in shapes.values())
    scores = torch.rand(members, total, generator=g)
    masks = unflatten(top_flat(scores, shapes, keep=0.5, layerwise=False), shapes)
    return {name: p.detach() * masks[name] for name, p in net.named_parameters()}


def _random_weights(net, members, g):
    """Networks drawn as this one was (`networks.mlp`, standard), a stack of them."""
    drawn, weights = {}, [name for name, p in net.named_parameters() if p.ndim > 1]
    for name, p in net.named_parameters():
        follows = "identity" if name == weights[-1] else "relu"
        std = networks.BIAS_STD if p.ndim == 1 else networks.weight_std(p.shape[-1], follows)
        drawn[name] = std * torch.randn(members, *p.shape, generator=g)
    return drawn


def _random_combinations(features, members, g):
    features = features - features.mean(0)
    return features @ torch.randn(features.shape[1], members, generator=g)
