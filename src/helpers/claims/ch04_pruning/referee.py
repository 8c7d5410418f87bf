"""Chapter 04: what does "search did not find a mask" say? The exact count of masks as referee.

In a 3-6-1 network of 31 weights the masks that compute a function can be counted, so whether one
exists, and how likely a blind guess is to hit one, are known exactly for every target.
"""

import itertools
from collections.abc import Sequence
from types import SimpleNamespace

import numpy as np
import pandas as pd
import torch
from jaxtyping import Bool, Int
from torch import Tensor

from helpers import counting, plots, pruning, seeds
from helpers.claims.ch01_counting.experiments import random_net
from helpers.claims.core import DEBATE, Adversary, Claim, Control, Rule
from helpers.counting import boolean, small_nets
from helpers.results.store import load, save
from helpers.sweeps import kept, sweep
from helpers.yardstick.intervals import summary

N = 3  # input bits
CLASSES = ((8, 12), (12, 16), (16, 20))  # of rarity, in bits
KEEPS = (0.3, 0.4, 0.5, 0.6, 0.7)  # of the weights, in turn
ONE, MANY = "edge-popup, one run", "edge-popup, many runs"
BLIND, SIZED, FLIPS = "random masks", "random masks of its sizes", "bit flips"
FIRST = 4000


def functions_of(net, masks: Bool[Tensor, "k m"]) -> Int[np.ndarray, "k"]:
    """The integer of the function that each masked network computes."""
    weights = small_nets.stack([net])[0].double()
    return small_nets.functions(weights * masks, N)


def by_rarity(
    counts: Int[np.ndarray, "functions"], masks: int, *, each: int, classes, seed: int
) -> pd.DataFrame:
    """`each` functions by lot from every class of rarity: `target`, `class`, `bits`, `share`.

    Fewer where a class has fewer; a function without a mask is in none.
    """
    share = counts / float(masks)
    bits = counting.rarity(share)
    rng = seeds.numpy(seed, "targets of the referee")
    found = []
    for low, high in classes:
        there = np.flatnonzero((bits >= low) & (bits < high))
        chosen = rng.permutation(there)[:each]
        name = f"{low} to {high} bits"
        found += [{"target": t, "class": name, "bits": bits[t], "share": share[t]} for t in chosen]
    return pd.DataFrame(found, columns=["target", "class", "bits", "share"])


@kept
def searches(
    seed: int,
    *,
    width: int = 6,
    evaluations: int = 6000,
    runs: int = 12,
    each: int = 6,
    classes: Sequence[tuple[int, int]] = CLASSES,
) -> pd.DataFrame:
    """Who finds a mask of one random network that computes a target, at equal evaluations.

    An evaluation is one mask tried on all 8 inputs, for edge-popup one step. "edge-popup, many
    runs" starts `runs` times, with shares of `KEEPS` in turn; a mask counts at whatever step it is
    passed. "bit flips" starts as often from random masks and takes a flip that gets no fewer
    inputs right. Networks that leave a class without functions, such as one whose units are all
    silent, are passed over. "random masks" is exact, 1 - (1 - p)^evaluations. Columns: `target`,
    `class`, `bits` (rarity), `share` (p), `method`, `found` (0, 1 or the chance).
    """
    for attempt in itertools.count():
        net = random_net(1000 * seed + attempt, width)
        masks = 2 ** sum(p.numel() for p in net.parameters())
        counts = counting.mask_counts(net)
        targets = by_rarity(counts, masks, each=each, classes=classes, seed=seed)
        if targets["class"].nunique() == len(classes):
            break
    wanted = targets["target"].to_numpy()
    steps = evaluations // runs
    found = {
        ONE: _popup(net, wanted, [0.5], evaluations, seed),
        MANY: _popup(net, wanted, [KEEPS[k % len(KEEPS)] for k in range(runs)], steps, seed),
        FLIPS: _flips(net, wanted, runs, steps, seed),
        SIZED: _sized(net, wanted, evaluations, seed),
        BLIND: chance(targets["share"].to_numpy(), evaluations),
    }
    return pd.concat(
        targets.assign(method=name, found=hits.astype(float)) for name, hits in found.items()
    ).reset_index(drop=True)


def chance(share, guesses: int):
    """1 - (1 - p)^guesses: that blind guessing hits, exactly."""
    return -np.expm1(guesses * np.log1p(-np.asarray(share, float)))


def _popup(net, wanted, keeps: Sequence[float], steps: int, seed: int) -> np.ndarray:
    """Whether a run for each target passes a mask that computes it, any of one run per keep."""
    x = boolean.inputs(N).float()
    tables = [torch.tensor(boolean.to_table(target, N)).float() * 2 - 1 for target in wanted]
    searched = [SimpleNamespace(x_train=x, y_train=y) for y in tables]
    hit = np.zeros(len(wanted), dtype=bool)

    def visit(masks: Tensor) -> None:
        hit[:] |= functions_of(net, masks) == wanted

    for run, keep in enumerate(keeps):
        pruning.edge_popup_many(
            [net] * len(wanted),
            searched,
            keep=keep,
            seeds=[
                seeds.derived(seed, f"run {run} of {len(keeps)}, {k}") for k in range(len(wanted))
            ],
            steps=steps,
            batch=2**N,
            layerwise=False,
            visit=visit,
        )
    return hit


