"""Chapter 04: is a circuit harder to find when it is tangled with others, and is it used?

A parity of k of 20 bits is planted among random units, camouflaged: its units look at the k bits
with ordinary incoming norms and are read out with ordinary weights. Everything else is scaled by
`surround`. A start at the same surround in which the planted edges are shuffled has the same
sizes and no circuit; one without a plant has neither.
"""

from collections.abc import Sequence
from types import SimpleNamespace

import numpy as np
import pandas as pd
import torch
from torch import nn

from helpers import features, networks, pruning, seeds, training
from helpers.claims.ch04_pruning.planted import accuracies
from helpers.pruning.build import parity_net
from helpers.results.store import load, save
from helpers.sweeps import kept, sweep
from helpers.tasks import Task
from helpers.yardstick.intervals import summary

INPUTS = 20
POOL = 2**17  # examples to draw batches from: an eighth of all inputs
FOUND = 0.95  # accuracy on held-out inputs
ARMS = ("planted", "shuffled", "unplanted")
SURROUNDS = (0.1, 0.3, 0.55, 1.0)
RATES = {"adam": 3e-3, "sgd": 0.1}
FIRST = 4000
SETTINGS: dict[str, dict] = {
    "2 bits": {"bits": 2},
    "3 bits": {"bits": 3},
    "4 bits": {"bits": 4},
    "6 bits": {"bits": 6, "steps": 10_000},
    "3 bits, SGD": {"bits": 3, "optimizer": "sgd", "steps": 10_000},
    "3 bits, width 256": {"bits": 3, "width": 256},
}
CROSSED, INTOS = "3 bits", (0.3, 0.1)  # the setting and the values of the crosstalk arm


def start(
    arm: str,
    seed: int,
    *,
    bits: int,
    width: int = 64,
    surround: float = 1.0,
    into: float | None = None,
) -> nn.Sequential:
    """A network 20-`width`-1 whose first `bits` units are the plant (see the module).

    The plant's incoming weights have norm sqrt(2), what He's law gives a unit on average, and its
    readout the mean square of the other units'. `into` scales the other edges into the planted
    units (unless told, by `surround` as well); "shuffled" sends each planted unit's edges to other
    inputs by lot, "unplanted" leaves all units as they are drawn. One seed draws all three alike.

    Raises ValueError for an unknown arm.
    """
    if arm not in ARMS:
        raise ValueError(f"wanted an arm among {ARMS}, received {arm!r}")
    net = networks.mlp([INPUTS, width, 1], seed=seed)
    first, last = (layer for layer in net if isinstance(layer, nn.Linear))
    circuit = parity_net(range(bits), INPUTS)
    incoming, readout = circuit[1], circuit[3].weight[0].detach()
    size = 2**0.5 / float(incoming.weight[0].detach().norm())
    loud = float((1 / width) ** 0.5 / readout.square().mean().sqrt())
    with torch.no_grad():
        for layer in (first, last):
            layer.weight.mul_(surround)
            layer.bias.mul_(surround)
        if arm == "unplanted":
            return net
        if into is not None:
            first.weight[:bits] *= into / surround
        planted = size * incoming.weight
        if arm == "shuffled":
            lot = torch.rand(bits, INPUTS, generator=seeds.generator(seed, "shuffled edges"))
            planted = planted.gather(1, lot.argsort(1))
        first.weight[:bits] = torch.where(planted != 0, planted, first.weight[:bits])
        first.bias[:bits] = size * incoming.bias
        last.weight[0, :bits] = loud * readout
        last.bias += size * loud * circuit[3].bias
    return net


def without(net: nn.Sequential, bits: int) -> nn.Sequential:
    """A copy whose first `bits` hidden units are read no more."""
    masks = {
        name: torch.ones_like(p, dtype=torch.bool)
        for name, p in net.named_parameters()
        if name.endswith("weight")
    }
    *_, last = masks
    masks[last][:, :bits] = False
    return pruning.masked(net, masks)


def inputs(seed: int, bits: int, *, pool: int = POOL, n_test: int = 4000) -> Task:
    """Random signs and the parity of the first `bits` of them."""
    generator = seeds.generator(seed, "inputs of tangled parities")
    x = torch.randint(0, 2, (pool + n_test, INPUTS), generator=generator).float() * 2 - 1
    y = x[:, :bits].prod(1)
    return Task(x[:pool], y[:pool], x[pool:], y[pool:], f"parity of {bits} of {INPUTS} bits")


