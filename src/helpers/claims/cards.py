"""The ledger as readers see it: verdict cards, scoreboard, the README's table."""

import html
from collections import Counter

from IPython.display import HTML

from helpers.claims.chapters import find, ledger
from helpers.claims.core import Claim, Result, stored
from helpers.intervals import Interval


def card(claim_id: str) -> HTML:
    """The verdict card of a claim: sentence, verdict, numbers, rule, control and objection."""
    claim = find(claim_id)
    result = stored(claim_id)
    if result is None:
        raise ValueError(
            f"{claim_id} was never measured: run `python -m helpers.claims {claim_id}`"
        )
    who, link = claim.place
    return HTML(
        f'<div class="verdict {result.verdict}" id="claim-{claim.id}">'
        f'<p class="verdict-word">{_mark(result.verdict)} {result.verdict}</p>'
        f"<p class='verdict-claim'>{html.escape(claim.sentence)} "
        f'<a href="{html.escape(link)}">({html.escape(who)})</a></p>'
        f"<p>{html.escape(claim.quantity)}: <strong>{html.escape(_numbers(result))}</strong> "
        f"({_seeds(result)}).</p>{_cases(result)}"
        f"<p><em>Rule, fixed before the numbers:</em> {claim.rule}. "
        f"<em>Control:</em> {html.escape(claim.control)}</p>"
        f"<p><em>Strongest objection:</em> {html.escape(claim.objection)}</p></div>"
    )


def scoreboard() -> HTML:
    """All claims with their verdicts as one table."""
    chapters = sorted({claim.chapter for claim in ledger()})
    rows = "".join(
        f'<tr><th colspan="4" scope="rowgroup">Chapter {chapter}</th></tr>'
        + "".join(_row(claim) for claim in ledger() if claim.chapter == chapter)
        for chapter in chapters
    )
    head = "".join(
        f'<th scope="col">{name}</th>' for name in ("Claim", "Verdict", "Measured", "Rule")
    )
    return HTML(
        f'<table class="scoreboard"><caption>Every claim of the book, as last measured</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def markdown_table() -> str:
    """The scoreboard as Markdown, for the README."""
    lines = ["| chapter | claim | verdict | measured |", "|---|---|---|---|"]
    for claim in ledger():
        result = stored(claim.id)
        verdict, numbers = (result.verdict, _numbers(result)) if result else ("not measured", "")
        cells = (claim.chapter, claim.sentence, f"**{verdict}**", numbers)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


def _cases(result: Result) -> str:
    """All cases, folded when there are more than the headline can name."""
    if len(result.cases) <= 3:
        return ""
    lines = "".join(
        f"<li>{html.escape(_case(name))}{_number(one)}: {result.cases[name]['verdict']}</li>"
        for name, one in result.intervals().items()
    )
    return f"<details><summary>All {len(result.cases)} cases</summary><ul>{lines}</ul></details>"


def _row(claim: Claim) -> str:
    result = stored(claim.id)
    verdict = result.verdict if result else "not measured"
    numbers = _numbers(result) if result else ""
    return (
        f'<tr><th scope="row">{html.escape(claim.sentence)}</th>'
        f'<td class="verdict-word {verdict}">{_mark(verdict)} {verdict}</td>'
        f"<td>{html.escape(claim.quantity)}: {html.escape(numbers)}</td><td>{claim.rule}</td></tr>"
    )


def _numbers(result: Result) -> str:
    found = result.intervals()
    if len(found) <= 3:
        return "; ".join(f"{_case(name)}{_number(one)}" for name, one in found.items())
    estimates = [one.estimate for one in found.values()]
    verdicts = Counter(case["verdict"] for case in result.cases.values())
    counts = ", ".join(f"{count} {verdict}" for verdict, count in verdicts.most_common())
    return f"{min(estimates):.3g} to {max(estimates):.3g} over {len(found)} cases ({counts})"


def _case(name: str) -> str:
    return "" if name == "all" else f"{name}: "


def _number(found: Interval) -> str:
    return f"{found.estimate:.3g} [{found.low:.3g}, {found.high:.3g}]"


def _seeds(result: Result) -> str:
    cases = len(result.cases)
    together = f", {cases} intervals that hold together at 95%" if cases > 1 else ", 95% interval"
    return f"{result.seeds} seeds{together}"


def _mark(verdict: str) -> str:
    # A shape as well as a colour.
    return {"supported": "✓", "refuted": "✗", "mixed": "±"}.get(verdict, "?")
