"""The ledger as readers see it: verdict cards and scoreboard."""

import html
from collections import Counter
from collections.abc import Sequence

from IPython.display import HTML

from helpers import rounding
from helpers.claims import entries
from helpers.claims.chapters import find, ledger
from helpers.claims.core import Claim
from helpers.claims.entries import current, verdict
from helpers.claims.judging import ALL, Result

# A shape as well as a colour.
MARKS = {"supported": "✓", "refuted": "✗", "mixed": "±", "inconclusive": "?", "not tested": "–"}
WAITING = "…"
KINDS = {"claim": "Claims", "check": "Checks: what could only fail by a bug"}


def card(claim_id: str) -> HTML:
    """The verdict card of a claim: sentence, verdict with counts, numbers, rule, what it rests on.

    Raises ValueError for a check that failed: the chapter that shows it must not be built.
    """
    claim = find(claim_id)
    refuse_failed(claim)
    word = verdict(claim)
    who, link = claim.place
    return HTML(
        f'<div class="verdict {style(word)}" id="claim-{claim.id}">'
        f'<p class="verdict-word">{html.escape(headline(claim))}</p>'
        f"<p class='verdict-claim'>{html.escape(claim.sentence)} "
        f'<a href="{html.escape(link)}">({html.escape(who)})</a></p>{details(claim)}</div>'
    )


def refuse_failed(claim: Claim) -> None:
    """Raises ValueError for a check that failed."""
    if claim.kind == "check" and verdict(claim) == "refuted":
        raise ValueError(
            f"{claim.id}: wanted a check that holds, received a refuted one: find the bug, then "
            f"run `python -m helpers.claims {claim.id}`"
        )


def headline(claim: Claim) -> str:
    """The verdict with its mark and its counts: "✗ refuted: fails for 9 of 10 digits"."""
    entry, word = current(claim), verdict(claim)
    words = f": {entry.words}" if entry is not None and entry.words else ""
    return f"{MARKS.get(word, WAITING)} {word}{words}"


def details(claim: Claim) -> str:
    """What a card says below the sentence, as HTML."""
    entry = current(claim)
    found = ""
    if entry is not None:
        found = (
            f"<p>{html.escape(claim.quantity)}: <strong>{html.escape(numbers(entry))}</strong> "
            f"({_seeds(entry)}).</p>{_cases(entry)}"
        )
    told = [("Rule, fixed before the numbers", f"{rule_text(claim)}."), ("Control", claim.control)]
    if claim.premise:
        told.insert(0, ("Premise", f"{claim.premise.says}: {claim.premise.rule}."))
    told += [(each.role.capitalize(), f"{each.case}. {each.says}") for each in claim.controls]
    if claim.seen_before:
        told.append(("Seen before the rule", claim.seen_before))
    told.append(("Strongest objection", claim.objection))
    for old in entries.history(claim):
        why = claim.replaces.get(old["id"], "")
        day = old["provenance"].get("measured", "earlier")
        if old["verdict"] != verdict(claim) or why:
            told.append(("Before", f"{old['verdict']} ({old['id']}, {day}). {why}"))
    told.append(("Again", f"python -m helpers.claims {claim.id}"))
    return found + "".join(
        f"<p><em>{html.escape(name)}:</em> {html.escape(text)}</p>" for name, text in told
    )


def scoreboard() -> HTML:
    """All claims with their verdicts as tables, checks apart."""
    return HTML("".join(_table(kind) for kind in KINDS))


def moved() -> HTML:
    """What the ledger said before and says now, with the reason: claims whose verdict changed."""
    rows = ""
    for claim in ledger():
        for old in entries.history(claim):
            why = claim.replaces.get(old["id"]) or "as its quantifier, rule or measurement is now"
            if old["verdict"] != verdict(claim):
                before = old.get("judged", {}).get("sentence", "")
                cells = (before, old["verdict"], claim.sentence, headline(claim), why)
                rows += (
                    "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>"
                )
    names = ("Before", "Verdict", "Now", "Verdict", "Why")
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    return HTML(
        f'<table class="scoreboard"><caption>Claims whose verdict moved</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def tally(claims: Sequence[Claim]) -> str:
    """How many verdicts of each kind: "39 supported, 20 refuted"."""
    count = Counter(verdict(claim) for claim in claims)
    order = [*MARKS, *sorted(set(count) - set(MARKS))]
    return ", ".join(f"{count[word]} {word}" for word in order if count[word])


def numbers(entry: Result) -> str:
    """The intervals of the cases that vote, or their range where there are many."""
    found = entry.intervals()
    if len(found) <= 3:
        return "; ".join(f"{_case(name)}{one}" for name, one in found.items())
    estimates = [one.estimate for one in found.values()]
    low, high = (rounding.number(end) for end in (min(estimates), max(estimates)))
    return f"{low} to {high} over {len(found)} cases"


def _table(kind: str) -> str:
    claims = [claim for claim in ledger() if claim.kind == kind]
    rows = ""
    for chapter in sorted({claim.chapter for claim in claims}):
        rows += f'<tr><th colspan="4" scope="rowgroup">Chapter {chapter}</th></tr>'
        rows += "".join(_row(claim) for claim in claims if claim.chapter == chapter)
    head = "".join(
        f'<th scope="col">{name}</th>'
        for name in (kind.capitalize(), "Verdict", "Measured", "Rule")
    )
    return (
        f'<table class="scoreboard"><caption>{KINDS[kind]} ({tally(claims)})</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _row(claim: Claim) -> str:
    entry, word = current(claim), verdict(claim)
    found = numbers(entry) if entry else ""
    return (
        f'<tr><th scope="row">{html.escape(claim.sentence)}</th>'
        f'<td class="verdict-word {style(word)}">{html.escape(headline(claim))}</td>'
        f"<td>{html.escape(claim.quantity)}: {html.escape(found)}</td>"
        f"<td>{html.escape(rule_text(claim))}</td></tr>"
    )


def rule_text(claim: Claim) -> str:
    """The rule in words, with those of the cases that have one of their own."""
    return f"{claim.rule}" + "".join(f"; {case} {rule}" for case, rule in claim.rules.items())


def _cases(entry: Result) -> str:
    """All cases, folded when there are more than the headline can name, and what never votes."""
    lines = ""
    for role in ("case", "rival", "ceiling", "control"):
        named = entry.intervals(role)
        for name, one in named.items():
            if role == "case" and len(named) <= 3:
                continue
            word = entry.cases[name]["verdict"]
            said = f": {word}" if word else f" ({role})"
            lines += f"<li>{html.escape(_case(name))}{one}{said}</li>"
    if not lines:
        return ""
    return f"<details><summary>All {len(entry.cases)} cases</summary><ul>{lines}</ul></details>"


def _case(name: str) -> str:
    return "" if name == ALL else f"{name}: "


def _seeds(entry: Result) -> str:
    cases = len(entry.intervals())
    together = f", {cases} intervals that hold together at 95%" if cases > 1 else ", 95% interval"
    return f"{entry.seeds} seeds{together}"


def style(word: str) -> str:
    return word.split(",")[0].replace(" ", "-")
