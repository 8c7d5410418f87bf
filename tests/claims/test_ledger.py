"""The ledger against the claims, the chapters, the README, and a small new measurement."""

import json
import os
import re
from pathlib import Path

import pytest

from helpers import claims
from helpers.claims import core

ROOT = Path(__file__).parents[2]
SEEDS = 4
each_claim = pytest.mark.parametrize("claim", claims.ledger(), ids=lambda claim: claim.id)


def _chapter(number: str) -> str:
    """The code of a chapter's notebook."""
    (path,) = (ROOT / "notebooks").glob(f"{number}-*.ipynb")
    cells = json.loads(path.read_text())["cells"]
    return "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")


@each_claim
def test_every_claim_has_an_entry_judged_by_its_rule(claim):
    stored = claims.stored(claim.id)
    assert stored is not None, f"run `python -m helpers.claims {claim.id}`"
    assert stored.id == claim.id
    assert stored.seeds >= min(20, claim.seeds) >= 10
    verdicts = {name: claim.rule.verdict(found) for name, found in stored.intervals().items()}
    assert verdicts == {name: case["verdict"] for name, case in stored.cases.items()}
    assert stored.verdict == core.overall(verdicts.values())


def test_every_entry_belongs_to_a_claim():
    entries = {path.stem for path in core.LEDGER.glob("*")}
    assert entries <= {claim.id for claim in claims.ledger()}


@each_claim
def test_a_small_new_measurement_does_not_contradict_the_ledger(claim, record_property):
    """Fails only where the small run says the opposite of what is stored."""
    stored = claims.stored(claim.id)
    assert stored is not None, f"run `python -m helpers.claims {claim.id}`"
    if claim.needs_dogs and not os.environ.get("HELPERS_DATA"):
        pytest.skip(f"{claim.id} needs CIFAR-10: set HELPERS_DATA")
    frame = claims.measured(claim, small=True, seeds=SEEDS, progress=False)
    found = claims.judge(claim, frame)
    record_property("verdict", found.verdict)
    print(f"{claim.id}: stored {stored.verdict}, small run {found.verdict} {found.intervals()}")
    opposite = {"supported": "refuted", "refuted": "supported"}
    assert found.verdict != opposite.get(stored.verdict)
    for name in set(found.cases) & set(stored.cases):
        was, now = stored.cases[name]["verdict"], found.cases[name]["verdict"]
        assert now != opposite.get(was), f"{name}: {found.intervals()[name]}, stored {was}"


@each_claim
def test_every_claim_has_its_card_in_its_chapter(claim):
    code = _chapter(claim.chapter)
    assert "claims.card(" in code
    assert re.search(rf"""["']{re.escape(claim.id)}["']""", code), f"no card of {claim.id}"


def test_every_card_is_a_claim():
    """The ids stand in lists that `claims.card(name)` goes through."""
    known = {claim.id for claim in claims.ledger()}
    shown = set()
    for path in sorted((ROOT / "notebooks").glob("[0-9]*.ipynb")):
        cells = json.loads(path.read_text())["cells"]
        cards = ["".join(c["source"]) for c in cells if "claims.card(" in "".join(c["source"])]
        found = set(re.findall(rf"""["']({path.name[:2]}-[a-z-]+)["']""", "\n".join(cards)))
        assert found, f"no card in {path.name}"
        shown |= found
    assert shown == known


def test_the_readme_shows_the_ledger():
    text = (ROOT / "README.md").read_text()
    table = re.search(r"<!-- claims -->\s*(.*?)\s*<!-- /claims -->", text, re.DOTALL)
    assert table is not None, "README.md has no <!-- claims --> … <!-- /claims -->"
    assert table[1] == claims.markdown_table(), "paste claims.markdown_table() between the markers"
