"""The ledger against the claims, the chapters, the README, and a small new measurement."""

import json
import os
import re
from collections import Counter
from pathlib import Path

import pytest

from helpers import claims
from helpers.claims import entries, judging

ROOT = Path(__file__).parents[2]
SEEDS = 4
FLOOR = 0.4  # .52 of 66 claims agreed on 2026-11-26; the rest were open
each_claim = pytest.mark.parametrize("claim", claims.ledger(), ids=lambda claim: claim.id)


def _chapter(number: str) -> str:
    """The code of a chapter's notebook."""
    (path,) = (ROOT / "notebooks").glob(f"{number}-*.ipynb")
    cells = json.loads(path.read_text())["cells"]
    return "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")


@each_claim
def test_an_entry_is_judged_by_the_claim_as_it_stands(claim):
    """What changed since has to raise the version; what was never measured is registered."""
    entry = claims.stored(claim.id)
    if entry is None:
        assert claims.verdict(claim) == claims.REGISTERED
        return
    assert entry.id == claim.id
    assert entry.first_seed == claim.first_seed
    assert entry.seeds >= min(20, claim.seeds) >= 10
    assert judging.judge_again(claim, entry) == entry, "raise `version`, or `--judge`"


@each_claim
def test_what_is_judged_is_what_the_rows_say(claim):
    rows = entries.LEDGER / "rows" / f"{claim.id}.csv"
    entry = claims.stored(claim.id)
    if entry is not None and rows.exists():
        frame = entries.rows_from_text(rows.read_text())
        assert claims.judge(claim, frame, entry.provenance) == entry


def test_every_entry_belongs_to_a_claim_and_every_old_one_to_a_successor():
    """Nothing is deleted: an id of the history is still a claim, or a claim says it replaces it."""
    known = {claim.id for claim in claims.ledger()}
    told = known | {old for claim in claims.ledger() for old in claim.replaces}
    for folder, allowed in ((".", known), ("rows", known), ("history", told)):
        found = {path.stem for path in (entries.LEDGER / folder).glob("*.*")}
        assert found <= allowed, f"{folder}: {found - allowed} have no claim"


def test_no_check_failed():
    failed = [
        claim.id
        for claim in claims.ledger()
        if claim.kind == "check" and claims.verdict(claim) not in ("supported", claims.REGISTERED)
    ]
    assert not failed, f"{failed}: find the bug; a check is no finding"


OUTCOMES: dict[str, str] = {}


@each_claim
def test_a_small_new_measurement_does_not_contradict_the_ledger(claim):
    """Fails only where the small run says the opposite of what is stored."""
    if claim.needs_dogs and not os.environ.get("HELPERS_DATA"):
        pytest.skip(f"{claim.id} needs CIFAR-10: set HELPERS_DATA")
    entry = claims.stored(claim.id)
    found = claims.judge(claim, claims.measured(claim, small=True, seeds=SEEDS, progress=False))
    if entry is None:
        return  # that it runs is all there is to see
    print(f"{claim.id}: stored {entry.verdict}, small run {found.verdict} {found.intervals()}")
    opposite = {"supported": "refuted", "refuted": "supported"}
    opposed = [
        name
        for name in set(found.cases) & set(entry.cases)
        if found.cases[name]["verdict"] == opposite.get(entry.cases[name]["verdict"])
    ]
    agreed = found.verdict == entry.verdict
    OUTCOMES[claim.id] = "opposed" if opposed else "agreed" if agreed else "open"
    for name in opposed:
        was = entry.cases[name]
        pytest.fail(f"{name}: {found.cases[name]['verdict']}, stored {was['verdict']}")
    # A case is small news; the claim as a whole may not turn either, where the small run has all of
    # its cases: one that is left out may be the one that decides.
    if set(entry.cases) <= set(found.cases):
        assert found.verdict != opposite.get(entry.verdict)


def test_small_measurements_agree_with_most_of_the_ledger(record_property):
    """A small run that never decides anything would contradict nothing: a share has to agree."""
    measured = [claim for claim in claims.ledger() if claims.stored(claim.id)]
    if not os.environ.get("HELPERS_DATA"):
        measured = [claim for claim in measured if not claim.needs_dogs]
    if set(OUTCOMES) < {claim.id for claim in measured}:
        pytest.skip("counts only after the whole file: run tests/claims/test_ledger.py")
    count = Counter(OUTCOMES.values())
    told = ", ".join(f"{count[kind]} {kind}" for kind in ("agreed", "open", "opposed"))
    record_property("summary", f"small runs of claims against the ledger: {told}")
    assert count["agreed"] >= FLOOR * len(measured), count


@pytest.mark.parametrize("chapter", sorted({claim.chapter for claim in claims.ledger()}))
def test_every_claim_is_shown_in_its_chapter(chapter):
    """By the chapter's figure, which shows them all, or by a card for each."""
    code = _chapter(chapter)
    if not re.search(rf"""claims\.verdicts\(["']{chapter}["']\)""", code):
        shown = set(re.findall(rf"""["']({chapter}-[a-z-]+)["']""", code))
        assert "claims.card(" in code
        assert shown >= {claim.id for claim in claims.ledger() if claim.chapter == chapter}


def test_every_id_that_a_chapter_names_is_a_claim():
    known = {claim.id for claim in claims.ledger()}
    for path in sorted((ROOT / "notebooks").glob("[0-9]*.ipynb")):
        cells = json.loads(path.read_text())["cells"]
        code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
        cards = [text for text in code if re.search(r"claims\.(card|find|stored|verdict)\(", text)]
        named = set(re.findall(rf"""["']({path.name[:2]}-[a-z-]+)["']""", "\n".join(cards)))
        assert named <= known, f"{path.name}: {named - known}"


def test_the_readme_shows_the_answer_and_links_to_the_table_of_claims():
    text = (ROOT / "README.md").read_text()
    found = re.search(r"<!-- claims -->\s*(.*?)\s*<!-- /claims -->", text, re.DOTALL)
    assert found is not None, "README.md has no <!-- claims --> … <!-- /claims -->"
    assert found[1] == claims.answer_markdown(), "run `python tools/readme.py`"
    assert "/book/scoreboard.html" in text
    assert len(text.splitlines()) <= 150
