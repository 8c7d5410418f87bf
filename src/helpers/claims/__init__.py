"""Claims: a sentence, how it is measured, and a rule that was fixed before the numbers.

    python -m helpers.claims              # measure every claim and write the ledger
    python -m helpers.claims 02-planted   # only this one

The ledger is one small JSON file per claim in `helpers/results/ledger`. Scoreboard, verdict cards
and the README's table are made from it.
"""

from helpers.claims.cards import card, markdown_table, scoreboard
from helpers.claims.chapters import find, ledger
from helpers.claims.core import Claim, Result, Rule, judge, measure_and_write, measured, stored

__all__ = [
    "Claim",
    "Result",
    "Rule",
    "card",
    "find",
    "judge",
    "ledger",
    "markdown_table",
    "measure_and_write",
    "measured",
    "scoreboard",
    "stored",
]