@kept
def searches(
    seed: int,
    *,
    bits: int = 3,
    surrounds: Sequence[float] = SURROUNDS,
    intos: Sequence[float] = (),
    arms: Sequence[str] = ARMS,
    width: int = 64,
    steps: int = 3000,
    optimizer: str = "adam",
    rate: float | None = None,
    pool: int = POOL,
) -> pd.DataFrame:
    """From every start, the steps until the parity is found, and what the plant is worth then.

    All starts of a seed see the same batches. `intos` are further starts at surround 1 with only
    the edges into the plant scaled. Columns: `arm`, `surround`, `into`, `steps` (of training; the
    budget where it was not `found`), `before` (held-out accuracy untrained), `readout` (of ridge on
    all hidden units, 1000 examples, untrained), `without` (once found, without the planted units).
    """
    task = inputs(seed, bits, pool=pool)
    cases = [(arm, s, s) for s in surrounds for arm in arms]
    cases += [(arm, 1.0, into) for into in intos for arm in arms if arm != "unplanted"]
    nets = [start(a, seed, bits=bits, width=width, surround=s, into=i) for a, s, i in cases]
    marks = looks(steps)
    runs = training.train_many(
        nets,
        [task] * len(nets),
        seeds=[seed] * len(nets),
        steps=steps,
        optimizer=optimizer,
        lr=rate or RATES[optimizer],
        snapshots=marks,
    )
    few = SimpleNamespace(x_train=task.x_train[:1000], y_train=task.y_train[:1000])
    few = Task(few.x_train, few.y_train, task.x_test, task.y_test, task.name)
    records = []
    for (arm, surround, into), net, run in zip(cases, nets, runs, strict=True):
        course = {step: accuracies(one, few)["value"] for step, one in run.snapshots.items()}
        at = next((step for step in marks if course[step] >= FOUND), steps)
        left = accuracies(without(run.snapshots[at], bits), few)["value"]
        records.append(
            {"arm": arm, "surround": surround, "into": into, "steps": at}
            | {"found": float(course[at] >= FOUND), "before": accuracies(net, few)["value"]}
            | {"readout": features.readout(net, few).test.balanced_accuracy, "without": left}
        )
    return pd.DataFrame(records)


def looks(steps: int) -> list[int]:
    """Steps at which to look: all up to 20, then 5% apart."""
    found, now = [], 1.0
    while now < steps:
        found.append(int(now))
        now = max(now + 1, now * 1.05)
    return [*found, steps]


# --- what the claims measure ------------------------------------------------------------------


def _by(frame: pd.DataFrame, column: str) -> pd.Series:
    return frame.set_index(["arm", "surround", "into"])[column]


def head_start(steps: pd.Series, surround: float, into: float | None = None, of="planted") -> float:
    """By how many doublings the plant is found sooner than the same edges shuffled."""
    place = surround, surround if into is None else into
    return float(np.log2(steps[("shuffled", *place)] / steps[(of, *place)]))


def dose(
    seed: int,
    *,
    settings: Sequence[str] = tuple(SETTINGS),
    low: float = 0.3,
    of: str = "planted",
    **options,
) -> list[dict]:
    """Doublings of head start that a circuit loses from surround `low` to 1, case by case."""
    found = []
    for name in settings:
        frame = searches(seed, **{**SETTINGS[name], **options})
        steps = _by(frame, "steps")
        lost = head_start(steps, low, of=of) - head_start(steps, 1.0, of=of)
        found.append({"case": name, "value": lost})
    return found


def hidden(
    seed: int,
    *,
    settings: Sequence[str],
    surround: float = 1.0,
    of: str = "planted",
    **options,
) -> list[dict]:
    """Head start at a surround, with what a readout sees of the plant there as the premise."""
    found = []
    for name in settings:
        frame = searches(seed, **{**SETTINGS[name], **options})
        seen = _by(frame, "readout")["planted", surround, surround]
        value = head_start(_by(frame, "steps"), surround, of=of)
        found.append({"case": name, "value": value, "premise": float(seen)})
    return found


