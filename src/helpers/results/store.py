"""Results of long runs: small CSV files with their provenance, shipped with the package.

A stored result says on what it was computed, with what, when, and by which command, so that it can
be computed again.
"""

import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from helpers import __version__

RESULTS = Path(__file__).parent


def provenance(**known: Any) -> dict[str, Any]:
    """Date and versions, and whatever else is `known` (data, command, seconds, options)."""
    return {
        "measured": datetime.now(UTC).date().isoformat(),
        "helpers": __version__,
        "torch": torch.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        **known,
    }


def save(name: str, frame: pd.DataFrame, *, command: str, **known: Any) -> Path:
    """Write `results/NAME.csv` and `results/NAME.json` (provenance), each atomically."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    told = provenance(command=command, rows=len(frame), **known)
    write(RESULTS / f"{name}.json", json.dumps(told, indent=1) + "\n")
    target = RESULTS / f"{name}.csv"
    write(target, frame.to_csv(index=False, float_format="%.5g"))
    return target


def load(name: str) -> pd.DataFrame:
    """The stored table, with its provenance in `.attrs["provenance"]`.

    Raises FileNotFoundError, with the names there are, for an unknown one.
    """
    path = RESULTS / f"{name}.csv"
    if not path.exists():
        known = ", ".join(sorted(p.stem for p in RESULTS.glob("*.csv"))) or "none"
        raise FileNotFoundError(f"no stored result is called {name!r}; there are: {known}")
    frame = pd.read_csv(path)
    frame.attrs["provenance"] = json.loads(path.with_suffix(".json").read_text())
    return frame


def write(path: Path, text: str) -> None:
    """Write a text file so that a reader sees the old one or the new one, never half of it."""
    partial = path.with_suffix(path.suffix + ".partial")
    partial.write_text(text)
    os.replace(partial, path)
