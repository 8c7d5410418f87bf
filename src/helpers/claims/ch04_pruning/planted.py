"""Chapter 04: a parity that is there from the start, and searches that start from it."""

import itertools
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch
from torch import nn

from helpers import networks, pruning, seeds, tasks, training
from helpers.pruning import build

BITS, INPUTS = 8, 40
RATES = {"planted": 3e-4, "plain": 3e-3}  # the best of 3e-4, 1e-3, 3e-3 on two bits
PART = (0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 1)  # of the steps: where accuracy is looked at


@lru_cache(maxsize=2)
def plant(seed: int, *, samples: int = 200, bits: int = BITS) -> build.Built:
    """A random network with a parity of the first `bits` of 40 input bits inside."""
    return build.build(build.parity_net(range(bits), INPUTS), samples=samples, seed=seed)


def planted(seed: int, *, samples: int = 200) -> dict:
    """1 if the planted mask computes the parity on all inputs, else 0, with counts.

    The other 32 bits have no path to the output, so the 2^8 settings of the first eight decide.
    """
    built = plant(seed, samples=samples)
    x = torch.zeros(2**BITS, INPUTS)
    x[:, :BITS] = torch.tensor(list(itertools.product([-1.0, 1.0], repeat=BITS)))
    with torch.no_grad():
        right = built.pruned()(x)[:, 0].sign() == x[:, :BITS].prod(1)
    return {"value": float(right.all()), "drawn": built.drawn, "kept": built.kept}


def parity_task(seed: int, bits: int, n_train: int, n_test: int = 2000) -> tasks.Task:
    """The parity of the first `bits` of 40 random signs."""
    g = seeds.generator(seed, "parity inputs")
    x = torch.randint(0, 2, (n_train + n_test, INPUTS), generator=g) * 2.0 - 1
    y = x[:, :bits].prod(1)
    return tasks.Task(
        x[:n_train], y[:n_train], x[n_train:], y[n_train:], f"parity of {bits} of {INPUTS} bits"
    )


def start(name: str, seed: int, samples: int = 200) -> nn.Module:
    """The "planted" network (`build.balanced`: same function, ordinary scale) or a "plain" one."""
    if name == "planted":
        return build.balanced(plant(seed, samples=samples).net)
    return networks.mlp([INPUTS, 256, 1], seed=seed)


def parity_curves(
    seed: int,
    *,
    samples: int = 200,
    steps: int = 500,
    n_train: int = 5000,
    marks: Sequence[int] | None = None,
    arms: Sequence[tuple[str, int]] = (("planted", 8), ("planted", 2), ("plain", 8), ("plain", 2)),
) -> list[dict]:
    """Accuracy of Adam along its steps, on parities of 8 and, as a control, of 2 bits.

    An arm is a network to start from (`start`) and a number of bits. Columns: `network`, `bits`,
    `step`, `value` (held out), `train`.
    """
    marks = marks or tuple(round(steps * part) for part in PART)
    records = []
    for name, bits in arms:
        task, net = parity_task(seed, bits, n_train), start(name, seed, samples)
        run = training.train(net, task, steps=steps, lr=RATES[name], snapshots=marks, seed=seed)
        for step, one in run.snapshots.items():
            setting = {"network": name, "bits": bits, "step": step}
            records.append({**setting, **accuracies(one, task)})
    return records


def accuracies(net: nn.Module, task: tasks.Task) -> dict:
    """Accuracy of the sign of one output, `value` held out and `train`; a zero counts as -1."""
    with torch.no_grad():
        return {
            name: float(((net(x)[:, 0] > 0) == (y > 0)).float().mean())
            for name, x, y in (
                ("value", task.x_test, task.y_test),
                ("train", task.x_train, task.y_train),
            )
        }


def searched(
    seed: int,
    *,
    samples: int = 200,
    keep: float | None = None,
    steps: int = 500,
    n_train: int = 5000,
    bits: int = BITS,
) -> dict:
    """Accuracies of the mask that edge-popup finds in the planted network.

    It keeps `keep` of every layer, or, unless told, as many weights as the planted mask.
    """
    net, task = start("planted", seed, samples), parity_task(seed, bits, n_train)
    keep = keep or pruning.kept(plant(seed, samples=samples).masks)
    masks = pruning.edge_popup(net, task, steps=steps, seed=seed, keep=keep)
    return accuracies(pruning.masked(net, masks), task)


def equations(seed: int, *, n_train: int = 5000, bits: int = BITS) -> dict:
    """Held-out accuracy of solving the examples as linear equations modulo 2.

    Told that the target is a parity of some of the inputs, Gaussian elimination finds which.
    """
    task = parity_task(seed, bits, n_train)
    rows = np.column_stack([task.x_train.numpy() < 0, task.y_train.numpy() < 0]).astype(np.uint8)
    solved = []  # the inputs that an equation decides, one after the other
    # In an order by lot: the parity's own bits come first, and what is undecided counts as 0.
    for column in torch.randperm(INPUTS, generator=seeds.generator(seed, "equations")).tolist():
        pivot = len(solved)
        below = np.flatnonzero(rows[pivot:, column])
        if len(below) == 0:
            continue
        rows[[pivot, pivot + below[0]]] = rows[[pivot + below[0], pivot]]
        others = np.flatnonzero(rows[:, column])
        rows[others[others != pivot]] ^= rows[pivot]
        solved.append(column)
    chosen = torch.zeros(INPUTS, dtype=torch.long)  # what no equation decides is left out
    chosen[solved] = torch.from_numpy(rows[: len(solved), -1].astype(np.int64))
    odd = ((task.x_test < 0).long() @ chosen) % 2
    return {"value": float((1.0 - 2 * odd == task.y_test).float().mean())}
