"""Exact subset sums: meeting in the middle against the MILP solver HiGHS, ratios in one run.

    python benchmarks/subset_sum.py

Both solve the same problems to the optimum; the table shows the seconds per problem, their
ratio, and in how many problems the two optima agree to 1e-9. One thread each.
"""

import statistics
import time

import numpy as np
import torch
from scipy.optimize import Bounds, LinearConstraint, milp

from helpers.pruning.sums import subset_sum


def highs(values, target):
    """The smallest |sum - target| by mixed integer programming: min e, -e <= sum - target <= e."""
    n = len(values)
    rows = np.array([np.append(values, -1.0), np.append(values, 1.0)])
    bounds = LinearConstraint(rows, [-np.inf, target], [target, np.inf])
    answer = milp(
        np.append(np.zeros(n), 1.0),
        constraints=bounds,
        integrality=np.append(np.ones(n), 0),
        bounds=Bounds(0, np.append(np.ones(n), np.inf)),
        options={"mip_rel_gap": 0.0},
    )
    return abs(values @ np.round(answer.x[:n]) - target)


def seconds(function):
    start = time.perf_counter()
    answer = function()
    return time.perf_counter() - start, answer


def main():
    torch.set_num_threads(1)
    subset_sum(torch.rand(1, 10), torch.rand(1))  # warm up
    generator = torch.Generator().manual_seed(0)
    print(" n   problems   ours batched   ours single   HiGHS    HiGHS / single   same optimum")
    for n, problems in ((10, 20), (14, 20), (18, 10), (21, 5)):
        values = torch.rand(problems, n, generator=generator, dtype=torch.float64) * 2 - 1
        targets = torch.rand(problems, generator=generator, dtype=torch.float64) - 0.5
        batched, masks = seconds(lambda v=values, t=targets: subset_sum(v, t))
        errors = ((masks * values).sum(1) - targets).abs()
        single = statistics.median(
            seconds(lambda v=v, t=t: subset_sum(v, t))[0]
            for v, t in zip(values, targets, strict=True)
        )
        rivals = [
            seconds(lambda v=v, t=t: highs(v.numpy(), t.item()))
            for v, t in zip(values, targets, strict=True)
        ]
        rival = statistics.median(s for s, _ in rivals)
        same = sum(abs(e.item() - r) < 1e-9 for e, (_, r) in zip(errors, rivals, strict=True))
        print(
            f"{n:2d} {problems:8d} {batched / problems:13.6f}s {single:12.6f}s {rival:8.4f}s "
            f"{rival / single:12.0f} {same:13d}"
        )


if __name__ == "__main__":
    main()
