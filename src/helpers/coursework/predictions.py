"""A class's predictions, from the files that students have saved: where it was sure and wrong."""

import json
from pathlib import Path

import pandas as pd


def read(folder: Path) -> tuple[pd.DataFrame, list[str]]:
    """(one row for each prediction with a result, names of files that hold none).

    Columns: id, question, confidence (per cent), right.
    """
    rows, passed = [], []
    for path in sorted(Path(folder).rglob("*.json")):
        try:
            book = json.loads(path.read_text(encoding="utf-8-sig"))
            found = [
                (str(p["id"]), str(p["question"]), int(p["confidence"]), bool(p["right"]))
                for p in book["predictions"]
                if p["phase"] == "committed" and isinstance(p["right"], bool)
            ]
        except (OSError, ValueError, KeyError, TypeError):
            passed.append(path.name)
            continue
        rows += found
    return pd.DataFrame(rows, columns=["id", "question", "confidence", "right"]), passed


def by_question(predictions: pd.DataFrame) -> pd.DataFrame:
    """answers, share right, confidence said, their difference (too sure); the largest first."""
    grouped = predictions.groupby(["id", "question"])
    table = grouped.agg(answers=("right", "size"), right=("right", "mean"),
                        said=("confidence", "mean")).reset_index()  # fmt: skip
    table["said"] /= 100
    table["too sure"] = table["said"] - table["right"]
    return table.sort_values("too sure", ascending=False, ignore_index=True)


def calibration(predictions: pd.DataFrame) -> pd.DataFrame:
    """said, answers and share right, for every confidence that was stated."""
    table = predictions.groupby("confidence")["right"].agg(answers="size", right="mean")
    table.index = table.index / 100
    return table.rename_axis("said").reset_index()


def told(folder: Path) -> str:
    """Both tables and the Brier score, as text. Raises ValueError where there is nothing."""
    predictions, passed = read(folder)
    if predictions.empty:
        raise ValueError(
            f"wanted files saved on the page Your predictions, received none with results in"
            f" {folder}: ask for predictions.json"
        )
    error = predictions["confidence"] / 100 - predictions["right"]
    lines = [
        f"{len(predictions)} predictions; Brier score {(error**2).mean():.2f}"
        " (always saying 50% scores .25).",
        "", by_question(predictions).to_string(index=False, float_format="{:.2f}".format),
        "", calibration(predictions).to_string(index=False, float_format="{:.2f}".format),
    ]  # fmt: skip
    return "\n".join([*lines, *(f"passed over: {name}" for name in passed)])
