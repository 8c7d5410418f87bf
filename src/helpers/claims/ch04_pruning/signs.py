"""What a ticket can hand on to networks that were drawn anew: its mask, and its signs.

An outside check on Oh, Baik & Lee 2025 (arXiv 2504.05357) and Gadhikar et al. 2025 (2504.12801),
who give a sparse network's mask and signs to other initialisations.
"""

from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path

import torch

from helpers import networks, pruning, seeds
from helpers.claims.ch04_pruning.ten_digits import LOSS, LR, accuracy, ten_digits
from helpers.claims.ch04_pruning.tickets import FEW, magnitude_rounds
from helpers.results.store import save
from helpers.sweeps import sweep
from helpers.training import train, train_many
from helpers.yardstick import intervals

FIRST = 3000  # seeds that nobody has looked at


def handed_on(
    seed: int,
    *,
    sizes: Sequence[int] = (64, 100, 50, 10),
    fresh: int = 10,
    rounds: int = 10,
    steps: int = 100,
    patience: Sequence[int] = (1, 16),
) -> list[dict]:
    """Held-out accuracy on ten digits of a ticket, and of its mask on `fresh` new initialisations.

    The new weights keep their own signs ("mask"), or get those which the ticket had before
    training ("mask and first signs") or after it ("mask and last signs"), magnitudes staying new.
    All are then trained alike, for `steps` and for more. Columns: `arm`, `patience`, `value` (the
    mean over the new initialisations).
    """
    task = ten_digits(seed)
    net = networks.mlp(sizes, seed=seed)
    masks = magnitude_rounds(net, task, keep=FEW, rounds=rounds, steps=steps, seed=seed)
    ticket = pruning.masked(net, masks)
    options = {"lr": LR, "loss": LOSS}
    trained = train(ticket, task, steps=steps, seed=seed, **options).net
    signs = {
        "mask": None,
        "mask, first signs": networks.effective(net),
        "mask, last signs": networks.effective(trained),
    }
    arms = {"winning ticket": [ticket]}
    for k in range(fresh):
        new = networks.mlp(sizes, seed=seeds.derived(seed, f"handed on {k}"))
        for name, given in signs.items():
            arms.setdefault(name, []).append(pruning.masked(_signed(new, given, masks), masks))
    names = [name for name, nets in arms.items() for _ in nets]
    starts = [net for nets in arms.values() for net in nets]
    records = []
    for factor in patience:
        runs = train_many(
            starts,
            [task] * len(starts),
            steps=factor * steps,
            seeds=[seed] * len(starts),
            **options,
        )
        scores = [accuracy(run.net, task)["value"] for run in runs]
        records += [
            {
                "arm": arm,
                "patience": factor,
                "value": sum(s for s, n in zip(scores, names, strict=True) if n == arm)
                / names.count(arm),
            }
            for arm in arms
        ]
    return records


def _signed(net, given, masks):
    """A copy whose kept weights have the signs of `given` ones (None: its own)."""
    new = deepcopy(net)
    if given is not None:
        with torch.no_grad():
            for name, p in new.named_parameters():
                if name in masks:
                    p.copy_(p.abs() * given[name].sign())
    return new


def store(seeds: int = 10, jobs: int = 1, cache: str = ".cache/signs") -> None:
    """Measure what a ticket hands on, and store the summary."""
    frame = sweep(handed_on, {"seed": range(FIRST, FIRST + seeds)}, store=Path(cache), jobs=jobs)
    told = intervals.summary(frame, ["arm", "patience"])
    save("04-signs", told, command="python -m helpers.claims.ch04_pruning.signs", seeds=seeds)


if __name__ == "__main__":
    store()
