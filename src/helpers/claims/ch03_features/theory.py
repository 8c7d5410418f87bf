"""Chapter 03, experiments where the truth is known: spheres, interpolation, infinite width."""

from collections.abc import Sequence

import pandas as pd
import torch
from torch import Tensor

from helpers import features, networks, seeds, tasks
from helpers.features import polynomials
from helpers.sweeps import sweep
from helpers.yardstick.intervals import summary
from helpers.yardstick.ridge import LAMBDAS, fit_features, fit_kernel

UNPENALISED = (1e-8,)  # stands for "no ridge", as in `readouts`
TARGETS = ("linear", "unit ReLU neuron", "He_2", "He_3", "He_4")


def degrees(
    seed: int,
    *,
    d: int = 10,
    counts: Sequence[int] = tuple(2**k for k in range(3, 12)),
    ks: Sequence[int] = (1, 2, 3, 4),
    bias_std: float = 0.5,
    targets: int = 50,
) -> pd.DataFrame:
    """The share of a random degree-k harmonic that m random ReLU neurons can express.

    The population value (infinitely many examples, free bias), averaged over `targets` directions.
    Columns: `degree`, `features`, `value`, `dimension` (N_k).
    """
    generator = seeds.generator(seed, "random harmonics")
    aims = torch.randn(targets, d, generator=generator, dtype=torch.float64)
    layer = networks.mlp([d, max(counts), 1], bias_std=bias_std, seed=seed)[1]
    records = []
    for m in counts:
        for k in ks:
            share = polynomials.population_share(layer.weight[:m], layer.bias[:m], aims, k)
            told = {"degree": k, "features": m, "value": float(share.mean())}
            records.append({**told, "dimension": polynomials.dimension(k, d)})
    return pd.DataFrame(records)


def ridge_functions(
    seed: int,
    *,
    d: int = 30,
    n_train: int = 2000,
    width: int = 2048,
    depth: int = 1,
    bias_std: float = 0.5,
    targets: Sequence[str] = TARGETS,
    told: Sequence[int] = (),
    n_test: int = 2000,
) -> pd.DataFrame:
    """Held-out R^2 of a readout, learnt from n examples without noise, for functions of w.x alone.

    With `told` a second learner, "told the degrees", has the same examples: kernel ridge on all
    polynomials of these degrees. Columns: `target`, `learner`, `value`. Test points are fresh in
    each seed, so its interval is over all.
    """
    generator = seeds.generator(seed, "inputs of ridge functions")
    x = polynomials.sphere(n_train + n_test, d, generator=generator)
    w = torch.randn(d, generator=generator, dtype=torch.float64)
    along = x @ w / w.norm()
    net = networks.mlp([d, *[width] * depth, 1], bias_std=bias_std, seed=seed).double()
    phi = features.layer_features(net, x)
    records = []
    for target in targets:
        y = _target(target, x, w, along)
        fit = fit_features(phi[:n_train], y[:n_train])
        found = {"readout": fit.predict(phi[n_train:])}
        if told:
            cosines = x @ x[:n_train].T / d
            kernel = sum(polynomials.gegenbauer(k, d, cosines) for k in told)
            fit = fit_kernel(kernel[:n_train], y[:n_train])
            found["told the degrees"] = fit.predict(kernel[n_train:])
        for learner, predicted in found.items():
            error = (predicted - y[n_train:]).square().mean() / y[n_train:].var()
            records.append({"target": target, "learner": learner, "value": float(1 - error)})
    return pd.DataFrame(records)


def _target(name: str, x: Tensor, w: Tensor, along: Tensor) -> Tensor:
    if name == "linear":
        return along
    if name == "unit ReLU neuron":
        return along.relu()
    if name.startswith("He_"):
        return polynomials.hermite(int(name[3:]), along)
    if name.startswith("degree "):
        return polynomials.harmonic(int(name[7:]), x, w)
    raise ValueError(f"wanted a target among {TARGETS} or 'degree k', received {name!r}")


def interpolation(
    seed: int,
    *,
    digit: int = 3,
    counts: Sequence[int] = (25, 50, 100, 150, 200, 250, 400, 800, 1600),
    n_train: int = 200,
) -> pd.DataFrame:
    """Held-out squared error against the number of features, without ridge and with it.

    Columns: `ridge`, `features`, `value` (log10 of the mean squared error on labels of +-1).
    """
    task = tasks.digits(digit, n_train=n_train, seed=seed)
    net = networks.mlp([task.x_train[0].numel(), max(counts), 1], seed=seed)
    phi = features.as_task(net, task)
    records = []
    for m in counts:
        for ridge, lambdas in (("no ridge", UNPENALISED), ("lambda on validation", LAMBDAS)):
            fit = fit_features(phi.x_train[:, :m], phi.y_train, lambdas=lambdas)
            error = (fit.predict(phi.x_test[:, :m]) - phi.y_test).square().mean()
            records.append({"ridge": ridge, "features": m, "value": float(error.log10())})
    return pd.DataFrame(records)


def kernel_distances(
    seed: int,
    *,
    depth: int = 1,
    widths: Sequence[int] = (64, 128, 256, 512, 1024, 2048, 4096),
    n: int = 200,
    limit_bias: float = 0.5,
) -> pd.DataFrame:
    """Relative distance |K_m - K| / |K| of a layer's kernel to the analytic one, on digits.

    Every width is a network of its own; K is the limit of networks with biases of this size (theirs
    are .5). Columns: `width`, `value`.
    """
    x = tasks.digits(0, n_train=n, seed=seed).x_train
    limit = features.arc_cosine_kernel(x, depth=depth, bias_std=limit_bias)
    records = []
    for place, width in enumerate(widths):
        net = networks.mlp(
            [x[0].numel(), *[width] * depth, 1], seed=seeds.derived(seed, f"network {place}")
        )
        kernel = features.conjugate_kernel(net, x).double()
        distance = float((kernel - limit).norm() / limit.norm())
        records.append({"width": width, "value": distance})
    return pd.DataFrame(records)


def staircase(counts: Sequence[int], seeds: int = 2) -> pd.DataFrame:
    """`degrees` ready to plot: the share expressed by `biases`, `degree` and `features`."""
    names = {0.0: "without biases", 0.5: "with biases"}
    grid = {"seed": range(seeds), "bias_std": list(names), "counts": [tuple(counts)]}
    frame = sweep(degrees, grid, progress=False)
    frame["biases"] = frame["bias_std"].map(names)
    frame["degree"] = "degree " + frame["degree"].astype(str)
    return summary(frame, ["biases", "degree", "features"])


def at(frame: pd.DataFrame, degree: str, count: int) -> float:
    """The share of a degree that so many neurons with biases express, in a `staircase`."""
    rows = frame[(frame["biases"] == "with biases") & (frame["degree"] == degree)]
    return float(rows.set_index("features")["estimate"][count])
