"""Sweeps: one function over a grid of settings, in parallel, resumed where it stopped.

A thin skin over joblib. To use a cluster, wrap the call in
`joblib.parallel_config(backend="dask")` with a Dask client and a `store` that workers share.
"""

import functools
import inspect
import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
import torch
from tqdm import tqdm

from helpers.keys import key

FOLDER = "HELPERS_SWEEP"  # the folder of the sweep that is being computed; no key depends on it


def sweep(
    function: Callable[..., Any],
    grid: Mapping[str, Any],
    *,
    store: str | Path | None = None,
    jobs: int = 1,
    progress: bool = True,
) -> pd.DataFrame:
    """A tidy DataFrame: `function(**setting)` for every combination in `grid`.

    `function` returns a dict (one row), a list of dicts or a DataFrame (its index is dropped); the
    setting's values are added as columns in front. With `store`, every finished setting is kept in
    that folder and a repeated sweep only computes what is missing: a result is found again by the
    values of its setting and by what the function does (`helpers.keys`), so that no other
    function's is taken for it. Files that the function reads are not looked at: keep one folder
    for each version of them. `jobs` processes work at once; each setting uses one thread of torch,
    so results do not depend on `jobs`. `progress` shows a bar on a terminal, never in a notebook.

    Raises ValueError for an empty grid, an axis without values and one that is no list of values;
    TypeError for a function that captures or reads what `store` cannot tell from others.
    """
    axes = {name: _values(name, values) for name, values in grid.items()}
    if not axes or not all(axes.values()):
        raise ValueError(f"wanted a grid with at least one value on each axis, received {grid}")
    settings = [
        dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())
    ]
    code = None if store is None else key(function)
    files = [store and Path(store) / f"{key(code, setting)}.joblib" for setting in settings]
    results = joblib.Parallel(n_jobs=jobs, return_as="generator")(
        joblib.delayed(_finished)(function, setting, file)
        for setting, file in zip(settings, files, strict=True)
    )
    name = getattr(function, "__name__", "sweep")
    bar = tqdm(results, total=len(settings), disable=None if progress else True, desc=name)
    frames = [_rows(setting, result) for setting, result in zip(settings, bar, strict=True)]
    return pd.concat(frames, ignore_index=True)


def kept(function: Callable[..., pd.DataFrame]) -> Callable[..., pd.DataFrame]:
    """`function`, computed once in a process for the same arguments; every caller gets a copy.

    A list counts as a tuple. Within a sweep that has a `store` it is kept in that folder too: so
    sweeps of several functions that read the same runs compute them once, and a killed one resumes
    between them.

    Raises TypeError for a function with `*args`, `**options` or parameters that have no name.
    """
    made, signature = functools.cache(function), inspect.signature(function)
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    if others := [name for name, each in signature.parameters.items() if each.kind not in named]:
        raise TypeError(
            f"{function.__qualname__}: wanted parameters with names, to tell settings apart, "
            f"received {others}: write them out"
        )

    @functools.wraps(function)
    def copied(*args: Any, **options: Any) -> pd.DataFrame:
        bound = signature.bind(*args, **options)
        bound.apply_defaults()
        setting = {k: tuple(v) if isinstance(v, list) else v for k, v in bound.arguments.items()}
        folder = os.environ.get(FOLDER)
        if folder is None:
            return made(**setting).copy()
        return _finished(function, setting, Path(folder) / f"{key(key(function), setting)}.joblib")

    return copied


def _values(name: str, values: Any) -> list:
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise ValueError(
            f"wanted a list of values for {name!r}, received {values!r}: write [{values!r}]"
        )
    return list(values)


def _finished(function: Callable[..., Any], setting: dict[str, Any], file: Path | None) -> Any:
    """The stored result, or a new one, stored whole or not at all."""
    if file is None:
        return _single_threaded(function, setting)
    if file.exists():
        with suppress(Exception):  # whatever is left of a file that was cut off
            return joblib.load(file)
    with _within(file.parent):
        result = _single_threaded(function, setting)
    partial = file.with_suffix(f".{os.getpid()}")
    file.parent.mkdir(parents=True, exist_ok=True)
    joblib.dump(result, partial)
    os.replace(partial, file)
    return result


@contextmanager
def _within(folder: Path) -> Iterator[None]:
    """Lets what is `kept` know the folder of the sweep that it is computed for."""
    before = os.environ.get(FOLDER)
    os.environ[FOLDER] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ[FOLDER]
        else:
            os.environ[FOLDER] = before


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
    return [dict(result)] if isinstance(result, Mapping) else list(result)