def _flips(net, wanted, runs: int, steps: int, seed: int) -> np.ndarray:
    """Hill climbing by single flips from random masks, all runs and targets at once."""
    total = sum(p.numel() for p in net.parameters())
    goal = np.repeat(wanted, runs)
    generator = seeds.generator(seed, "bit flips")
    masks = torch.rand(len(goal), total, generator=generator) < 0.5
    row = torch.arange(len(goal))
    right = _right(functions_of(net, masks), goal)
    for _ in range(steps - 1):
        place = torch.randint(total, (len(goal),), generator=generator)
        tried = masks.clone()
        tried[row, place] ^= True
        now = _right(functions_of(net, tried), goal)
        better = torch.from_numpy(now >= right)
        masks[better] = tried[better]
        right = np.maximum(right, now)  # so a mask that was hit is never left
    return (right == 2**N).reshape(len(wanted), runs).any(1)


def _right(codes: np.ndarray, goal: np.ndarray) -> np.ndarray:
    """On how many of the 8 inputs two functions agree."""
    return 2**N - np.array([int(code).bit_count() for code in codes ^ goal])


def _sized(net, wanted, evaluations: int, seed: int) -> np.ndarray:
    """Whether random masks of edge-popup's sizes hit a target: a control for their size."""
    total = sum(p.numel() for p in net.parameters())
    generator = seeds.generator(seed, "masks of edge-popup's sizes")
    sizes = torch.tensor([round(keep * total) for keep in KEEPS])
    size = sizes.repeat(-(-evaluations // len(sizes)))[:evaluations]
    rank = torch.rand(evaluations, total, generator=generator).argsort(1).argsort(1)
    return np.isin(wanted, functions_of(net, rank < size[:, None]))


# --- the claim --------------------------------------------------------------------------------


def ahead(seed: int, *, guesses: int | None = None, **options) -> list[dict]:
    """Share of targets found by each method, less what as many blind guesses find.

    With `guesses` blind guessing has another number of them.
    """
    frame = searches(seed, **options)
    share = frame.groupby("method")["found"].mean()
    blind = float(share[BLIND])
    if guesses is not None:
        blind = float(chance(frame.loc[frame["method"] == BLIND, "share"], guesses).mean())
    return [{"case": name, "value": float(share[name]) - blind} for name in (ONE, MANY, FLIPS)]


CLAIM = Claim(
    id="04-search-or-guess",
    sentence="Search is better than guessing: of functions that some mask of a 3-6-1 network "
    "computes (one in 2^8 to one in 2^20 of its masks), edge-popup, in one run of 6,000 steps or "
    "in twelve of 500, passes at least as many as 6,000 random masks hit.",
    place=("present need not mean easily found", DEBATE),
    quantifier="exists",
    over="ways to run edge-popup",
    quantity="Share of targets found, edge-popup minus random masks",
    within=(-1, 1),
    measure=ahead,
    rule=Rule(low=0.0),
    control="How many masks compute a target is counted, so guessing's chance is exact; equal "
    "numbers of masks are tried.",
    controls=(Control(FLIPS, "control", "flips of one weight, twelve starts", Rule(low=0.0)),),
    adversary=Adversary("supported", {"guesses": 1, "classes": ((4, 8), (8, 12))}, seeds=8),
    objection="31 weights are few, and edge-popup was made for millions, where nobody can guess.",
    seen_before="Three nets, by class: edge-popup in many runs .39, .06 and 0, in one .11, 0 and "
    "0; random masks .98, .35 and .04; bit flips 1.0, .78 and .50.",
    small={"evaluations": 600, "runs": 6, "each": 4, "width": 4},
    first_seed=FIRST,
)


# --- stored results ---------------------------------------------------------------------------


def stored() -> pd.DataFrame:
    """The stored shares by `method` and `class`, with their provenance in `.attrs`."""
    return load("04-referee")


def draw() -> plots.Axes:
    """Who finds what, by how rare it is."""
    return plots.pairs(stored(), "class", "method", xlabel="share of targets found")


def store(number: int = 20, jobs: int = 1, folder: str = ".cache/claims/digits") -> None:
    """Search in `number` networks and store the shares that the appendix shows."""
    frame = sweep(searches, {"seed": range(FIRST, FIRST + number)}, store=folder, jobs=jobs)
    each = frame.groupby(["seed", "class", "method"], sort=False)["found"].mean()
    found = summary(each.rename("value").reset_index(), ["class", "method"], within=(0, 1))
    told = {"command": "python -m helpers.claims.ch04_pruning.referee", "seeds": number}
    save("04-referee", found, **told, data="all functions of three bits")


if __name__ == "__main__":
    # By its own name: what is kept on disk is told by where its functions come from.
    from helpers.claims.ch04_pruning.referee import store as measure

    measure()
