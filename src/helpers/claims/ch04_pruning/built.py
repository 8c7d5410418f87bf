"""Chapter 04, first half: subnetworks that the theorems build."""

import itertools
import math
from collections.abc import Sequence
from copy import deepcopy
from functools import lru_cache

import pandas as pd
import torch
from scipy.optimize import brentq
from torch import Tensor, nn

from helpers import networks, pruning, seeds, training
from helpers.claims.ch04_pruning.ten_digits import TenDigits, share, ten_digits
from helpers.pruning import build
from helpers.pruning.sums import subset_sum
from helpers.sweeps import kept
from helpers.yardstick import correlations

SAMPLES = (5, 10, 20, 30, 40, 60)
SIZES = (64, 32, 10)  # of the digits network that is built
SEARCHED, BUILT = "found by edge-popup", "built by subset sums"
DRAWS = {"random": build.uniform, "powers of two": build.powers_of_two}


# --- experiments ----------------------------------------------------------------------------------


def sum_errors(
    seed: int, *, sizes: Sequence[int] = (4, 6, 8, 10, 12, 14, 16), problems: int = 4000
) -> list[dict]:
    """How near the best subset sum of n samples comes, and how near two theories say it does.

    Samples are uniform on [-1, 1], targets on [-1/2, 1/2]. Columns: `n`, `median`, `q99` (of the
    error), and the medians that follow if the 2^n sums are points of a Poisson process with a
    Gaussian density, which is either the `averaged` one (variance n/6) or the `conditional` one
    (each problem's own mean and variance given its samples).
    """
    g = seeds.generator(seed, "sums and targets")
    records = []
    for n in sizes:
        values = torch.rand(problems, n, generator=g, dtype=torch.float64) * 2 - 1
        targets = torch.rand(problems, generator=g, dtype=torch.float64) - 0.5
        errors = ((subset_sum(values, targets) * values).sum(1) - targets).abs()
        mean, variance = values.sum(1) / 2, values.square().sum(1) / 4
        density = torch.exp(-(targets - mean).square() / (2 * variance)) / variance.sqrt()
        rate = 2.0**n / math.sqrt(2 * math.pi)
        records.append(
            {
                "n": n,
                "median": float(errors.median()),
                "q99": float(errors.quantile(0.99)),
                "averaged": median_gap(rate * torch.tensor([math.sqrt(6 / n)])),
                "conditional": median_gap(rate * density),
            }
        )
    return records


def median_gap(rates: Tensor) -> float:
    """Median distance to the nearest point of a Poisson process with a random rate (m,).

    The distance is exponential given the rate, with two sides to look at: the median e solves
    mean(exp(-2 rate e)) = 1/2.
    """
    scale = math.log(2) / (2 * float(rates.mean()))
    half = lambda e: float(torch.exp(-2 * rates.double() * e * scale).mean()) - 0.5  # noqa: E731
    return scale * brentq(half, 0.1, 100)


@lru_cache(maxsize=2)
def trained_target(seed: int, sizes: tuple[int, ...] = SIZES) -> tuple[nn.Sequential, TenDigits]:
    """A digits network trained on a thousand images, and the images."""
    task = ten_digits(seed)
    net = networks.mlp(sizes, seed=seed)
    target = training.train(net, task, lr=3e-3, loss="cross-entropy", seed=seed).net
    return target, task


@lru_cache(maxsize=4)
def built_target(
    seed: int, samples: int, weights: str = "random", sizes: tuple[int, ...] = SIZES, draw: int = 0
) -> build.Built:
    """The trained target inside a larger network; `draw` numbers the larger networks."""
    target, _ = trained_target(seed, sizes)
    own = seeds.derived(seed, f"larger network {draw}")
    return build.build(target, samples=samples, draw=DRAWS[weights], seed=own)


def whole_network(
    seed: int,
    *,
    samples: Sequence[int] = SAMPLES,
    weights: str = "random",
    sizes: tuple[int, ...] = SIZES,
    shuffled: bool = False,
) -> pd.DataFrame:
    """A trained digits network built by pruning a larger one that was never trained.

    One row per number of `samples` per weight. `agreement` is the share of test images that both
    put in the same class (`draws` resamples them); `median_error`, `mean_error` and `worst_error`
    compare the outputs, in units of the target outputs' standard deviation; `worst_weight` is the
    largest error of a weight; `drawn` and `kept` count weights and biases per non-zero one of the
    target; `mask_bits` is log2 C(drawn, kept). With `shuffled` also `null` and `null_draws`, the
    agreement where as many weights of every parameter are kept anywhere.
    """
    target, task = trained_target(seed, sizes)
    with torch.no_grad():
        wanted = target(task.x_test)
    records = []
    for count in samples:
        built = built_target(seed, count, weights, sizes)
        with torch.no_grad():
            got = built.pruned()(task.x_test)
        error = (got - wanted).abs() / wanted.std()
        agreement = share(got.argmax(1) == wanted.argmax(1), task.test_ids)
        records.append(
            {
                "samples": count,
                "agreement": agreement["value"],
                "draws": agreement["draws"],
                "median_error": float(error.median()),
                "mean_error": float(error.mean()),
                "worst_error": float(error.max()),
                "worst_weight": built.worst_weight,
                "drawn": built.drawn / built.wanted,
                "kept": built.kept / built.wanted,
                "mask_bits": pruning.mask_bits(built.masks),
                "wanted": built.wanted,
            }
        )
        if shuffled:
            anywhere = pruning.masked(built.net, pruning.shuffled(built.masks, seed=seed))
            with torch.no_grad():
                same = anywhere(task.x_test).argmax(1) == wanted.argmax(1)
            null = share(same, task.test_ids)
            records[-1] |= {"null": null["value"], "null_draws": null["draws"]}
    return pd.DataFrame(records)


