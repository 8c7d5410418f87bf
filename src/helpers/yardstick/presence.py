"""Was it there, and was it found? Two tables of networks by functions, compared.

`present[i, j]` says that a reading of network i, untrained, expresses function j; `found[i, j]`
that training from network i arrived at function j. Raw agreement of the two says little: where
nearly everything is found, a reading agrees by saying yes to everything, and easy functions are
both present and found in nearly every network.
"""

from collections.abc import Callable, Mapping

import numpy as np
from jaxtyping import Bool, Float

from helpers import seeds
from helpers.yardstick.intervals import Interval

SCORES = ("found if present", "found if absent", "kappa", "within a function")


def presence_and_finding(
    present: Bool[np.ndarray, "nets functions"],
    found: Bool[np.ndarray, "nets functions"],
    covariates: Mapping[str, Float[np.ndarray, "nets functions"]] = {},
) -> dict[str, float]:
    """How presence and finding hang together, by the names in `SCORES`.

    All tables are `(nets, functions)`.

    - "found if present", "found if absent": the shares of the pairs that are found, P(found |
      present) and P(found | absent);
    - "kappa": agreement beyond chance (Cohen 1960, doi.org/10.1177/001316446002000104),
      1 for the same table, 0 for what the two shares alone would give;
    - "within a function": the least-squares effect of presence on finding with every function and
      every network held fixed, found = effect * present + function + network: what it adds that
      *this* network has the function, beyond how easy the function and how able the network is;
    - the name of each covariate: its coefficient in the same fit, which holds it fixed as well.

    A score is nan where the tables leave it open: nothing absent, or presence the same in every
    network.
    """
    tables = _stacked(present, found, covariates)
    even = [np.full((1, count), 1 / count) for count in present.shape]
    estimates = _scores(tables, *even)[:, 0]
    return dict(zip((*SCORES, *covariates), map(float, estimates), strict=True))


def presence_intervals(
    present: Bool[np.ndarray, "nets functions"],
    found: Bool[np.ndarray, "nets functions"],
    covariates: Mapping[str, Float[np.ndarray, "nets functions"]] = {},
    *,
    resamples: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> dict[str, Interval]:
    """The scores of `presence_and_finding` with their intervals; `n` counts networks.

    Percentiles over `resamples` draws of networks and of functions, both with replacement (the
    pigeonhole bootstrap, as in `intervals`): networks are a sample, and so are functions where the
    claim is about more of them than were tried.
    """
    tables = _stacked(present, found, covariates)
    rng = seeds.numpy(seed, "networks and functions")
    drawn = [
        rng.multinomial(count, np.full(count, 1 / count), size=resamples) / count
        for count in present.shape
    ]
    ends = []
    for replicates in _scores(tables, *drawn):
        known = replicates[np.isfinite(replicates)]
        tails = (0.5 - level / 2, 0.5 + level / 2)
        ends.append(np.quantile(known, tails) if len(known) else (np.nan, np.nan))
    estimates = presence_and_finding(present, found, covariates)
    return {
        name: Interval(estimate, float(low), float(high), level, len(present))
        for (name, estimate), (low, high) in zip(estimates.items(), ends, strict=True)
    }


def _stacked(present: np.ndarray, found: np.ndarray, covariates: Mapping[str, np.ndarray]):
    return np.stack([np.asarray(each, float) for each in (present, found, *covariates.values())])


def _scores(tables: np.ndarray, w: np.ndarray, v: np.ndarray) -> np.ndarray:
    """All scores `(scores, draws)` under weights of networks and of functions that sum to one."""

    def mean(table: np.ndarray) -> np.ndarray:
        return ((w @ table) * v).sum(1)

    present, found = tables[:2]
    p, f, both = mean(present), mean(found), mean(present * found)
    expected = p * f + (1 - p) * (1 - f)
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = [both / p, mean((1 - present) * found) / mean(1 - present)]
        kappa = (1 - p - f + 2 * both - expected) / (1 - expected)
    # What is zero but for rounding has nothing to say.
    kappa = np.where(1 - expected > 1e-12, kappa, np.nan)
    return np.stack([*shares, kappa, *_within(tables, w, v, mean).T])


def _within(tables: np.ndarray, w: np.ndarray, v: np.ndarray, mean: Callable) -> np.ndarray:
    """Coefficients `(draws, regressors)` of "found" on all others, both effects taken out.

    With weights that are products, the residual x - (network's mean) - (function's mean) + (grand
    mean) has the cross moments E[xy] - E[r_x r_y] - E[c_x c_y] + g_x g_y: no residual is formed.
    """
    r = [table @ v.T for table in tables]  # (networks, draws)
    c = [w @ table for table in tables]  # (draws, functions)
    g = [mean(table) for table in tables]

    def moment(a: int, b: int) -> np.ndarray:
        rows = (w * (r[a] * r[b]).T).sum(1)
        columns = (v * c[a] * c[b]).sum(1)
        return mean(tables[a] * tables[b]) - rows - columns + g[a] * g[b]

    regressors = [0, *range(2, len(tables))]
    gram = np.stack([[moment(a, b) for b in regressors] for a in regressors]).transpose(2, 0, 1)
    target = np.stack([moment(a, 1) for a in regressors], axis=1)
    known = np.linalg.matrix_rank(gram, tol=1e-12, hermitian=True) == len(regressors)
    fitted = np.full(target.shape, np.nan)
    fitted[known] = np.linalg.solve(gram[known], target[known][..., None])[..., 0]
    return fitted
