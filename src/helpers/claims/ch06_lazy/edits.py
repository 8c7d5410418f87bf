"""Edit the initialisation: the same law, data and labels, but the target lies elsewhere."""

import copy
from collections.abc import Sequence

import pandas as pd
import torch
from torch import nn

from helpers import networks, seeds
from helpers.claims.ch06_lazy.problems import (
    FOLDER,
    LAZIEST,
    in_fast,
    looks,
    problem,
    rate_for,
    search,
)
from helpers.results.store import load, save
from helpers.sweeps import kept, sweep

RICH, LAZY, KERNEL = "rich, scale 1/16", "lazy, scale 4", "exact kernel"
REGIMES = {RICH: (1 / 16, 4_000), LAZY: (4.0, 4_000), KERNEL: (LAZIEST, 100_000)}
PARITY, SQUARE = "parity of 3 in 12 bits", "square in 30"
FAST, SLOW = 2.87, 0.065  # variances of the columns' weights: 4 fast, 8 slow, mean 1
OTHER_BITS, OTHER_SIGNS = "3 fast, other bits beside", "3 fast, readout signs redrawn"


# --- columns ----------------------------------------------------------------------------------


def with_columns(net: nn.Module, fast: Sequence[int]) -> nn.Module:
    """A copy whose first weights are large in the columns `fast` and small in the others.

    One anisotropic matrix, its columns in another order: where large and small columns were dealt
    out by lot, every order was equally likely.
    """
    new = copy.deepcopy(net)
    weight = next(layer for layer in new if isinstance(layer, nn.Linear)).weight
    others = [column for column in range(weight.shape[1]) if column not in fast]
    order = [*fast, *others]
    drawn = weight.detach().clone()
    deviations = torch.full((weight.shape[1],), SLOW**0.5)
    deviations[: len(fast)] = FAST**0.5
    with torch.no_grad():
        weight[:, order] = drawn * deviations
    return new


@kept
def columns(
    seed: int,
    *,
    fast: Sequence[int] = (0, 1, 2, 3),
    placebos: bool = True,
    regimes: Sequence[str] = tuple(REGIMES),
    budget: float = 1.0,
    n: int = 300,
    width: int = 128,
) -> pd.DataFrame:
    """Parity of bits 0, 1 and 2: of four fast columns, how many are the parity's?

    Columns: `regime`, `edit` ("3 fast", ...), `share` (of the target in the kernel's fast
    directions), `found`, `step`, `value` (held-out correlation). `budget` multiplies all steps.
    """
    on = problem(PARITY, n=n, seed=seed)
    net = networks.mlp([12, width, 1], parameterization="ntk", seed=seed)
    edits = {f"{j} fast": with_columns(net, [*range(j), *range(3, 7 - j)]) for j in fast}
    if placebos:
        edits[OTHER_BITS] = with_columns(net, [2, 0, 1, 9])
        edits[OTHER_SIGNS] = with_columns(net, [0, 1, 2, 3])
        readout = edits[OTHER_SIGNS][-1].weight
        generator = seeds.generator(seed, "signs of the readout")
        with torch.no_grad():
            readout *= 2.0 * torch.randint(2, readout.shape, generator=generator) - 1
    return _trained(edits, on, regimes, budget)


# --- turns ------------------------------------------------------------------------------------


@kept
def turns(
    seed: int,
    *,
    edits: Sequence[str] = ("bottom", "own", "top", "top, another Q"),
    regimes: Sequence[str] = tuple(REGIMES),
    budget: float = 1.0,
    n: int = 400,
    width: int = 64,
) -> pd.DataFrame:
    """(x_1^2 - 1)/sqrt(2) of 30 normal numbers: the first weights W as drawn, or turned to WQ.

    x_1 lies along W's top or bottom right singular vector. Columns as in `columns`.
    """
    on = problem(SQUARE, n=n, seed=seed)
    net = networks.mlp([30, width, 1], parameterization="ntk", seed=seed)
    first = torch.eye(30)[0]
    made = {
        "bottom": lambda: networks.turned(net, first, place=-1),
        "own": lambda: net,
        "top": lambda: networks.turned(net, first),
        "top, another Q": lambda: networks.turned(net, first, seed=seed),
    }
    return _trained({name: made[name]() for name in edits}, on, regimes, budget)


def _trained(edits, on, regimes, budget) -> pd.DataFrame:
    records = []
    for edit, net in edits.items():
        share, rate = in_fast(net, on), rate_for(net, on.x)
        for regime in regimes:
            scale, most = REGIMES[regime]
            at = looks(max(20, int(budget * most)))
            result = search(net, on, rate=rate, scale=scale, at=at)
            records.append(
                {
                    "regime": regime,
                    "edit": edit,
                    "share": share,
                    "found": float(result.found),
                    "step": result.step,
                    "value": result.correlation,
                }
            )
    return pd.DataFrame(records)


# --- what the claims measure ------------------------------------------------------------------


def effect(
    seed: int,
    *,
    design: str,
    first: str,
    second: str,
    placebo: str | None = None,
    **options,
) -> list[dict]:
    """Held-out correlation after one edit minus after another, a case for each regime.

    The control: the same difference between the first edit and its placebo, largest |difference|
    over regimes, with its sign.
    """
    frame = {"columns": columns, "turns": turns}[design](seed=seed, **options)
    table = frame.pivot(index="regime", columns="edit", values="value")
    found = table[first] - table[second]
    records = [{"case": regime, "value": float(value)} for regime, value in found.items()]
    if placebo is not None:
        other = table[first] - table[placebo]
        records.append({"case": "placebo", "value": float(other.mean())})
    return records


def stored() -> pd.DataFrame:
    """The stored runs of both designs, one row for each seed, design, edit and regime."""
    return load("06-edits")


def store(number: int = 20, first: int = 3100) -> None:
    """Measure both designs and store every run, as chapter 06 shows it."""
    grid = {"seed": range(first, first + number)}
    made = {"columns": columns, "turns": turns}
    frame = pd.concat(
        sweep(run, grid, store=FOLDER).assign(design=name) for name, run in made.items()
    )
    command = "python -m helpers.claims.ch06_lazy.edits"
    save("06-edits", frame, command=command, seeds=number, data=f"{PARITY}; {SQUARE}")


if __name__ == "__main__":
    # By its own name: what is kept on disk is told by where its functions come from.
    from helpers.claims.ch06_lazy.edits import store as measure

    measure()