def circuit_costs(
    seed: int, *, widths: Sequence[int] = (8, 16, 32, 64), samples: int = 8
) -> list[dict]:
    """Weights to draw for circuits of growing size: layers of N units, dense or two edges a unit.

    Columns: `target`, `width`, `wanted` (weights of the circuit), `drawn`.
    """
    records = []
    for kind, width in itertools.product(("dense", "sparse"), widths):
        net = networks.mlp([width, width, width], seed=seed)
        if kind == "sparse":
            _keep_two_edges(net, seed)
        built = build.build(net, samples=samples, seed=seed)
        setting = {"target": kind, "width": width}
        records.append({**setting, "wanted": built.wanted, "drawn": built.drawn})
    return records


def _keep_two_edges(net: nn.Sequential, seed: int) -> None:
    g = seeds.generator(seed, "edges to keep")
    with torch.no_grad():
        for layer in (m for m in net if isinstance(m, nn.Linear)):
            places = torch.rand(layer.weight.shape, generator=g).argsort(1)[:, 2:]
            layer.weight.scatter_(1, places, 0.0)


@kept  # two claims read it
def nodes(
    seed: int,
    *,
    width: int = 100,
    samples: int = 40,
    steps: int = 300,
    keep: float = 0.5,
    smallest: bool = False,
) -> pd.DataFrame:
    """What pruning does to the nodes: |correlation| of each unit with itself before and after.

    Columns: `subnetwork`, `depth`, `value` (mean over units that are not constant on the held-out
    images) and `null` (the same for random masks with as many weights in every parameter). With
    `smallest` the mask that keeps the smallest weights takes the place of edge-popup's.
    """
    task = ten_digits(seed)
    net = networks.mlp([64, width, width, width, 10], seed=seed)
    if smallest:
        largest = pruning.magnitude(net, keep=1 - keep, layerwise=True)
        popup = {name: ~mask for name, mask in largest.items()}
    else:
        options = {"loss": "cross-entropy", "steps": steps}
        popup = pruning.edge_popup(net, task, keep=keep, seed=seed, **options)
    built = built_target(seed, samples)
    found = {SEARCHED: (net, popup), BUILT: (built.net, built.masks)}
    records = []
    for name, (whole, masks) in found.items():
        before_after = [
            pruning.unit_correlations(whole, pruning.masked(whole, m), task.x_test)
            for m in (masks, pruning.shuffled(masks, seed=seed))
        ]
        for depth, pair in enumerate(zip(*before_after, strict=True), start=1):
            value, null = (float(r.abs().nanmean()) for r in pair)
            setting = {"subnetwork": name, "depth": depth}
            records.append({**setting, "value": value, "null": null})
    return pd.DataFrame(records)


def target_units(seed: int, *, samples: int = 40) -> list[dict]:
    """How well the target's hidden units are matched by single units of larger networks.

    For each hidden unit of the trained target the unit with the largest |correlation| on train is
    chosen; `value` is the mean of its |correlation| held out.
    """
    target, task = trained_target(seed)
    built, again = (built_target(seed, samples, draw=draw) for draw in (0, 1))
    nets = {"pruned": built.pruned(), "unpruned": built.net, "another draw": again.net}
    wanted = [networks.activations(target, x) for x in (task.x_train, task.x_test)]
    matched = {name: _best_match(net, task, wanted) for name, net in nets.items()}
    return [{"network": name, "value": value} for name, value in matched.items()]


def _best_match(net, task, wanted):
    layers = range(len(networks.hidden_layers(net)))
    on_train, on_test = (
        torch.cat([correlations(networks.activations(net, x, i), y) for i in layers]).abs()
        for x, y in zip((task.x_train, task.x_test), wanted, strict=True)
    )
    alive = wanted[1].std(0) > 0
    picks = on_train.argmax(0)
    return float(on_test.gather(0, picks[None])[0, alive].mean())


def programs(
    seed: int, *, samples: int = 40, powers: int = 12, written: int | None = None
) -> list[dict]:
    """Bits that say which network is meant: by mask, or by writing the target's weights down.

    Columns: `program`, `bits`, `agreement` with the target on held-out images. The weights written
    down are rounded to `written` bits and a sign, unless told to the precision of the powers of
    two; the labels that the target was trained on bound what any of these can owe to them.
    """
    target, task = trained_target(seed)
    records = []
    for name, count in (("random", samples), ("powers of two", 4 * powers)):
        row = whole_network(seed, samples=(count,), weights=name).iloc[0]
        found = {"bits": row["mask_bits"], "agreement": row["agreement"]}
        records.append({"program": f"mask, {name}", **found})
    written = written or powers
    step = 2.0 ** (2 - written)
    rounded = deepcopy(target)
    with torch.no_grad():
        for p in rounded.parameters():
            p.copy_((p / step).round() * step)
        same = rounded(task.x_test).argmax(1) == target(task.x_test).argmax(1)
        same = float(same.float().mean())
    weights = networks.parameter_count(target) * (written + 1)
    labels = len(task.y_train) * math.log2(10)
    return [
        *records,
        {"program": "weights, rounded", "bits": weights, "agreement": same},
        {"program": "training labels", "bits": labels, "agreement": math.nan},
    ]
