"""Sweeps: one function over a grid of settings, in parallel, resumed where it stopped.

A thin skin over joblib. To use a cluster, wrap the call in
`joblib.parallel_config(backend="dask")` with a Dask client and a `store` that workers share.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
import torch
from tqdm.auto import tqdm


def sweep(
    function: Callable[..., Any],
    grid: Mapping[str, Sequence],
    *,
    store: str | Path | None = None,
    jobs: int = 1,
    progress: bool = True,
) -> pd.DataFrame:
    """A tidy DataFrame: `function(**setting)` for every combination in `grid`.

    `function` returns a dict (one row), a list of dicts or a DataFrame (its index is dropped); the
    setting's values are added as columns in front. With `store`, every finished setting is kept in
    that folder and a repeated sweep only computes what is missing; the store knows the function's
    own source, but not what it calls: after a change there, start a new folder. `jobs` processes
    work at once; each setting uses one thread of torch, so results do not depend on `jobs`.

    Raises ValueError for an empty grid or an axis without values.
    """
    if not grid or any(len(values) == 0 for values in grid.values()):
        raise ValueError(f"wanted a grid with at least one value on each axis, received {grid}")
    settings = [
        dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())
    ]
    call = function
    if store is not None:
        call = joblib.Memory(store, verbose=0).cache(function)
    results = joblib.Parallel(n_jobs=jobs, return_as="generator")(
        joblib.delayed(_single_threaded)(call, setting) for setting in settings
    )
    name = getattr(function, "__name__", "sweep")
    bar = tqdm(results, total=len(settings), disable=not progress, desc=name)
    frames = [_rows(setting, result) for setting, result in zip(settings, bar, strict=True)]
    return pd.concat(frames, ignore_index=True)


def _single_threaded(call: Callable[..., Any], setting: dict[str, Any]) -> Any:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return call(**setting)
    finally:
        torch.set_num_threads(threads)


def _rows(setting: dict[str, Any], result: Any) -> pd.DataFrame:
    frame = result if isinstance(result, pd.DataFrame) else pd.DataFrame(_listed(result))
    missing = {name: value for name, value in setting.items() if name not in frame}
    return pd.concat(
        [
            pd.DataFrame({name: [value] * len(frame) for name, value in missing.items()}),
            frame.reset_index(drop=True),
        ],
        axis=1,
    )


def _listed(result: Any) -> list[dict]:
    return [result] if isinstance(result, Mapping) else list(result)
