"""Chapter 05, kernel level (P >= n): all derivatives against neurons, and how they are scaled.

With more features than images every span fits all labels. What differs between two families then
is the *kernel*, that is, which members ridge regression prefers; and a kernel depends on how the
features are scaled.
"""

from collections.abc import Callable, Mapping, Sequence

import pandas as pd
import torch
from torch import Tensor, nn

from helpers import features, networks, seeds, tangent
from helpers.claims.ch05_tangent.single import HIDDEN, TARGETS, mlp_for, target
from helpers.sweeps import kept, sweep
from helpers.tasks import Task
from helpers.yardstick import ridge
from helpers.yardstick.intervals import held_out, rows, scored, summary

WHOLE, EQUAL = "tangent space", "tangent space, layers equal"
LAST, OWN = "last hidden layer", "own neurons"
SECOND, FIRST = "as many neurons, second layer", "as many neurons, first layer"
SPANS = ("pixels", LAST, OWN, WHOLE, EQUAL, SECOND, FIRST)
EXPONENTS = {WHOLE: 0.0, EQUAL: 1.0}


@kept
def spans(
    seed: int,
    name: str,
    *,
    readings: Sequence[str] = SPANS,
    hidden: Sequence[int] = HIDDEN,
    n_train: int = 1000,
    exponent: float = 1.0,
) -> pd.DataFrame:
    """Ridge regression in the spans of one network, and in rivals, on the target `name`.

    "last hidden layer": its neurons; "own neurons": those of all layers; "tangent space": all P
    derivatives as drawn; "..., layers equal": see `scales`, at `exponent`; "as many neurons": P of
    them, in the second layer of a net of the same depth or in the first of one with one layer.
    Columns: `target`, `reading`, `features` (their number), `part`, `metric`, `value`, `draws`.
    """
    task = target(name, n_train=n_train, seed=seed)
    net = mlp_for(task, hidden, seed)
    total = networks.parameter_count(net)
    shares = tangent.empirical_ntk(net, task.x_train, by_layer=True)
    exponents = EXPONENTS | {EQUAL: exponent}
    found = []
    for reading in readings:
        told = {"reading": reading}
        if reading in exponents:
            both = regression(net, task, shares, scales(shares, exponents[reading]))
            found += scored(*both, task, **told, features=total)
        elif reading in (SECOND, FIRST):
            front = tuple(hidden[:-1]) if reading == SECOND else ()
            wide = mlp_for(task, (*front, total), seeds.derived(seed, reading))
            found += scored(*of_layer(wide, task), task, **told, features=total)
        else:
            one = _few(net, task, reading, len(hidden))
            found += rows(one, task, **told, features=one.detail["features"])
    return pd.DataFrame(found).assign(target=name)


def by_target(seeds: int, hidden: Sequence[int], examples: int) -> pd.DataFrame:
    """`spans` ready to plot: held-out correlation by `target` and `reading`."""
    grid = {"seed": range(seeds), "name": TARGETS, "hidden": [tuple(hidden)], "n_train": [examples]}
    frame = held_out(sweep(spans, {**grid, "readings": [SPANS[1:]]}, progress=False))
    return summary(frame, ["target", "reading"])


def ahead(frame: pd.DataFrame) -> int:
    """On how many targets the derivatives, as drawn, beat as many neurons of either layer."""
    heights = frame.pivot(index="target", columns="reading", values="estimate")
    return int((heights[WHOLE] > heights[[SECOND, FIRST]].max(axis=1)).sum())


def _few(net: nn.Module, task: Task, reading: str, layers: int):
    """Ridge on fewer features than images: the pixels, one layer or all layers of a network."""
    if reading == "pixels":
        return features.pixels(task)
    if reading == LAST:
        return features.readout(net, task)
    if reading == OWN:
        return features.linear(OWN, lambda x: own_neurons(net, x, layers), task)
    raise ValueError(f"wanted a reading among {SPANS}, received {reading!r}")


def own_neurons(net: nn.Module, x: Tensor, layers: int) -> Tensor:
    """The activations of all hidden layers side by side, `(n, m1 + m2 + ...)`."""
    return torch.cat([networks.activations(net, x, layer) for layer in range(layers)], 1)


def scales(shares: Mapping[str, Tensor], exponent: float) -> dict[str, float]:
    """What each layer's share of the kernel is multiplied by: (mean trace / its trace)^exponent.

    0 leaves the derivatives as they are drawn, 1 gives the derivatives by each layer's parameters
    the same total variance. Traces are of the centred kernel, since the bias is free. The span is
    the same for all exponents.
    """
    traces = {name: float(ridge.centre(share).trace()) for name, share in shares.items()}
    mean = sum(traces.values()) / len(traces)
    return {name: (mean / trace) ** exponent for name, trace in traces.items()}


def regression(
    net: nn.Module, task: Task, shares: Mapping[str, Tensor], scale: Mapping[str, float]
) -> tuple[Tensor, Tensor]:
    """Scores on train and test of kernel ridge regression on the scaled derivatives.

    `shares` are the layers' kernels on train; the member is turned into one direction in parameter
    space, so that test images need no kernel.
    """
    fit = ridge.fit_kernel(sum(scale[name] * share for name, share in shares.items()), task.y_train)
    delta = tangent.vjp(net, task.x_train, fit.coefficients)
    each = [
        torch.full((p.numel(),), scale[name.rpartition(".")[0]])
        for name, p in net.named_parameters()
    ]
    delta = delta * torch.cat(each)
    train, test = (tangent.jvp(net, x, delta)[:, 0] for x in (task.x_train, task.x_test))
    return train + fit.offset, test + fit.offset


def of_layer(net: nn.Module, task: Task) -> tuple[Tensor, Tensor]:
    """Scores on train and test of ridge on the last hidden layer, in single precision."""
    return by_kernel(lambda x: features.layer_features(net, x), task)


def by_kernel(phi: Callable[[Tensor], Tensor], task: Task) -> tuple[Tensor, Tensor]:
    """Ridge on very many features by their kernel, centred so that it keeps its digits."""
    train, test = phi(task.x_train), phi(task.x_test)
    middle = train.mean(0)
    train, test = train - middle, test - middle
    fit = ridge.fit_kernel(train @ train.T, task.y_train)
    return fit.predict(train @ train.T), fit.predict(test @ train.T)
