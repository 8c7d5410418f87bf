"""The ledger's files: one entry per claim, the rows it was judged on, and what it said before.

ledger/02-planted.json          the entry
ledger/rows/02-planted.csv      a value per seed and case, for a new rule or interval to judge
ledger/history/02-planted.json  every earlier entry, the oldest first; nothing is deleted
"""

import json
import math
import time
from dataclasses import asdict
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from helpers.claims.core import Claim
from helpers.claims.judging import REGISTERED, Result, judge, judge_again
from helpers.data import cifar
from helpers.results.store import RESULTS, provenance, write
from helpers.sweeps import sweep

LEDGER = RESULTS / "ledger"


def measured(
    claim: Claim,
    *,
    seeds: int | None = None,
    small: bool = False,
    store: str | Path | None = None,
    jobs: int = 1,
    progress: bool = True,
    **options: Any,
) -> pd.DataFrame:
    """Tidy rows of a claim over its seeds; with `store`, finished seeds are kept and resumed.

    `small` takes the options that tests use, and `options` go over both.
    """
    options = {**claim.options, **(claim.small if small else {}), **options}
    first = claim.first_seed
    grid = {
        "seed": range(first, first + (seeds or claim.seeds)),
        **{key: [value] for key, value in options.items()},
    }
    return sweep(claim.measure, grid, store=store, jobs=jobs, progress=progress)


def measure_and_write(claim: Claim, *, store: str | Path | None = None, jobs: int = 1) -> Result:
    """Measure a claim in full and write its ledger entry and its rows (each atomically)."""
    start = time.perf_counter()
    frame = measured(claim, store=store, jobs=jobs)
    told = provenance(
        seconds=round(time.perf_counter() - start),
        options={key: repr(value) for key, value in claim.options.items()},
    )
    if claim.needs_dogs:
        told["data"] = cifar.provenance()
    # Judged as it will be read, so that judging the stored rows again gives the same entry.
    text = rows_as_text(frame)
    result = judge(claim, rows_from_text(text), told)
    _replace(result)
    write(_rows(claim.id), text)
    return result


def judge_stored(claim: Claim) -> Result | None:
    """Judge a claim again without measuring: its stored rows, else its stored intervals.

    The entry is only written where something changed. None if there is no entry of this version.
    """
    old = current(claim)
    if old is None:
        return None
    kept = rows(claim.id)
    new = judge_again(claim, old) if kept.empty else judge(claim, kept, old.provenance)
    if as_json(new) != as_json(old):
        _replace(new)
    return new


def read(claim_id: str) -> Result | None:
    """The ledger's entry with this id, of whatever version, or None."""
    path = LEDGER / f"{claim_id}.json"
    return Result(**json.loads(path.read_text())) if path.exists() else None


def current(claim: Claim) -> Result | None:
    """The entry of the claim as it stands now, or None if this version was not measured yet."""
    entry = read(claim.id)
    return entry if entry is not None and entry.version == claim.version else None


def verdict(claim: Claim) -> str:
    """The verdict in the ledger, or that the claim is registered and not yet measured."""
    entry = current(claim)
    return REGISTERED if entry is None else entry.verdict


def history(claim: Claim) -> list[dict[str, Any]]:
    """What the ledger said before of this claim and of those it replaces, the oldest first."""
    found = []
    for name in (*claim.replaces, claim.id):
        path = LEDGER / "history" / f"{name}.json"
        found += json.loads(path.read_text()) if path.exists() else []
    entry = read(claim.id)
    if entry is not None and entry.version != claim.version:
        found.append(json.loads(as_json(entry)))
    return found


def retire(claim_id: str) -> None:
    """Move the entry of a claim that no longer stands into the history.

    Raises ValueError if there is no such entry.
    """
    entry = read(claim_id)
    if entry is None:
        raise ValueError(f"wanted an id with a ledger entry to retire, received {claim_id!r}")
    _remember(entry)
    (LEDGER / f"{claim_id}.json").unlink()
    _rows(claim_id).unlink(missing_ok=True)


# `kept` and `live` are the weights that a pruned network's masks keep and those it has.
ROWS = ("seed", "case", "metric", "value", "premise", "kept", "live", "draws")


def as_json(result: Result) -> str:
    """The text of a ledger entry. JSON has no nan: a bound that is not finite becomes null."""
    return json.dumps(_finite(asdict(result)), indent=1, allow_nan=False) + "\n"


def rows_as_text(frame: pd.DataFrame) -> str:
    """Rows as CSV, with the columns of `ROWS` that they have; `draws` are split by spaces."""
    kept = frame[[name for name in ROWS if name in frame]].assign(
        value=frame["value"].astype(float)
    )
    if "draws" in kept:
        given = [np.ndim(draw) > 0 for draw in kept["draws"]]
        texts = [
            " ".join(f"{each:.3g}" for each in np.ravel(draw)) if there else ""
            for there, draw in zip(given, kept["draws"], strict=True)
        ]
        kept = kept.assign(draws=texts) if any(given) else kept.drop(columns="draws")
    return kept.to_csv(index=False, float_format="%.5g")


def rows_from_text(text: str) -> pd.DataFrame:
    """The rows that `rows_as_text` wrote, draws as arrays again."""
    frame = pd.read_csv(
        StringIO(text), dtype={"case": str, "metric": str, "draws": str}, keep_default_na=True
    )
    if "draws" in frame:
        frame["draws"] = [
            np.array(text.split(), float) if isinstance(text, str) else None
            for text in frame["draws"]
        ]
    return frame


def rows(claim_id: str) -> pd.DataFrame:
    """What was measured for a claim, a row for each seed and case; no rows where none are kept."""
    path = _rows(claim_id)
    return rows_from_text(path.read_text()) if path.exists() else pd.DataFrame(columns=ROWS)


def _rows(claim_id: str) -> Path:
    return LEDGER / "rows" / f"{claim_id}.csv"


def _replace(result: Result) -> None:
    """Write an entry; what it replaces goes into the history first."""
    old = read(result.id)
    if old is not None:
        _remember(old)
    for folder in (LEDGER, LEDGER / "rows"):
        folder.mkdir(parents=True, exist_ok=True)
    write(LEDGER / f"{result.id}.json", as_json(result))


def _remember(entry: Result) -> None:
    path = LEDGER / "history" / f"{entry.id}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    told = json.loads(path.read_text()) if path.exists() else []
    told.append(json.loads(as_json(entry)))
    write(path, json.dumps(told, indent=1, allow_nan=False) + "\n")


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
