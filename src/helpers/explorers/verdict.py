"""Verdicts as a figure: claims as rows of intervals, with a bar that moves.

Where no script runs, the same rows stand as folded cards. The figure knows nothing of how claims
are kept: `helpers.claims.verdicts` makes its rows from the ledger.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from helpers import rounding
from helpers.explorers import frame

OPEN = 3  # rows of a chapter that are unfolded from the start


class VerdictExplorer(frame.Explorer):
    """The live figure; `.value` has the bars that were moved and the filters. See `explorer`."""

    _esm = frame.source("verdict", ".js")
    _css = frame.source("verdict", ".css")

    cards: Mapping[str, str] = {}

    def static(self) -> str:
        parts = [f"<p><strong>{frame.escaped(self.spec['question'])}</strong></p>"]
        for row in self.spec["rows"]:
            word = row["verdict"].split(",")[0].replace(" ", "-")
            parts.append(
                f'<details class="verdict {word}" id="claim-{frame.escaped(row["id"])}" '
                f'data-claim="{frame.escaped(row["id"])}"><summary><b class="verdict-word">'
                f"{frame.escaped(row['headline'])}</b> {frame.escaped(row['sentence'])}</summary>"
                f"{self.cards.get(row['id'], '')}</details>"
            )
        return "".join(parts)


def explorer(
    rows: Sequence[Mapping[str, Any]],
    cards: Mapping[str, str],
    *,
    id: str,
    question: str,
    filters: bool = False,
) -> VerdictExplorer:
    """The figure of these claims; `cards` is the HTML that each row folds away, by id.

    A row has `id`, `kind`, `reading`, `target`, `sentence`, `quantity`, `quantifier`, `over`,
    `verdict`, `words`, `headline`, `numbers` and `rule_text`; `cases`, a list of `name`,
    `estimate`, `low`, `high` and, where the bar cannot change it, the `fixed` verdict; `marks`, a
    list of `role`, `name` and `at`; `failed`, what makes it not tested, or None; and where its bar
    can move the `rule` as [low, high] with None for no end. Range and number of places are added.
    """
    spec = {"id": id, "question": question, "filters": filters}
    drawn = [{**_placed(row), "open": not filters and k < OPEN} for k, row in enumerate(rows)]
    made = VerdictExplorer(spec={**spec, "rows": drawn})
    made.cards = dict(cards)
    return made


def _placed(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with the `range` that shows all of it and the `places` its numbers deserve."""
    found = [each for case in row["cases"] for each in (case["low"], case["high"])]
    bars = [end for end in (row.get("rule") or ()) if end is not None]
    shown = [each for each in found if each is not None]
    if not shown:
        return {**row, "range": None, "rule": None, "places": 2}
    points = [*shown, *bars, *(mark["at"] for mark in row["marks"])]
    low, high = min(points), max(points)
    room = 0.12 * (high - low) or 0.1 * abs(high) or 0.1
    known = [case for case in row["cases"] if case["low"] is not None]
    finest = max(rounding.places(case["low"], case["high"]) for case in known)
    # Rounded, so that the page and Python speak of the very same places.
    span = [float(f"{low - room:.6g}"), float(f"{high + room:.6g}")]
    return {**row, "range": span, "places": min(finest, 4)}
