"""Ceilings for photographs, stored: what features reach that were learnt on a million others."""

import os
from typing import Any

import numpy as np

from helpers.data import cifar
from helpers.results.store import load


def pretrained(
    seed: int, *, n_train: int, n_test: int = 2000, target: str = "dog", metric: str = "auc"
) -> dict[str, Any]:
    """`value` and `draws` of the ceiling on the photos of `tasks.cifar10(target, seed=seed, ...)`.

    Ridge on EfficientNet-lite0's frozen features of the same `n_train` photos, scored on the same
    `n_test` (`benchmarks/pretrained.py`): `metric` is "auc" or "correlation". The draws, stored for
    dogs, resample the same test images as `intervals.rows` does, so that differences and shares of
    a gap pair up; for the other classes they are None.

    >>> pretrained(3000, n_train=1000)["value"]
    0.94688

    Raises ValueError, with what there is, for a split that was not measured, and where HELPERS_DATA
    names other photos than the table was measured on.
    """
    frame = load("pretrained-ceiling")
    measured_on = frame.attrs["provenance"]["data"]
    if os.environ.get("HELPERS_DATA") and (found := cifar.provenance()) != measured_on:
        raise ValueError(
            f"wanted the photos that the ceiling was measured on, {measured_on}, received {found}: "
            "run benchmarks/pretrained.py on these"
        )
    chosen = {"seed": seed, "n": n_train, "n_test": n_test, "target": target, "metric": metric}
    kept = frame
    for name, value in chosen.items():
        if not (kept[name] == value).any():
            there = ", ".join(map(str, kept[name].unique()))
            raise ValueError(
                f"no ceiling is stored for {name}={value!r}; with the choices before it there are: "
                f"{there}. Choose one, or run benchmarks/pretrained.py"
            )
        kept = kept[kept[name] == value]
    row = kept.iloc[0]
    draws = np.array(row["draws"].split(), float) if isinstance(row["draws"], str) else None
    return {"value": float(row["value"]), "draws": draws}
