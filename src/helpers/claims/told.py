"""Ledger rows inside prose: numbers filled into sentences, marks that lead to the cards."""

import html
import re
from collections.abc import Iterable, Mapping

from helpers import rounding
from helpers.claims import cards, entries
from helpers.claims.chapters import ledger
from helpers.claims.core import Claim
from helpers.claims.judging import REGISTERED, Result

NUMBER = re.compile(r"\{([\w-]+)(?:: ([^}]+))?\}")
ORDER = (*cards.MARKS, REGISTERED)


def filled(text: str) -> str:
    """The text as HTML, `{03-dog-share: pixels}` replaced by that case's interval.

    `{05-dog-span}` becomes the claim's interval, or its range where it has many cases; what is not
    measured yet says so. Raises ValueError for an unknown claim, KeyError for an unknown case.
    """
    return html.escape(filled_text(text))


def filled_text(text: str) -> str:
    """The same as plain text."""
    return NUMBER.sub(lambda match: number(match[1], match[2]), text)


def number(claim_id: str, case: str | None = None) -> str:
    """What the ledger measured: of one case, or of the claim as a whole.

    Where the claim was put anew and waits for its measurement, what its earlier version said, and
    that it did. A page never breaks on a claim or case that went; tests name it.
    """
    claim = known(claim_id)
    entry = entries.current(claim) if claim else None
    if entry is not None:
        return _quoted(entry, case) or cards.numbers(entry)
    for old in reversed(entries.history(claim) if claim else []):
        result = Result(**old)
        if said := _quoted(result, case) or cards.numbers(result):
            return f"{said} (before the claim was put anew)"
    return "(not yet measured)"


def known(claim_id: str) -> Claim | None:
    """The claim with this id, or None where there is none."""
    return next((claim for claim in ledger() if claim.id == claim_id), None)


def _quoted(entry: Result, case: str | None) -> str:
    """The interval of one case, empty where there is no such case."""
    if case is None:
        return cards.numbers(entry)
    roles = ("case", "rival", "ceiling", "control")
    found = {name: one for role in roles for name, one in entry.intervals(role).items()}
    one = found.get(case)
    return rounding.interval(one.estimate, one.low, one.high) if one else ""


def named(texts: Iterable[str]) -> set[str]:
    """The ids of the claims whose numbers these texts quote."""
    return {claim_id for claim_id, _ in quotes(texts)}


def quotes(texts: Iterable[str]) -> set[tuple[str, str | None]]:
    """The (claim, case) that these texts quote; None for a claim as a whole."""
    return {(match[1], match[2]) for text in texts for match in NUMBER.finditer(text)}


def missing(texts: Iterable[str]) -> list[str]:
    """A line for each measured claim of which these texts quote a case that it does not have."""
    lines = []
    for claim_id, case in sorted(quotes(texts), key=str):
        claim = known(claim_id)
        entry = entries.current(claim) if claim else None
        if case is not None and entry is not None and not _quoted(entry, case):
            lines.append(f"{claim_id} has no case {case!r}; there are: {', '.join(entry.cases)}")
    return lines


def sign(claim: Claim) -> str:
    """The sign of a claim's verdict: ✓, ✗, ±, ?, – or …"""
    return cards.MARKS.get(entries.verdict(claim), cards.WAITING)


def mark(claim: Claim) -> str:
    """The sign of a claim's verdict, linked to its card."""
    word = entries.verdict(claim)
    name = f"{claim.id}: {word}"
    return (
        f'<a href="scoreboard.html#claim-{claim.id}" title="{name}" aria-label="{name}">'
        f"{sign(claim)}</a>"
    )


def row(claim: Claim) -> str:
    """One line for a claim: its verdict in words, linked sentence, what was measured."""
    entry, word = entries.current(claim), entries.verdict(claim)
    found = f" <span class='numbers'>{html.escape(cards.numbers(entry))}</span>" if entry else ""
    return (
        f'<span class="verdict-word {cards.style(word)}">{html.escape(cards.headline(claim))}.'
        f'</span> <a href="scoreboard.html#claim-{claim.id}">{html.escape(claim.sentence)}</a>'
        f"{found}"
    )


def verdict_lines(claims: Iterable[Claim]) -> str:
    """A list with an item for each verdict: its mark and word, and the claims by their short names.

    The short name is the id without its chapter; the link says the chapter and the sentence.
    """
    by_word: dict[str, list[Claim]] = {word: [] for word in ORDER}
    for claim in claims:
        by_word[entries.verdict(claim)].append(claim)
    lines = ""
    for word, group in by_word.items():
        if group:
            links = ", ".join(map(_short, group))
            sign = cards.MARKS.get(word, cards.WAITING)
            lines += (
                f'<li><span class="verdict-word {cards.style(word)}">{sign} {word}</span> '
                f"{links}</li>"
            )
    return f'<ul class="marks">{lines}</ul>'


def moved_rows(rests_on: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Claims that no longer say what a text supposes: (id, supposed, as it is now or "gone")."""
    words = {
        name: entries.verdict(claim) if (claim := known(name)) else "gone" for name in rests_on
    }
    return [
        (claim_id, wanted, words[claim_id])
        for claim_id, wanted in rests_on.items()
        if words[claim_id] != wanted
    ]


def _short(claim: Claim) -> str:
    chapter, name = claim.id.split("-", 1)
    return (
        f'<a href="scoreboard.html#claim-{claim.id}" title="{html.escape(claim.sentence)}">'
        f"{chapter}&nbsp;{html.escape(name.replace('-', ' '))}</a>"
    )
