"""Claims: a sentence, how it is measured, and a rule that was fixed before the numbers.

    python -m helpers.claims              # measure every claim and write the ledger
    python -m helpers.claims 02-planted   # only this one
    python -m helpers.claims --judge      # judge the stored rows again, measuring nothing

`core` says what a claim is, `judging` how rows become a verdict, `entries` where it is kept
(`helpers/results/ledger`: entry, rows, history) and `errors` how many verdicts are likely wrong.
Scoreboard, verdict cards, the debate and the answer are made from the ledger.
"""

from helpers.claims.cards import card, moved, scoreboard
from helpers.claims.ceilings import pretrained
from helpers.claims.chapters import find, ledger, stored
from helpers.claims.core import Adversary, Claim, Control, Premise, Rule
from helpers.claims.debate import argument
from helpers.claims.entries import history, judge_stored, measure_and_write, measured, verdict
from helpers.claims.errors import false_verdicts
from helpers.claims.figure import verdicts
from helpers.claims.front import answer, answer_markdown, answer_page
from helpers.claims.judging import REGISTERED, Result, judge, with_trend

__all__ = [
    "REGISTERED",
    "Adversary",
    "Claim",
    "Control",
    "Premise",
    "Result",
    "Rule",
    "answer",
    "answer_markdown",
    "answer_page",
    "argument",
    "card",
    "false_verdicts",
    "find",
    "history",
    "judge",
    "judge_stored",
    "ledger",
    "measure_and_write",
    "measured",
    "moved",
    "pretrained",
    "scoreboard",
    "stored",
    "verdict",
    "verdicts",
    "with_trend",
]
