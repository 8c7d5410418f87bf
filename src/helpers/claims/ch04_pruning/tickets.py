"""Chapter 04: lottery tickets, and the rivals without which they prove nothing."""

from copy import deepcopy
from dataclasses import replace
from functools import lru_cache

import pandas as pd
import torch
from scipy.stats import spearmanr
from torch import nn

from helpers import networks, pruning, seeds
from helpers.claims.ch04_pruning.ten_digits import LOSS, LR, TenDigits, accuracy, ten_digits
from helpers.pruning.masks import Masks
from helpers.sweeps import kept
from helpers.training import train, train_many
from helpers.yardstick import correlations

FEW = 0.07  # of the weights: where a winning ticket is said to win
SIZES = (64, 100, 50, 10)
WINNER, REDRAWN = "winning ticket", "weights drawn anew"
OTHER_LABELS = "cut for random labels"
MAGNITUDES, SIGNS = "original signs, magnitudes shuffled", "original magnitudes, random signs"


def magnitude_rounds(
    net: nn.Module, task: TenDigits, *, keep: float, rounds: int, steps: int, seed: int
) -> Masks:
    """Iterative magnitude pruning with rewinding to the initialisation.

    Each round trains from the initial weights under the masks so far and keeps the largest of
    those that are left, the same share every round, over the whole net; biases stay.
    Source: Frankle & Carbin 2019.
    """
    masks = pruning.magnitude(net, keep=1.0, biases=False)
    total = pruning.kept(masks)
    for number in range(1, rounds + 1):
        ticket = pruning.masked(net, masks)
        trained = train(ticket, task, steps=steps, lr=LR, loss=LOSS, seed=seed).net
        left = round(keep ** (number / rounds) * total)
        masks = pruning.magnitude(trained, keep=left, biases=False)
    return masks


@lru_cache(maxsize=64)
def cut(
    seed: int,
    *,
    sizes: tuple[int, ...] = SIZES,
    keep: float = FEW,
    rounds: int = 10,
    steps: int = 100,
    labels: str = "true",
) -> tuple[nn.Sequential, Masks, TenDigits]:
    """An untrained network, the masks of its winning ticket, and the digits it was cut for.

    With labels "random" the training labels are shuffled before anything is trained.
    """
    task, net = ten_digits(seed), networks.mlp(sizes, seed=seed)
    if labels == "random":
        order = torch.randperm(len(task.y_train), generator=seeds.generator(seed, "random labels"))
        task = replace(task, y_train=task.y_train[order])
    masks = magnitude_rounds(net, task, keep=keep, rounds=rounds, steps=steps, seed=seed)
    return net, masks, task


def arms_of_a_ticket(net: nn.Module, masks: Masks, seed: int) -> dict[str, tuple]:
    """Initial network and masks of each arm: what a winning ticket is compared with."""
    anywhere = pruning.random(net, keep=pruning.kept(masks), biases=False, seed=seed)
    return {
        WINNER: (net, masks),
        REDRAWN: (_redrawn(net, seed), masks),
        MAGNITUDES: (_shuffled_magnitudes(net, masks, seed), masks),
        SIGNS: (_random_signs(net, masks, seed), masks),
        "mask shuffled in each layer": (net, pruning.shuffled(masks, seed=seed)),
        "random mask": (net, anywhere),
    }