def used(
    seed: int,
    *,
    settings: Sequence[str] = tuple(SETTINGS),
    surround: float = 1.0,
    of: str = "planted",
    **options,
) -> list[dict]:
    """How much more accuracy the plant carries, once found, than what stands in its place.

    In its place stand the shuffled edges or ordinary units: whichever carry more.
    """
    found = []
    for name in settings:
        left = _by(searches(seed, **{**SETTINGS[name], **options}), "without")
        others = min(left[arm, surround, surround] for arm in ("shuffled", "unplanted"))
        found.append({"case": name, "value": float(others - left[of, surround, surround])})
    return found


def crosstalk(seed: int, *, into: float = 0.3, none: bool = False, **options) -> list[dict]:
    """What quiet edges into the plant alone give, less half of what a quiet surround gives.

    In doublings of head start over the fully tangled circuit. With `none` the edges stay loud.
    """
    frame = searches(seed, **{**SETTINGS[CROSSED], "intos": INTOS, **options})
    steps = _by(frame, "steps")
    tangled = head_start(steps, 1.0)
    alone = tangled if none else head_start(steps, 1.0, into)
    return [{"value": (alone - tangled) - (head_start(steps, into) - tangled) / 2}]


# --- stored results ---------------------------------------------------------------------------


def stored() -> pd.DataFrame:
    """The stored runs: `setting`, `quantity`, `arm`, `surround`, `into` and an interval."""
    return load("04-tangled")


def store(number: int = 20, jobs: int = 1, folder: str = ".cache/claims/digits") -> None:
    """Measure all settings and store the summary that the appendix shows."""
    found = []
    for name, setting in SETTINGS.items():
        # The options of the claims, so that they and the figures read the same runs.
        grid: dict = {"seed": range(FIRST, FIRST + number), **{k: [v] for k, v in setting.items()}}
        frames = [sweep(searches, grid, store=folder, jobs=jobs)]
        if name == CROSSED:
            frames.append(sweep(searches, {**grid, "intos": [INTOS]}, store=folder, jobs=jobs))
        for frame in frames:
            found += [part.assign(setting=name) for part in _summaries(frame)]
    told = {"command": "python -m helpers.claims.ch04_pruning.tangled", "seeds": number}
    frame = pd.concat(found, ignore_index=True)
    keys = ["setting", "quantity", "arm", "surround", "into"]
    save("04-tangled", frame.drop_duplicates(keys), **told, data="random signs")


def _summaries(frame: pd.DataFrame) -> list[pd.DataFrame]:
    """Every column by start, and the head start over the shuffled edges, seed by seed."""
    place = ["seed", "surround", "into"]
    steps = frame.set_index([*place, "arm"])["steps"].unstack("arm")
    gain = np.log2(steps["shuffled"] / steps["planted"]).rename("value").reset_index()
    found = [summary(gain, place[1:]).assign(arm="planted", quantity="head start")]
    for column, within in (("steps", None), ("readout", (0, 1)), ("without", (0, 1))):
        part = frame.assign(value=frame[column].astype(float))
        part = summary(part, ["arm", "surround", "into"], within=within)
        found.append(part.assign(quantity=column))
    return found


# --- figures ----------------------------------------------------------------------------------


def doses() -> pd.DataFrame:
    """Head start by surround, a series for each setting."""
    frame = stored()
    return frame[(frame["quantity"] == "head start") & (frame["surround"] == frame["into"])]


def views(setting: str = CROSSED) -> pd.DataFrame:
    """Of the planted starts by surround: what a readout sees, and what is left once it is cut."""
    names = {"readout": "readout of all units, untrained", "without": "trained, plant cut off"}
    frame = stored().query("setting == @setting and arm == 'planted' and surround == into")
    frame = frame[frame["quantity"].isin(list(names))]
    return frame.assign(what=frame["quantity"].map(names))


def left() -> pd.DataFrame:
    """Accuracy left at surround 1 once the units in the plant's place are cut off, by start."""
    return stored().query("quantity == 'without' and surround == 1 and into == 1")


def crossed() -> pd.DataFrame:
    """Head starts of the crosstalk arm and of whole surrounds at the same values."""
    frame = stored().query("quantity == 'head start' and setting == @CROSSED")
    alone = frame["surround"] != frame["into"]
    alone |= frame["into"] == 1
    kinds = [
        frame[alone].assign(quiet="only edges into the plant"),
        frame[frame["surround"] == frame["into"]].assign(quiet="the whole surround"),
    ]
    return pd.concat(kinds)


if __name__ == "__main__":
    # By its own name: what is kept on disk is told by where its functions come from.
    from helpers.claims.ch04_pruning.tangled import store as measure

    measure()
