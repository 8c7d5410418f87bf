"""Does training stay in the tangent space? Three parameterisations, four widths, two targets."""

from collections.abc import Sequence

import pandas as pd
import torch
from torch import Tensor, nn

from helpers import networks, seeds, tangent
from helpers.claims.ch06_lazy.problems import FOLDER, FOUND, Problem, correlation, problem, rate_for
from helpers.results.store import load, save
from helpers.sweeps import kept, sweep
from helpers.training import follow
from helpers.yardstick import ridge
from helpers.yardstick.descent import directions
from helpers.yardstick.intervals import slope

WIDTHS = (64, 128, 256, 512)
TARGETS = ("digit 3", "parity of 3 in 12 bits")
STEPS = 200
EARLY = (30, 100, 300, 1_000, 10_000)  # steps among which validation stops kernel descent
LARGE = (1024,)  # on the parity alone, with three seeds


@kept
def runs(
    seed: int,
    *,
    parameterizations: Sequence[str] = networks.PARAMETERIZATIONS,
    targets: Sequence[str] = TARGETS,
    widths: Sequence[int] = WIDTHS,
    n: int = 256,
    steps: int = STEPS,
    base: int = WIDTHS[0],
) -> pd.DataFrame:
    """d-m-m-1 ReLU networks and their linearisations, full-batch descent on the same n examples.

    The rate is .5 / (largest eigenvalue of K_0 / n) of the network of width `base`, transferred.
    Columns: `parameterization`, `target`, `width`; of the kernel on train, centred, `drift` and
    `unaligned` (1 - alignment); on held-out inputs `distance` |f - f_lin| / |f_lin|, `layer 1` and
    `layer 2` |h_t - h_0| / |h_0|; `moved` |theta - theta_0| / |theta_0|; held-out correlations of
    the `net`, of the `linearised` one after as many steps (and trained on labels `by_lot`), of
    tuned kernel regression with the kernel at initialisation, `before`, and with the trained
    network's, `after`; `found` (by the net, on validation) and `parameters`.
    """
    records = []
    for target in targets:
        on = problem(target, n=n, seed=seed, n_test=500)
        for parameterization in parameterizations:
            options = {"parameterization": parameterization, "seed": seed}
            smallest = networks.mlp([on.x.shape[1], base, base, 1], **options)
            rate = rate_for(smallest, on.x)
            for width in widths:
                net = networks.mlp([on.x.shape[1], width, width, 1], **options)
                own = networks.transferred(rate, parameterization, width, base=base)
                told = {"parameterization": parameterization, "target": target, "width": width}
                records.append({**told, **_compared(net, on, own, steps)})
    return pd.DataFrame(records)


def _compared(net: nn.Module, on: Problem, rate: float, steps: int) -> dict[str, float]:
    """One network against its linearisation, after as many steps at the same rate."""
    held = len(on.x_validation)
    watched = torch.cat([on.x_validation, on.x_test])
    course = follow(net, on.x, on.y, watched, rate=rate, at=[steps])
    validation, test = course.outputs[0].split([held, len(on.x_test)])
    (inner, outer), (later, later_outer) = (kernels(each, on) for each in (net, course.net))
    lot = on.y[torch.randperm(len(on.y), generator=seeds.generator(0, "labels by lot"))]
    line, chance = (
        outer[held:].double() @ directions(inner).coefficients(y, rate, torch.tensor([steps]))[0]
        for y in (on.y, lot)
    )
    hidden = {f"layer {layer + 1}": _moved(net, course.net, on.x_test, layer) for layer in (0, 1)}
    theta, theta_0 = (networks.parameter_vector(each).detach() for each in (course.net, net))
    return {
        "drift": tangent.drift(inner, later),
        "unaligned": 1 - tangent.alignment(inner, later),
        "distance": float((test - line).norm() / line.norm()),
        **hidden,
        "moved": float((theta - theta_0).norm() / theta_0.norm()),
        "net": correlation(test, on.y_test),
        "linearised": correlation(line, on.y_test),
        "by_lot": correlation(chance, on.y_test),
        "before": tuned(inner, outer, on),
        "after": tuned(later, later_outer, on),
        "found": float(correlation(validation, on.y_validation) >= FOUND),
        "parameters": networks.parameter_count(net),
    }


def kernels(net: nn.Module, on: Problem) -> tuple[Tensor, Tensor]:
    """K on train, and between validation with test and train."""
    watched = torch.cat([on.x_validation, on.x_test])
    return (
        tangent.empirical_ntk(net, on.x, progress=False),
        tangent.empirical_ntk(net, watched, on.x, progress=False),
    )


def tuned(inner: Tensor, outer: Tensor, on: Problem) -> float:
    """Held-out correlation of the kernel's best: ridge or early stopping, by validation."""
    held = len(on.x_validation)
    rate = tangent.stable_rate(inner)
    early = directions(inner).coefficients(on.y, rate, torch.tensor(EARLY))
    fits = [ridge.fit_kernel(inner, on.y).predict(outer), *(early @ outer.double().T)]
    judged = [correlation(fit[:held], on.y_validation) for fit in fits]
    return correlation(fits[judged.index(max(judged))][held:], on.y_test)


def _moved(net: nn.Module, after: nn.Module, x: Tensor, layer: int) -> float:
    h_0, h = (networks.activations(each, x, layer) for each in (net, after))
    return float((h - h_0).norm() / h_0.norm())


# --- what the claims measure ------------------------------------------------------------------


def case(row) -> str:
    """ "muP, digit 3"."""
    names = {"mup": "muP", "ntk": "NTK", "standard": "standard"}
    return f"{names[row.parameterization]}, {row.target.split(' in ')[0]}"


def slopes(seed: int, *, quantity: str = "drift", **options) -> list[dict]:
    """The slope of a logarithm against log width, a case for parameterisation and target."""
    frame = runs(seed=seed, **options)
    return [
        {"case": case(next(part.itertuples())), "value": slope(part, y=quantity)}
        for _, part in frame.groupby(["parameterization", "target"], sort=False)
    ]


def at_width(
    seed: int,
    *,
    quantity: str,
    minus: str | None = None,
    premise: str | None = None,
    width: int = WIDTHS[-1],
    **options,
) -> list[dict]:
    """A column of `runs` at one width, less another; `premise` names the premise's column."""
    frame = runs(seed=seed, **options)
    records = []
    for row in frame[frame["width"] == width].itertuples():
        told = row._asdict()
        value = told[quantity] - (told[minus] if minus else 0.0)
        more = {"premise": told[premise]} if premise else {}
        records.append({"case": case(row), "value": value, **more})
    return records


def stored() -> pd.DataFrame:
    """The stored runs: one row for each seed, parameterisation, target and width."""
    return load("06-staying")


def store(number: int = 20, first: int = 3100, large: int = 3) -> None:
    """Measure all widths, the largest on the parity with few seeds, and store every run."""
    frame = sweep(runs, {"seed": range(first, first + number)}, store=FOLDER)
    if large:
        grid = {"seed": range(first, first + large), "targets": [TARGETS[1:]], "widths": [LARGE]}
        more = sweep(runs, grid, store=FOLDER)
        frame = pd.concat([frame, more[list(frame.columns)]])
    command = "python -m helpers.claims.ch06_lazy.staying"
    told = "digits of scikit-learn; parity of 3 in 12 bits; 256 examples each"
    save("06-staying", frame, command=command, seeds=number, large=large, data=told)


if __name__ == "__main__":
    # By its own name: what is kept on disk is told by where its functions come from.
    from helpers.claims.ch06_lazy.staying import store as measure

    measure()