@kept
def tickets(
    seed: int,
    *,
    sizes: tuple[int, ...] = SIZES,
    keep: float = FEW,
    rounds: int = 10,
    steps: int = 100,
    patience: tuple[int, ...] = (1, 16),
) -> pd.DataFrame:
    """Held-out accuracy of a winning ticket and of its controls, at 1 and at 16 times the steps.

    Columns: `arm`, `patience` (0: not trained at all), `value`, `draws`; `kept` and `live`, how
    many weights the arm's masks keep and how many are not zero in the network that was scored.
    """
    told = {"sizes": sizes, "keep": keep, "rounds": rounds, "steps": steps}
    net, masks, task = cut(seed, **told)
    arms = arms_of_a_ticket(net, masks, seed)
    arms[OTHER_LABELS] = net, cut(seed, labels="random", **told)[1]
    starts = [pruning.masked(*arm) for arm in arms.values()]
    scored = {0: starts}
    for factor in patience:
        options = {"steps": factor * steps, "lr": LR, "loss": LOSS, "seeds": [seed] * len(arms)}
        scored[factor] = [run.net for run in train_many(starts, [task] * len(arms), **options)]
    return pd.DataFrame(
        {
            "arm": name,
            "patience": factor,
            **accuracy(one, task),
            "kept": pruning.kept(arms[name][1]),
            "live": pruning.live(one, arms[name][1]),
        }
        for factor, nets in scored.items()
        for name, one in zip(arms, nets, strict=True)
    )


def followed(
    seed: int,
    *,
    sizes: tuple[int, ...] = SIZES,
    rounds: int = 10,
    steps: int = 100,
) -> list[dict]:
    """The hidden units of a winning ticket from the initialisation to the end of training.

    Per arm and hidden layer: `itself`, the mean |correlation| of a unit after training with itself
    before; `aligned_before` and `aligned_after`, the mean over units of the largest
    |correlation| with a digit's label; `rank`, Spearman's correlation between the two over units.
    All on held-out images, over units that are alive before and after. "dense" is unpruned.
    """
    net, masks, task = cut(seed, sizes=sizes, rounds=rounds, steps=steps)
    arms = arms_of_a_ticket(net, masks, seed)
    all_kept = {name: torch.ones_like(one) for name, one in masks.items()}
    followed_arms = {
        WINNER: arms[WINNER],
        REDRAWN: arms[REDRAWN],
        "dense": (net, all_kept),
    }
    labels = nn.functional.one_hot(task.y_test, 10).float()
    records = []
    for name, (start, mask) in followed_arms.items():
        before = pruning.masked(start, mask)
        end = train(before, task, steps=steps, lr=LR, loss=LOSS, seed=seed).net
        same = pruning.unit_correlations(before, end, task.x_test)
        for layer, itself in enumerate(same):
            alive = ~itself.isnan()
            aligned = [
                correlations(networks.activations(one, task.x_test, layer), labels)
                .abs()
                .amax(1)[alive]
                for one in (before, end)
            ]
            records.append(
                {
                    "arm": name,
                    "layer": layer + 1,
                    "itself": float(itself[alive].abs().mean()),
                    "aligned_before": float(aligned[0].mean()),
                    "aligned_after": float(aligned[1].mean()),
                    "rank": float(spearmanr(*aligned).statistic),
                    "kept": pruning.kept(mask),
                    "live": pruning.live(end, mask),
                }
            )
    return records


def _redrawn(net, seed):
    """A network of the same shape, drawn again."""
    linear = [m for m in net if isinstance(m, nn.Linear)]
    sizes = [linear[0].in_features, *[m.out_features for m in linear]]
    return networks.mlp(sizes, seed=seeds.derived(seed, "re-drawn ticket"))


def _shuffled_magnitudes(net, masks, seed):
    """A copy whose kept weights keep their signs and exchange magnitudes within their layer."""
    g = seeds.generator(seed, "magnitudes")
    new = deepcopy(net)
    with torch.no_grad():
        for name, p in new.named_parameters():
            if name in masks:
                sizes = p[masks[name]].abs()
                order = torch.randperm(len(sizes), generator=g)
                p[masks[name]] = p[masks[name]].sign() * sizes[order]
    return new


def _random_signs(net, masks, seed):
    """A copy whose kept weights keep their magnitudes and get signs at random."""
    g = seeds.generator(seed, "signs")
    new = deepcopy(net)
    with torch.no_grad():
        for name, p in new.named_parameters():
            if name in masks:
                p *= 2.0 * torch.randint(0, 2, p.shape, generator=g) - 1
    return new
